"""A policy that weighs by measured influence gains where influence is, and nothing is claimed where it cannot be told."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import DataError
from swayline.evaluation.off_policy import INFLUENCE, choices_from_log, influence_policy, policy_rows, value_of_policy
from swayline.events import EventLog
from swayline.ledger import SCHEMA, EffectRow, Figure, ledger
from swayline.report.sections.influence import _worth_note


def _log(lift, seed=0, n_users=400, n_items=6):
    """Everybody carts two items; then random items are shown, and carted ones are bought by `lift` more often."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        carted = rng.permutation(n_items)[:2]
        rows += [(f"u{user}", f"i{item}", "cart", user, None, False) for item in carted]
        for step in range(6):
            item, at = int(rng.integers(n_items)), 100_000 + 200_000 * step + user
            rows.append((f"u{user}", f"i{item}", "impression", at, 1 / n_items, True))
            if rng.random() < 0.05 + lift * (item in carted):
                rows.append((f"u{user}", f"i{item}", "purchase", at + 60, None, False))
    user, item, behavior, time, chance, exposed = zip(*rows, strict=True)
    return EventLog(pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": user, "item": item, "behavior": behavior,
        "time": pa.array([datetime.fromtimestamp(1_700_000_000 + t, UTC) for t in time], pa.timestamp("us", "UTC")),
        "propensity": pa.array(chance, pa.float64()), "exposed": pa.array(exposed, pa.bool_()),
    }))  # fmt: skip


def _measured():
    return ledger([EffectRow(
        cause_kind="behavior", cause="cart", effect="purchase", channel="own", estimand="ate", unit="probability",
        method="aipw", evidence="adjusted", identified="assumed", n=1000, primary=True, figure=Figure(0.3, 0.28, 0.32),
    )])  # fmt: skip


def _gain(lift):
    log = _log(lift)
    choices = choices_from_log(log, "purchase")
    return value_of_policy(choices, influence_policy(choices, log, _measured()))


def test_weighing_by_influence_gains_where_it_is_and_not_where_it_is_not():
    swayed, still = _gain(0.4), _gain(0.0)
    # A carted item is shown twice as often: 2 · 2 / 8 of the time where it was 2 / 6.
    assert swayed.gain.ci_low < 0.4 * (4 / 8 - 2 / 6) < swayed.gain.ci_high
    assert swayed.gain.ci_low > 0
    assert still.gain.ci_low < 0 < still.gain.ci_high
    assert swayed.trouble is None


def test_the_report_says_the_gain_with_its_interval_or_that_it_cannot_be_told():
    rows = ledger(policy_rows(_gain(0.4), INFLUENCE, "purchase", "probability")).to_pylist()
    said = _worth_note(rows).text
    assert "would have changed the mean outcome (purchase)" in said
    assert "cannot be told" not in said
    assert (
        "cannot be told from none"
        in _worth_note(ledger(policy_rows(_gain(0.0), INFLUENCE, "purchase", "probability")).to_pylist()).text
    )
    assert "cannot be told from this log" in _worth_note([]).text


def test_without_measured_influence_there_is_no_such_policy():
    log = _log(0.0)
    with pytest.raises(DataError, match="no influence was measured"):
        influence_policy(choices_from_log(log, "purchase"), log, SCHEMA.empty_table())
