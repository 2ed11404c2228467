import numpy as np

from swayline.dataset import from_lists
from swayline.models import create
from swayline.models.sequence.optimize.warm_start import _orthonormal, first_items


def two_worlds(n_users: int = 200):
    """Users who stay among items 0 to 9, and users who stay among items 10 to 19."""
    rng = np.random.default_rng(0)
    half = rng.integers(2, size=(n_users, 1)) * 10
    return from_lists((half + rng.integers(10, size=(n_users, 6))).tolist(), 21)


def test_items_that_go_together_start_together() -> None:
    factors = first_items(two_worlds(), dim=8, row_norm=0.5, seed=0)
    assert factors is not None
    likeness = factors @ factors.T
    inside = likeness[:10, :10][~np.eye(10, dtype=bool)].mean()
    assert inside > 5 * abs(likeness[:10, 10:20]).mean()
    assert not factors[20].any(), "an item that nobody met has nothing to start from"
    np.testing.assert_allclose(np.linalg.norm(factors[:20], axis=1).mean(), 0.5, rtol=1e-5)


def test_the_same_seed_gives_the_same_factors() -> None:
    first, second = (first_items(two_worlds(), 8, 0.5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_nothing_to_count_gives_nothing() -> None:
    assert first_items(from_lists([[0], [1]], 2), 8, 0.5, 0) is None
    assert first_items(from_lists([[0, 0, 0]], 1), 8, 0.5, 0) is None


def test_more_factors_than_items_are_left_at_zero() -> None:
    factors = first_items(two_worlds(), dim=64, row_norm=0.5, seed=0)
    assert factors is not None
    assert factors.shape == (21, 64)
    assert not factors[:, 21:].any()


def test_a_warm_start_knows_the_two_worlds_before_it_has_learned() -> None:
    log = two_worlds()
    settings = {"max_epochs": 1, "learning_rate": 1e-6, "embedding_dim": 16, "dropout": 0.0, "repeats": False}
    warm, cold = (create("transformer", warm_start=on, **settings).fit(log).score(log) for on in (True, False))
    own = log.items[log.offsets[:-1]] >= 10

    def knows(scores):
        return ((scores[:, 10:20].mean(1) > scores[:, :10].mean(1)) == own).mean()

    assert knows(warm) > 0.99
    assert knows(cold) < 0.99


def test_a_basis_by_products_is_orthonormal_and_spans_the_same() -> None:
    rng = np.random.default_rng(0)
    block = (rng.normal(size=(5000, 12)) * np.logspace(0, -3, 12)).astype(np.float32)
    basis = _orthonormal(block)
    np.testing.assert_allclose(basis.T @ basis, np.eye(12), atol=1e-5)
    np.testing.assert_allclose(basis @ (basis.T @ block), block, atol=1e-5)
