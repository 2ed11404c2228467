"""Baskets are completed by what stood together, in a basket or over a week; chance pairs are no bundles."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import DataError, UsageError
from swayline.recommend import Baskets, GoesTogether

DAY = 86_400_000_000


def _events(seed=0, n=400):
    """Bread goes with butter, beer with crisps; milk stands everywhere; eggs come days after flour."""
    rng = np.random.default_rng(seed)
    rows = []
    for basket in range(n):
        user, day = f"u{basket % 50}", 7 * (basket // 50)
        names = ["bread", "butter"] if rng.random() < 0.5 else ["beer", "crisps"]
        names = [name for name in names if rng.random() < 0.9] + ["milk"] * (rng.random() < 0.8)
        rows += [(user, name, day, f"s{basket}") for name in names]
        if rng.random() < 0.3:
            rows += [(user, "flour", day, f"s{basket}"), (user, "eggs", day + 3, f"t{basket}")]
    users, items, days, sessions = zip(*rows, strict=True)
    times = pa.array([4 * DAY + day * DAY for day in days], pa.int64()).cast(pa.timestamp("us", "UTC"))
    return pa.table({"user": users, "item": items, "time": times, "session": sessions})


def test_a_basket_is_completed_by_its_partner_and_not_by_what_stands_everywhere():
    model = GoesTogether(tilt=0.5).fit(Baskets.of(_events()))
    assert model.complete(["bread"], k=1)["item"].to_pylist() == ["butter"]
    assert model.complete(["beer", "milk"], k=1)["item"].to_pylist() == ["crisps"]
    assert "bread" not in model.complete(["bread"])["item"].to_pylist()


def test_what_comes_later_in_the_week_goes_together_over_a_week_alone():
    within, week = (GoesTogether().fit(Baskets.of(_events(), days)) for days in (None, 7))
    assert "eggs" not in within.complete(["flour"])["item"].to_pylist()
    assert "eggs" in week.complete(["flour"], k=2)["item"].to_pylist()


def test_bundles_lead_with_what_is_no_coincidence():
    pairs = GoesTogether().fit(Baskets.of(_events())).bundles(k=2).to_pylist()
    assert {frozenset((row["item"], row["with"])) for row in pairs} == {
        frozenset(("bread", "butter")),
        frozenset(("beer", "crisps")),
    }
    assert all(row["lift"] > 1.5 for row in pairs)


@pytest.mark.parametrize(
    ("basket", "said"),
    [(["brad"], "stood in no basket: did you mean 'bread'"), ([], "is empty"), ("bread", "must be a list")],
)
def test_a_basket_that_is_none_is_refused(basket, said):
    with pytest.raises(UsageError) as error:
        GoesTogether().fit(Baskets.of(_events())).complete(basket)
    assert said in str(error.value)


def test_baskets_need_sessions_or_a_window():
    with pytest.raises(DataError, match="names no session: say window_days"):
        Baskets.of(_events().drop_columns(["session"]))
    with pytest.raises(UsageError, match="window_days is '0'"):
        Baskets.of(_events(), 0)
