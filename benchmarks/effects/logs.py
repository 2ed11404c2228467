"""Effects of each behaviour on the Taobao and trivago logs, with verdicts.

python benchmarks/effects/logs.py taobao|trivago [--learner auto|linear] [--data ../shared/data]
python benchmarks/effects/logs.py taobao --learner linear --from 2017-11-29 --sequence-state 8     with and without it
"""

import argparse
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa

from swayline.engine import DuckEngine
from swayline.influence.attribution.credit import credit_rows
from swayline.influence.attribution.paths import journeys
from swayline.influence.effects.behavior_effects import BehaviorEffects

COLUMNS = ["cause", "estimand", "estimate", "ci_low", "ci_high", "n", "window_s", "identified", "method"]


def taobao(data: Path) -> tuple[pa.Table, str]:
    names = ["user", "item", "category", "behavior", "s"]
    frame = pd.read_csv(data / "taobao" / "events.csv", header=None, names=names, dtype=str)
    words = {"pv": "view", "fav": "favorite", "buy": "purchase"}
    return _events(frame.assign(behavior=frame.behavior.replace(words))), "purchase"


def trivago(data: Path) -> tuple[pa.Table, str]:
    frame = pd.read_parquet(data / "trivago" / "sessions.parquet")
    named = frame.action_type.str.contains("item")
    frame = frame.assign(
        user=frame.user_id.astype(str), item=frame.reference.astype(str).where(named),
        s=frame.timestamp,
        behavior=frame.action_type.where(frame.action_type != "clickout item", "click"), category=frame.city.astype(str),
    )  # fmt: skip
    return _events(frame[["user", "item", "category", "behavior", "s", "platform", "device"]]), "click"


def _events(frame: pd.DataFrame) -> pa.Table:
    times = pd.to_datetime(pd.to_numeric(frame.s), unit="s", utc=True)
    table = frame.drop(columns="s").assign(time=times, row=range(1, len(frame) + 1))
    made = pa.Table.from_pandas(table, preserve_index=False)
    at = made.column_names.index("time")
    return made.set_column(at, "time", made.column("time").cast(pa.timestamp("us", tz="UTC")))


def with_state(events: pa.Table, outcome: str, learner: str, since: str | None, numbers: int) -> None:
    """The same episodes without and with what sequence models expected of the person as controls."""
    for state in (0, numbers):
        start = time.perf_counter()
        found = BehaviorEffects(outcome=outcome, learner=learner, from_date=since, sequence_state=state).fit(events)
        seconds = time.perf_counter() - start
        rows = found.ledger_.to_pandas()
        print(f"sequence state {state}: {seconds:.0f} s")
        print(rows[rows.primary & rows.estimand.isin(["ate"])][COLUMNS].round(4).to_string(index=False))
        for row in rows[rows.primary & rows.estimand.isin(["ate"])].itertuples():
            print(f"  {row.cause}: {row.assumptions}\n  {row.refutations}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", choices=["taobao", "trivago"])
    parser.add_argument("--learner", default="auto")
    parser.add_argument("--from", dest="since", default=None)
    parser.add_argument("--sequence-state", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    asked = parser.parse_args()
    events, outcome = {"taobao": taobao, "trivago": trivago}[asked.log](asked.data)
    if asked.sequence_state:
        with_state(events, outcome, asked.learner, asked.since, asked.sequence_state)
        raise SystemExit
    start = time.perf_counter()
    found = BehaviorEffects(outcome=outcome, learner=asked.learner, from_date=asked.since).fit(events)
    print(f"{time.perf_counter() - start:.0f} s")
    rows = found.ledger_.to_pandas()
    main = rows[rows.primary | rows.method.str.startswith("difference")]
    print(main[COLUMNS].round(4).to_string(index=False))
    for row in rows[rows.primary].itertuples():
        print(f"{row.cause}: {row.assumptions}\n  {row.refutations}")
    print(found.overlap_.to_pandas().round(3).T.to_string())
    credit = credit_rows(journeys(DuckEngine(), events, outcome), outcome, found.ledger_).to_pandas()
    print(credit.pivot_table(index="cause", columns="method", values="estimate").round(3).to_string())
