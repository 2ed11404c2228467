"""The engine of as-of features against brute force: equal times, nulls, unknown categories, shuffled rows."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from swayline.engine import DuckEngine
from swayline.features.history import History, share

KEY = st.one_of(st.none(), st.integers(0, 2))
EVENTS = st.lists(st.tuples(KEY, KEY, KEY, st.integers(0, 8), st.integers(0, 2)), max_size=15)
MOMENTS = st.lists(st.tuples(KEY, KEY, KEY, st.integers(0, 9)), min_size=1, max_size=8)
NAMES = ["u", "i", "c"]


def table(rows, names):
    return pa.table({name: pa.array([row[at] for row in rows], pa.int64()) for at, name in enumerate(names)})


def number(value):
    return np.nan if value is None else value


@settings(max_examples=25, deadline=None)
@given(EVENTS, MOMENTS, st.randoms())
def test_every_operator_is_what_brute_force_counts(events, moments, random):
    shuffled = random.sample(events, len(events))
    with DuckEngine() as engine:
        known = History.of(engine, table(shuffled, [*NAMES, "t", "b"]), table(moments, [*NAMES, "t"]))
        for keys in (["u"], ["i"], ["u", "c"], ["u", "i"]):
            acts = known.acts(keys, {"cart": ("b", 1)}, recency=True)
            recent, other = known.recent(keys, 3), known.distinct(keys, "i")
            carts = known.recent(keys, 3, ("b", 1))
            latest = known.latest(keys, "c", "t").to_pylist()
            at = [NAMES.index(key) for key in keys]
            for k, moment in enumerate(moments):
                past = [
                    one for one in events
                    if one[3] < moment[3] and all(one[a] is not None and one[a] == moment[a] for a in at)
                ]  # fmt: skip
                t = [one[3] for one in past]
                bought = [one[3] for one in past if one[4] == 1]
                assert acts.n[k] == len(past)
                assert acts.counts["cart"][k] == len(bought)
                for found, value in (
                    (acts.first_us[k], min(t, default=None)), (acts.last_us[k], max(t, default=None)),
                    (acts.lasts_us["cart"][k], max(bought, default=None)),
                ):  # fmt: skip
                    assert np.array_equal(found, number(value), equal_nan=True)
                assert recent[k] == sum(one >= moment[3] - 3 for one in t)
                assert carts[k] == sum(one >= moment[3] - 3 for one in bought)
                assert other[k] == len({one[1] for one in past if one[1] is not None})
                assert latest[k] == max((one[3] for one in past if one[2] is not None), default=None)


def test_a_moment_without_a_category_has_no_past_in_it():
    """Events without a category are in no category: the old code counted them as one."""
    events = table([(1, 1, None, 1, 0), (1, 2, None, 2, 0)], [*NAMES, "t", "b"])
    with DuckEngine() as engine:
        known = History.of(engine, events, table([(1, 3, None, 5)], [*NAMES, "t"]))
        assert known.acts(["u", "c"]).n.tolist() == [0]
        assert known.acts(["c"]).n.tolist() == [0]
        assert known.acts(["u"]).n.tolist() == [2]


def test_a_rate_of_nothing_is_null():
    assert share(np.array([0, 2]), np.array([0, 4])).to_pylist() == [None, 0.5]
