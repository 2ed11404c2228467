"""Click models tell looks from attraction in planted worlds, and foretell real searches better than the place alone."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest

from swayline.core.errors import DataError, UsageError
from swayline.models.clicks import (
    DynamicBayesianClicks,
    PositionClicks,
    RankClicks,
    click_perplexity,
    lists_from_rows,
    lists_from_words,
    reranked,
)

LOOKS = np.array([1.0, 0.7, 0.4, 0.2, 0.1])
TREC = Path(__file__).parents[3] / "shared" / "data" / "trec-session-2014"


def world(seed, n=8000, items=30, reader=False, sort=0.0):
    """Lists of five; ``sort`` puts attractive items higher, so that plain rates by place mislead."""
    rng = np.random.default_rng(seed)
    attraction = rng.uniform(0.05, 0.8, items)
    shown = np.stack([rng.choice(items, 5, replace=False) for _ in range(n)])
    order = np.argsort(-(sort * attraction[shown] + rng.normal(0, 0.2, shown.shape)), axis=1)
    shown = np.take_along_axis(shown, order, axis=1)
    if not reader:
        clicked = rng.random((n, 5)) < LOOKS * attraction[shown]
    else:
        clicked, looks = np.zeros((n, 5), bool), rng.random(n) < 0.9
        for place in range(5):
            clicked[:, place] = looks & (rng.random(n) < attraction[shown[:, place]])
            satisfied = clicked[:, place] & (rng.random(n) < 0.6)
            looks = looks & ~satisfied & (rng.random(n) < 0.75)
    docs = [" ".join(map(str, row)) for row in shown]
    return lists_from_words(docs, [" ".join("01"[int(hit)] for hit in row) for row in clicked]), attraction


def test_looks_and_attraction_are_told_apart_where_better_items_stand_higher():
    lists, attraction = world(0, sort=1.0)
    model = PositionClicks(item_strength=1, pair_strength=1).fit(lists)
    assert model.looks_ == pytest.approx(LOOKS, abs=0.05)
    plain = RankClicks().fit(lists).rate_
    assert plain[4] / plain[0] < 0.6 * model.looks_[4] / model.looks_[0], (
        "plain rates would call the last place too dull"
    )
    found = model.attraction_.of_item
    assert np.corrcoef(found, attraction[[int(name) for name in lists.item_names]])[0, 1] > 0.97
    assert model.propensities()["position"].to_pylist() == [1, 2, 3, 4, 5]


def test_no_bias_is_found_where_every_place_is_looked_at():
    rng = np.random.default_rng(0)
    docs = [" ".join(map(str, rng.permutation(10)[:5])) for _ in range(6000)]
    clicks = [" ".join("01"[int(hit)] for hit in rng.random(5) < 0.3) for _ in docs]
    model = PositionClicks(1, 1).fit(lists_from_words(docs, clicks))
    assert model.looks_.min() > 0.85


def test_a_reader_who_leaves_satisfied_is_found():
    lists, _ = world(1, reader=True)
    model = DynamicBayesianClicks(item_strength=1, pair_strength=1).fit(lists)
    assert model.satisfaction_ == pytest.approx(0.6, abs=0.1)
    assert model.persistence_ == pytest.approx(0.75, abs=0.06)
    other = PositionClicks(1, 1).fit(lists)
    mine = click_perplexity(model.conditional_chances(lists), lists)
    assert mine < click_perplexity(other.conditional_chances(lists), lists)


def test_chances_are_the_shares_that_follow():
    lists, _ = world(2, reader=True)
    for model in (PositionClicks(), DynamicBayesianClicks()):
        model.fit(lists)
        for chances in (model.click_chances(lists), model.conditional_chances(lists)):
            assert chances.mean(axis=0) == pytest.approx(lists.clicked.mean(axis=0), abs=0.03)


def test_the_cascade_is_one_click_and_then_nothing():
    lists = lists_from_words(["a b c"] * 50 + ["b a c"] * 50, ["0 1 0"] * 50 + ["1 0 0"] * 50)
    model = DynamicBayesianClicks(cascade=True, item_strength=0.01, pair_strength=0.01, n_iterations=1).fit(lists)
    names = dict(zip(lists.item_names, model.attraction_.of_item, strict=True))
    assert names["b"] > 0.95
    assert names["a"] < 0.05
    assert names["c"] == pytest.approx(model.attraction_.overall, abs=0.01), "nobody came to look at c"


def test_lists_are_put_in_the_order_of_attraction():
    lists, attraction = world(3, sort=-1.0)
    model = PositionClicks(1, 1).fit(lists)
    order = reranked(lists, model.attraction_)
    true = attraction[[int(name) for name in lists.item_names]][lists.items]
    assert (np.take_along_axis(true, order, axis=1)[:, 0] > true[:, 0]).mean() > 0.8
    assert (reranked(lists, model.attraction_, trust=1e6) == np.arange(5)).all()


def test_rows_of_a_log_are_lists_too():
    table = pa.table(
        {"list": ["x", "x", "y"], "item": ["a", "b", "b"], "position": [1, 2, 1], "click": [False, True, True]}
    )
    lists = lists_from_rows(table, "item", "position", "click", shown_together="list")
    assert lists.items.tolist() == [[0, 1], [1, -1]]
    assert lists.clicked.tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"position": [1.5, 2, 1]}, DataError, "no whole number"),
        ({"position": [1, 1, 1]}, DataError, "two items in one place"),
        ({"click": [0, 2, 1]}, DataError, "a click is 0 or 1"),
        ({"item": ["a", None, "b"]}, DataError, "empty in 1 rows"),
        ({}, UsageError, "no column 'rank'"),
    ],
)
def test_rows_that_are_no_lists_are_told(change, error, words):
    columns = {"list": ["x", "x", "y"], "item": ["a", "b", "b"], "position": [1, 2, 1], "click": [0, 1, 1]} | change
    with pytest.raises(error, match=words):
        lists_from_rows(pa.table(columns), "item", "position" if change else "rank", "click", shown_together="list")


def test_nothing_clicked_and_wrong_lists_are_told():
    with pytest.raises(DataError, match="nothing was clicked"):
        PositionClicks().fit(lists_from_words(["a b"], ["0 0"]))
    with pytest.raises(DataError, match="list 1 has 2 items"):
        lists_from_words(["a b"], ["0"])


@pytest.mark.skipif(not TREC.exists(), reason="../shared/data/trec-session-2014 is not here")
def test_real_searches_are_foretold_better_than_by_the_place_alone():
    tables = [
        pc.read_csv(TREC / f"{name}.tsv", parse_options=pc.ParseOptions(delimiter="\t")) for name in ("train", "test")
    ]
    both = pa.concat_tables(tables)
    lists = lists_from_words(
        both["docs"].to_pylist(), both["clicks"].to_pylist(), [str(q) for q in both["query_id"].to_pylist()]
    )
    train, test = lists.take(np.arange(len(tables[0]))), lists.take(np.arange(len(tables[0]), len(both)))
    by_place = RankClicks().fit(train)
    assert click_perplexity(by_place.click_chances(test), test) == pytest.approx(1.192, abs=0.001)
    model = PositionClicks(10, 100).fit(train)
    assert click_perplexity(model.click_chances(test), test) < 1.185
