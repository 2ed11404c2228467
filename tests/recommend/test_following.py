"""What people followed do to a list: only what the ledger supports, and the reason only where it is the reason."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

import swayline as sw
from swayline.ledger import EffectRow, Figure, ledger
from swayline.recommend import Chain, Context, Query

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def model():
    """Two circles of taste; the friend of ann lately bought something of the other circle."""
    events = []
    for user in range(24):
        for k in range(6):
            item = (user * 5 + k) % 12 + 12 * (user % 2)
            events.append((f"u{user}", f"i{item}", "purchase", START + timedelta(days=k, minutes=user)))
    events += [("friend", "i3", "purchase", START), ("friend", "i13", "purchase", START + timedelta(days=5))]
    events += [("ann", "i1", "purchase", START), ("ann", "i2", "purchase", START + timedelta(days=1))]
    columns = zip(*events, strict=True)
    frame = pa.table(dict(zip(("user", "item", "behavior", "time"), map(list, columns), strict=True)))
    return sw.Recommender("item-knn").fit(frame)


TIES = pa.table({"source": ["friend"], "target": ["ann"]})


def contagion(value=0.3, low=0.2, identified="assumed", horizon_days=2.0, cause="purchase"):
    return ledger([
        EffectRow(
            cause_kind="behavior", cause=cause, effect_kind="user", effect="purchase", channel="consumption",
            estimand="peer_effect", unit="probability", method="aipw", evidence="adjusted", identified=identified,
            n=900, primary=True, figure=Figure(value, low, 2 * value - low), horizon_s=horizon_days * 86400.0,
        )
    ])  # fmt: skip


def served(model, table, steps=("model", "ties", "seen", "rank", {"step": "influence", "people": 40.0}, "reasons")):
    context = Context(model.bundle(), ledger=table, ties=TIES)
    lists = Chain.of(list(steps)).serve(context, [Query(user="ann", k=20)])
    return dict(zip(lists["item"].to_pylist(), lists["reason"].to_pylist(), strict=True))


def test_the_reason_names_people_where_the_ledger_supports_it_and_they_lift_the_item(model):
    found = served(model, contagion(), ("ties", "seen", "rank", "influence", "reasons"))
    assert found == {"i13": "because somebody you follow bought it in the last 2 d"}  # i3 lies outside the horizon


@pytest.mark.parametrize(
    "table",
    [contagion(identified="no"), contagion(low=-0.1), contagion(cause="view"), contagion(horizon_days=1e-6)],
    ids=["verdict no", "interval holds none", "another behaviour", "nobody acted within the horizon"],
)
def test_nobody_followed_is_a_reason_or_a_weight_where_the_ledger_does_not_support_it(model, table):
    plain = served(model, table, ("model", "seen", "rank", "reasons"))
    moved = served(model, table)
    assert list(plain) == list(moved)
    assert not any("you follow" in reason for reason in moved.values())


def test_a_chain_that_lets_nobody_lift_an_item_names_nobody(model):
    found = served(model, contagion(), ("model", "ties", "seen", "rank", "reasons"))
    assert not any("you follow" in reason for reason in found.values())


def test_ties_without_a_ledger_make_no_claim(model):
    found = served(model, None, ("ties", "seen", "rank", "influence", "reasons"))
    assert set(found) == {"i3", "i13"}
    assert not any(reason.startswith("because people") or "you follow" in reason for reason in found.values())
