"""Every real log beside the checkout is read with at most one line of options: the lines of docs/guide/reading.md."""

from pathlib import Path
from typing import Any

import pytest

from swayline.engine import DuckEngine
from swayline.events import ReadOptions, parse_mapping, read_events

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside this checkout")
COLUMNS = ("columns", "items_columns", "users_columns", "ties_columns")

LOGS = [
    # file, options, rows read, events, users, behaviours
    ("taobao/events.csv", "--columns user,item,category,behavior,time", 100_001, 100_001, 983, 4),
    ("trivago/sessions.parquet", "--map item=reference", 100_003, 100_003, None, 9),
    ("trivago/sessions.parquet", "--map item=reference --format impressions", None, None, None, 10),
    ("ml-100k/ml-100k.inter", "", 100_000, 100_000, 943, 1),
    ("ml-1m/interactions.txt", "--columns user,item --ordered", 999_611, 999_611, 6_040, 1),
    ("beauty/sequences.txt", "--format sequences --ordered", 198_502, 198_502, 22_363, 1),
    ("toys/sequences.txt", "--format sequences --ordered", 167_597, 167_597, 19_412, 1),
    ("foursquare-nyc/checkins.csv.gz", "", 113_344, 113_344, None, 1),
    ("gowalla/checkins.txt", "--columns user,item,time", 157_251, 157_181, 1_000, 1),
    ("ciao/ratings.txt", "--columns user,item,category,value,helpfulness,time", 36_065, 36_023, 2_248, 1),
    ("lastfm-2k/user_taggedartists.dat", "", 186_479, None, None, 1),
    ("tgbl-wiki/ml_wikipedia.txt", "--columns user,item,time", 157_474, 157_474, 8_227, 1),
    ("cascades-android/cascades.txt", "--format cascades", None, None, None, 1),
]
SIDES = [
    ("ml-100k/ml-100k.inter", "", "items", "ml-100k/ml-100k.item", 1_682),
    ("ml-100k/ml-100k.inter", "", "users", "ml-100k/ml-100k.user", 943),
    (
        "beauty/sequences.txt",
        "--format sequences --ordered --items-columns item,asin,title",
        "items",
        "beauty/item_titles.tsv",
        12_094,
    ),
    (
        "gowalla/checkins.txt",
        "--columns user,item,time --items-columns item,lat,lon",
        "items",
        "gowalla/places.txt",
        None,
    ),
    (
        "gowalla/checkins.txt",
        "--columns user,item,time --ties-columns source,target --ties-undirected",
        "ties",
        "gowalla/friends.txt",
        173_970,
    ),
    (
        "ciao/ratings.txt",
        "--columns user,item,category,value,helpfulness,time --ties-columns target,source",
        "ties",
        "ciao/trust.txt",
        57_544,
    ),
    ("lastfm-2k/user_taggedartists.dat", "", "ties", "lastfm-2k/user_friends.dat", None),
    (
        "cascades-android/cascades.txt",
        "--format cascades --ties-columns source,target",
        "ties",
        "cascades-android/edges.txt",
        None,
    ),
]


def said(line: str) -> ReadOptions:
    """The options that a command line says."""
    words = line.split()
    found: dict[str, Any] = {}
    for word, value in zip(words, [*words[1:], ""], strict=False):
        name = word.removeprefix("--").replace("-", "_")
        if name in COLUMNS:
            found[name] = tuple(value.split(","))
        elif name in ("ordered", "ties_undirected"):
            found[name] = True
        elif name == "map":
            found["mapping"] = parse_mapping(value)
        elif word.startswith("--"):
            found[name] = value
    return ReadOptions(**found)


@needs_data
@pytest.mark.parametrize(("file", "line", "n_read", "n_events", "n_users", "n_behaviors"), LOGS)
def test_a_real_log_is_read_whole(
    engine: DuckEngine,
    file: str,
    line: str,
    n_read: int | None,
    n_events: int | None,
    n_users: int | None,
    n_behaviors: int,
) -> None:
    log = read_events(DATA / file, options=said(line), engine=engine)
    assert len(log) + log.n_duplicates + len(log.rejected) == log.n_read
    assert n_read in (None, log.n_read)
    assert n_events in (None, len(log))
    assert n_users in (None, len(log.events["user"].unique()))
    assert len(log.behaviors) == n_behaviors
    assert len(log.rejected) <= log.n_read / 1000, log.rejected.slice(0, 3).to_pylist()


@needs_data
@pytest.mark.parametrize(("file", "line", "which", "side", "n_rows"), SIDES)
def test_a_real_side_table_is_read_whole(
    engine: DuckEngine, file: str, line: str, which: str, side: str, n_rows: int | None
) -> None:
    log = read_events(DATA / file, options=said(line), engine=engine, **{which: DATA / side})
    table = getattr(log, which)
    assert n_rows in (None, len(table))
    assert len(log.rejected) <= len(table) / 100, log.rejected.slice(0, 3).to_pylist()


@needs_data
def test_trivago_searches_keep_their_words_and_shown_hotels_are_exposures(engine: DuckEngine) -> None:
    log = read_events(
        DATA / "trivago/sessions.parquet", options=said("--map item=reference --format impressions"), engine=engine
    )
    counts = {one["values"]: one["counts"] for one in log.events["behavior"].value_counts().to_pylist()}
    assert (counts["search"], counts["filter"], counts["sort"], counts["click"]) == (4_140, 5_303, 2_948, 13_597)
    rows = log.events.select(["behavior", "item", "text", "exposed", "position"]).to_pylist()
    assert sum(one["item"] is None for one in rows) == 12_391
    assert all((one["item"] is None) == (one["behavior"] in ("search", "filter", "sort")) for one in rows)
    assert all(one["text"] for one in rows if one["item"] is None)
    assert all(one["exposed"] == (one["behavior"] == "impression") for one in rows)
    assert all(one["position"] is not None for one in rows if one["behavior"] == "impression")
    placed = [one["position"] for one in rows if one["behavior"] == "click" and one["position"] is not None]
    assert len(placed) > 13_000
    assert 0 <= min(placed) <= max(placed) < 25


def test_the_guide_has_every_line() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "reading.md").read_text("utf-8")
    for file, line, *_ in LOGS:
        assert f"{file} {line}".rstrip() in guide
    for file, line, which, side, _ in SIDES:
        assert f"{file} --{which} ../shared/data/{side} {line}".rstrip() in guide
