"""A log cleaned on disk is, row for row, the one cleaned in memory."""

import random
from pathlib import Path

import pytest

from swayline.core.errors import ArtifactError, EmptyLogError
from swayline.events import ReadOptions, clean_log, read_events, read_log
from swayline.events.sources import lines
from swayline.events.sources.delimited import reader


def text(seed: int, columns: str, n: int = 3000) -> str:
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        cells = {
            "event_id": f"e{rng.randrange(2 * n)}" if rng.random() < 0.9 or "keyed" in columns else "",
            "user": rng.choice(["", *(f"u{k}" for k in range(40))]),
            "item": f"i{rng.randrange(50)}",
            "behavior": rng.choice(["pv", "cart", "search"]),
            "time": rng.choice([str(1511544070 + 600 * rng.randrange(200)), "soon"]),
            "session": rng.choice(["", "s1"]),
            "note": rng.choice("ab"),
        }
        rows.append(",".join(cells[name] for name in columns.replace("keyed ", "").split(",")))
    rows += rng.sample(rows, n // 10)
    rng.shuffle(rows)
    return columns.replace("keyed ", "") + "\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("user,item,behavior,time,note", {}),
        ("user,item,time", {}),
        ("user,item,behavior,time,session", {}),
        ("event_id,user,item,behavior,time,note", {}),
        ("keyed event_id,user,item,behavior,time", {}),
        ("user,item,note", {"ordered": True}),
        ("event_id,user,item", {"ordered": True}),
    ],
)
def test_on_disk_and_in_memory_are_one_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str, said: dict[str, bool]
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 1 << 14)
    monkeypatch.setattr(reader, "_PIECE_BYTES", 1 << 12)
    (tmp_path / "log.csv").write_text(text(len(columns), columns))
    (tmp_path / "items.csv").write_text("item,title\ni1,One\ni1,Again\n")
    options = ReadOptions(**said)
    memory = read_events(tmp_path / "log.csv", items=tmp_path / "items.csv", options=options)
    done = clean_log(
        tmp_path / "log.csv", tmp_path / "kept", items=tmp_path / "items.csv", options=options, memory_limit="300MB"
    )
    disk = read_log(tmp_path / "kept")
    assert disk.events.equals(memory.events)
    assert disk.rejected.equals(memory.rejected)
    assert disk.items is not None
    assert disk.items.equals(memory.items)
    assert (disk.n_read, disk.n_duplicates, disk.options, disk.notes) == (
        memory.n_read,
        memory.n_duplicates,
        memory.options,
        memory.notes,
    )
    assert (done.n_events, done.n_rejected) == (len(memory), len(memory.rejected))
    assert memory.n_duplicates > 0 or columns == "user,item,note"
    assert sorted(one.name for one in (tmp_path / "kept").iterdir()) == [
        "events.parquet",
        "items.parquet",
        "log.json",
        "rejected.parquet",
    ]


def test_a_log_without_a_good_row_leaves_no_finished_folder(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,item,time\nu,i,soon\n")
    with pytest.raises(EmptyLogError, match="1 rows read, 1 rejected"):
        clean_log(tmp_path / "log.csv", tmp_path / "kept")
    assert not (tmp_path / "kept").exists() or list((tmp_path / "kept").iterdir()) == []
    with pytest.raises(ArtifactError):
        read_log(tmp_path / "kept")
