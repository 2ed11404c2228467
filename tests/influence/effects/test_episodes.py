import numpy as np
import pytest

from swayline.core.errors import EmptyLogError, OutcomeError, UsageError
from swayline.influence.effects.episodes import (
    choose_horizon_s,
    choose_window_s,
    landmark,
    pairs,
    present,
    timeline,
    trials,
)

HOUR = 3600.0


@pytest.fixture
def small(make_log):
    return make_log(
        [
            ("a", "x", "view", 0.0),
            ("a", "x", "cart", HOUR),
            ("a", "x", "purchase", 30 * HOUR),
            ("b", "x", "view", 0.0),
            ("b", "x", "purchase", 2 * HOUR),  # by the landmark
            ("c", "x", "cart", HOUR),  # opened by the treatment
            ("d", "x", "view", HOUR),
            ("d", "x", "cart", 26 * HOUR),  # too late to be treated
            ("e", "x", "view", 90 * HOUR),  # the log ends before its horizon
            ("z", "z", "view", 100 * HOUR),
        ]
    )


def opened(log, rows):
    return {
        (log.users[u].as_py(), bool(t), bool(y)) for u, t, y in zip(rows.user, rows.treated, rows.outcome, strict=True)
    }


def test_landmark_counts_treatment_in_the_window_and_outcome_after_it(engine, small):
    log = timeline(small)
    rows = landmark(log, pairs(engine, log), "cart", "purchase", 24 * HOUR, 48 * HOUR)
    assert opened(log, rows) == {("a", True, True), ("c", True, False), ("d", False, False)}
    assert rows.counts == {
        "left_out_before": 0, "left_out_end": 2, "left_out_early": 1, "outcomes_early": 1, "outcomes_all": 2,
        "opened_by_treatment": 1,
    }  # fmt: skip
    assert rows.early_share == 0.5


def test_from_keeps_only_later_episodes(engine, small):
    log = timeline(small)
    rows = landmark(log, pairs(engine, log), "cart", "purchase", 24 * HOUR, 48 * HOUR, from_us=log.start_us + 1)
    assert opened(log, rows) == {("c", True, False), ("d", False, False)}
    assert rows.counts["left_out_before"] == 2


def test_trials_start_at_every_event_of_the_untreated_and_unconverted(engine, small):
    log = timeline(small)
    rows = trials(engine, log, pairs(engine, log), "cart", "purchase", 48 * HOUR)
    started = sorted(
        (log.users[u].as_py(), bool(t), bool(y)) for u, t, y in zip(rows.user, rows.treated, rows.outcome, strict=True)
    )
    assert started == [
        ("a", False, True), ("a", True, True), ("b", False, True), ("c", True, False), ("d", False, False),
        ("d", True, False),
    ]  # fmt: skip


def test_window_is_the_75th_percentile_of_lags_above_zero(engine, make_log):
    rows = [("o", "o", "cart", 0.0)]
    for k, hours in enumerate((1, 2, 3, 4, 5)):
        rows += [(f"u{k}", "x", "view", 0.0), (f"u{k}", "x", "cart", hours * HOUR)]
    log = timeline(make_log(rows))
    assert choose_window_s(log, pairs(engine, log), "cart") == 4 * HOUR


def test_horizon_is_a_quarter_of_the_span_and_at_most_a_week(make_log):
    days = [("u", f"i{k}", "view", k * HOUR) for k in range(241)]
    assert choose_horizon_s(timeline(make_log(days))) == pytest.approx(60 * HOUR, rel=0.01)
    assert (
        choose_horizon_s(timeline(make_log([("u", f"i{k}", "view", k * 24 * HOUR) for k in range(200)])))
        == 7 * 24 * HOUR
    )


def test_ties_of_time_follow_the_source_row(engine, make_log):
    log = timeline(make_log([("u", "x", "cart", 5.0), ("u", "x", "view", 5.0)]))
    assert log.behaviors[log.column("b")[pairs(engine, log).opened[0]]] == "cart"


def test_shuffling_the_rows_changes_nothing(engine, small):
    log = timeline(small)
    shuffled = timeline(small.take(np.random.default_rng(0).permutation(small.num_rows)))
    first = landmark(log, pairs(engine, log), "cart", "purchase", 24 * HOUR, 48 * HOUR)
    again = landmark(shuffled, pairs(engine, shuffled), "cart", "purchase", 24 * HOUR, 48 * HOUR)
    assert opened(log, first) == opened(shuffled, again)


def test_category_episodes_join_the_items_of_a_category(engine, make_log):
    log = timeline(make_log([("u", "x", "view", 0.0, "k"), ("u", "y", "cart", 9.0, "k")]), unit="category")
    assert len(pairs(engine, log).user) == 1


def test_treatments_come_in_funnel_order_and_unknown_ones_are_refused(small):
    log = timeline(small)
    assert present(log, "purchase") == ("view", "cart")
    with pytest.raises(OutcomeError, match="did you mean 'cart'"):
        present(log, "purchase", ["cat"])
    with pytest.raises(UsageError, match="cannot be a treatment"):
        present(log, "purchase", ["purchase"])


def test_a_log_without_times_is_refused(small):
    with pytest.raises(EmptyLogError, match="no event has a time"):
        timeline(small.slice(0, 0))
