"""What a stranger's tables showed: sentences about them that were not true. One test a cause."""

import numpy as np
import pytest

from swayline.causal.answer.words import in_words
from swayline.causal.effect import estimate_effect
from swayline.causal.experiments.design import columns_known_before
from swayline.causal.table.frame import as_table


def confounded(n=600, seed=0, effect=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(int)
    return {"t": t, "x": x, "y": effect * t + x + rng.normal(size=n)}


def asked(table, **said):
    return estimate_effect(table, "t", "y", learner="linear", **said)


def reason(found):
    return found.arms[0].reason


@pytest.mark.parametrize(
    ("column", "scale"), [("x", 1e-300), ("x", 1e-13), ("x", 1e13), ("x", 1e90), ("y", 1e-13), ("y", 1e13)]
)
def test_the_unit_a_column_is_written_in_changes_nothing(column, scale):
    plain, table = confounded(), confounded()
    table[column] = table[column] * scale
    unit = scale if column == "y" else 1.0
    found, expected = asked(table), asked(plain)
    assert "x" in found.encoder.used
    assert found.estimate.value / unit == pytest.approx(expected.estimate.value, rel=1e-3)
    known = columns_known_before(as_table(table), ("x",))
    assert known.shape[1] == 1
    assert known.std() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("lost", "identified"),
    [
        (lambda t, y, u: (t == 1) & (y < 1), "no"),  # those who did badly left the treated
        (lambda t, y, u: (t == 1) & (u < 0.15), "no"),
        (lambda t, y, u: u < 0.3, "assumed"),
        (lambda t, y, u: u < 0.0, "assumed"),
    ],
)
def test_arms_that_lost_unlike_shares_of_their_outcomes_are_not_compared(lost, identified):
    table = confounded()
    gone = lost(table["t"], table["y"], np.random.default_rng(1).random(600))
    table["y"] = np.where(gone, np.nan, table["y"])
    found = asked(table)
    assert found.identified == identified
    assert ("who is left of the arms may differ" in reason(found)) == (identified == "no")


@pytest.mark.parametrize("times", [1, 2, 10])
@pytest.mark.parametrize("clusters", [False, True])
def test_copies_of_rows_are_no_evidence(times, clusters):
    table = confounded(200, effect=0.0) | {"who": np.arange(200)}
    table = {name: np.tile(values, times) for name, values in table.items()}
    found = asked(table, controls=["x"], clusters="who" if clusters else None)
    told = times > 1 and not clusters
    assert (found.identified == "no") == told
    assert ("are copies of another" in reason(found)) == told


def test_rows_alike_by_chance_are_not_called_copies():
    rng = np.random.default_rng(0)
    table = {"t": rng.integers(0, 2, 5000), "x": rng.integers(0, 2, 5000), "y": rng.normal(size=5000).round(1)}
    assert "copies" not in reason(asked(table))


def test_an_instrument_that_is_the_treatment_is_not_called_weak():
    table = confounded() | {"z": confounded()["t"]}
    found = asked(table, controls=["x"], instrument="z")
    late = next(row for row in found.ledger.to_pylist() if row["estimand"] == "late" and row["primary"])
    assert "nan" not in late["assumptions"]
    assert "weak" not in late["assumptions"]


def test_an_arm_whose_outcomes_are_all_alike_has_a_wide_log_odds_ratio():
    table = confounded()
    table["y"] = np.where(table["t"] == 1, 1, np.random.default_rng(2).random(600) < 0.5).astype(int)
    row = next(row for row in asked(table).ledger.to_pylist() if row["method"] == "logistic association")
    assert row["ci_high"] - row["ci_low"] > 5  # Woolf: 1.96 · 2 · √(1/.5 + …)


def test_a_hidden_cause_that_would_explain_the_whole_dose_has_no_finite_bound():
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    dose = x + 0.9 * rng.normal(size=600)
    found = asked({"t": dose, "x": x, "y": dose + x + rng.normal(size=600)})
    bound = next(row for row in found.ledger.to_pylist() if row["estimand"] == "bound")
    assert bound["ci_low"] is None
    assert bound["ci_high"] is None
    assert "could leave any effect" in bound["assumptions"]


def test_words_of_two_arms_name_the_one_compared_with():
    table = confounded()
    told = in_words(asked(table | {"t": np.where(table["t"] == 1, "A", "B")}).ledger)
    assert all(line.startswith("t (against A) → y") for line in told if not line.startswith("    "))
    assert all(line.startswith("t → y") for line in in_words(asked(table).ledger) if not line.startswith("    "))
