"""Experiments as strangers bring them: every sentence of the verdict is true of the world it was drawn from."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.causal.experiments import Design, analyze_experiment


def payers(seed, lift, n=40_000):
    """One in a hundred pays, and what they pay is skewed."""
    rng = np.random.default_rng(seed)
    new = rng.integers(2, size=n)
    paid = rng.random(n) < 0.01 * (1 + lift * new)
    revenue = np.where(paid, rng.lognormal(3, 1.5, n), 0.0)
    return pa.table({"arm": np.where(new, "offer", "control"), "revenue": revenue, "paid": paid})


def test_of_skewed_revenue_without_an_effect_little_is_claimed():
    words = [
        analyze_experiment(payers(seed, 0.0), ["revenue", "paid"], Design("arm")).verdicts[0].word
        for seed in range(100)
    ]
    assert set(words) <= {"too early", "ship", "stop"}
    assert len([word for word in words if word != "too early"]) <= 11


def test_payers_who_are_won_are_shipped_by_the_metric_that_shows_it():
    found = analyze_experiment(payers(1, 0.6), ["revenue", "paid"], Design("arm"))
    assert found.verdicts[0].word == "ship"
    assert found.verdicts[0].reason.startswith("paid got better")


def villages(seed, effect):
    rng = np.random.default_rng(seed)
    village, new = np.repeat(np.arange(12), 100), rng.permutation(12) < 6
    return pa.table({
        "arm": np.where(new[village], "campaign", "control"), "village": village,
        "score": 5 + rng.normal(0, 0.5, 12)[village] + effect * new[village] + rng.normal(size=1200),
    })  # fmt: skip


def test_twelve_villages_are_read_as_twelve_and_never_as_their_people():
    held = 0
    for seed in range(200):
        one = analyze_experiment(villages(seed, 0.6), ["score"], Design("arm", clusters="village")).comparisons[0]
        held += one.ci_low <= 0.6 <= one.ci_high
    assert 0.91 <= held / 200 <= 0.99
    forgot = analyze_experiment(villages(0, 0.0), ["score"], Design("arm")).verdicts[0]
    assert forgot.word == "broken randomisation"
    assert "--clusters village" in forgot.reason
    told = analyze_experiment(villages(0, 0.6), ["score"], Design("arm", clusters="village"))
    assert any("has 6 randomised units" in note for note in told.notes)


def test_what_is_not_to_be_read_is_not_printed():
    table = villages(0, 3.0)
    lines = analyze_experiment(table, ["score"], Design("arm")).summary()
    assert not any("frequentist" in line or "Bayesian" in line for line in lines)


def test_columns_that_follow_the_arm_by_name_are_no_larger_unit():
    table = payers(0, 0.0, 2000)
    label = pa.array([f"mail for {arm}" for arm in table["arm"].to_pylist()])
    table = table.append_column("mail", label).append_column("person", pa.array(np.arange(2000)))
    assert analyze_experiment(table, ["paid"], Design("arm")).verdicts[0].word != "broken randomisation"


def test_it_is_said_where_only_sizes_were_compared():
    table = payers(0, 0.0, 2000).append_column("age", pa.array(np.random.default_rng(0).normal(size=2000)))
    assert any("only their sizes were" in note for note in analyze_experiment(table, ["paid"], Design("arm")).notes)
    found = analyze_experiment(table, ["paid"], Design("arm", balance=("age",)))
    assert not any("only their sizes were" in note for note in found.notes)


@pytest.mark.parametrize(
    ("table", "metrics", "words"),
    [
        ({"arm": ["a"] * 20, "y": [1.0] * 20}, ["y"], "has 1 arm"),
        ({"arm": ["a"] * 19 + ["b"], "y": [1.0] * 20}, ["y"], "has 1 unit"),
        ({"arm": ["a", "b"] * 10, "y": ["12 EUR", "9 USD"] * 10}, ["y"], "not numbers"),
        ({"arm": ["a", "b"] * 10, "y": [None, 1.0] * 10}, ["y"], "is known for 0 unit"),
        ({"arm": ["a", "b"] * 10, "y": [1.0] * 20, "n": [-1, 2] * 10}, ["y/n"], "none may be below 0"),
    ],
)
def test_tables_that_cannot_answer_are_told_in_one_line(table, metrics, words):
    from swayline.core.errors import DataError

    with pytest.raises(DataError, match=words):
        analyze_experiment(pa.table(table), metrics, Design("arm"))
