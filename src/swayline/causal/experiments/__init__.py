"""Randomised experiments: what an arm changed, read on any day, with a verdict in words. Tables alone, no service."""

from swayline.causal.experiments.analysis import ExperimentResult, analyze_experiment
from swayline.causal.experiments.comparison import Comparison
from swayline.causal.experiments.design import Design
from swayline.causal.experiments.metrics import Metric, parse_metric
from swayline.causal.experiments.plan import SamplePlan, plan_experiment
from swayline.causal.experiments.rows import experiment_ledger
from swayline.causal.experiments.sample_ratio import SampleRatio, check_sample_ratio
from swayline.causal.experiments.snapshots import analyze_snapshots

__all__ = [
    "Comparison", "Design", "ExperimentResult", "Metric", "SamplePlan", "SampleRatio", "analyze_experiment",
    "analyze_snapshots", "check_sample_ratio", "experiment_ledger",
    "parse_metric", "plan_experiment",
]  # fmt: skip
