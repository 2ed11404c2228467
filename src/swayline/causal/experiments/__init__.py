"""Randomised experiments: what an arm changed, read on any day, with a verdict in words. Tables alone, no service."""

from swayline.causal.experiments.analysis import ExperimentResult, analyze_experiment
from swayline.causal.experiments.bandit import BanditResult, analyze_bandit
from swayline.causal.experiments.calibration import Recalibration, recalibrate
from swayline.causal.experiments.comparison import Comparison
from swayline.causal.experiments.design import Design
from swayline.causal.experiments.metrics import Metric, parse_metric
from swayline.causal.experiments.planning.assignment import Assignment, assign_clusters, assign_people
from swayline.causal.experiments.planning.candidates import Stakes, ready_experiments
from swayline.causal.experiments.planning.plan import PlanQuestion, SamplePlan, plan_experiment
from swayline.causal.experiments.rows import experiment_ledger
from swayline.causal.experiments.sample_ratio import SampleRatio, check_sample_ratio
from swayline.causal.experiments.snapshots import analyze_snapshots
from swayline.causal.experiments.surrogate import LongTermEffect, surrogate_effects

__all__ = [
    "Assignment", "BanditResult", "Comparison", "Design", "ExperimentResult", "LongTermEffect", "Metric",
    "PlanQuestion", "Recalibration", "SamplePlan", "SampleRatio", "Stakes", "analyze_bandit", "analyze_experiment",
    "analyze_snapshots", "assign_clusters", "assign_people", "check_sample_ratio", "experiment_ledger",
    "parse_metric", "plan_experiment", "ready_experiments", "recalibrate", "surrogate_effects",
]  # fmt: skip
