import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ArtifactError
from swayline.core.names import EVENTS_FILE, ITEMS_FILE, LOG_FILE
from swayline.events import EventLog, ReadOptions, read_events, read_log, write_log

ROWS = """user,item,behavior,time,rating,extra
u1,i1,pv,1511544070,3,a
u1,i1,buy,1511544080,4.5,b
,i2,pv,1511544090,,c
ü,i'2,pv,1511544091,,
"""


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    (tmp_path / "events.csv").write_text(ROWS)
    (tmp_path / "items.csv").write_text("item,title,weight\ni1,One,1.5\ni'2,,2\n")
    (tmp_path / "ties.csv").write_text("source,target\nu1,ü\n")
    options = ReadOptions(mapping={"value": "rating"}, timezone="Asia/Shanghai")
    return read_events(
        tmp_path / "events.csv", items=tmp_path / "items.csv", ties=tmp_path / "ties.csv", options=options
    )


def same(one: pa.Table | None, other: pa.Table | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.schema.equals(other.schema) and one.equals(other)


def test_a_log_comes_back_equal_in_every_table_count_and_option(log: EventLog, tmp_path: Path) -> None:
    write_log(log, tmp_path / "kept")
    back = read_log(tmp_path / "kept")
    assert len(log) == 3
    assert len(log.rejected) == 1
    for name in ("events", "rejected", "items", "users", "ties"):
        assert same(getattr(log, name), getattr(back, name)), name
    assert (back.n_read, back.n_duplicates, back.options) == (log.n_read, log.n_duplicates, log.options)


def test_an_older_log_in_the_folder_is_replaced(log: EventLog, tmp_path: Path) -> None:
    write_log(log, tmp_path / "kept")
    write_log(replace(log, items=None), tmp_path / "kept")
    assert read_log(tmp_path / "kept").items is None
    assert not (tmp_path / "kept" / ITEMS_FILE).exists()


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / LOG_FILE).unlink(),
        lambda folder: (folder / LOG_FILE).write_text("{"),
        lambda folder: (folder / LOG_FILE).write_text("[]"),
        lambda folder: (folder / LOG_FILE).write_text("[" * 100_000),
        lambda folder: (folder / LOG_FILE).write_bytes(b"\xff\xfe"),
        lambda folder: (folder / EVENTS_FILE).unlink(),
        lambda folder: (folder / EVENTS_FILE).write_bytes((folder / EVENTS_FILE).read_bytes()[:-40]),
        lambda folder: pq.write_table(pq.read_table(folder / EVENTS_FILE).slice(1), folder / EVENTS_FILE),
        lambda folder: changed(folder, "version", 99),
        lambda folder: changed(folder, "rows", {"events": 3}),
        lambda folder: changed(folder, "rows", {"events": 3, "rejected": 1, "../events": 3}),
        lambda folder: changed(folder, "options", {"colums": []}),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(log: EventLog, tmp_path: Path, harm) -> None:  # type: ignore[no-untyped-def]
    write_log(log, tmp_path / "kept")
    harm(tmp_path / "kept")
    with pytest.raises(ArtifactError) as caught:
        read_log(tmp_path / "kept")
    assert "\n" not in str(caught.value)


def changed(folder: Path, key: str, value: object) -> None:
    content = json.loads((folder / LOG_FILE).read_text())
    content[key] = value
    (folder / LOG_FILE).write_text(json.dumps(content))
