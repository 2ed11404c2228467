"""Profiles, flags and as-of features: time, CPU and memory on a log, and what segments and flags come out.

python benchmarks/features/profiles.py                                a simulated shop of a million events
python benchmarks/features/profiles.py --events N --users N --items N
python benchmarks/features/profiles.py --log EVENTS --columns user,item,category,behavior,time --timezone Asia/Shanghai

Each part runs in a process of its own, so that its peak memory is its own. Planted truth of the simulated shop: its
people's hours come from one draw a person (they have a rhythm), and nobody acts at an impossible rate.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PARTS = ("read", "flags", "profiles", "asof", "texts")
MOMENTS = 100_000


def log_of(folder: Path):
    from swayline.events import read_log

    return read_log(folder)


def part(name: str, folder: Path) -> dict[str, object]:
    """One part's figures: seconds, CPU seconds, peak memory, what came out."""
    import numpy as np
    import pyarrow as pa

    from swayline.core.memory import peak_mb
    from swayline.dataset import TextFeatures
    from swayline.engine import DuckEngine
    from swayline.features.asof import features_as_of
    from swayline.features.bots import flag_bots
    from swayline.features.profiles import profiles

    log = log_of(folder)
    wall, cpu = time.perf_counter(), time.process_time()
    said: dict[str, object] = {"events": len(log)}
    if name == "flags":
        with DuckEngine() as engine:
            found = flag_bots(engine, log.events)
        said |= {"people": found.n_users, "flagged": found.n_flagged, "left_out": list(found.left_out)}
        for reason in found.table["reason"].to_pylist():
            said[reason] = int(said.get(reason, 0)) + 1
    elif name == "profiles":
        made = profiles(log)
        segments = made.summary["segments"]
        said |= {
            "people": made.users.num_rows, "items": made.items.num_rows,
            "segments": [(one["name"], one["people"]) for one in segments["groups"]],
            "stability": {one["k"]: round(one["strength"], 2) for one in segments["tried"]},
            "stages": made.summary["stages"],
        }  # fmt: skip
    elif name in ("asof", "texts"):
        rng = np.random.default_rng(0)
        rows = np.sort(rng.choice(len(log), min(MOMENTS, len(log)), replace=False))
        moments = log.events.select(["user", "time", "item"]).take(pa.array(rows))
        said["moments"] = len(moments)
        wall, cpu = time.perf_counter(), time.process_time()
        if name == "asof":
            with DuckEngine() as engine:
                said["features"] = features_as_of(engine, log.events, moments).num_columns - 3
        elif "text" in log.events.column_names:
            words = TextFeatures().fit(log.events["text"].drop_null().unique().to_pylist())
            said["nonzero"] = int(words.as_of(log.events, moments).nnz)
    return said | {
        "seconds": round(time.perf_counter() - wall, 1), "cpu_s": round(time.process_time() - cpu, 1),
        "peak_mb": round(peak_mb()),
    }  # fmt: skip


def make(options: argparse.Namespace, folder: Path) -> None:
    """Write the log that every part reads."""
    from swayline.events import ReadOptions, read_events, write_log
    from swayline.simulation import WorldSettings, world

    if options.log:
        columns = tuple(options.columns.split(",")) if options.columns else ()
        write_log(read_events(options.log, options=ReadOptions(columns=columns, timezone=options.timezone)), folder)
        return
    made = world(WorldSettings(users=options.users, items=options.items, events=options.events))
    write_log(read_events(made.events, items=made.items), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--columns", default="")
    parser.add_argument("--timezone", default="UTC")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(part(options.part, options.folder), ensure_ascii=False))
        return
    with tempfile.TemporaryDirectory() as temporary:
        make(options, Path(temporary))
        for name in PARTS:
            command = [sys.executable, __file__, "--part", name, "--folder", temporary]
            out = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
            print(f"{name:<9}{out.stdout.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
