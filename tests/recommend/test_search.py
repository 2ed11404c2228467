"""Items found by words: the one meant comes first, a person's own taste breaks what words leave open."""

import warnings

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import DataError, UsageError
from swayline.events import EventLog
from swayline.recommend import ItemSearch
from swayline.training.bundle import ModelBundle

WARES = ["nail polish", "desk lamp", "garden hose", "running shoe", "coffee grinder", "wool scarf"]
COLORS = ["red", "blue", "green", "black"]
TITLES = [f"{color.title()} {ware}" for ware in WARES for color in COLORS]


def fitted(titles=TITLES):
    """People of one colour take that colour's wares one after the other."""
    rows = []
    for user in range(80):
        color = user % len(COLORS)
        for step in range(5):
            rows.append(
                (f"u{user}", f"i{color + len(COLORS) * ((user // 4 + step) % len(WARES))}", 10**15 + step * 10**6)
            )
    users, items, times = zip(*rows, strict=True)
    events = pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": users, "item": items,
        "behavior": ["view"] * len(rows), "time": pa.array(times, pa.timestamp("us", tz="UTC")),
    })  # fmt: skip
    names = pa.table({"item": [f"i{i}" for i in range(len(titles))], "title": titles})
    return sw.SequenceRecommender(model="item-knn").fit(EventLog(events, items=names)).fitted_


@pytest.fixture(scope="module")
def model() -> ModelBundle:
    return fitted()


@pytest.fixture(scope="module")
def search(model: ModelBundle) -> ItemSearch:
    return ItemSearch(model)


def labels(model: ModelBundle, table: pa.Table) -> list[str]:
    titles = dict(zip(model.dataset.items.names, model.labels, strict=True))
    return [titles[item] for item in table["item"].to_pylist()]


def test_the_item_of_those_words_comes_first(search: ItemSearch, model: ModelBundle) -> None:
    found = search.search("green scarf", k=3)
    assert labels(model, found)[0] == "Green wool scarf"
    assert found["rank"].to_pylist() == [1, 2, 3]
    assert found["score"].to_pylist() == sorted(found["score"].to_pylist(), reverse=True)


def test_words_that_no_title_holds_are_found_by_their_meaning(search: ItemSearch, model: ModelBundle) -> None:
    assert all("coffee grinder" in label for label in labels(model, search.search("espresso mill", k=4)))
    blind = ItemSearch(model, words_only=True)
    assert blind.relevance(["espresso mill"]).max() == 0.0


def test_a_users_taste_decides_what_the_words_leave_open(search: ItemSearch, model: ModelBundle) -> None:
    found = search.search("desk lamp", users=["u0", "u1", "u2", "u3"], k=4)
    first = [row["item"] for row in found.to_pylist() if row["rank"] == 1]
    colors = [COLORS[int(item[1:]) % len(COLORS)] for item in first]
    assert colors == COLORS
    assert all("lamp" in label for label in labels(model, found))


def test_titles_of_another_script_are_searched_by_words_and_it_is_said() -> None:
    titles = [f"{color}{ware}" for ware in ["指甲油", "台灯", "水管", "跑鞋", "磨豆机", "围巾"] for color in "红蓝绿黑"]
    chinese = fitted(titles)
    with pytest.warns(UserWarning, match="by their words alone"):
        search = ItemSearch(chinese)
    assert labels(chinese, search.search("绿色跑鞋", k=1)) == ["绿跑鞋"]


def test_a_query_of_another_script_is_said_too(search: ItemSearch) -> None:
    with pytest.warns(UserWarning, match="this search goes by words alone"):
        search.search("红色口红", k=1)


def test_asks_for_titles_and_for_words(search: ItemSearch, model: ModelBundle) -> None:
    with pytest.raises(UsageError, match="empty"):
        search.search("  ")
    with pytest.raises(UsageError, match="no history"):
        search.search("lamp", users=["nobody"])
    bare = ModelBundle(
        model.model, model.dataset, model.dataset.items.names, model.exclude_seen, model.options, model.event_ids
    )
    with pytest.raises(DataError, match="no titles"):
        ItemSearch(bare)


def test_warns_of_nothing_when_all_is_well(model: ModelBundle) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(ItemSearch(model).relevance(["red lamp", "x"])).all()
