import json

import numpy as np
import pyarrow as pa
import pytest

from swayline.influence.effects.association import associations
from swayline.ledger import COLUMNS, REASON_KEY

HOUR = 3600.0


def rows_of(table):
    return {row["cause"]: row for row in table.to_pylist()}


def planted(rate_with, rate_without, n, seed=1):
    """Pairs that open with a view, half of them with a cart an hour later, and purchases two days later."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        user, item, start = f"u{k // 3}", f"i{k}", float(rng.uniform(0, 20 * 24)) * HOUR
        cart = rng.random() < 0.5
        rows.append((user, item, "view", start))
        if cart:
            rows.append((user, item, "cart", start + HOUR))
        if rng.random() < (rate_with if cart else rate_without):
            rows.append((user, item, "purchase", start + 48 * HOUR))
    rows.append(("end", "end", "view", 40 * 24 * HOUR))
    return rows


def test_finds_a_planted_difference_and_calls_it_an_association(engine, make_log):
    table = associations(engine, make_log(planted(0.5, 0.2, 3000)), "purchase", window_s=2 * HOUR, horizon_s=72 * HOUR)
    row = rows_of(table)["cart"]
    assert tuple(table.column_names) == COLUMNS
    assert row["ci_low"] < 0.30 < row["ci_high"]
    assert abs(row["estimate"] - 0.30) < 0.06
    assert (row["estimand"], row["identified"], row["unit"]) == ("association", "no", "probability")
    assert row["assumptions"].startswith("An association, not an effect")
    assert (row["window_s"], row["horizon_s"], row["n"]) == (2 * HOUR, 72 * HOUR, 3000)


def test_finds_no_difference_where_there_is_none(engine, make_log):
    table = associations(engine, make_log(planted(0.3, 0.3, 3000)), "purchase", window_s=2 * HOUR, horizon_s=72 * HOUR)
    row = rows_of(table)["cart"]
    assert row["ci_low"] < 0 < row["ci_high"]


def test_has_one_row_for_each_behavior_but_the_outcome(engine, make_log):
    log = make_log([*planted(0.5, 0.2, 100), ("x", "y", "share", 1.0)])
    assert set(rows_of(associations(engine, log, "purchase"))) == {"view", "cart", "share"}


def test_a_behavior_that_always_opens_has_a_row_without_an_estimate(engine, make_log):
    row = rows_of(associations(engine, make_log(planted(0.5, 0.2, 300)), "purchase", window_s=HOUR, horizon_s=HOUR))[
        "view"
    ]
    assert row["estimate"] is None
    assert row["assumptions"].startswith("Not measured")


def test_purchases_that_come_early_move_the_comparison_to_trials(engine, make_log):
    rows = []
    for k in range(200):
        start = k * HOUR
        rows += [(f"u{k}", "i", "view", start), (f"u{k}", "i", "cart" if k % 2 else "share", start + 60)]
        rows += [(f"u{k}", "i", "purchase", start + 120)] if k % 2 else []
    rows.append(("end", "end", "view", 400 * HOUR))
    row = rows_of(associations(engine, make_log(rows), "purchase", window_s=HOUR, horizon_s=HOUR))["cart"]
    assert row["method"].endswith("sequential trials")
    assert row["estimate"] > 0.5


@pytest.mark.parametrize(
    ("rows", "outcome", "words"),
    [
        ([], "purchase", "empty"),
        ([("u", "i", "view", 0.0)], "purchase", "never occurs"),
        ([("u", "i", "purchase", 0.0), ("v", "j", "purchase", 9.0)], "purchase", "no behavior besides"),
    ],
)
def test_a_log_that_cannot_answer_gives_no_row_and_a_reason(engine, make_log, rows, outcome, words):
    table = associations(engine, make_log(rows), outcome)
    assert table.num_rows == 0
    assert words in table.schema.metadata[REASON_KEY].decode()


def test_an_ordered_log_gives_no_row_and_a_reason(engine, make_log):
    log = make_log([("u", "i", "view", 0.0), ("u", "i", "purchase", 1.0)])
    untimed = log.set_column(log.column_names.index("time"), "time", pa.nulls(2, pa.timestamp("us", tz="UTC")))
    assert b"no times" in associations(engine, untimed, "purchase").schema.metadata[REASON_KEY]


def test_two_events_do_not_break_it(engine, make_log):
    table = associations(engine, make_log([("u", "i", "view", 0.0), ("u", "i", "purchase", 1.0)]), "purchase")
    assert all(row["refutations"] is None or json.loads(row["refutations"]) for row in table.to_pylist())
    assert table.num_rows == 1


def test_an_outcome_that_opens_the_episode_is_no_success(engine, make_log):
    rows = [(f"u{k}", "i", "purchase", k * HOUR) for k in range(50)] + [
        (f"v{k}", "i", "view", k * HOUR) for k in range(50)
    ]
    row = rows_of(associations(engine, make_log(rows), "purchase", window_s=60.0, horizon_s=HOUR))["view"]
    assert row["estimate"] is None or row["estimate"] == 0


def test_events_without_an_item_open_no_episode(engine, make_log):
    rows = [*planted(0.5, 0.2, 200), *[(f"u{k}", None, "search", k * HOUR) for k in range(60)]]
    row = rows_of(associations(engine, make_log(rows), "purchase", window_s=2 * HOUR, horizon_s=72 * HOUR))["cart"]
    assert row["n"] == 200
