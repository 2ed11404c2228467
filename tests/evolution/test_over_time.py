from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from swayline.evolution import over_time
from swayline.evolution.acts import read_acts
from swayline.evolution.over_time import influence_over_time, trends_of
from swayline.ledger import EffectRow, Figure, ledger
from swayline.testing.drift_worlds import DriftWorld, drift_log


def _rows(values, se=0.01, cause="cart"):
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        EffectRow(
            cause_kind="behavior", cause=cause, effect="purchase", channel="own", estimand="ate", unit="probability",
            method="m", evidence="adjusted", identified="assumed", n=9, as_of=begun + timedelta(days=30 * at),
            figure=Figure(value, value - 1.96 * se, value + 1.96 * se), primary=True,
        )
        for at, value in enumerate(values)
    ]  # fmt: skip


def test_an_effect_that_falls_is_found_with_its_slope():
    (row,) = trends_of(ledger(_rows([0.12, 0.09, 0.06, 0.03]))).to_pylist()
    assert row["slope_per_day"] == pytest.approx(-0.001, rel=1e-6)
    assert row["ci_low"] < -0.001 < row["ci_high"] < 0
    assert row["changed"]


def test_estimates_of_one_effect_are_rarely_called_a_change():
    rng = np.random.default_rng(0)
    rows = [row for k in range(200) for row in _rows(0.1 + 0.01 * rng.normal(size=4), cause=f"b{k}")]
    table = trends_of(ledger(rows))
    assert sum(table["changed"].to_pylist()) <= 2
    assert 0.02 < np.mean(np.array(table["p_change"]) < 0.05) < 0.09
    assert 0.02 < np.mean(np.array(table["p_trend"]) < 0.05) < 0.09


def test_one_estimate_has_no_trend():
    assert len(trends_of(ledger(_rows([0.1])))) == 0


def test_what_is_measured_as_of_a_moment_never_sees_a_later_event(monkeypatch):
    log, _ = drift_log(DriftWorld(people=20, days=30))
    seen = []

    class Recorded:
        def __init__(self, **options):
            self.begun = options["from_date"]

        def fit(self, part):
            seen.append((self.begun, part.events["time"].to_pylist()))
            self.ledger_ = ledger(_rows([0.1]))
            return self

    monkeypatch.setattr(over_time, "BehaviorEffects", Recorded)
    found = influence_over_time(log, read_acts(log))
    ends = sorted(set(found.ledger["as_of"].to_pylist()))
    assert len(ends) == len(seen) == 4
    for end, (_, times) in zip(ends, seen, strict=True):
        assert max(times) < end
    assert [begun for begun, _ in seen] == sorted(begun for begun, _ in seen)


def test_a_short_or_ordered_log_is_not_asked(log_of):
    for log in (log_of([("a", "x", "view", 0)] * 3, ordered=True), log_of([("a", "x", "view", k) for k in range(9)])):
        found = influence_over_time(log, read_acts(log))
        assert (len(found.ledger), len(found.trends), len(found.notes)) == (0, 0, 1)
        assert isinstance(found.trends, pa.Table)
