"""Experiments: planted lifts are found, null ones are not, on a planned end and on every day."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.causal.experiments import (
    Design,
    analyze_experiment,
    analyze_snapshots,
    check_sample_ratio,
    parse_metric,
)
from swayline.causal.experiments.sequential import sequence_width
from swayline.core.errors import DataError, UsageError


def shop(seed, n=2000, lift=0.0, arms=("control", "new")):
    """People with a taste known before; what they spend is skewed, and follows it."""
    rng = np.random.default_rng(seed)
    arm = rng.integers(len(arms), size=n)
    before = rng.exponential(10, n)
    spend = (before * 0.8 + rng.exponential(4, n)) * (1 + lift * (arm > 0))
    sessions = 1 + rng.poisson(3, n)
    clicks = rng.binomial(sessions, np.clip(0.2 * (1 + lift * (arm > 0)), 0, 1))
    return pa.table({
        "arm": [arms[k] for k in arm], "spend": spend, "before": before, "sessions": sessions, "clicks": clicks,
        "bought": (rng.random(n) < 0.3 * (1 + lift * (arm > 0))), "person": np.arange(n),
    })  # fmt: skip


@pytest.mark.parametrize("metric", ["spend", "bought", "clicks/sessions", "p80:spend"])
def test_intervals_hold_the_truth_and_null_experiments_claim_nothing(metric):
    """200 seeds a metric: between 90 and 99% of 95% intervals hold none, and p-values are as rare as they say."""
    held, claimed = 0, 0
    for seed in range(200):
        one = analyze_experiment(shop(seed, 600), [metric], Design("arm")).comparisons[0]
        held += one.ci_low <= 0 <= one.ci_high
        claimed += one.p_value < 0.05
    assert 0.90 <= held / 200 <= 0.99
    assert claimed <= 20


@pytest.mark.parametrize(("metric", "truth"), [("spend", 1.2), ("clicks/sessions", 0.02), ("bought", 0.03)])
def test_a_planted_lift_is_covered_with_and_without_covariates(metric, truth):
    for covariates in ((), ("before",)):
        held = 0
        for seed in range(100):
            design = Design("arm", covariates=covariates)
            one = analyze_experiment(shop(seed, 1500, lift=0.1), [metric], design).comparisons[0]
            held += one.ci_low <= truth <= one.ci_high
        assert held >= 89


def test_covariates_take_away_the_variance_that_theory_says():
    table = shop(0, 20_000)
    spend, before = table["spend"].to_numpy(), table["before"].to_numpy()
    one = analyze_experiment(table, ["spend"], Design("arm", covariates=("before",))).comparisons[0]
    assert one.variance_reduction == pytest.approx(np.corrcoef(spend, before)[0, 1] ** 2, abs=0.02)


def test_strata_are_post_stratification():
    table = shop(3, 4000)
    level = pa.array((table["before"].to_numpy() // 5).clip(max=4).astype(int).astype(str))
    one = analyze_experiment(table.append_column("level", level), ["spend"], Design("arm", strata=("level",)))
    spend, new = table["spend"].to_numpy(), np.array([word == "new" for word in table["arm"].to_pylist()])
    words = np.array(level.to_pylist())
    by_hand = sum(
        (words == word).mean() * (spend[(words == word) & new].mean() - spend[(words == word) & ~new].mean())
        for word in np.unique(words)
    )
    assert one.comparisons[0].effect == pytest.approx(by_hand, rel=1e-9)


def test_reading_every_day_keeps_its_level():
    """500 null experiments read on 20 days: at most 33 alarms at any time, where plain intervals raise far more."""
    rng = np.random.default_rng(0)
    always = plain = 0
    for _ in range(500):
        difference = rng.normal(size=(20, 200)).cumsum(axis=1)[:, -1].reshape(20)
        total = difference.cumsum() / (200 * np.arange(1, 21))
        se = 1 / np.sqrt(200 * np.arange(1, 21))
        width = np.array([sequence_width(int(n), 4000) for n in 200 * np.arange(1, 21)])
        always += bool((np.abs(total) > width * se).any())
        plain += bool((np.abs(total) > 1.96 * se).any())
    assert always <= 33
    assert plain > 75


def test_clusters_widen_the_interval_to_what_is_true():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        village, shock = np.repeat(np.arange(40), 25), rng.normal(size=40)
        new = rng.permutation(40) < 20
        table = pa.table(
            {"arm": np.where(new[village], "new", "old"), "y": shock[village] + rng.normal(size=1000), "v": village}
        )
        one = analyze_experiment(table, ["y"], Design("arm", control="old", clusters="v")).comparisons[0]
        held += one.ci_low <= 0 <= one.ci_high
    assert 0.90 <= held / 200 <= 0.985


def test_unequal_arms_are_told_and_the_effects_are_not_to_be_read():
    table = shop(0, 4000)
    lost = [not (arm == "new" and k % 6 == 0) for k, arm in enumerate(table["arm"].to_pylist())]
    found = analyze_experiment(table.filter(pa.array(lost)), ["spend"], Design("arm"))
    assert found.verdicts[0].word == "broken randomisation"
    assert check_sample_ratio({"a": 4000, "b": 2000}, {"a": 2, "b": 1}).alarmed is False


def test_sample_ratio_alarms_are_as_rare_as_they_say():
    rng = np.random.default_rng(0)
    counts = rng.binomial(5000, 0.5, 2000)
    alarms = sum(check_sample_ratio({"a": int(n), "b": 5000 - int(n)}).alarmed for n in counts)
    assert alarms <= 8


def test_verdicts_ship_stop_and_wait():
    def word(lift, metrics, n=6000):
        return analyze_experiment(shop(1, n, lift=lift), metrics, Design("arm")).verdicts[0].word

    assert word(0.2, ["spend"]) == "ship"
    assert word(0.2, ["-spend"]) == "stop"
    assert word(0.2, ["bought", "-spend@2%"]) == "stop", "a guardrail that broke stops what would be shipped"
    assert word(0.0, ["spend"], 300) == "too early"


def test_units_in_two_arms_are_told():
    table = pa.concat_tables([shop(0, 400), shop(1, 400)])
    found = analyze_experiment(table, ["spend"], Design("arm", unit="person"))
    assert any("several arms" in note for note in found.notes)
    assert found.verdicts[0].word == "broken randomisation"


def test_snapshots_give_what_the_rows_give():
    table = shop(5, 3000, lift=0.05)
    one = analyze_experiment(table, ["spend"], Design("arm")).comparisons[0]
    spend, new = table["spend"].to_numpy(), np.array([word == "new" for word in table["arm"].to_pylist()])
    row = pa.table({
        "n_c": [int((~new).sum())], "m_c": [spend[~new].mean()], "v_c": [spend[~new].var(ddof=1)],
        "n_t": [int(new.sum())], "m_t": [spend[new].mean()], "v_t": [spend[new].var(ddof=1)],
    })  # fmt: skip
    found = analyze_snapshots(row, ("n_c", "m_c", "v_c", "n_t", "m_t", "v_t")).to_pylist()[0]
    assert found["effect"] == pytest.approx(one.effect)
    assert found["se"] == pytest.approx(one.se, rel=1e-9)
    lacking = row.set_column(5, "v_t", pa.array([None], pa.float64()))
    assert analyze_snapshots(lacking, ("n_c", "m_c", "v_c", "n_t", "m_t", "v_t"))["usable"].to_pylist() == [False]


@pytest.mark.parametrize(
    ("change", "metrics", "design", "error", "words"),
    [
        ({}, ["spend"], Design("group"), UsageError, "no column 'group'"),
        ({}, ["money"], Design("arm"), UsageError, "no column 'money'"),
        ({}, ["spend"], Design("arm", control="old"), UsageError, "no arm 'old'"),
        ({}, [], Design("arm"), UsageError, "at least one metric"),
        ({"arm": ["new"] * 50}, ["spend"], Design("arm"), DataError, "has 1 arm"),
        ({"spend": ["much"] * 50}, ["spend"], Design("arm"), DataError, "not numbers"),
        ({"spend": [None] * 50}, ["spend"], Design("arm"), DataError, "no number"),
        ({"sessions": [-1] * 50}, ["clicks/sessions"], Design("arm"), DataError, "below 0"),
        ({"sessions": [0] * 50}, ["clicks/sessions"], Design("arm"), DataError, "sums to 0"),
        ({}, ["spend"], Design("arm", weights={"new": 1.0}), UsageError, "planned shares"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(change, metrics, design, error, words):
    table = shop(0, 50)
    for name, values in change.items():
        table = table.set_column(
            table.column_names.index(name), name, pa.array(values, pa.float64() if None in values else None)
        )
    with pytest.raises(error, match=words):
        analyze_experiment(table, metrics, design)


@pytest.mark.parametrize("said", ["", "p0:x", "p100:x", "/x", "x/", "x@200%", "x@much"])
def test_words_that_are_no_metric_are_refused(said):
    with pytest.raises(UsageError):
        parse_metric(said)
