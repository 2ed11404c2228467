"""Features of behaviour, the rows that are learned from, and the models on them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ArtifactError
from swayline.dataset import Catalogue, Sequences, from_lists, last_out
from swayline.models import create, told_of_values
from swayline.models.behavior.features import candidates, in_blocks
from swayline.models.behavior.tables import count_tables, item_feature_names, pair_feature_names
from swayline.models.behavior.training_examples import training_examples
from swayline.models.behavior.tree_arrays import Trees, from_booster, trees_of
from swayline.models.values import ValueReading, liking


def shop(seed: int = 0, n_users: int = 120, n_items: int = 30) -> Sequences:
    """People who view things of a kind and mostly buy what they carted."""
    rng = np.random.default_rng(seed)
    rows, acts = [], []
    for _ in range(n_users):
        kind, row, act = rng.integers(5), [], []
        for _ in range(rng.integers(2, 7)):
            item = int(kind * 6 + rng.integers(6))
            row.append(item)
            act.append(0)
            if rng.random() < 0.4:
                row += [item, int(rng.integers(n_items)), item]
                act += [1, 0, 2]
        rows.append(row)
        acts.append(act)
    log = from_lists(rows, n_items, behaviors=acts, n_behaviors=3)
    kinds = [f"k{item // 6}" for item in range(n_items)]
    return replace(log, catalogue=Catalogue(pa.table({"category": kinds})))


def test_candidates_are_what_a_history_points_at_with_what_it_says_of_them() -> None:
    log = shop()
    tables = count_tables(log)
    history = log.take(np.arange(20))
    found = candidates(tables, history)
    names = pair_feature_names(3)
    for row in range(20):
        part = history.of(row)
        items, acts = history.items[part], history.behaviors[part]
        mine = found.items[found.rows == row]
        lately = items[-20:]
        pointed = set(items)
        for item in set(lately):
            pointed |= set(tables.similar[[item]].indices) | set(tables.follows[[item]].indices)
        assert set(mine) == pointed
        for item, values in zip(mine, found.values[found.rows == row], strict=True):
            told = dict(zip(names, values, strict=True))
            for act in range(3):
                own = ((items == item) & (acts == act)).sum()
                assert told[f"own events by {act}"] == pytest.approx(np.log1p(own))
            follows = tables.follows[[items[-1]]].toarray()[0, item]
            assert told["follows the last"] == pytest.approx(np.log1p(100 * follows), rel=1e-5)
            assert told["category share"] == pytest.approx((items // 6 == item // 6).mean())
            assert told["category of last"] == (items[-1] // 6 == item // 6)


def test_candidates_are_the_same_in_one_block_and_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    log = shop()
    model = create("logistic-regression").fit(log)
    whole = model.score(log)
    monkeypatch.setattr("swayline.models.behavior.features._PAIRS_AT_ONCE", 500)
    assert len(list(in_blocks(model.sum_.tables, log))) > 5
    np.testing.assert_allclose(model.score(log), whole, rtol=1e-5, atol=1e-6)


def test_lessons_are_told_by_tables_that_never_saw_their_answers() -> None:
    """Whatever the held events are, features of the first question of each user stay the same."""
    log = shop()
    other = replace(log, items=log.items.copy())
    ends = log.offsets[1:] - 1
    other.items[ends] = (other.items[ends] + 7) % 30
    mine, theirs = training_examples(log, 0), training_examples(other, 0)
    assert mine is not None
    assert theirs is not None
    tables, changed = count_tables(log.keep(_early(log))), count_tables(other.keep(_early(other)))
    np.testing.assert_array_equal(tables.items, changed.items)
    assert (tables.similar != changed.similar).nnz == 0
    assert mine.values.shape[1] == len(item_feature_names(3)) + len(pair_feature_names(3))


def _early(log: Sequences) -> np.ndarray:
    place = np.arange(len(log.items)) - np.repeat(log.offsets[:-1], log.lengths)
    return place < np.repeat(log.lengths - np.minimum(3, log.lengths // 2), log.lengths)


def test_each_question_has_one_answer_and_its_rows_stand_for_the_whole_catalogue() -> None:
    log = shop(n_users=200)
    found = training_examples(log, 0)
    assert found is not None
    questions = np.unique(found.questions)
    assert len(questions) == np.minimum(3, log.lengths // 2).sum()
    assert (np.bincount(found.questions, weights=found.hit) == 1).all()
    assert (np.diff(found.questions) >= 0).all()
    total = np.bincount(found.questions, weights=found.weights)
    assert total.mean() == pytest.approx(30, rel=0.25)


def test_nobody_with_two_events_leaves_popularity() -> None:
    log = from_lists([[0], [1], [1]], 3)
    assert training_examples(log, 0) is None
    for name in ("linear-regression", "logistic-regression", "boosted-trees"):
        scores = create(name).fit(log).score(from_lists([[]], 3))[0]
        assert scores[1] > scores[0] > scores[2]


@pytest.mark.parametrize("name", ["linear-regression", "logistic-regression"])
def test_a_regression_weighs_what_matters(name: str) -> None:
    """In the ring the next item follows the last one; in the shop a cart brings people back."""
    ring = from_lists([[(start + step) % 20 for step in range(8)] for start in range(20)] * 5, 20)
    told = create(name).fit(ring).weights()
    assert max(told, key=lambda feature: told[feature]) in ("follows the last", "follows the last ones")
    bought = create(name).fit(shop(n_users=400)).weights()
    assert bought["own events by 1"] > bought["own events by 2"]


def test_logistic_regression_finds_planted_coefficients() -> None:
    from swayline.models.classical.regression import LogisticRegression

    rng = np.random.default_rng(0)
    values = rng.standard_normal((20_000, 3))
    truth = np.array([1.0, -0.5, 0.0])
    hit = (rng.random(20_000) < 1 / (1 + np.exp(3.0 - values @ truth))).astype(float)
    found = LogisticRegression.solver(values, hit, np.ones(20_000), 1e-6)
    np.testing.assert_allclose(found, truth, atol=0.12)


def test_trees_made_from_arrays_predict_as_the_booster_they_came_from(tmp_path: Path) -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    values = rng.standard_normal((2000, 4)).astype(np.float32)
    target = np.sin(3 * values[:, 0]) + (values[:, 1] > 0.3) * values[:, 2]
    booster = lightgbm.train(
        {
            "objective": "regression",
            "verbosity": -1,
            "num_leaves": 15,
            "boost_from_average": False,
            "use_missing": False,
        },
        lightgbm.Dataset(values, target, params={"verbosity": -1}),
        20,
    )
    trees = from_booster(booster)
    ours = trees_of(tmp_path, trees.as_arrays(), 4).predictor(4)(values)
    np.testing.assert_allclose(ours, booster.predict(values), rtol=1e-10, atol=1e-12)
    assert ours.std() > 0.3
    assert (Trees.none().predictor(4)(values) == 0).all()


@pytest.mark.parametrize(
    "change",
    [
        {"feature": np.array([4], np.int32)},
        {"feature": np.array([-1], np.int32)},
        {"left": np.array([0], np.int32)},
        {"left": np.array([1], np.int32)},
        {"right": np.array([-3], np.int32)},
        {"sizes": np.array([3], np.int32)},
        {"sizes": np.array([0], np.int32)},
        {"leaf": np.zeros(3)},
    ],
    ids=lambda change: f"{next(iter(change))} {change[next(iter(change))].tolist()}",
)
def test_arrays_that_are_no_trees_are_refused(change: dict[str, np.ndarray], tmp_path: Path) -> None:
    one = Trees(
        np.array([2], np.int32), np.array([3], np.int32), np.array([-1], np.int32), np.array([-2], np.int32),
        np.array([0.5]), np.array([0.0, 1.0]),
    )  # fmt: skip
    values = np.array([[0, 0, 0, 0.5], [0, 0, 0, 0.6]], np.float32)
    assert trees_of(tmp_path, one.as_arrays(), 4).predictor(4)(values).tolist() == [0.0, 1.0]
    with pytest.raises(ArtifactError, match="do not make trees"):
        trees_of(tmp_path, replace(one, **change).as_arrays(), 4)


def test_boosted_trees_learn_a_return_after_a_cart() -> None:
    split = last_out(shop(n_users=400))
    model = create("boosted-trees", n_trees=50, n_leaves=8, min_rows=20).fit(split.train)
    carted = from_lists([[3, 3, 9]], 30, behaviors=[[0, 1, 0]], n_behaviors=3)
    viewed = from_lists([[3, 3, 9]], 30, behaviors=[[0, 0, 0]], n_behaviors=3)
    own = [model.score(history)[0, 3] - np.median(model.score(history)[0]) for history in (carted, viewed)]
    assert own[0] > own[1]


def valued(log: Sequences, seed: int = 0) -> Sequences:
    """The log with stars: 5 for what goes with the person, 1 for the rest."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(2, size=len(log))
    liked = log.items % 2 == taste[log.users]
    return replace(log, values=np.where(liked, 5.0, 1.0) - rng.integers(2, size=len(liked)) * (liked * 2 - 1))


@pytest.mark.parametrize("name", ["linear-regression", "boosted-trees"])
def test_values_are_features_unless_told_otherwise_and_stay_what_validation_made_of_them(name: str) -> None:
    log = valued(shop())
    plain = create(name).fit(replace(log, values=None)).score(log)
    assert not np.array_equal(create(name).fit(log).score(log), plain)
    np.testing.assert_array_equal(create(name, values="none").fit(log).score(log), plain)
    split = last_out(log)
    chosen = create(name).fit(split.train, split.valid)
    told = told_of_values(chosen, split.train, ["a", "b", "c"])
    again = create(name).fit(split.train, split.valid).refit(split.train)
    assert told["features"] is told_of_values(again, split.train, ["a", "b", "c"])["features"]
    np.testing.assert_array_equal(again.score(log), chosen.score(log))


def test_the_features_of_values_are_likings_by_hand() -> None:
    log = valued(shop())
    reading = ValueReading.of(log)
    assert reading is not None
    tables = count_tables(log, reading)
    history = log.take(np.arange(5))
    found, said = candidates(tables, history), liking(history, reading)
    names = pair_feature_names(3, valued=True)
    assert len(names) == tables.n_pair_features == found.values.shape[1]
    for row in range(5):
        part = history.of(row)
        last = dict(zip(history.items[part].tolist(), said[part], strict=True))
        for item, values in zip(found.items[found.rows == row], found.values[found.rows == row], strict=True):
            own = last.get(int(item), 0.0)
            told = dict(zip(names, values, strict=True))
            assert told["own liking"] == pytest.approx(np.sign(own) * np.log1p(abs(own)), rel=1e-5)
            assert told["category of last"] in (0.0, 1.0)
