"""Nuisances of all folds found together; sums that do not depend on how many cores there are; weights of learners."""

import numpy as np
import pytest

from swayline.causal.nuisance.learners import stack_weights
from swayline.causal.nuisance.logistic import logistic_out_of_fold
from swayline.causal.table.folds import FoldedDesign, ridge_out_of_fold
from swayline.numerics.cores import each_part
from swayline.numerics.lbfgs import minimise
from swayline.numerics.logistic import chance, fit_logistic


def _rare(n: int = 30_000, p: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A design with rare columns that almost decide a rare outcome: (n, p), (n,), folds (n,)."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, p))
    x[:, :5] = rng.random((n, 5)) < 0.002
    y = (rng.random(n) < chance(-4.5 + x[:, :5] @ np.array([6.0, 5, -3, 4, 6]) + x[:, 5:8].sum(axis=1))).astype(float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return x, y, rng.integers(0, 5, n)


def test_folds_found_together_are_those_found_alone() -> None:
    x, y, fold = _rare()
    together = logistic_out_of_fold(FoldedDesign(x, fold), x, y, None, 1.0)
    for k in range(5):
        out = fold == k
        beta = fit_logistic(x[~out], y[~out], 1.0)
        alone = chance(x[out] @ beta[1:] + beta[0])
        assert np.abs(together[out] - alone).max() < 0.02
        assert np.sqrt(np.mean((together[out] - alone) ** 2)) < 3e-4


def test_one_core_and_two_say_the_same_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, fold = _rare()
    found = []
    for cores in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", cores)
        found.append(logistic_out_of_fold(FoldedDesign(x, fold), x, y, None, 1.0))
    assert np.array_equal(*found)


def test_answers_come_in_the_order_of_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert each_part(lambda part: part**2, list(range(50))) == [part**2 for part in range(50)]


def test_a_problem_that_cannot_end_in_time_is_named() -> None:
    def valley(at: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        steep = np.array([1.0, 1e4])[:, None] * np.ones((1, len(which)))
        return (steep * at**2).sum(axis=0) / 2, steep * at

    found, unfinished = minimise(valley, lambda k, gradient: gradient * 1e-5, np.ones((2, 1)), 1e-12, 1)
    assert unfinished.tolist() == [0]
    found, unfinished = minimise(valley, lambda k, gradient: gradient * 1e-5, np.ones((2, 1)), 1e-12, 200)
    assert not len(unfinished)
    assert np.abs(found).max() < 1e-5


def test_where_no_row_teaches_nothing_is_expected() -> None:
    x, fold = np.arange(20.0)[:, None], np.repeat([0, 1], 10)
    found = ridge_out_of_fold(FoldedDesign(x, fold), x, np.ones((20, 1)), fold == 0)
    assert np.isfinite(found).all()
    assert (found[:10] == 0).all()


def test_tiny_and_empty_predictions_are_weighed() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=50)
    both = np.column_stack([target, rng.normal(size=50)])
    assert np.allclose(stack_weights(both * 1e-300, target * 1e-300), stack_weights(both, target))
    assert stack_weights(np.zeros((50, 2)), target).tolist() == [0.5, 0.5]
