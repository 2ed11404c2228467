"""The language of filters: what holds is kept, what is unknown is not, and every mistake is named."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from swayline.core.errors import UsageError
from swayline.recommend import parse_filter

ITEMS = pa.table({
    "item": ["a", "b", "c", "d"],
    "price": [5.0, 30.0, None, 8.0],
    "stock": pa.array([0, 3, 2, 9], pa.int64()),
    "brand": ["Bell", "Acme", "Bell", None],
    "sold out": [True, False, False, None],
    "tags": [["red", "new"], ["blue"], [], None],
    "since": pa.array([datetime(2026, 1, day, tzinfo=UTC) for day in (1, 5, 9, 20)], pa.timestamp("us", "UTC")),
    "day": pa.array([date(2026, 1, day) for day in (1, 5, 9, 20)], pa.date32()),
    "text_day": ["2026-01-01", "2026-01-05", "2026-01-09", "2026-01-20"],
})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("price < 20", "ad"),
        ("not price < 20", "b"),
        ("price is null", "c"),
        ("price is not null and stock >= 3", "bd"),
        ("brand = 'Bell' or brand = \"Acme\"", "abc"),
        ("brand in ('Bell', 'Core')", "ac"),
        ("brand not in ('Bell')", "b"),
        ("brand contains 'EL'", "ac"),
        ("brand != 'Bell' and price > 1", "b"),
        ("`sold out` = false", "bc"),
        ("tags = 'red'", "a"),
        ("tags != 'red'", "bc"),
        ("tags in ('red', 'blue')", "ab"),
        ("tags contains 'new'", "a"),
        ("since >= 2026-01-09", "cd"),
        ("since < '2026-01-05T00:00:00Z'", "a"),
        ("day = 2026-01-05", "b"),
        ("text_day > 2026-01-05", "cd"),
        ("item in ('a', 'd') and (price = 5 or price = 8)", "ad"),
        ("price = 5 or price = 30 and stock = 0", "a"),
        ("NOT (price = 5 OR price = 30)", "d"),
        ("brand = 'It''s'", ""),
    ],
)
def test_keeps_exactly_the_items_of_which_it_holds(text, kept):
    holds = parse_filter(text)(ITEMS).tolist()
    assert "".join(name for name, one in zip("abcd", holds, strict=True) if one) == kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prise < 20", "no column 'prise': did you mean 'price'"),
        ("price less 20", "'less' is no operator"),
        ("price ~ 20", "cannot be read"),
        ("price < ", "a value is expected where 'the end' stands"),
        ("price", "an operator is missing"),
        ("price < 20 price", "'price' comes too much"),
        ("(price < 20", "is expected where 'the end' stands"),
        ("price < 'cheap'", "holds numbers, and 'cheap' is none"),
        ("brand = Bell", "put words in quotes"),
        ("brand = true", "holds text"),
        ("`sold out` = 1", "holds true or false"),
        ("since > 'soon'", "date 'soon' is not understood"),
        ("tags < 'red'", "holds lists of words"),
        ("price contains '5'", "contains looks for words"),
        ("and price < 3", "a column is expected where 'and' stands"),
        ("  ", "is empty"),
        ("not " * 200 + "price < 3", "stand inside each other"),
        ("(" * 200 + "price < 3" + ")" * 200, "stand inside each other"),
        ("x" * 20_000, "characters long"),
        ("__import__('os').system('true') = 1", "cannot be read"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(text, said):
    with pytest.raises(UsageError) as error:
        parse_filter(text)(ITEMS)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
