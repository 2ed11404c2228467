"""A log of people with tastes, and what can be written into it."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from swayline.engine import DuckEngine
from swayline.events import EventLog

DAY_US = 86_400_000_000
START_US = 1_700_000_000_000_000


def log_of(users, items, times=None, values=None, texts=None) -> EventLog:
    n = len(users)
    clock = pa.array(times, pa.timestamp("us", "UTC")) if times is not None else pa.nulls(n, pa.timestamp("us", "UTC"))
    columns = {
        "row": pa.array(range(1, n + 1)),
        "user": pa.array(users, pa.string()),
        "item": pa.array(items, pa.string()),
    }
    columns |= {"behavior": pa.array(["rate" if values is not None else "view"] * n), "time": clock}
    if values is not None:
        columns["value"] = pa.array(values, pa.float64())
    if texts is not None:
        columns["text"] = pa.array(texts, pa.string())
    return EventLog(pa.table(columns))


def more(log: EventLog, users, items, times, values=None) -> EventLog:
    added = log_of(users, items, times, values)
    events = added.events.set_column(0, "row", pa.array(np.arange(len(users)) + len(log) + 1))
    return replace(log, events=pa.concat_tables([log.events, events]).sort_by("time"))


def world(n_users=300, n_items=240, seed=0, rated=True) -> EventLog:
    """Eight tastes; each person's items are mostly of one or two of them, popular ones more often; ratings follow."""
    rng = np.random.default_rng(seed)
    taste = np.arange(n_items) % 8
    popularity = 1.0 / (1.0 + np.arange(n_items) // 8) ** 0.7
    quality = rng.normal(3.6, 0.5, n_items)
    users, items, times, values = [], [], [], []
    for person in range(n_users):
        likes = rng.choice(8, 2, replace=False)
        weight = popularity * np.where(np.isin(taste, likes), 12.0, 1.0)
        n = int(np.clip(rng.lognormal(3.3, 0.5), 12, 120))
        met = rng.choice(n_items, n, replace=False, p=weight / weight.sum())
        users += [f"p{person}"] * n
        items += [f"i{one}" for one in met]
        begun = rng.uniform(0, 200)
        times += (START_US + (begun + np.cumsum(rng.exponential(0.4, n))) * DAY_US).astype(np.int64).tolist()
        values += np.clip(np.round(quality[met] + rng.normal(0, 0.9, n)), 1, 5).tolist()
    return log_of(users, items, times, values if rated else None)


@pytest.fixture(scope="session")
def people() -> EventLog:
    return world()


@pytest.fixture
def engine():
    with DuckEngine() as one:
        yield one
