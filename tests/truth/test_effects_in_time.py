"""Order, timing and combination of behaviours in small logs whose answer is planted: 500 seeds each."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.engine import DuckEngine
from swayline.influence.effects.contrasts import contrast_rows, window
from swayline.influence.effects.episodes import landmark, pairs, timeline

pytestmark = pytest.mark.truth
SEEDS = 500
HOUR_US = 3_600_000_000
PAIRS = 1500


def world(seed, order, soon, cart, favorite):
    """A view opens each pair; two seen controls move who carts, favours, which first, how soon, and the purchase.

    Returns the events and the controls of each pair; five pairs a person share an unseen taste for buying.
    """
    rng = np.random.default_rng([15, seed])
    x = np.clip(rng.normal(size=(PAIRS, 3)), -1.5, 1.5)  # the linear learners adjust for what the world is made of
    person = np.arange(PAIRS) // 5
    taste = 0.05 * rng.normal(size=PAIRS // 5)[person]
    chance = 1 / (1 + np.exp(-0.6 * x[:, :1] - np.array([0.2, 0.2])))
    done = rng.random((PAIRS, 2)) < chance
    hours = np.exp2(rng.uniform(-2, 4, size=(PAIRS, 2)) - 0.5 * np.clip(x[:, 1:2], -1, 1))
    # Where both happen, the second control says which is likely to come first.
    swap = (hours[:, 0] < hours[:, 1]) != (rng.random(PAIRS) < 1 / (1 + np.exp(-2 * x[:, 2])))
    hours[swap] = hours[swap][:, ::-1]
    both, first = done.all(axis=1), hours[:, 0] < hours[:, 1]
    share = 0.4 + x @ [0.06, 0.03, 0.12] + taste
    share = share + cart * done[:, 0] + favorite * done[:, 1] + order * (both & first)
    share = share - soon * np.where(done[:, 0], np.log2(hours[:, 0]), 0.0)
    bought = rng.random(PAIRS) < np.clip(share, 0, 1)
    opened = (rng.uniform(0, 20 * 24, size=PAIRS) * HOUR_US).astype(np.int64)
    parts = [(np.arange(PAIRS), "view", opened)]
    for k, name in enumerate(("cart", "favorite")):
        parts.append((np.flatnonzero(done[:, k]), name, (opened + hours[:, k] * HOUR_US)[done[:, k]]))
    parts.append((np.flatnonzero(bought), "purchase", opened[bought] + 48 * HOUR_US))
    parts.append((np.array([0]), "view", np.array([40 * 24 * HOUR_US])))
    pair = np.concatenate([part[0] for part in parts])
    events = pa.table({
        "row": np.arange(len(pair)), "user": pa.array([f"u{person[k]}" for k in pair]),
        "item": pa.array([f"i{k}" for k in pair]),
        "behavior": pa.array(np.repeat([part[1] for part in parts], [len(part[0]) for part in parts])),
        "time": pa.array(np.concatenate([part[2] for part in parts]).astype(np.int64), pa.timestamp("us", tz="UTC")),
    })  # fmt: skip
    return events, x


def answers(engine, seed, **planted):
    events, x = world(seed, **planted)
    line = timeline(events)
    found = pairs(engine, line)
    made = landmark(line, found, "cart", "purchase", 24 * 3600.0, 3 * 24 * 3600.0)
    of_pair = np.array([int(name[1:]) for name in line.units.to_pylist()])[made.unit]
    controls = pa.table({f"x{k}": x[of_pair, k] for k in range(3)})
    inside = window(line, found, made, controls, ("cart", "favorite"), (), seed)
    return {(row["estimand"], row["cause"]): row for row in contrast_rows(inside, ("cart", "favorite"), "purchase")}


def naive_of_order(seed, **planted):
    """What the order seems to do where nothing is adjusted for."""
    events, _ = world(seed, **planted)
    frame = events.to_pandas()
    first = frame.pivot_table(index="item", columns="behavior", values="time", aggfunc="min")
    both = first[first["cart"].notna() & first["favorite"].notna()]
    bought, before = both["purchase"].notna(), both["cart"] < both["favorite"]
    return bought[before].mean() - bought[~before].mean()


# The combined arms' truth follows from the world: both together is cart + favourite + the order's share of it.
CASES = [
    ({"order": 0.15, "soon": 0.0, "cart": 0.1, "favorite": 0.0}, {
        ("ate_order", "cart before favorite"): 0.15, ("ate_timing", "favorite sooner"): None,
        ("ate_combination", "cart"): 0.1, ("ate_combination", "favorite"): 0.0,
    }),
    ({"order": 0.0, "soon": 0.04, "cart": 0.1, "favorite": 0.05}, {
        ("ate_timing", "cart sooner"): 0.04, ("ate_timing", "favorite sooner"): 0.0,
        ("ate_combination", "favorite"): 0.05,
    }),
    ({"order": 0.0, "soon": 0.0, "cart": 0.0, "favorite": 0.0}, {
        ("ate_order", "cart before favorite"): 0.0, ("ate_timing", "cart sooner"): 0.0,
        ("ate_timing", "favorite sooner"): 0.0, ("ate_combination", "cart"): 0.0,
        ("ate_combination", "favorite"): 0.0, ("ate_combination", "cart+favorite"): 0.0,
    }),
    ({"order": 0.0, "soon": 0.0, "cart": 0.12, "favorite": 0.08}, {
        ("ate_order", "cart before favorite"): 0.0, ("ate_combination", "cart"): 0.12,
        ("ate_combination", "favorite"): 0.08, ("ate_combination", "cart+favorite"): 0.2,
    }),
]  # fmt: skip


@pytest.mark.parametrize(("planted", "truths"), CASES)
def test_order_timing_and_combination_are_found_where_planted_and_zero_where_not(planted, truths):
    with DuckEngine() as engine:
        found = [answers(engine, seed, **planted) for seed in range(SEEDS)]
    failed = []
    for key, truth in truths.items():
        rows = [one[key] for one in found if key in one]
        assert len(rows) > 0.95 * SEEDS
        if truth is None:
            continue
        values = np.array([row["estimate"] for row in rows])
        share = np.mean([row["ci_low"] <= truth <= row["ci_high"] for row in rows])
        no = np.mean([row["identified"] == "no" for row in rows])
        print(f"{key}: truth {truth}, bias {values.mean() - truth:+.4f}, coverage {share:.3f}, failed checks {no:.3f}")
        if abs(values.mean() - truth) > 0.01 or not 0.93 <= share <= 0.97 or no > 0.05:
            failed.append(key)
    naive = np.mean([naive_of_order(seed, **planted) for seed in range(100)]) - planted["order"]
    print(f"order without adjusting: bias {naive:+.3f}")
    assert abs(naive) >= 0.1
    assert not failed
