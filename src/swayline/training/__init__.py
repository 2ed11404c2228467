"""Floor 6: one path from a log to a fitted model and what stands around it."""

from swayline.training.behavior_probabilities import behavior_probabilities
from swayline.training.behavior_weights import BehaviorWeights, learn_weights
from swayline.training.bundle import ModelBundle
from swayline.training.data import TrainingData, training_data
from swayline.training.fit import Candidate, Trained, choose, fit_candidate, fit_log, item_neighbours, train
from swayline.training.onward.refit_with import refit_with
from swayline.training.plan import TrainingPlan
from swayline.training.tune import Tuned, tune
from swayline.training.validation import MeasuredQuality, Questions

__all__ = [
    "BehaviorWeights", "Candidate", "MeasuredQuality", "ModelBundle", "Questions", "Trained", "TrainingData",
    "TrainingPlan", "Tuned", "behavior_probabilities", "choose", "fit_candidate", "fit_log", "item_neighbours",
    "learn_weights", "refit_with", "train", "training_data", "tune",
]  # fmt: skip
