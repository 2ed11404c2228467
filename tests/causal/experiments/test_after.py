"""After experiments: bandits whose intervals hold, long-term effects foretold, a ledger set right by what was settled."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.causal.experiments import Design, analyze_bandit, recalibrate, surrogate_effects
from swayline.core.errors import DataError, UsageError
from swayline.ledger import EffectRow, Figure, ledger


def thompson(seed, means=(0.0, 0.0, 0.0), n=1500, batch=50, floor=0.02):
    """A Thompson sampler with a floor under every chance, in batches; chances by 200 posterior draws."""
    rng = np.random.default_rng(seed)
    k = len(means)
    arm, y, chance = [], [], []
    sums, counts = np.zeros(k), np.full(k, 1e-9)
    for _ in range(n // batch):
        draws = rng.normal(sums / (counts + 1), 1 / np.sqrt(counts + 1), (200, k))
        p = np.bincount(draws.argmax(axis=1), minlength=k) / 200
        p = floor + (1 - k * floor) * p
        picked = rng.choice(k, batch, p=p)
        outcome = np.array(means)[picked] + rng.normal(size=batch)
        sums += np.bincount(picked, outcome, k)
        counts += np.bincount(picked, minlength=k)
        arm += [str(one) for one in picked]
        y += outcome.tolist()
        chance += [p] * batch
    chance = np.array(chance)
    return pa.table({"arm": arm, "y": y, **{f"p{k}": chance[:, k] for k in range(len(means))}})


P = {"0": "p0", "1": "p1", "2": "p2"}


@pytest.mark.parametrize("means", [(0.0, 0.0, 0.0), (0.0, 0.1, 0.2)])
def test_intervals_after_a_bandit_cover(means):
    """250 bandits: values and contrasts are covered; the plain average of a worse arm is biased downwards."""
    held, against, bias = np.zeros(3), np.zeros(2), np.zeros(3)
    for seed in range(250):
        found = analyze_bandit(thompson(seed, means, n=1000), "arm", "y", P)
        held += [one.ci_low <= mean <= one.ci_high for one, mean in zip(found.values, means, strict=True)]
        against += [
            one.ci_low <= mean - means[0] <= one.ci_high for one, mean in zip(found.contrasts, means[1:], strict=True)
        ]
        bias += [one.mean - mean for one, mean in zip(found.values, means, strict=True)]
    assert (held / 250 >= 0.91).all(), held
    assert (against / 250 >= 0.91).all(), against
    assert bias[0] / 250 < -0.02


@pytest.mark.parametrize(
    ("change", "propensities", "error", "words"),
    [
        ({}, {"0": "p0", "1": "p1"}, UsageError, "'2', which has no propensity"),
        ({}, {"0": "q", "1": "p1", "2": "p2"}, UsageError, "no column 'q'"),
        ({"p0": 0.9}, P, DataError, "sum to 1"),
        ({"y": None}, P, DataError, "lacks a number"),
    ],
)
def test_bandits_that_cannot_be_read_are_told(change, propensities, error, words):
    table = thompson(0, n=200)
    for name, value in change.items():
        table = table.set_column(table.column_names.index(name), name, pa.array([value] * len(table), pa.float64()))
    with pytest.raises(error, match=words):
        analyze_bandit(table, "arm", "y", propensities)


def visits(seed, n, lift=0.0, direct=0.0, arms=True):
    """Two weeks of visits and spend decide ninety days of spend, not in a straight line."""
    rng = np.random.default_rng(seed)
    taste = rng.normal(size=n)
    new = rng.integers(2, size=n) if arms else np.zeros(n, int)
    week = rng.poisson(np.exp(0.6 + 0.5 * taste) * (1 + lift * new))
    paid = rng.gamma(1 + 0.5 * week, 2.0)
    later = 3 * np.sqrt(week) + 0.8 * paid + direct * new + rng.normal(0, 3, n)
    return pa.table({"arm": np.where(new, "new", "control"), "week": week, "paid": paid, "later": later})


def truth(lift):
    """The long-term effect of the lift by a large world with both."""
    table = visits(99, 1_000_000, lift)
    new = np.asarray(table["arm"]) == "new"
    later = np.asarray(table["later"])
    return later[new].mean() - later[~new].mean()


def test_a_surrogate_index_covers_the_long_term_effect():
    for lift in (0.0, 0.2):
        aim, held = (truth(lift) if lift else 0.0), 0
        for seed in range(100):
            past = visits(seed + 500, 1500, arms=False)
            short = visits(seed, 1500, lift).drop_columns(["later"])
            (one,) = surrogate_effects(short, past, "later", ["week", "paid"], Design("arm"))
            held += one.ci_low <= aim <= one.ci_high
        assert held >= 90, (lift, held)


def test_an_effect_past_the_surrogates_is_told_where_the_outcome_is_known_and_alarms_are_rare():
    past = visits(1, 4000, arms=False)
    (missed,) = surrogate_effects(visits(2, 4000, 0.1, direct=1.0), past, "later", ["week", "paid"], Design("arm"))
    assert missed.surrogacy_p < 0.001
    assert missed.row("arm").identified == "no"
    assert "miss a part" in missed.words()
    alarms = sum(
        surrogate_effects(visits(seed, 1000, 0.1), past, "later", ["week", "paid"], Design("arm"))[0].surrogacy_p < 0.05
        for seed in range(3, 103)
    )
    assert alarms <= 11
    (open_,) = surrogate_effects(visits(2, 500).drop_columns(["later"]), past, "later", ["week", "paid"], Design("arm"))
    assert open_.row("arm").identified == "assumed"


def test_surrogates_that_are_missing_are_told():
    past = visits(1, 500, arms=False)
    with pytest.raises(UsageError, match="experiment has no column 'paid'"):
        surrogate_effects(visits(2, 500).drop_columns(["paid"]), past, "later", ["week", "paid"], Design("arm"))
    gone = past.set_column(1, "week", pa.array([None] * 500, pa.float64()))
    with pytest.raises(DataError, match="lacks a number"):
        surrogate_effects(visits(2, 500), gone, "later", ["week", "paid"], Design("arm"))


def figure(estimate, se):
    return Figure(estimate, estimate - 1.959964 * se, estimate + 1.959964 * se, 0.5)


def effect(cause, estimate, se, evidence="adjusted", identified="assumed"):
    return EffectRow(
        cause_kind="behavior", cause=cause, effect="purchase", channel="own", estimand="ate", unit="probability",
        method="aipw", evidence=evidence, identified=identified, figure=figure(estimate, se), n=1000, primary=True,
    )  # fmt: skip


def test_rows_are_moved_by_how_far_off_the_others_were_and_then_cover():
    """Worlds of 24 causes whose adjusted rows are too high by .04 ± .02; ten have an experiment."""
    held = plain = asked = 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        truths = rng.normal(0, 0.05, 24)
        rows, trials = [], []
        for k, value in enumerate(truths):
            rows.append(effect(f"c{k}", value + rng.normal(0.04, 0.02) + rng.normal(0, 0.01), 0.01))
            if k < 10:
                trials.append(effect(f"c{k}", value + rng.normal(0, 0.008), 0.008, "experiment", "yes"))
        found = recalibrate(ledger(rows), ledger(trials))
        assert found.ledger.num_rows == 14
        for old, new, value in zip(rows[10:], found.rows, truths[10:], strict=True):
            held += new.figure.ci_low <= value <= new.figure.ci_high
            plain += old.figure.ci_low <= value <= old.figure.ci_high
            asked += 1
    assert 0.92 <= held / asked <= 0.98
    assert plain / asked < 0.4


def test_right_rows_stay_where_they_are_and_few_pairs_move_nothing():
    rng = np.random.default_rng(0)
    rows = [effect(f"c{k}", 0.05 + rng.normal(0, 0.01), 0.01) for k in range(8)]
    trials = [effect(f"c{k}", 0.05 + rng.normal(0, 0.01), 0.01, "experiment", "yes") for k in range(7)]
    found = recalibrate(ledger(rows), ledger(trials))
    assert abs(found.offsets[0].bias) < 0.02
    assert found.rows[0].identified == "assumed"
    few = recalibrate(ledger(rows), ledger(trials[:2]))
    assert few.rows == ()
    assert "3 pairs are needed" in few.summary()[0]
    broken = recalibrate(ledger(rows), ledger([effect("c0", 0.1, 0.01, "experiment", "no")]))
    assert broken.pairs == ()
