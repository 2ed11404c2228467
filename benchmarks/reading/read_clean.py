"""Reading and cleaning simulated events, beside hand-written Polars in the same run; and 50 million in 4 GB.

python benchmarks/reading/read_clean.py                    5 million events, CSV and Parquet, Polars beside
python benchmarks/reading/read_clean.py --large 50000000   cleaned on disk: time and peak memory
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

OURS = """
from swayline.events import read_events
log = read_events(PATH)
print(len(log), log.n_duplicates, len(log.rejected))
"""

POLARS = """
import polars as pl
if PATH.endswith(".parquet"):
    log = pl.scan_parquet(PATH).with_columns(pl.col("behavior").cast(pl.String))
else:
    numbers = [pl.col(name).cast(pl.Float64, strict=False) for name in ("value", "lat", "lon")]
    moment = pl.from_epoch(pl.col("time").cast(pl.Int64, strict=False), time_unit="us").dt.replace_time_zone("UTC")
    log = pl.scan_csv(PATH, infer_schema=False).with_columns(*numbers, time=moment)
texts = ("user", "item", "event_id", "session", "text", "category", "platform", "device")
words = {"pv": "view", "fav": "favorite", "buy": "purchase", "add_to_cart": "cart"}
log = log.with_row_index("row", 1).with_columns(
    *(pl.col(name).str.strip_chars() for name in texts),
    pl.col("behavior").str.strip_chars().str.to_lowercase().replace(words),
)
def named(name):
    return pl.col(name).is_not_null() & (pl.col(name).str.len_bytes() <= 512) & ~pl.col(name).is_in(["", "NaN", "null", "None"])
def within(name, low, high):
    return pl.col(name).is_null() | pl.col(name).is_between(low, high)
start, end = pl.datetime(1970, 1, 1, time_zone="UTC"), pl.datetime(2030, 1, 1, time_zone="UTC")
good = (
    named("user") & (named("item") | pl.col("behavior").is_in(["search", "filter", "sort"])) & named("behavior")
    & pl.col("time").is_between(start, end) & within("lat", -90, 90) & within("lon", -180, 180)
    & (pl.col("value").is_null() | pl.col("value").is_finite())
)
log = log.with_columns(good=good.fill_null(False)).collect()
rejected = log.filter(~pl.col("good"))
log = log.filter("good").drop("good")
n = len(log)
log = log.unique(subset=["event_id"], keep="first", maintain_order=True).sort("time", "event_id")
print(len(log), n - len(log), len(rejected))
"""

LARGE = """
from swayline.events import clean_log
done = clean_log(PATH, FOLDER, memory_limit="1.5GB")
print(done.n_events, done.n_duplicates, done.n_rejected)
"""


def simulated(n: int, seed: int = 1) -> pa.Table:
    """A simulated log with behaviours as text, one repeat in a hundred and one missing user in a thousand, unsorted."""
    from swayline.simulation import WorldSettings, world

    events = world(WorldSettings(users=max(n // 50, 100), items=max(n // 100, 100), events=n, seed=seed)).events
    rng = np.random.default_rng(seed)
    again = rng.integers(0, len(events), n // 100)
    events = events.take(pa.array(rng.permutation(np.concatenate([np.arange(len(events)), again]))))
    missing = pa.array(rng.random(len(events)) < 0.001)
    users = pc.if_else(missing, pa.scalar(None, pa.string()), events["user"])
    events = events.set_column(events.column_names.index("user"), "user", users)
    return events.set_column(events.column_names.index("behavior"), "behavior", events["behavior"].cast(pa.string()))


def run(python: str, script: str, **names: str) -> tuple[str, float, float, float]:
    """What a script printed, its wall seconds, its CPU seconds and its peak memory in GB, in a process of its own."""
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    start = time.perf_counter()
    process = subprocess.Popen([python, "-c", head + script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    printed = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the script ended with {status}")
    return printed, time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def beside_polars(n: int, repeats: int, peer: str, folder: Path) -> None:
    events = simulated(n)
    pq.write_table(events, folder / "events.parquet", row_group_size=1 << 18)
    at = events.column_names.index("time")
    pacsv.write_csv(events.set_column(at, "time", events["time"].cast(pa.int64())), folder / "events.csv")
    del events
    print(
        f"| {n:,} events | read and clean | wall s | CPU s | peak GB | kept, repeats, rejected |\n|---|---|---|---|---|---|"
    )
    for name in ("events.parquet", "events.csv"):
        best: dict[str, tuple[str, float, float, float]] = {}
        for _ in range(repeats):
            for who, python, script in (("Polars, by hand", peer, POLARS), ("Swayline", sys.executable, OURS)):
                one = run(python, script, PATH=str(folder / name))
                best[who] = min(best.get(who, one), one, key=lambda found: found[1])
        for who, (printed, wall, cpu, peak) in best.items():
            print(f"| {name} | {who} | {wall:.1f} | {cpu:.1f} | {peak:.2f} | {printed} |", flush=True)
        ratio = best["Swayline"][1] / best["Polars, by hand"][1]
        print(f"| | ratio | {ratio:.2f} | {best['Swayline'][2] / best['Polars, by hand'][2]:.2f} | | |", flush=True)


def larger_than_memory(n: int, folder: Path) -> None:
    part = simulated(2_000_000)
    path = folder / "large.parquet"
    with pq.ParquetWriter(path, part.schema) as writer:
        for number in range(-(-n // len(part))):
            copy = part.slice(0, min(len(part), n - number * len(part)))
            for name in ("user", "event_id", "session"):
                renamed = pc.binary_join_element_wise(copy[name], pa.scalar(f"-{number}"), "")
                copy = copy.set_column(copy.column_names.index(name), name, renamed)
            writer.write_table(copy, row_group_size=1 << 18)
    del part, copy
    printed, wall, cpu, peak = run(sys.executable, LARGE, PATH=str(path), FOLDER=str(folder / "cleaned"))
    print(
        f"{n:,} events on disk: kept, repeats, rejected {printed}; {wall:.0f} s wall, {cpu:.0f} s CPU, peak {peak:.2f} GB"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=5_000_000)
    options.add_argument("--large", type=int, default=0, help="clean so many events on disk instead")
    options.add_argument("--repeats", type=int, default=3, help="runs of each; the fastest counts")
    options.add_argument("--peer-python", default=os.environ.get("SWAYLINE_PEER_PYTHON", sys.executable))
    said = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="swayline-bench-") as folder:
        if said.large:
            larger_than_memory(said.large, Path(folder))
        else:
            beside_polars(said.events, said.repeats, said.peer_python, Path(folder))


if __name__ == "__main__":
    main()
