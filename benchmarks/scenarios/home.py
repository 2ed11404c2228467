"""Reminders by rhythm on simulated homes: precision and recall beside reminding every day at the usual hour.

python benchmarks/scenarios/home.py
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.recommend.related.due import Due
from swayline.simulation.home import HABITS, simulate_homes

DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
RHYTHMIC = [one.device for one in HABITS]


def usual(before: pa.Table, after: pa.Table, ahead: int) -> tuple[int, int]:
    """Reminders, and right ones, of every pair each day from an hour before the median hour of its acts."""
    reminded = right = 0
    first: dict[tuple[str, str, str], dict[int, float]] = {}
    for name, table in (("before", before), ("after", after)):
        for user, item, moment in zip(
            table["user"].to_pylist(),
            table["item"].to_pylist(),
            table["time"].cast(pa.int64()).to_pylist(),
            strict=True,
        ):
            first.setdefault((name, user, item), {}).setdefault(moment // DAY_US, moment % DAY_US / HOUR_US)
    days = range(
        *(int(edge(after["time"]).as_py().timestamp() // 86_400) + at for edge, at in ((pc.min, 0), (pc.max, 1)))
    )
    for (name, user, item), acts in first.items():
        if name != "before" or len(acts) < 5:
            continue
        hour = int(np.median(list(acts.values()))) - (ahead - 1) // 2
        own = first.get(("after", user, item), {})
        for day in days:
            if day in own and own[day] < hour:
                continue
            reminded += 1
            right += day in own and hour <= own[day] < hour + ahead
    return reminded, right


def main() -> None:
    figures = []
    for seed in range(10):
        events = simulate_homes(20, 84, seed)
        micros = events["time"].cast(pa.int64()).to_numpy()
        cut = micros.min() + 56 * DAY_US
        before, after = events.filter(pa.array(micros < cut)), events.filter(pa.array(micros >= cut))
        judged = Due().fit(before).judged(after)
        rhythmic = after.filter(pc.is_in(after["item"], value_set=pa.array(RHYTHMIC)))
        acts = len(
            {
                (u, i, m // DAY_US)
                for u, i, m in zip(
                    rhythmic["user"].to_pylist(),
                    rhythmic["item"].to_pylist(),
                    rhythmic["time"].cast(pa.int64()).to_pylist(),
                    strict=True,
                )
            }
        )
        sent, right = usual(before, after, 2)
        figures.append(
            (judged["precision"], judged["recall"], judged["right"] / acts, right / sent, right / judged["acts"])
        )
    names = (
        "precision",
        "recall of all acts",
        "recall of acts with a rhythm",
        "usual hour: precision",
        "usual hour: recall",
    )
    for name, values in zip(names, np.array(figures).T, strict=True):
        print(f"{name:<30} {values.mean():.3f} (seeds {values.min():.3f} to {values.max():.3f})")


if __name__ == "__main__":
    main()
