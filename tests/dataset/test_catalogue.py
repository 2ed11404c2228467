"""What is known of the items stands in the vocabulary's order and follows histories wherever they are cut."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.dataset import Catalogue, Dataset, Sequences, build_catalogue, build_dataset, last_out
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


def by_item(data: Dataset, column: str, sequences: Sequences | None = None) -> dict[str, object]:
    catalogue = (sequences or data.sequences).catalogue
    assert catalogue is not None
    return dict(zip(data.items.names, names(catalogue.table, column), strict=True))


def test_rows_stand_in_the_vocabularys_order_with_gaps_where_nothing_is_known() -> None:
    with DuckEngine() as engine:
        data = build_dataset(engine, EVENTS.drop_columns(["category"]), side=SIDE)
    assert by_item(data, "title") == {"b": None, "a": "An apple", "c": " "}
    assert by_item(data, "price") == {"b": None, "a": 1.5, "c": None}
    assert data.sequences.catalogue is not None
    assert data.sequences.catalogue.texts()[data.items.names.index("a")] == "An apple"


def test_a_category_that_only_events_name_is_known_by_the_majority() -> None:
    with DuckEngine() as engine:
        data = build_dataset(engine, EVENTS)
    assert by_item(data, "category") == {"b": "x", "a": "y", "c": None}
    assert data.sequences.catalogue is not None
    codes, values = data.sequences.catalogue.codes("category")
    said = [values[code] if code >= 0 else None for code in codes]
    assert said == names(data.sequences.catalogue.table, "category")


def test_the_items_table_says_a_category_where_no_event_does() -> None:
    side = pa.table({"item": ["a", "c"], "category": ["fruit", "herb"]})
    with DuckEngine() as engine:
        data = build_dataset(engine, EVENTS, side=side)
    assert by_item(data, "category") == {"b": "x", "a": "y", "c": "herb"}


def test_training_knows_only_what_its_own_events_say() -> None:
    later = EVENTS.set_column(5, "category", pa.array(["x", "z", "y", "w", "w", "y"]))
    with DuckEngine() as engine:
        made = build_dataset(engine, later, side=pa.table({"item": ["a"], "category": ["fruit"]}))
    split = last_out(made.sequences)
    # The first event of each person trains: b said x and w; a, named by later events alone, is what its table says.
    for part in (split.train, split.valid.history, split.test.history):
        assert by_item(made, "category", part) == {"b": "w", "a": "fruit", "c": None}
    assert by_item(made, "category") == {"b": "w", "a": "y", "c": "w"}  # equal counts: the first by name


def test_columns_have_kinds() -> None:
    table = pa.table({
        "title": ["a", "b", "c", "d"], "brand": ["x", "x", "y", "y"], "tags": [["p"], ["q"], [], None],
        "price": [1.0, None, 2.0, 3.0], "lat": [1.0, 2.0, 3.0, 4.0], "category": [1, 2, 1, 1],
        "released": pa.array([0, 86_400_000_000, None, 0], pa.timestamp("us")), "sku": ["1", "2", "3", "4"],
    })  # fmt: skip
    known = Catalogue(table)
    assert known.kinds == {
        "title": "text", "brand": "category", "tags": "categories", "price": "number", "lat": "place",
        "category": "category", "released": "time", "sku": "text",
    }  # fmt: skip
    assert np.allclose(known.numbers("released"), [0, 1, np.nan, 0], equal_nan=True)


def test_there_is_none_where_nothing_is_known() -> None:
    plain = EVENTS.drop_columns(["category"])
    stranger = pa.table({"item": ["q"], "title": ["nobody met it"]})
    with DuckEngine() as engine:
        assert build_dataset(engine, plain).sequences.catalogue is None
        assert build_dataset(engine, plain, side=stranger).sequences.catalogue is None


def test_it_follows_the_histories_through_every_cut() -> None:
    with DuckEngine() as engine:
        sequences = build_dataset(engine, EVENTS.drop_columns(["category"]), side=SIDE).sequences
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
