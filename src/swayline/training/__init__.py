"""Floor 6: one path from a log to a fitted model and what stands around it."""

from swayline.training.bundle import FittedModel
from swayline.training.fit import fit_everything, fit_log, labels_of, with_log
from swayline.training.tune import Tuned, tune

__all__ = ["FittedModel", "Tuned", "fit_everything", "fit_log", "labels_of", "tune", "with_log"]
