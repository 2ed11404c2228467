"""Repeats, order and sessions; nothing that was read is lost, however it is shuffled, repeated or damaged."""

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.events.conftest import Reader, accounts

from swayline.core.errors import SwaylineError
from swayline.engine import DuckEngine
from swayline.events import EventLog, read_events

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADER = "event_id,user,item,behavior,time,note"


def test_a_repeat_is_a_row_equal_in_every_column_of_the_source(read: Reader) -> None:
    rows = ["u,i,view,5,a", "u,i,view,5,a", "u,i,view,5,b", "u,i,view,6,a", "u,i,pv,5,a", " u,i,View,5.0,a"]
    log = read("user,item,behavior,time,note\n" + "\n".join(rows))
    assert log.events["row"].to_pylist() == [2, 4, 5]
    assert log.n_duplicates == 3
    assert accounts(log)


def test_an_event_id_makes_a_repeat_whatever_else_the_row_holds(read: Reader) -> None:
    rows = ["e1,u,i,view,5,a", "e1,u,i,view,5,sent again", ",u,i,view,5,a", ",u,i,view,5,a", "e2,u,i,view,5,a"]
    log = read(f"{HEADER}\n" + "\n".join(rows))
    assert sorted(log.events["event_id"].to_pylist(), key=str) == [None, "e1", "e2"]
    assert log.n_duplicates == 2
    assert accounts(log)


def test_only_an_event_id_makes_a_repeat_in_an_ordered_log(read: Reader) -> None:
    log = read("event_id,user,item\ne1,u,a\ne2,u,a\ne1,u,a\n,u,a\n,u,a\n", ordered=True)
    assert log.events["row"].to_pylist() == [2, 3, 5, 6]
    assert log.n_duplicates == 1


def test_ties_of_time_stay_in_the_order_of_the_source(read: Reader) -> None:
    log = read("user,item,time\nu,c,7\nu,a,5\nv,b,7\nu,a,7\n")
    assert log.events["row"].to_pylist() == [3, 2, 4, 5]


def test_a_pause_of_more_than_half_an_hour_begins_a_session(read: Reader) -> None:
    rows = ["u,i,0", "u,i,1800", "u,i,3601", "v,i,0", "u,i,3601.5"]
    log = read("user,item,time\n" + "\n".join(rows))
    found = dict(zip(log.events["row"].to_pylist(), log.events["session"].to_pylist(), strict=True))
    assert found == {2: "u#1", 3: "u#1", 4: "u#2", 5: "v#1", 6: "u#2"}


def test_sessions_of_the_log_are_kept_and_only_gaps_are_filled(read: Reader) -> None:
    log = read("user,item,time,session_id\nu,i,0,mine\nu,i,1,\nu,j,9000,\n")
    assert log.events["session"].to_pylist() == ["mine", "u#1", "u#2"]


def as_text(rows: list[dict[str, Any]]) -> str:
    return f"{HEADER}\n" + "".join(",".join(str(one[name]) for name in HEADER.split(",")) + "\n" for one in rows)


def events_of(draw_ids: list[int], seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    return [
        {
            "event_id": f"e{n}",
            "user": f"u{rng.randrange(4)}",
            "item": f"i{rng.randrange(3)}",
            "behavior": rng.choice(["pv", "cart"]),
            "time": 1511544070 + rng.randrange(5) * 1000,
            "note": rng.randrange(2),
        }
        for n in draw_ids
    ]


@FEW
@given(
    ids=st.sets(st.integers(0, 2000), min_size=1, max_size=60), seed=st.integers(0, 2**32), copies=st.integers(0, 60)
)
def test_shuffling_and_repeating_keyed_events_changes_nothing(
    tmp_path: Path, engine: DuckEngine, ids: set[int], seed: int, copies: int
) -> None:
    rows = events_of(sorted(ids), seed)
    rng = random.Random(seed + 1)
    again = rows + [rng.choice(rows) for _ in range(copies)]
    rng.shuffle(again)
    logs = []
    for name, some in (("once", rows), ("again", again)):
        (tmp_path / f"{name}.csv").write_text(as_text(some))
        logs.append(read_events(tmp_path / f"{name}.csv", engine=engine))
    assert logs[0].events.equals(logs[1].events)
    assert (logs[0].n_duplicates, logs[1].n_duplicates) == (0, copies)
    assert all(accounts(log) for log in logs)


@FEW
@given(seed=st.integers(0, 2**32), n=st.integers(2, 30))
def test_events_that_disagree_under_one_id_leave_the_same_one_in_any_order(
    tmp_path: Path, engine: DuckEngine, seed: int, n: int
) -> None:
    rows = events_of([number % 3 for number in range(n)], seed)
    rng = random.Random(seed)
    tables = []
    for _ in range(3):
        rng.shuffle(rows)
        (tmp_path / "log.csv").write_text(as_text(rows))
        tables.append(read_events(tmp_path / "log.csv", engine=engine).events)
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])


def test_a_hundred_thousand_keyed_events_shuffled_and_repeated_are_the_same_log(
    tmp_path: Path, engine: DuckEngine
) -> None:
    rows = events_of(list(range(100_000)), 7)
    rng = random.Random(1)
    again = rows + rng.sample(rows, 30_000)
    rng.shuffle(again)
    logs: list[EventLog] = []
    for some in (rows, again):
        (tmp_path / "log.csv").write_text(as_text(some))
        logs.append(read_events(tmp_path / "log.csv", engine=engine))
    assert logs[0].events.equals(logs[1].events)
    assert logs[1].n_duplicates == 30_000


NOISE = st.one_of(
    st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"").replace(b'"', b"")),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=30).map(
        lambda text: text.replace("\n", "").replace('"', "").encode()
    ),
    st.sampled_from(
        [
            b"u,i,view,nan,x",
            b",,,,",
            b"a,b,c,d,e,f,g",
            b"u,i,view,5",
            b"\xff\xfe,i,view,5,x",
            b"u\x00,i,view,5,x",
            b'"',
            b'u,"i,view,5,x',
            b"   ",
            b"\t\t\t\t",
            b"{}",
            b"\r",
            b"u,i,view,9e99,x",
            b"NULL,i,view,5,x",
        ]
    ),
)


@FEW
@given(noise=st.lists(st.tuples(st.integers(0, 20), NOISE), max_size=25), seed=st.integers(0, 2**32))
def test_no_noise_between_the_lines_costs_a_good_row(
    tmp_path: Path, engine: DuckEngine, noise: list[tuple[int, bytes]], seed: int
) -> None:
    good = [f"good{n},item{n},view,{1511544070 + n},kept" for n in range(20)]
    lines: list[bytes] = []
    for n, line in enumerate(good):
        lines += [raw for at, raw in noise if at == n]
        lines.append(line.encode())
    (tmp_path / "log.csv").write_bytes(b"user,item,behavior,time,note\n" + b"\n".join(lines) + b"\n")
    log = read_events(tmp_path / "log.csv", engine=engine)
    kept = [one for one in log.events["user"].to_pylist() if one.startswith("good")]
    assert kept == [f"good{n}" for n in range(20)]
    assert accounts(log)
    assert all(
        one["value"].isprintable() or one["value"] for one in log.rejected.to_pylist() if one["reason"] != "is missing"
    )


@FEW
@given(
    noise=st.lists(
        st.one_of(st.binary(max_size=30), st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))),
        max_size=20,
    )
)
def test_no_noise_between_objects_costs_a_good_object(tmp_path: Path, engine: DuckEngine, noise: list[bytes]) -> None:
    lines = [raw.replace(b"\n", b" ") for raw in noise]
    for n in range(10):
        lines.insert((n * 7) % (len(lines) + 1), b'{"user":"good%d","item":"i","time":%d}' % (n, n))
    (tmp_path / "log.jsonl").write_bytes(b"\n".join(lines))
    log = read_events(tmp_path / "log.jsonl", engine=engine)
    assert sorted(one for one in log.events["user"].to_pylist() if one.startswith("good")) == [
        f"good{n}" for n in range(10)
    ]
    assert accounts(log)


@FEW
@given(
    raw=st.binary(min_size=1, max_size=400),
    name=st.sampled_from(["log.csv", "log.jsonl", "log.tsv", "log.parquet", "log.csv.gz"]),
)
def test_any_bytes_at_all_are_a_log_or_a_one_line_error(
    tmp_path: Path, engine: DuckEngine, raw: bytes, name: str
) -> None:
    for head in (b"", b"user,item,time\n", b'{"user":1,"item":2,"time":3}\n', b"PAR1", b"\x1f\x8b"):
        (tmp_path / name).write_bytes(head + raw)
        try:
            log = read_events(tmp_path / name, engine=engine)
        except SwaylineError as error:
            message = str(error)
        else:
            message = ""
            assert accounts(log)
        assert message.isprintable()


@pytest.mark.parametrize("n_blocks", [1, 5])
def test_the_log_is_one_chunk_in_time_order(read: Reader, n_blocks: int) -> None:
    rng = random.Random(n_blocks)
    rows = [f"u{rng.randrange(9)},i,{rng.randrange(10**6)}" for _ in range(1000)]
    log = read("user,item,time\n" + "\n".join(rows))
    assert isinstance(log.events["time"], pa.ChunkedArray)
    times = log.events["time"].to_pylist()
    assert times == sorted(times)
    assert log.events["time"].num_chunks == 1
