"""What a stranger's logs showed: sentences about them that were not true. One test a cause."""

from datetime import UTC, datetime

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
