"""A log of thousands of behaviours takes memory by its events, not by its pairs times its behaviours."""

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import UsageError
from swayline.engine import DuckEngine
from swayline.influence.effects.behavior_effects import BehaviorEffects
from swayline.influence.effects.episodes import MOST_TREATMENTS, NEVER, left_out, pairs, present, timeline

N = 20_000


def _log(n_behaviors: int) -> pa.Table:
    rng = np.random.default_rng(0)
    return pa.table({
        "user": [f"u{x}" for x in rng.integers(1000, size=N)], "item": [f"i{x}" for x in rng.integers(300, size=N)],
        "behavior": [f"b{x}" for x in rng.integers(n_behaviors, size=N)],
        "time": pa.array(1_700_000_000_000_000 + np.sort(rng.integers(0, 10**12, N)), pa.timestamp("us", "UTC")),
    })  # fmt: skip


def test_the_first_event_of_each_behaviour_is_that_of_a_plain_search():
    line = timeline(_log(6))
    with DuckEngine() as engine:
        found = pairs(engine, line)
    u, i, b = (line.column(name) for name in "uib")
    first = {}
    for order in range(N):
        first.setdefault((u[order], i[order], b[order]), order)
    for code, word in enumerate(line.behaviors):
        expected = [first.get((x, y, code), NEVER) for x, y in zip(found.user, found.unit, strict=True)]
        np.testing.assert_array_equal(found.first[word], expected)


def test_first_events_of_thousands_of_behaviours_fit_in_a_few_megabytes():
    line = timeline(_log(5000))
    with DuckEngine() as engine:
        tracemalloc.start()
        found = pairs(engine, line)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert len(found.opened) * len(line.behaviors) * 8 > 500e6, "what it took laid out"
    assert peak < 20e6


def test_the_most_frequent_are_measured_and_the_rest_is_said():
    line = timeline(_log(400))
    asked = present(line, "b0")
    assert len(asked) == MOST_TREATMENTS
    counts = np.bincount(line.column("b"))
    least = min(counts[line.code(word)] for word in asked)
    others = [counts[line.code(word)] for word in line.behaviors if word not in (*asked, "b0")]
    assert max(others) <= least
    assert "399 behaviors besides the outcome; the 50 most frequent" in str(left_out(line, asked))
    assert left_out(timeline(_log(6)), ("b1",)) is None


def test_more_treatments_than_are_measured_at_once_are_refused_with_the_number():
    with pytest.raises(UsageError, match="60 treatments were named; at most 50"):
        BehaviorEffects(treatments=[f"b{n}" for n in range(1, 61)], outcome="b0").fit(_log(100))
