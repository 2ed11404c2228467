"""Real logs, and the same logs with each person's events in a random order of their times: ``python benchmarks/evolution/real.py DATA``."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from swayline.events import EventLog, ReadOptions, read_events
from swayline.evolution import evolve_log


def _taobao(data: Path) -> EventLog:
    options = ReadOptions(columns=("user", "item", "category", "behavior", "time"), timezone="Asia/Shanghai")
    return read_events(str(data / "taobao" / "events.csv"), options=options)


def _grocer(data: Path) -> EventLog:
    bought = pc_csv.read_csv(data / "completejourney" / "transactions.csv.gz")
    goods = pc_csv.read_csv(data / "completejourney" / "products.csv")
    place = pc.index_in(bought["product_id"], value_set=goods["product_id"].combine_chunks())
    return read_events(pa.table({
        "user": bought["household_id"].cast(pa.string()), "item": bought["product_id"].cast(pa.string()),
        "category": goods["product_category"].take(place), "time": bought["transaction_timestamp"],
        "behavior": pa.array(["purchase"] * len(bought)),
    }))  # fmt: skip


def _tags(data: Path) -> EventLog:
    read = pc_csv.read_csv(
        data / "lastfm-2k" / "user_taggedartists.dat", parse_options=pc_csv.ParseOptions(delimiter="\t")
    )
    read = read.filter(pc.greater_equal(read["year"], 2005))
    day = [
        f"{y:04d}-{m:02d}-{d:02d}"
        for y, m, d in zip(*(read[one].to_pylist() for one in ("year", "month", "day")), strict=True)
    ]
    return read_events(pa.table({
        "user": read["userID"].cast(pa.string()), "item": read["artistID"].cast(pa.string()),
        "category": read["tagID"].cast(pa.string()), "time": day, "behavior": pa.array(["tag"] * len(read)),
    }))  # fmt: skip


def _hotels(data: Path) -> EventLog:
    read = pq.read_table(data / "trivago" / "sessions.parquet")
    return read_events(pa.table({
        "user": read["user_id"].cast(pa.string()), "item": read["reference"].cast(pa.string()),
        "behavior": read["action_type"].cast(pa.string()), "time": read["timestamp"],
        "session": read["session_id"].cast(pa.string()), "category": read["city"].cast(pa.string()),
    }))  # fmt: skip


LOGS = {"taobao": _taobao, "completejourney": _grocer, "lastfm-2k": _tags, "trivago": _hotels}


def permuted(log: EventLog, seed: int = 0) -> EventLog:
    """The same people at the same times, what each did in a random order."""
    rng, events = np.random.default_rng(seed), log.events
    user = pc.rank(events["user"].cast(pa.string()), tiebreaker="dense").to_numpy()
    calm, mixed = np.argsort(user, kind="stable"), np.lexsort((rng.random(len(events)), user))
    rows = np.empty(len(events), np.int64)
    rows[calm] = mixed
    kept = ("row", "user", "time", "session")
    columns = {
        name: events[name] if name in kept else events[name].take(pa.array(rows)) for name in events.column_names
    }
    return replace(log, events=pa.table(columns))


if __name__ == "__main__":
    data = Path(sys.argv[1])
    for name in sys.argv[2:] or LOGS:
        log = LOGS[name](data)
        for kind, one in (("real", log), ("permuted", permuted(log))):
            begun = time.process_time()
            found = evolve_log(one)
            drift, flow = found.summary["drift"], found.summary["flow"]
            changed = [row for row in found.drift.to_pylist() if row["changed"]]
            kinds = {of: sum(row["kind"] == of for row in changed) for of in ("population", "user", "item", "category")}
            claimed = {level: check["claimed"] for level, check in flow["checks"].items()}
            orders = {level: None if of is None else of["order"] for level, of in flow["orders"].items()}
            links = found.summary["links"]
            print(
                f"{name} {kind}: {len(one):,} events, {found.summary['days']} days, {time.process_time() - begun:.1f} s; changes"
                f" {kinds} of {drift['asked']}; steps {claimed}; order {orders}; MRR {links['mrr']} popular"
                f" {links['popular_mrr']}; {[(r['id'], r['time'][:10], round(r['before'], 2), round(r['after'], 2)) for r in drift['changes'][:4]]}",
                flush=True,
            )
            print("   notes:", *found.notes, flush=True)
            if kind == "real":
                found.save(Path("/tmp/ev_real") / name) if "--save" in sys.argv else None
