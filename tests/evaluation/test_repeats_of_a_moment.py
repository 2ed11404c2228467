"""A row that says again what stands in the history is neither a return nor a discovery."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from swayline.dataset import build_dataset, last_out
from swayline.engine import DuckEngine
from swayline.evaluation.ranking import is_repeat, is_same_moment
from swayline.events import read_events


@pytest.mark.parametrize(
    ("hours", "behavior", "same", "again"),
    [(0, "view", True, True), (5, "view", False, True), (0, "purchase", False, True)],
)
def test_only_the_very_act_at_its_moment_is_a_repeat(hours, behavior, same, again):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    acts = [("a", "view", 0), ("b", "view", 1), ("b", behavior, 1 + hours)]
    rows = [(f"u{who}", *act, tag) for who in range(3) for tag, act in enumerate(acts)]
    user, item, done, at, tag = zip(*rows, strict=True)
    times = pa.array([start + timedelta(hours=one) for one in at], pa.timestamp("us", "UTC"))
    log = read_events(pa.table({"user": user, "item": item, "behavior": done, "time": times, "tag": tag}))
    with DuckEngine() as engine:
        test = last_out(build_dataset(engine, log.events).sequences).test
    assert is_same_moment(test).tolist() == [same] * 3
    assert is_repeat(test).tolist() == [again] * 3
