"""What is known of the items stands in the vocabulary's order and follows histories wherever they are cut."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.dataset import Catalogue, build_catalogue, build_dataset, last_out
from swayline.engine import DuckEngine

EVENTS = pa.table({
    "row": [1, 2, 3, 4, 5, 6],
    "user": ["u", "u", "u", "v", "v", "v"],
    "item": ["b", "a", "b", "b", "c", "a"],
    "behavior": ["view"] * 6,
    "time": pa.array(range(6), pa.timestamp("us", "UTC")),
    "category": ["x", "y", "x", "w", None, "y"],
})  # fmt: skip
SIDE = pa.table({"item": ["a", "z", "c"], "title": ["An apple", "A zebra", " "], "price": [1.5, 2.0, None]})


def names(table: pa.Table, column: str) -> list[object]:
    return list(table[column].to_pylist())


def test_rows_stand_in_the_vocabularys_order_with_gaps_where_nothing_is_known() -> None:
    with DuckEngine() as engine:
        data = build_dataset(engine, EVENTS.drop_columns(["category"]), side=SIDE)
    catalogue = data.sequences.catalogue
    assert data.items.names == ["b", "a", "c"]
    assert catalogue is not None
    assert names(catalogue.table, "title") == [None, "An apple", " "]
    assert names(catalogue.table, "price") == [None, 1.5, None]
    assert catalogue.texts() == ["", "An apple", ""]


def test_a_category_that_only_events_name_is_known_by_the_majority() -> None:
    with DuckEngine() as engine:
        catalogue = build_dataset(engine, EVENTS).sequences.catalogue
    assert catalogue is not None
    assert names(catalogue.table, "category") == ["x", "y", None]
    codes, values = catalogue.codes("category")
    assert [values[code] if code >= 0 else None for code in codes] == ["x", "y", None]


def test_the_items_tables_category_goes_before_the_events() -> None:
    side = pa.table({"item": ["a"], "category": ["fruit"]})
    with DuckEngine() as engine:
        catalogue = build_dataset(engine, EVENTS, side=side).sequences.catalogue
    assert catalogue is not None
    assert names(catalogue.table, "category") == ["x", "fruit", None]


def test_there_is_none_where_nothing_is_known() -> None:
    plain = EVENTS.drop_columns(["category"])
    stranger = pa.table({"item": ["q"], "title": ["nobody met it"]})
    with DuckEngine() as engine:
        assert build_dataset(engine, plain).sequences.catalogue is None
        assert build_dataset(engine, plain, side=stranger).sequences.catalogue is None


def test_it_follows_the_histories_through_every_cut() -> None:
    with DuckEngine() as engine:
        sequences = build_dataset(engine, EVENTS, side=SIDE).sequences
    split = last_out(sequences)
    for part in (split.train, split.valid.history, split.test.take(np.array([0])).history, sequences.last(1)):
        assert part.catalogue is sequences.catalogue


@pytest.mark.parametrize("kind", [pa.list_(pa.string()), pa.large_list(pa.string())])
def test_lists_of_words_and_numbers_are_text_too(kind: pa.DataType) -> None:
    table = pa.table({"title": pa.array([7, None]), "category": pa.array([["a", "b"], []], kind)})
    assert Catalogue(table).texts() == ["7. a b", ""]


def test_nothing_is_said_where_no_column_is_asked_for() -> None:
    table = pa.table({"price": [1.0]})
    assert build_catalogue(pa.array(["a"]), table.append_column("item", pa.array(["a"]))) is not None
    assert Catalogue(table).texts() == [""]
    assert Catalogue(table).codes("category")[1] == []
