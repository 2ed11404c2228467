"""How whole columns are."""

import pyarrow as pa

from swayline.features.column_quality import column_quality

ITEMS = pa.table(
    {
        "item": [f"i{n}" for n in range(100)],
        "title": [f"thing {n}" if n else None for n in range(100)],
        "price": [None if n % 10 == 0 else 1_000.0 if n == 5 else float(n % 7) for n in range(100)],
        "color": [None if n < 5 else "red" if n % 3 else "blue" for n in range(100)],
        "tags": [["a"]] * 99 + [None],
    }
)


def test_features_are_counted_with_what_fills_them():
    found = {one.column: one for one in column_quality("items", ITEMS, features=True)}
    assert "item" not in found
    assert (found["price"].missing, found["price"].filled_by, found["price"].outliers) == (10, "median", 1)
    assert (found["color"].missing, found["color"].filled_by) == (5, "mode")
    assert (found["title"].missing, found["title"].filled_by) == (1, "")
    assert (found["tags"].missing, found["tags"].filled_by) == (1, "")
    assert all(one.rows == 100 for one in found.values())


def test_columns_of_events_are_counted_and_never_filled():
    events = ITEMS.append_column("time", pa.nulls(100, pa.timestamp("us", "UTC")))
    found = {one.column: one for one in column_quality("events", events, features=False)}
    assert (found["time"].missing, found["time"].filled_by) == (100, "")
    assert (found["price"].missing, found["price"].filled_by, found["price"].outliers) == (10, "", 0)


def test_a_table_without_rows_or_features_is_no_trouble():
    assert [one.missing for one in column_quality("items", ITEMS.slice(0, 0), features=True)] == [0, 0, 0, 0]
    assert column_quality("users", pa.table({"user": ["a"]}), features=True) == []


def test_it_says_what_a_page_needs():
    one = column_quality("items", ITEMS, features=True)[1].as_json()
    assert one == {
        "table": "items", "column": "price", "kind": "double", "rows": 100, "missing": 10, "filled_by": "median",
        "outliers": 1,
    }  # fmt: skip
