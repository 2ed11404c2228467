"""What is shown: diversity, novelty, concentration agree with SciPy, scikit-learn and pandas."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import entropy
from sklearn.metrics import auc
from sklearn.metrics.pairwise import cosine_distances

from swayline.metrics import (
    category_coverage,
    comes_back,
    coverage,
    dwell_s,
    exposure,
    exposure_gini,
    gini,
    intra_list_diversity,
    repeat_rate,
    self_information,
)

RNG = np.random.default_rng(0)
LISTS = np.stack([RNG.permutation(40)[:6] for _ in range(50)])


def test_intra_list_diversity_agrees_with_scipy_and_scikit_learn() -> None:
    vectors = RNG.normal(size=(40, 7))
    found = intra_list_diversity(LISTS, vectors)
    assert found == pytest.approx([pdist(vectors[row], "cosine").mean() for row in LISTS])
    apart = cosine_distances(vectors)
    assert found == pytest.approx([apart[np.ix_(row, row)][np.triu_indices(6, 1)].mean() for row in LISTS])


def test_diversity_leaves_out_empty_places_and_lists_of_one() -> None:
    vectors = np.eye(40)
    lists = np.array([[3, -1, 5], [3, -1, -1], [3, 3, 3]])
    assert intra_list_diversity(lists, vectors)[[0, 2]].tolist() == [1.0, 0.0]
    assert np.isnan(intra_list_diversity(lists, vectors)[1])
    assert np.isnan(intra_list_diversity(lists[:, :1], vectors)).all()


def test_gini_is_one_minus_twice_the_area_under_the_lorenz_curve() -> None:
    for counts in (RNG.integers(0, 50, 30), RNG.integers(1, 3, 200), np.array([1, 0, 0])):
        shares = np.concatenate([[0], np.cumsum(np.sort(counts)) / counts.sum()])
        assert gini(counts) == pytest.approx(1 - 2 * auc(np.linspace(0, 1, len(counts) + 1), shares))
    assert np.isnan(gini(np.zeros(4)))


def test_exposure_gini_counts_items_never_shown() -> None:
    assert exposure_gini(np.array([[0, -1]]), 10) == pytest.approx(0.9)
    assert exposure_gini(np.arange(10)[:, None], 10) == pytest.approx(0.0)


def test_mean_self_information_is_the_cross_entropy_of_scipy() -> None:
    shown = np.bincount(LISTS.ravel(), minlength=40) / LISTS.size
    had = RNG.integers(0, 900, 40)
    share = (had + 1) / 1001
    expected = entropy(shown, base=2) + (shown * np.log2(shown / share, where=shown > 0, out=np.zeros(40))).sum()
    found = exposure.mean_over_list(LISTS, self_information(had, 1000))
    assert found.mean() == pytest.approx(expected)


def test_average_popularity_agrees_with_pandas() -> None:
    popularity = RNG.integers(0, 1000, 40)
    frame = pd.DataFrame({"list": np.repeat(np.arange(50), 6), "events": popularity[LISTS.ravel()]})
    assert exposure.mean_over_list(LISTS, popularity) == pytest.approx(
        frame.groupby("list")["events"].mean().to_numpy()
    )
    assert np.isnan(exposure.mean_over_list(np.full((1, 2), -1), popularity)).all()


def test_coverage_agrees_with_pandas() -> None:
    lists = np.where(LISTS < 15, LISTS, -1)
    categories = np.where(np.arange(40) < 35, np.arange(40) // 7, -1)
    shown = pd.Series(lists.ravel()).loc[lambda one: one >= 0]
    assert coverage(lists, 40) == shown.nunique() / 40
    assert category_coverage(lists, categories) == shown.map(lambda item: categories[item]).nunique() / 5
    assert np.isnan(category_coverage(lists, np.full(40, -1)))


def test_coming_back_agrees_with_pandas() -> None:
    frame = pd.DataFrame({"user": RNG.integers(0, 5, 200), "item": RNG.integers(0, 12, 200)})
    again = comes_back(frame["user"].to_numpy(), frame["item"].to_numpy())
    assert again.tolist() == frame.duplicated(keep="last").astype(float).tolist()
    counts = frame.value_counts()
    assert repeat_rate(frame["user"].to_numpy(), frame["item"].to_numpy()) == pytest.approx((counts > 1).mean())
    assert len(comes_back(np.zeros(0, int), np.zeros(0, int))) == 0


def test_dwell_agrees_with_pandas_and_ends_with_the_session() -> None:
    frame = pd.DataFrame({"user": np.sort(RNG.integers(0, 5, 200)), "time": RNG.integers(0, 20_000, 200)})
    frame = frame.sort_values(["user", "time"])
    expected = frame.groupby("user")["time"].diff(-1).abs().astype(float)
    expected = expected.where(expected <= 1800)
    found = dwell_s(frame["user"].to_numpy(), frame["time"].to_numpy() * 1_000_000)
    assert np.array_equal(found, expected.to_numpy(), equal_nan=True)
    assert np.isnan(found).any()
