import numpy as np
import pyarrow as pa
import pytest

from swayline.engine import DuckEngine


@pytest.fixture
def engine():
    with DuckEngine() as one:
        yield one


@pytest.fixture(scope="session")
def make_log():
    """Events from (user, item, behavior, seconds[, category]) tuples, in the order given."""

    def make(rows, start="2026-01-01T00:00:00"):
        base = int(np.datetime64(start, "us").astype(np.int64))
        columns = {
            "row": pa.array(range(1, len(rows) + 1), pa.int64()),
            "user": pa.array([row[0] for row in rows], pa.string()),
            "item": pa.array([row[1] for row in rows], pa.string()),
            "behavior": pa.array([row[2] for row in rows], pa.string()).dictionary_encode(),
            "time": pa.array([base + int(row[3] * 1e6) for row in rows], pa.timestamp("us", tz="UTC")),
            "category": pa.array([row[4] if len(row) > 4 else "c" for row in rows], pa.string()),
        }
        return pa.table(columns)

    return make
