from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from swayline.events import EventLog, ReadOptions


@pytest.fixture(scope="session")
def log_of():
    """A log of rows (user, item, behavior, hours since the start), with a category where the item's name has one."""

    def made(rows, ordered=False, **columns):
        users, items, behaviors, hours = zip(*rows, strict=True)
        start = datetime(2026, 3, 2, tzinfo=UTC)
        times = [None if ordered else start + timedelta(hours=float(h)) for h in hours]
        table = {
            "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": users, "item": pa.array(items, pa.string()),
            "behavior": behaviors, "time": pa.array(times, pa.timestamp("us", "UTC")),
        } | columns  # fmt: skip
        return EventLog(pa.table(table), options=ReadOptions(ordered=ordered))

    return made
