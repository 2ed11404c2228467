"""A shop whose reasons are known: whoever viewed a lamp is shown bulbs, whoever carted a desk is shown chairs."""

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw

DAY = 86_400


@pytest.fixture(scope="session")
def shop():
    """120 people who each take some of eight pairs (i0 then i1, i2 then i3, …), the cause viewed or carted."""
    rng = np.random.default_rng(0)
    rows = []
    for person in range(120):
        clock = 1_700_000_000 + int(rng.integers(DAY))
        for pair in (order := rng.permutation(8))[:3]:
            rows.append((f"u{person}", f"i{2 * pair}", "cart" if pair % 2 else "view", clock, float("nan")))
            rows.append((f"u{person}", f"i{2 * pair + 1}", "purchase", clock + 60, 5.0))
            clock += DAY
        if person < 40:  # someone who has the cause alone
            last = int(order[3])
            rows.append((f"u{person}", f"i{2 * last}", "cart" if last % 2 else "view", clock, float("nan")))
    users, items, acts, times, _ = zip(*rows, strict=True)
    events = pa.table({"user": users, "item": items, "behavior": acts, "time": times})
    titles = [
        "Lamp",
        "Bulb",
        "Desk",
        "Chair",
        "Bed",
        "Pillow",
        "Pot",
        "Lid",
        "Pen",
        "Ink",
        "Bow",
        "Arrow",
        "Shoe",
        "Lace",
        "Cup",
        "Tea",
    ]
    side = pa.table({
        "item": [f"i{n}" for n in range(16)], "title": titles,
        "category": [f"kind {n // 2}" for n in range(16)],
    })  # fmt: skip
    return sw.read_events(events, items=side)


@pytest.fixture(scope="session")
def fitted(shop):
    model = sw.Recommender("item-knn", decay=0.9, distance_decay=0.4, backward=0.0, returns=0.0, shrinkage=1.0)
    return model.fit(shop).bundle()
