"""Scores as probabilities agree with SciPy and scikit-learn; the temperature is found."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from swayline.dataset import from_lists, last_out
from swayline.evaluation import inverse_temperature
from swayline.evaluation.probabilities import probabilities


class Drawn:
    """Knows the probabilities that answers are drawn with, and says them ``scale`` times too surely."""

    name: ClassVar[str] = "drawn"

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.logits = np.array([1.0, 0.5, 0.0, -0.5, -1.0, -2.0])

    def fit(self, train, valid=None):
        return self

    def refit(self, train):
        return self

    def score(self, history):
        return np.tile((self.scale * self.logits).astype(np.float32), (len(history), 1))

    def save(self, folder: Path) -> None: ...

    @classmethod
    def load(cls, folder: Path): ...


def test_probabilities_agree_with_scipy_and_scikit_learn():
    rng = np.random.default_rng(0)
    scores, answers = rng.normal(size=(60, 9)), rng.integers(0, 9, 60)
    p = softmax(1.7 * scores, axis=1)
    log_p, brier, confidence = probabilities(scores.copy(), answers, 1.7)
    assert -log_p.mean() == pytest.approx(log_loss(answers, p, labels=np.arange(9)))
    assert brier == pytest.approx(np.square(p - np.eye(9)[answers]).sum(axis=1))
    assert confidence == pytest.approx(p.max(axis=1))


@pytest.mark.parametrize("scale", [0.01, 1.0, 40.0])
def test_the_temperature_undoes_a_scale(scale):
    rng = np.random.default_rng(1)
    model = Drawn(scale)
    draws = rng.choice(6, (600, 3), p=softmax(model.logits))
    valid = last_out(from_lists(draws, n_items=6)).valid
    assert inverse_temperature(model, valid, exclude_seen=False) * scale == pytest.approx(1.0, abs=0.2)


def test_without_questions_there_is_no_temperature():
    assert inverse_temperature(Drawn(1.0), last_out(from_lists([[0]], n_items=6)).valid, False) is None


def test_scores_that_are_the_same_for_everybody_have_the_temperature_of_scores_that_nearly_are():
    class Alike:
        def __init__(self, noise):
            self.noise = noise

        def score(self, history):
            row = np.array([3.0, 1.0, 0.5, 0.0, -1.0, -2.0], np.float32)
            drawn = np.random.default_rng(2).normal(size=(len(history), 6))
            return (row + self.noise * drawn).astype(np.float32)

    lists = np.random.default_rng(3).choice(6, (500, 3), p=softmax([1.5, 0.5, 0.25, 0.0, -0.5, -1.0]))
    valid = last_out(from_lists(lists, n_items=6)).valid
    same, nearly = (inverse_temperature(Alike(noise), valid, exclude_seen=False) for noise in (0.0, 1e-5))
    assert same == pytest.approx(nearly, rel=1e-3)
    assert same == pytest.approx(0.5, abs=0.1)
