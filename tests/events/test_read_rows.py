"""Bad rows among good ones: each is rejected with row, column, value and reason, and the good rows go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.events.conftest import Reader, accounts

from swayline.core.errors import EmptyLogError

HEADER = "user,item,behavior,time"
GOOD = ("g1,i1,view,1511544070", "g2,i2,cart,1511544071", "g3,i3,buy,1511544072")


def events(read: Reader, *lines: str | bytes, header: str = HEADER, **said: object):  # type: ignore[no-untyped-def]
    body = b"\n".join(line.encode() if isinstance(line, str) else line for line in (header, *lines)) + b"\n"
    return read(body, **said)


BAD_ROWS = [
    # line in the file's third place, column, part of the reason
    (",i9,view,1511544070", "user", "missing"),
    ("   ,i9,view,1511544070", "user", "missing"),
    ("\t,i9,view,1511544070", "user", "missing"),
    ("\u00a0\u200b,i9,view,1511544070", "user", "missing"),
    ("NaN,i9,view,1511544070", "user", "missing"),
    ("null,i9,view,1511544070", "user", "missing"),
    ("\\N,i9,view,1511544070", "user", "missing"),
    ("u9,,view,1511544070", "item", "missing"),
    ("u9,None,view,1511544070", "item", "missing"),
    ("u9,i9,,1511544070", "behavior", "missing"),
    ("u9,i9,NaN,1511544070", "behavior", "missing"),
    ("u9,i9,view,", "time", "no time"),
    ("u9,i9,view,soon", "time", "no time"),
    ("u9,i9,view,nan", "time", "no time"),
    ("u9,i9,view,inf", "time", "no time"),
    ("u9,i9,view,-inf", "time", "no time"),
    ("u9,i9,view,infinity", "time", "no time"),
    ("u9,i9,view,epoch", "time", "no time"),
    ("u9,i9,view,now", "time", "no time"),
    ("u9,i9,view,1e999", "time", "no time"),
    ("u9,i9,view,-1", "time", "before 1970"),
    ("u9,i9,view,-1e999", "time", "no time"),
    ("u9,i9,view,1_511_544_070", "time", "no time"),
    ("u9,i9,view,0x5a1852c6", "time", "no time"),
    ("u9,i9,view,१५११५४४०७०", "time", "no time"),
    ("u9,i9,view,99999999999999999999999999", "time", "no time"),
    ("u9,i9,view,1511544070000", "time", "future"),
    ("u9,i9,view,2999-01-01", "time", "future"),
    ("u9,i9,view,1969-12-31T23:59:59Z", "time", "before 1970"),
    ("u9,i9,view,2017-02-30", "time", "no time"),
    ("u9,i9,view,2017-11-25 25:00:00", "time", "no time"),
    ("u9,i9,view,2017-11-25 (BC)", "time", "no time"),
    ("u9,i9,view,25.11.2017", "time", "no time"),
    ("u" * 513 + ",i9,view,1511544070", "user", "longer than 512 bytes"),
    ("u9," + "i" * 10_240 + ",view,1511544070", "item", "longer than 512 bytes"),
    ("u9," + "ü" * 257 + ",view,1511544070", "item", "longer than 512 bytes"),
    ("u9,i9," + "v" * 600 + ",1511544070", "behavior", "longer than 512 bytes"),
    ("u9,i9,view", "", "has 3 fields where 4 are expected"),
    ("u9,i9,view,1511544070,", "", "has 5 fields where 4 are expected"),
    ("u9", "", "has 1 fields where 4 are expected"),
    ('u9,"i9,view,1511544070', "", "has 2 fields where 4 are expected"),
    ('"u9,i9,view,1511544070', "", "has 1 fields where 4 are expected"),
    (b"u9,i\x009,view,1511544070", "item", "NUL"),
    (b"\x00,i9,view,1511544070", "user", "NUL"),
    (b"u9,i\xff9,view,1511544070", "item", "not valid UTF-8"),
    (b"\xc3\x28,i9,view,1511544070", "user", "not valid UTF-8"),
    (b"u9,\xed\xa0\x80,view,1511544070", "item", "not valid UTF-8"),
    (b"u9,\xc0\x80,view,1511544070", "item", "not valid UTF-8"),
    (b"u9,i9,view,1511\r544070", "time", "end of a line"),
]


@pytest.mark.parametrize(("line", "column", "reason"), BAD_ROWS)
def test_a_bad_row_is_rejected_by_name_and_the_good_rows_stay(
    read: Reader, line: str | bytes, column: str, reason: str
) -> None:
    log = events(read, GOOD[0], line, *GOOD[1:])
    assert log.events["user"].to_pylist() == ["g1", "g2", "g3"]
    (one,) = log.rejected.to_pylist()
    assert (one["row"], one["column"]) == (3, column)
    assert reason in one["reason"]
    assert len(one["value"]) <= 201
    assert accounts(log)


def test_the_rejected_value_is_what_stood_in_the_file(read: Reader) -> None:
    log = events(read, *GOOD, "u9,i9,view, soon ", b"u9,a\x00b,view,1", b"u9,\xff,view,1")
    assert log.rejected["value"].to_pylist() == [" soon ", "a\\x00b", "\\udcff"]


def test_a_bad_row_beside_every_other_kind_costs_no_good_row(read: Reader) -> None:
    lines: list[str | bytes] = []
    for number, (line, _, _) in enumerate(BAD_ROWS):
        lines += [f"k{number},i{number},view,{1511544070 + number}", line]
    log = events(read, *lines)
    assert log.events["user"].to_pylist() == [f"k{number}" for number in range(len(BAD_ROWS))]
    assert log.rejected["row"].to_pylist() == [3 + 2 * number for number in range(len(BAD_ROWS))]
    assert accounts(log)


@pytest.mark.parametrize(
    ("column", "bad", "good", "kept"),
    [
        (
            "value",
            ["inf", "nanx", "1e999", "five", "1_0", "--1"],
            ["4", "4.5", "-1e3", "", "nan"],
            [4.0, 4.5, -1000.0, None, None],
        ),
        ("lat", ["91", "-90.01", "inf", "north"], ["90", "-90", ""], [90.0, -90.0, None]),
        ("lon", ["181", "1e9", "x"], ["-180", "180.0"], [-180.0, 180.0]),
        ("position", ["-1", "1.5", "first", "1e30"], ["0", "3.0", ""], [0, 3, None]),
        ("propensity", ["0", "1.0001", "-0.5", "often"], ["1", "1e-9", ""], [1.0, 1e-9, None]),
        ("exposed", ["2", "maybe", "tru"], ["true", "F", "0", "1.0", ""], [True, False, False, True, None]),
        ("session", ["s" * 513], ["s1"], ["s1"]),
        ("category", ["c" * 513], ["c1", "ü"], ["c1", "ü"]),
        ("text", ["t" * 65_537], ["t" * 65_536, "=cmd|' /C calc'!A0"], ["t" * 65_536, "=cmd|' /C calc'!A0"]),
    ],
)
def test_optional_columns_keep_gaps_and_refuse_what_is_wrong(
    read: Reader, column: str, bad: list[str], good: list[str], kept: list[object]
) -> None:
    cells = [*bad, *good]
    lines = [f"u{number},i,view,{1511544070 + number},{cell}" for number, cell in enumerate(cells)]
    log = events(read, *lines, header=f"{HEADER},{column}", mapping={column: column})
    assert log.events[column].to_pylist() == kept
    assert log.rejected["column"].to_pylist() == [column] * len(bad)
    assert accounts(log)


def test_a_column_that_is_ours_by_name_alone_is_left_aside_and_said_so(read: Reader) -> None:
    log = events(read, "u,i,view,1511544070,top-left", "u,i,view,1511544070,top-right", header=f"{HEADER},position")
    assert len(log) == 2
    assert "position" not in log.events.column_names
    assert any("position" in note for note in log.notes)


def test_times_are_told_from_their_unit(read: Reader) -> None:
    moment = datetime(2017, 11, 24, 17, 21, 10, tzinfo=UTC)
    for written in (
        "1511544070",
        "1511544070.0",
        "1.51154407e9",
        " 1511544070 ",
        "1511544070000",
        "1511544070000000",
        "1511544070000000000",
        "2017-11-24T17:21:10Z",
        "2017-11-24t17:21:10z",
        "2017-11-24 17:21:10",
        "2017-11-24T17:21:10+00:00",
        "2017/11/24 17:21:10",
        "2017-11-24T19:21:10+02:00",
        "2017-11-24T13:51:10-0330",
        "2017-11-24 17:21:10 UTC",
        "2017-11-24 17:21:10.000",
        "20171124172110",
    ):
        assert events(read, f"u,i,view,{written}").events["time"].to_pylist() == [moment], written
    for written in ("20171124", "2017-11-24", "2017/11/24"):
        assert events(read, f"u,i,view,{written}").events["time"].to_pylist() == [
            moment.replace(hour=0, minute=0, second=0)
        ]
    halves = events(read, "u,i,view,1511544070.25", "v,i,view,0")
    assert halves.events["time"].to_pylist() == [moment + timedelta(milliseconds=250)]
    assert halves.rejected["reason"].to_pylist()[0].startswith("would be in January 1970")


def test_a_day_of_clock_skew_is_allowed_and_no_more(read: Reader) -> None:
    now = datetime.now(UTC)
    soon, late = (int((now + timedelta(hours=hours)).timestamp()) for hours in (23, 25))
    log = events(read, f"a,i,view,{soon}", f"b,i,view,{late}")
    assert log.events["user"].to_pylist() == ["a"]
    assert "future" in log.rejected["reason"][0].as_py()


def test_one_odd_unit_does_not_change_how_the_others_are_read(read: Reader) -> None:
    log = events(read, "odd,i,view,1511544070000000", *GOOD)
    assert log.events["user"].to_pylist() == ["g1", "g2", "g3"]


@pytest.mark.parametrize(
    "id_",
    [
        "=SUM(A1)",
        "+1",
        "-2",
        "@x",
        "'; DROP TABLE events; --",
        "../../etc/passwd",
        "a|b%c",
        "💥",
        "مرحبا",
        "\u202eabc",
        "e\u0301",
        "NULLs",
        "<script>alert(1)</script>",
        "a b",
        "0",
        "007",
        "{}",
        "%s%n",
        "C:\\x",
        "\ufdd0",
        "inf",
        "true",
        "u#1",
    ],
)
def test_ids_are_data(read: Reader, id_: str) -> None:
    log = events(read, f"{id_},{id_},view,1511544070,{id_}", header=f"{HEADER},category")
    assert [log.events[name][0].as_py() for name in ("user", "item", "category")] == [id_, id_, id_]


def test_damage_in_a_column_nobody_uses_costs_nothing(read: Reader) -> None:
    lines = [
        b"u1,i,view,1511544070,\xff",
        b"u2,i,view,1511544071,a\x00b",
        b"u3,i,view,1511544072,\r",
        b'u4,i,view,1511544073,a"b',
    ]
    log = events(read, *lines, header=f"{HEADER},note")
    assert log.events["user"].to_pylist() == ["u1", "u2", "u3", "u4"]
    assert accounts(log)


def test_a_search_keeps_its_words_and_names_no_item(read: Reader) -> None:
    lines = [
        "u,red shoes,search for destination,1",
        "u,price only,change of sort order,2",
        "u,Hotel,filter selection,3",
        "u,i7,search for item,4",
        "u,i7,clickout item,5",
        "u,,search,6",
    ]
    log = events(read, *lines)
    assert log.events["item"].to_pylist() == [None, None, None, "i7", "i7", None]
    assert log.events["text"].to_pylist() == ["red shoes", "price only", "Hotel", None, None, None]
    assert log.events["behavior"].to_pylist() == ["search", "sort", "filter", "search for item", "click", "search"]


def test_a_search_with_words_of_its_own_may_name_an_item(read: Reader) -> None:
    log = events(read, "u,i1,search,1,red shoes", "u,,search,2,blue", "u,,view,3,green", header=f"{HEADER},text")
    assert log.events["item"].to_pylist() == ["i1", None]
    assert log.events["text"].to_pylist() == ["red shoes", "blue"]
    assert log.rejected["column"].to_pylist() == ["item"]


def test_behaviors_go_by_our_names_and_unknown_ones_by_their_own(read: Reader) -> None:
    words = ["pv", "PV ", "Add-To-Cart", "add to cart", "transaction", "lesson_done", "Fav"]
    log = events(read, *(f"u{number},i,{word},{number}" for number, word in enumerate(words)))
    assert log.events["behavior"].to_pylist() == ["view", "view", "cart", "cart", "purchase", "lesson_done", "favorite"]


def test_only_bad_rows_leave_nothing_and_the_error_names_the_first(read: Reader) -> None:
    with pytest.raises(EmptyLogError, match="2 rows read, 2 rejected; first: row 2, time is no time"):
        events(read, "u,i,view,soon", "u,i,view,later")


NUMBERS = [
    "1", "1.", ".5", "+5", "-0", "0x1", "1e5", "1E-3", "nan", "NaN", "1_0", "inf", "-Infinity", "1e400", "１", "1,5", "--1",
    "1e", "e5", "1 2", "5d", "0b1", "1f", "NULL", "None", "007",
]  # fmt: skip


@pytest.mark.parametrize("column", ["value", "lat", "position", "propensity", "time"])
@pytest.mark.parametrize("cell", NUMBERS)
def test_a_number_is_read_alike_whatever_stands_beside_it(read: Reader, column: str, cell: str) -> None:
    """Columns of plain numbers are read at once; one odd cell must change nothing for the others."""

    def found(*cells: str) -> tuple[list[Any], list[Any]]:
        rows = [f'u{n}\ti\t{one if column == "time" else 1511544070}\t{"" if column == "time" else one}'
                for n, one in enumerate(cells)]  # fmt: skip
        log = read("user\titem\ttime\t" + (column if column != "time" else "text") + "\n" + "\n".join(rows),
                   mapping={} if column == "time" else {column: column})  # fmt: skip
        kept = log.events.filter(pc.is_in(log.events["user"], value_set=pa.array(["u1"])))
        return (kept[column].to_pylist(), [one["reason"] for one in log.rejected.to_pylist() if one["row"] == 3])

    plain = "1511544071" if column == "time" else "1"
    assert found(plain, cell, plain) == found("odd_one", cell, plain)
