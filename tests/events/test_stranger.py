"""What a stranger's logs showed: sentences about them that were not true. One test a cause."""

import re
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import swayline as sw

DAY = 1_700_000_000


def written(folder, rows, head="user,item,behavior,time"):
    path = folder / "log.csv"
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
@pytest.mark.parametrize("odd", [0, 1, 45_250, DAY // 1_000, DAY])
def test_a_number_of_another_unit_is_never_a_moment_of_1970(tmp_path, unit, odd):
    rows = [(f"u{at % 5}", f"i{at % 7}", "view", (DAY + 60 * at) * unit) for at in range(30)]
    is_odd = not (unit == 1 and odd == DAY)
    log = sw.read_events(written(tmp_path, [*rows, ("u1", "i1", "view", odd)]))
    assert len(log) == 30 + (not is_odd)
    assert min(log.events["time"].to_pylist()) > datetime(2023, 1, 1, tzinfo=UTC)
    assert len(log.rejected) == is_odd
    if is_odd:
        assert "in another unit" in log.rejected["reason"][0].as_py()


def test_a_log_that_counts_from_its_own_start_keeps_its_small_numbers(tmp_path):
    log = sw.read_events(written(tmp_path, [("u1", f"i{at}", "view", at) for at in range(20)]))
    assert len(log) == 20


@pytest.mark.parametrize("name", ["user", "item"])
@pytest.mark.parametrize("cut", ["1.23457E+15", "9.007199254740992e+15", "1.2e+300"])
def test_ids_that_a_spreadsheet_cut_short_are_refused_since_they_merge_people(tmp_path, name, cut):
    good = [("u1", "i1", "view", DAY + at) for at in range(5)]
    bad = (cut, "i1", "view", DAY) if name == "user" else ("u1", cut, "view", DAY)
    log = sw.read_events(written(tmp_path, [*good, bad, ("1e5", "2.5e+03", "view", DAY)]))
    assert len(log) == 6
    assert log.rejected.select(["column", "value"]).to_pylist() == [{"column": name, "value": cut}]


@pytest.mark.parametrize(
    ("side", "table"),
    [("items", "item,title\n1,A\n2,B\n"), ("users", "user,age\n1,30\n"), ("ties", "source,target\n1,2\n")],
)
@pytest.mark.parametrize("is_ours", [False, True])
def test_a_side_table_that_speaks_of_nobody_is_told(tmp_path, side, table, is_ours):
    letter = "i" if side == "items" else "u"
    text = re.sub(r"\b([12])\b", rf"{letter}\1", table) if is_ours else table
    (tmp_path / "side.csv").write_text(text)
    log = sw.read_events(
        written(tmp_path, [(f"u{at % 3}", f"i{at % 3}", "view", DAY + at) for at in range(9)]),
        **{side: tmp_path / "side.csv"},
    )
    assert any("is in the log" in note for note in log.notes) == (not is_ours)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_parts_without_a_row_are_nothing(tmp_path, kind):
    rows = {"user": ["u1"] * 3, "item": ["a", "b", "c"], "behavior": ["view"] * 3, "time": [DAY, DAY + 1, DAY + 2]}
    if kind == "csv":
        (tmp_path / "part-0.csv").write_text("")
        (tmp_path / "part-1.csv").write_text("user,item,behavior,time\n")
        written(tmp_path, list(zip(*rows.values(), strict=True)))
    else:
        pq.write_table(pa.table({name: pa.nulls(0) for name in rows}), tmp_path / "part-0.parquet")
        pq.write_table(pa.table(rows), tmp_path / "part-1.parquet")
    assert len(sw.read_events(tmp_path)) == 3
