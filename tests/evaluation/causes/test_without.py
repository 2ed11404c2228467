import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import UsageError
from swayline.engine import DuckEngine
from swayline.evaluation import Plan, misses_of_models, parse_left, quality_without

DAY = 86_400


@pytest.fixture(scope="module")
def log():
    """A cart of one item is followed by its pair; views are of anything. 20 pairs, 150 people."""
    rng = np.random.default_rng(0)
    rows = []
    for person in range(150):
        clock = 1_700_000_000 + int(rng.integers(DAY))
        for pair in rng.permutation(20)[:4]:
            for _ in range(2):
                rows.append((f"u{person}", f"v{rng.integers(15)}", "view", clock))
                clock += 60
            rows += [(f"u{person}", f"a{pair}", "cart", clock), (f"u{person}", f"b{pair}", "purchase", clock + 60)]
            clock += DAY
    users, items, acts, times = zip(*rows, strict=True)
    side = pa.table({
        "item": [f"{kind}{n}" for kind in "abv" for n in range(20)], "category": ["a"] * 20 + ["b"] * 20 + ["v"] * 20,
        "price": rng.random(60),
    })  # fmt: skip
    return sw.read_events(pa.table({"user": users, "item": items, "behavior": acts, "time": times}), items=side)


def told(log, *left, name="item-knn"):
    with DuckEngine() as engine:
        table = quality_without(engine, log, name, [parse_left(one) for one in left], Plan())
    return {(row["cause"], row["unit"]): row for row in table.to_pylist()}


def test_what_carries_the_pattern_is_worth_much_and_noise_and_unread_columns_nothing(log):
    rows = told(log, "behavior=cart", "behavior=view", "column=price", "category=a")
    cart, view, price = (rows[one, "ndcg@10"] for one in ("cart", "view", "price"))
    assert cart["ci_low"] > 0.2
    assert cart["p_value"] < 0.01
    assert view["ci_low"] < cart["ci_low"] / 2
    assert (price["estimate"], price["ci_low"], price["ci_high"], price["p_value"]) == (0.0, 0.0, 0.0, 1.0)
    assert rows["a", "ndcg@10"]["estimate"] == pytest.approx(cart["estimate"], abs=0.1)
    assert {(row["estimand"], row["method"], row["primary"]) for row in rows.values()} == {
        ("quality_change", "refit item-knn", True)
    }
    assert ("cart", "coverage@10") in rows
    assert "of 2," in cart["assumptions"]


def test_an_age_leaves_with_its_events(log):
    row = told(log, "older=1h", name="most-popular")["older than 1h", "ndcg@10"]
    assert row["cause_kind"] == "event"
    assert row["n"] > 100


@pytest.mark.parametrize(
    ("left", "told_in"),
    [
        ("view", "behavior=…, category=…"), ("age=3d", "older=30d"), ("behavior=views", "did you mean 'view'"),
        ("category=x", "category='x' is not in the log"), ("column=cost", "column='cost' is not in the log"),
        ("older=soon", "duration"),
    ],
)  # fmt: skip
def test_what_is_not_there_cannot_leave(log, left, told_in):
    with pytest.raises(UsageError, match=told_in):
        told(log, left, name="most-popular")


def test_misses_are_counted_by_segment_and_say_what_held_answers_back(log):
    with DuckEngine() as engine:
        found = misses_of_models(engine, log, ["item-knn", "most-popular"], Plan(k=5))
    knn, popular = found["item-knn"], found["most-popular"]
    assert knn["missed"] < popular["missed"]
    for one in found.values():
        for by in ("answer", "history", "kind", "popularity", "behavior"):
            rows = [row for row in one["segments"] if row["by"] == by]
            assert sum(row["n"] for row in rows) == one["n"]
            assert sum(row["n"] * row["missed"] for row in rows) / one["n"] == pytest.approx(one["missed"])
    assert popular["held_back"] == []  # it reads no history
    if knn["held_back"]:
        assert sum(row["share"] for row in knn["held_back"] if row["by"] == "behavior") == pytest.approx(1.0)
        assert all(row["rank_gain"] > 0 for row in knn["held_back"])


def test_misses_need_one_split(log):
    with DuckEngine() as engine, pytest.raises(UsageError, match="one split"):
        misses_of_models(engine, log, ["most-popular"], Plan(split="k-fold"))
