"""The classical models against their formulas, written out by hand or computed the slow way."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ConfigError, DataError
from swayline.dataset import Catalogue, Sequences, from_lists, last_out
from swayline.models import create, load_model
from swayline.models.classical.content import word_weights
from swayline.models.counts.history_matrix import last_events


def random_log(seed: int = 0, n_users: int = 40, n_items: int = 12, n_behaviors: int = 1) -> Sequences:
    rng = np.random.default_rng(seed)
    rows = [rng.integers(n_items, size=rng.integers(1, 9)).tolist() for _ in range(n_users)]
    acts = [rng.integers(n_behaviors, size=len(row)).tolist() for row in rows]
    return from_lists(rows, n_items, behaviors=acts, n_behaviors=n_behaviors)


# --- user-knn ------------------------------------------------------------------------------------


def test_user_knn_matches_the_formula_by_hand() -> None:
    log = from_lists([[0, 1], [0, 2], [3]], 4)
    model = create("user-knn", neighbours=2, shrinkage=1.0, decay=1.0, neighbour_decay=1.0, idf_power=0.0).fit(log)
    like = 1 / (np.sqrt(2) + 1)
    np.testing.assert_allclose(
        model.score(from_lists([[0], [3], []], 4)), [[2 * like, like, like, 0], [0, 0, 0, 0.5], [0] * 4], rtol=1e-6
    )


def test_user_knn_counts_recent_and_rare_items_more() -> None:
    log = from_lists([[0, 1], [2, 3], *([[0]] * 8)], 4)
    flat, keen = (
        create("user-knn", neighbours=20, shrinkage=0.0, decay=decay, neighbour_decay=1.0, idf_power=rare).fit(log)
        for decay, rare in ((1.0, 0.0), (0.5, 2.0))
    )
    asked = from_lists([[0, 2]], 4)  # 2 is the last event, and rare
    level, tilted = flat.score(asked)[0], keen.score(asked)[0]
    assert tilted[3] / tilted[1] > 2 * level[3] / level[1]


def test_user_knn_answers_the_same_in_one_block_and_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    log = random_log()
    model = create("user-knn").fit(log)
    whole = model.score(log)
    monkeypatch.setattr("swayline.models.classical.user_knn._PRODUCTS_AT_ONCE", 10)
    np.testing.assert_allclose(model.score(log), whole, rtol=1e-6)


# --- ease ----------------------------------------------------------------------------------------


def test_ease_is_ridge_regression_of_each_item_on_the_others() -> None:
    log = replace(random_log(), n_items=13)  # the last item has no event
    model = create("ease", l2=3.0, decay=1.0).fit(log)
    met = last_events(log, 1.0).toarray()
    expected = np.zeros((13, 13))
    for item in range(12):
        others = [other for other in range(12) if other != item]
        gram = met[:, others].T @ met[:, others] + 3.0 * np.eye(11)
        expected[others, item] = np.linalg.solve(gram, met[:, others].T @ met[:, item])
    single = from_lists([[item] for item in range(13)], 13)
    np.testing.assert_allclose(model.score(single), expected, atol=1e-5)


def test_ease_fills_its_matrix_the_same_in_one_block_and_in_many(monkeypatch: pytest.MonkeyPatch) -> None:
    log = random_log()
    whole = create("ease").fit(log).score(log)
    monkeypatch.setattr("swayline.models.classical.ease._BLOCK", 5)
    np.testing.assert_allclose(create("ease").fit(log).score(log), whole, rtol=1e-5, atol=1e-6)


def test_ease_refuses_a_catalogue_that_its_matrix_cannot_hold_and_says_how_large_it_is() -> None:
    n = 20_001
    log = from_lists([range(n)], n)
    with pytest.raises(DataError, match=r"20,001 items .* 3 GB.*20,000.*item-knn"):
        create("ease").fit(log)
    with pytest.raises(DataError, match="12 items"):
        create("ease", max_items=11).fit(random_log())


# --- implicit-als --------------------------------------------------------------------------------


def test_als_folds_a_history_in_by_its_least_squares() -> None:
    log = random_log()
    model = create("implicit-als", factors=4, regularization=0.5, alpha=3.0, decay=0.5).fit(log)
    items = model.items_.astype(np.float64)
    seen, weight = np.array([5, 2]), np.array([0.5, 1.0])
    confidence = np.ones(12)
    confidence[seen] += 3.0 * weight
    wanted = np.zeros(12)
    wanted[seen] = 1.0
    person = np.linalg.solve((items * confidence[:, None]).T @ items + 0.5 * np.eye(4), items.T @ (confidence * wanted))
    np.testing.assert_allclose(model.score(from_lists([[5, 2]], 12))[0], items @ person, rtol=1e-3, atol=1e-5)


def test_als_can_count_how_often_an_item_was_met() -> None:
    log = random_log()
    model = create("implicit-als", factors=4, regularization=0.5, alpha=3.0, decay=0.5, counts=True).fit(log)
    items = model.items_.astype(np.float64)
    confidence, wanted = np.ones(12), np.zeros(12)
    confidence[5], confidence[2], wanted[[5, 2]] = 1 + 3.0 * (0.25 + 1.0), 1 + 3.0 * 0.5, 1.0
    person = np.linalg.solve((items * confidence[:, None]).T @ items + 0.5 * np.eye(4), items.T @ (confidence * wanted))
    asked = from_lists([[5, 2, 5], [3, 3]], 12)
    np.testing.assert_allclose(model.score(asked)[0], items @ person, rtol=1e-3, atol=1e-5)
    assert asked.items.tolist() == [5, 2, 5, 3, 3]


def test_als_folds_training_users_in_where_the_library_has_them() -> None:
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy import sparse
    from threadpoolctl import threadpool_limits

    log = random_log(n_users=80)
    ours = create("implicit-als", factors=4, regularization=0.5, alpha=3.0, decay=1.0, iterations=30).fit(log)
    met = sparse.csr_matrix(last_events(log, 1.0)) * 4.0
    with threadpool_limits(1, user_api="blas"):
        library = AlternatingLeastSquares(factors=4, regularization=0.5, use_cg=False, iterations=1, random_state=0)
        library.item_factors, library.user_factors = ours.items_.copy(), np.zeros((80, 4), np.float32)
        theirs = library.recalculate_user(np.arange(80), met.astype(np.float32)) @ ours.items_.T
    np.testing.assert_allclose(ours.score(log), theirs, rtol=1e-3, atol=1e-4)


# --- content and hybrid --------------------------------------------------------------------------


def catalogue(**columns: list[object]) -> Catalogue:
    return Catalogue(pa.table(columns))


def test_words_of_one_item_and_numbers_say_nothing_and_categories_count_whole() -> None:
    known = catalogue(
        title=["Red nail", "red lip", None], category=["Make up", "Make up", "Hair"], price=[1.0, 2.0, 1.0]
    )
    weights = word_weights(known)
    assert weights.shape == (3, 4), "red, make, up, category=Make up"
    np.testing.assert_allclose(np.sqrt((weights * weights).sum(axis=1)), [1.0, 1.0, 0.0], rtol=1e-6)


def test_content_ranks_by_shared_words_and_by_popularity_where_there_is_no_history() -> None:
    known = catalogue(title=["red nail", "red lip", "blue nail", "blue lip gloss", "gloss"])
    log = replace(from_lists([[0], [3], [3]], 5), catalogue=known)
    model = create("content", popularity=0.0, decay=0.5).fit(log)
    scores = model.score(from_lists([[0], []], 5))
    assert scores[0, 0] == pytest.approx(1.0, abs=1e-5)
    assert min(scores[0, 1], scores[0, 2]) > scores[0, 3]
    assert scores[1].argmax() == 3


def test_content_reaches_items_that_nobody_met() -> None:
    known = catalogue(category=["a", "a", "b", "b"])
    log = replace(from_lists([[0], [2]], 4), catalogue=known)
    scores = create("content").fit(log).score(from_lists([[0]], 4))[0]
    assert scores[1] > scores[2]


def test_hybrid_is_its_parts_and_leans_on_words_where_people_say_nothing() -> None:
    rng = np.random.default_rng(0)
    groups = np.arange(60) // 6
    known = catalogue(category=[f"g{group}" for group in groups])
    own = rng.integers(10, size=(80, 1)) * 6 + rng.integers(6, size=(80, 6))
    split = last_out(replace(from_lists(own.tolist(), 60), catalogue=known))
    thin = split.train.keep(rng.random(len(split.train.items)) < 0.3)
    model = create("hybrid").fit(thin, split.valid)
    assert model.chosen_.content > 0
    for share, part in ((0.0, model.collaborative_), (1.0, model.likeness_)):
        alone = create("hybrid", content=share)
        alone.chosen_ = type(model.chosen_)(share)
        alone.collaborative_, alone.likeness_ = model.collaborative_, model.likeness_
        ours, theirs = alone.score(split.test.history), part.score(split.test.history)
        np.testing.assert_allclose(
            ours, theirs / np.maximum(theirs.max(axis=1, keepdims=True), 1e-12), rtol=1e-5, atol=1e-6
        )


# --- markov-chain --------------------------------------------------------------------------------


def test_the_chain_is_counts_with_a_prior() -> None:
    log = from_lists([[0, 1, 1], [0, 2]], 3)
    model = create("markov-chain", decay=0.0, skip=0.0, prior=2.0).fit(log)
    share = np.array([3, 3, 2]) / 8
    expected = (np.array([0, 1, 1]) + 2 * share) / (2 + 2)
    np.testing.assert_allclose(model.score(from_lists([[2, 0]], 3))[0], expected, rtol=1e-6)
    np.testing.assert_allclose(model.score(from_lists([[]], 3))[0], share, rtol=1e-6)


def test_the_chain_gives_chances() -> None:
    log = random_log()
    for decay in (0.0, 0.5, 1.0):
        scores = create("markov-chain", decay=decay, skip=0.5).fit(log).score(log)
        np.testing.assert_allclose(scores.sum(axis=1), 1.0, rtol=1e-5)
        assert (scores > 0).all()


# --- naive-bayes ---------------------------------------------------------------------------------


def test_the_posterior_is_bayes_rule_event_by_event() -> None:
    log = random_log(n_behaviors=2)
    model = create("naive-bayes", smoothing=2.0, decay=0.5, distance_decay=1.0, weight=0.7).fit(log)
    before = np.zeros((12, 2, 12))
    for user in range(len(log)):
        part = log.of(user)
        items, acts = log.items[part], log.behaviors[part]
        for j in range(len(items)):
            for i in range(j):
                before[items[i], acts[i], items[j]] += 1
    chance = before.sum(axis=2) / before.sum()
    prior = np.log((np.bincount(log.items, minlength=12) + 1) / (len(log.items) + 12))
    history = from_lists([[3, 7]], 12, behaviors=[[1, 0]], n_behaviors=2)
    expected = prior.copy()
    for item, act, weight in ((3, 1, 0.5), (7, 0, 1.0)):
        ratio = (before[item, act] / chance[item, act] + 2.0) / (before.sum(axis=(0, 1)) + 2.0)
        expected += 0.7 * weight * np.log(ratio)
    np.testing.assert_allclose(model.score(history)[0], expected, rtol=1e-4)


def test_an_outcome_given_a_behavior_is_counted_within_one_item_and_covers_the_truth() -> None:
    rng = np.random.default_rng(0)
    n, bought_after_cart, bought_after_view = 600, 0.5, 0.1
    rows, acts = [], []
    for _ in range(n):
        carted = rng.random() < 0.4
        bought = rng.random() < (bought_after_cart if carted else bought_after_view)
        acts.append([0, *([1] if carted else []), *([2] if bought else [])])
        rows.append([0] * len(acts[-1]))
    # Another item's purchase between them is none of this item's.
    log = from_lists([[*row, 1] for row in rows], 2, behaviors=[[*act, 2] for act in acts], n_behaviors=3)
    chance, low, high = create("naive-bayes").fit(log).outcome_given_behavior(2)
    assert low[1] < bought_after_cart < high[1]
    assert low[0] < 0.4 * bought_after_cart + 0.6 * bought_after_view < high[0]
    assert chance[2] < 0.01, "nobody buys it twice"
    assert ((low < chance) & (chance < high)).all()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("user-knn", {"neighbour_decay": 1.5}), ("ease", {"l2": 0.0}), ("ease", {"max_items": 0}), ("implicit-als", {"factors": 0}),
        ("content", {"popularity": -1.0}), ("hybrid", {"content": 1.5}), ("markov-chain", {"prior": 0.0}),
        ("naive-bayes", {"smoothing": 0.0}), ("linear-regression", {"balance": 2.0}), ("boosted-trees", {"n_leaves": 1}),
        ("factorization-machine", {"dropout": 1.0}), ("gru", {"hidden_dim": 0}),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_refused_by_name(name: str, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(settings))):
        create(name, **settings)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("naive-bayes", "doubt", "smoothing"), ("naive-bayes", "closeness", "distance_decay"),
        ("item-knn", "closeness", "distance_decay"), ("user-knn", "memory", "neighbour_decay"),
        ("user-knn", "specificity", "idf_power"),
    ],
)  # fmt: skip
def test_a_folder_with_the_old_name_of_a_setting_is_read_and_a_user_is_told_the_new_one(
    tmp_path: Path, name: str, old: str, new: str
) -> None:
    log = from_lists([[0, 1, 2], [1, 2, 3], [0, 2, 3, 1]], 4)
    model = create(name, **{new: 0.5}).fit(log)
    model.save(tmp_path)
    described = json.loads((tmp_path / "model.json").read_text())
    for part in (described["settings"], described["learned"]["chosen"]):
        part[old] = part.pop(new)
    (tmp_path / "model.json").write_text(json.dumps(described))
    again = load_model(tmp_path)
    assert getattr(again.settings, new) == 0.5
    assert np.array_equal(again.score(log), model.score(log))
    with pytest.raises(ConfigError, match=f"setting {old} is now {new}"):
        create(name, **{old: 0.5})
