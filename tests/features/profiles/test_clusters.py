"""Groups: as many as there are, one where there are none."""

import numpy as np
import pytest

from swayline.core.errors import ConfigError
from swayline.core.rng import generator
from swayline.features.profiles.clusters import find_groups, k_means, nearest_center


def planted(k: int, apart: float, seed: int = 0, n: int = 900, p: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(k, p))
    centers *= apart / min(np.linalg.norm(centers[a] - centers[b]) for a in range(k) for b in range(a))
    labels = rng.integers(k, size=n)
    return centers[labels] + rng.normal(size=(n, p)), labels


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Adjusted Rand index."""
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    pairs = lambda x: (x * (x - 1) / 2).sum()  # noqa: E731
    both, a, b, every = pairs(table), pairs(table.sum(1)), pairs(table.sum(0)), pairs(np.array([table.sum()]))
    expected = a * b / every
    return float((both - expected) / ((a + b) / 2 - expected))


@pytest.mark.parametrize("k", [2, 3, 5])
def test_planted_groups_are_found_and_counted(k):
    rows, labels = planted(k, apart=7.0, seed=k)
    found = find_groups(rows, generator(0, "test"), most=7, draws=4)
    assert found.k == k
    assert agreement(found.of(rows), labels) > 0.95


@pytest.mark.parametrize("seed", range(3))
def test_one_cloud_is_one_group(seed):
    rows = np.random.default_rng(seed).normal(size=(900, 6))
    found = find_groups(rows, generator(seed, "test"), most=5, draws=4)
    assert found.k == 1
    assert not found.of(rows).any()
    assert [one.k for one in found.tried] == [2, 3, 4, 5]


def test_the_largest_group_comes_first_and_the_seed_decides_all():
    rows, _ = planted(3, apart=7.0)
    uneven = np.concatenate([rows, rows[nearest_center(rows, rows[:1]) == 0][:0], np.repeat(rows[:1], 300, axis=0)])
    first = find_groups(uneven, generator(1, "test"), most=4, draws=3)
    again = find_groups(uneven, generator(1, "test"), most=4, draws=3)
    sizes = np.bincount(first.of(uneven))
    assert list(sizes) == sorted(sizes, reverse=True)
    assert np.array_equal(first.centers, again.centers)


def test_too_few_rows_are_one_group():
    found = find_groups(np.zeros((5, 2)), generator(0, "test"))
    assert (found.k, found.tried) == (1, ())


def test_equal_rows_do_not_break_it():
    assert find_groups(np.ones((200, 3)), generator(0, "test"), most=3, draws=2).of(np.ones((4, 3))).tolist() == [0] * 4


def test_agrees_with_scipy_on_the_squared_distance_left():
    vq = pytest.importorskip("scipy.cluster.vq")
    rows, _ = planted(4, apart=7.0)
    ours = k_means(rows, 4, generator(0, "test"))
    theirs, _ = vq.kmeans2(rows, ours, minit="matrix")
    assert ours == pytest.approx(theirs)


def test_bad_settings_are_refused():
    with pytest.raises(ConfigError, match="draws ≥ 2"):
        find_groups(np.zeros((5, 2)), generator(0, "test"), draws=1)
