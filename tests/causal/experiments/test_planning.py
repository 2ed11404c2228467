"""Before and during an experiment: sizes that keep their word, stable assignment, futility, and what to try next."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.causal.experiments import (
    Design,
    PlanQuestion,
    Stakes,
    analyze_experiment,
    assign_clusters,
    assign_people,
    plan_experiment,
    ready_experiments,
)
from swayline.core.errors import DataError, UsageError
from swayline.ledger import AssociationRow, EffectRow, Figure, ledger


def spending(seed=0, n=6000):
    rng = np.random.default_rng(seed)
    past = rng.exponential(10, n)
    return pa.table({
        "spend": past * 0.9 + rng.exponential(3, n), "past": past, "bought": (rng.random(n) < 0.2).astype(int),
        "clicks": rng.poisson(2, n), "sessions": 1 + rng.poisson(4, n), "person": np.arange(n) // 3,
    })  # fmt: skip


@pytest.mark.parametrize("metric", ["spend", "bought", "clicks/sessions", "p75:spend"])
def test_a_plan_of_each_kind_finds_what_it_promises_in_fresh_experiments(metric):
    """Experiments of the planned size from the same world (not the log) show the lift about as often as promised."""
    plan = plan_experiment(spending(n=20_000), PlanQuestion(metric, lift=0.1), n_draws=200)
    assert plan.checked_alarms < 0.1
    seen = 0
    for seed in range(120):
        world, rng = spending(1000 + seed, 2 * plan.units_per_arm), np.random.default_rng(seed)
        new = np.arange(len(world)) % 2 == 1
        columns = {name: world[name].to_numpy().astype(float) for name in ("spend", "clicks", "bought", "sessions")}
        columns["spend"] *= 1 + 0.1 * new
        columns["clicks"] *= 1 + 0.1 * new
        columns["bought"] = np.where(new & (rng.random(len(world)) < 0.1 * 0.25), 1.0, columns["bought"])
        table = pa.table({"arm": np.where(new, "new", "control"), **columns})
        seen += analyze_experiment(table, [metric], Design("arm")).comparisons[0].p_value < 0.05
    assert 0.68 <= seen / 120 <= 0.92


def test_covariates_save_units_and_clusters_cost_them():
    plain = plan_experiment(spending(), PlanQuestion("spend", lift=0.05), n_draws=0)
    adjusted = plan_experiment(spending(), PlanQuestion("spend", lift=0.05, covariates=("past",)), n_draws=0)
    assert adjusted.units_per_arm < 0.3 * plain.units_per_arm
    people = plan_experiment(spending(), PlanQuestion("spend", lift=0.05, unit="person"), n_draws=0)
    assert people.log_units == 2000
    assert people.units_per_arm < plain.units_per_arm
    peeking = plan_experiment(spending(), PlanQuestion("spend", lift=0.05, peeking=True), n_draws=0)
    assert peeking.units_per_arm > 1.5 * plain.units_per_arm


def test_the_smallest_lift_of_given_units_is_the_answer_where_units_are_given():
    few = plan_experiment(spending(), PlanQuestion("spend", units_per_arm=500), n_draws=200)
    many = plan_experiment(spending(), PlanQuestion("spend", units_per_arm=2000), n_draws=0)
    assert 1.6 < few.detectable_lift / many.detectable_lift < 2.4
    assert few.checked_power == pytest.approx(0.8, abs=0.1)
    assert "show lifts from" in few.summary()[0]


def test_a_heavy_tail_shows_in_what_is_drawn():
    """Where one in 2,000 pays nearly everything, few units look as if nothing could be seen by the formula's size."""
    rng = np.random.default_rng(1)
    paid = np.where(rng.random(20_000) < 0.0005, rng.lognormal(6, 2, 20_000), 0.0)
    plan = plan_experiment(pa.table({"paid": paid}), PlanQuestion("paid", units_per_arm=200), n_draws=200)
    assert plan.checked_alarms < 0.03


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        (PlanQuestion("money", lift=0.1), UsageError, "no column 'money'"),
        (PlanQuestion("spend", lift=0.0), UsageError, "lift is 0.0"),
        (PlanQuestion("spend", lift=0.1, units_per_arm=5), UsageError, "not both"),
        (PlanQuestion("spend", lift=0.1, power=1.0), UsageError, "power is 1.0"),
        (PlanQuestion("spend", lift=0.1, arms=1), UsageError, "arms are 1"),
        (PlanQuestion("p50:spend", lift=0.1, unit="person"), UsageError, "a row a unit"),
    ],
)
def test_what_cannot_be_planned_is_said_in_one_line(asked, error, words):
    with pytest.raises(error, match=words):
        plan_experiment(spending(n=60), asked)


def test_constant_metrics_cannot_be_planned():
    with pytest.raises(DataError, match="no lift to plan"):
        plan_experiment(pa.table({"y": [1.5] * 50}), PlanQuestion("y", lift=0.1))


def test_going_on_is_futile_where_the_end_will_not_show_it_and_not_before():
    rng = np.random.default_rng(2)

    def verdict(effect, n, planned):
        new = np.arange(n) % 2 == 1
        y = 10 + effect * new + rng.normal(0, 10, n)
        table = pa.table({"arm": np.where(new, "new", "control"), "y": y})
        return analyze_experiment(table, ["y"], Design("arm"), planned_units=planned, smallest_lift=0.03)

    hopeless = verdict(-0.1, 14_000, 20_000).verdicts[0]
    assert (hopeless.word, hopeless.reason.startswith("going on is futile")) == ("stop", True)
    open_ = verdict(0.3, 4_000, 20_000)
    assert open_.outlooks[0].share == pytest.approx(0.2)
    assert "futile" not in open_.verdicts[0].reason


def test_conditional_power_is_what_simulation_says():
    """Experiments at 40% of the plan, gone on with: the share that ends clear is what the outlook foretold."""
    rng = np.random.default_rng(3)
    n, planned, lift = 800, 2000, 0.05
    new = np.arange(n) % 2 == 1
    y = 10 + 0.3 * new + rng.normal(0, 4, n)
    table = pa.table({"arm": np.where(new, "new", "control"), "y": y})
    found = analyze_experiment(table, ["y"], Design("arm"), planned_units=planned, smallest_lift=lift, peeking=False)
    told = found.outlooks[0]
    clear, rest = 0, planned - n
    bar = 3.0  # sequence_width(2000, 2000) is 3.04: the experiment is read before its end, so the wide interval decides
    for _ in range(2000):
        later = np.arange(rest) % 2 == 1
        more = y[~new].mean() * (1 + lift * later) + rng.normal(0, y[~new].std(), rest)
        a, b = np.concatenate([y[new], more[later]]), np.concatenate([y[~new], more[~later]])
        clear += (a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / len(b)) > bar
    assert told.conditional_power == pytest.approx(clear / 2000, abs=0.05)


def communities(seed=0, groups=60, size=20, inside=6, outside=1):
    rng = np.random.default_rng(seed)
    source, target = [], []
    for person in range(groups * size):
        group = person // size
        source += [f"p{person}"] * (inside + outside)
        target += [f"p{group * size + k}" for k in rng.integers(0, size, inside)]
        target += [f"p{k}" for k in rng.integers(0, groups * size, outside)]
    return pa.table({"source": source, "target": target})


def test_clusters_keep_ties_inside_arms_and_arms_of_like_size():
    found = assign_clusters(communities(), {"control": 1, "new": 1}, "feed", largest_share=0.05)
    assert found.ties_inside > 0.75
    assert found.by_chance == pytest.approx(0.5, abs=0.02)
    assert abs(found.people["new"] - found.people["control"]) <= 0.1 * 1200
    arms_of = {}
    for row in found.table.to_pylist():
        arms_of.setdefault(row["cluster"], set()).add(row["arm"])
    assert all(len(arms) == 1 for arms in arms_of.values())
    again = assign_clusters(communities(), {"control": 1, "new": 1}, "feed", largest_share=0.05)
    assert again.table.equals(found.table)
    other = assign_clusters(communities(), {"control": 1, "new": 1}, "other", largest_share=0.05)
    assert not other.table.equals(found.table)


def test_an_earlier_assignment_is_kept_when_people_and_ties_are_added():
    first = assign_clusters(communities(), {"control": 1, "new": 1}, "feed", largest_share=0.05)
    more = pa.concat_tables([communities(), pa.table({"source": ["n1", "n2"], "target": ["p3", "n1"]})])
    later = assign_clusters(
        more, {"control": 1, "new": 1}, "feed", earlier=first.table, users=["alone"], largest_share=0.05
    )
    arms = {row["user"]: (row["cluster"], row["arm"]) for row in later.table.to_pylist()}
    assert all(arms[row["user"]] == (row["cluster"], row["arm"]) for row in first.table.to_pylist())
    assert arms["n1"][0] == arms["p3"][0]
    assert "alone" in arms
    assert later.kept == 1200


def test_shares_of_people_follow_the_weights():
    found = assign_people([f"u{k}" for k in range(20_000)], {"control": 3, "new": 1}, "x")
    assert found.people["new"] / 20_000 == pytest.approx(0.25, abs=0.012)


@pytest.mark.parametrize(("weights", "words"), [({"a": 1.0}, "at least 2"), ({"a": 1.0, "b": 0.0}, "must be above 0")])
def test_shares_that_are_none_are_refused(weights, words):
    with pytest.raises(UsageError, match=words):
        assign_people(["u"], weights, "x")


def row(cause, estimate, se, kind="behavior", evidence="adjusted", identified="assumed", **more):
    figure = Figure(estimate, estimate - 1.96 * se, estimate + 1.96 * se, 0.5)
    return EffectRow(
        cause_kind=kind, cause=cause, effect="purchase", channel="own", estimand="ate", unit="probability",
        method="aipw", evidence=evidence, identified=identified, figure=figure, n=20_000, primary=True, **more,
    )  # fmt: skip


def test_what_is_open_and_matters_comes_first_and_what_is_settled_does_not_come():
    table = ledger([
        row("clear", 0.2, 0.005), row("open", 0.01, 0.02), row("hopeless", -0.3, 0.01),
        row("done", 0.05, 0.01), row("done", 0.04, 0.01, evidence="experiment", identified="yes"),
        AssociationRow(
            cause_kind="behavior", cause="open", effect="purchase", channel="own", unit="probability",
            method="difference in means", figure=Figure(0.3, 0.2, 0.4, 0.0), n=20_000,
        ),
    ])  # fmt: skip
    found = ready_experiments(table, stakes=Stakes(bias=0.02)).to_pylist()
    assert found[0]["cause"] == "open"
    assert {one["cause"] for one in found} == {"clear", "open", "hopeless"}
    assert found[0]["evidence"] == "adjusted", "the effect is asked about, not its association"
    assert found[0]["worth"] > 10 * found[1]["worth"]
    assert found[0]["arms"] == "as today | open prompted"


def test_a_ready_experiment_has_the_power_that_its_size_promises():
    """A cause that can be given: two arms of that size, an effect as large as is to be seen, at the row's variance."""
    one = ready_experiments(
        ledger([row("banner", 0.03, 0.006, kind="treatment")]), stakes=Stakes(bias=0.0)
    ).to_pylist()[0]
    rng = np.random.default_rng(0)
    p = 0.5 - np.sqrt(0.25 - min(0.25, 20_000 * 0.006**2 / 4))
    n, seen = one["units_per_arm"], 0
    for _ in range(1000):
        a, b = rng.binomial(n, p + one["to_see"]) / n, rng.binomial(n, p) / n
        seen += abs(a - b) > 1.96 * np.sqrt((a * (1 - a) + b * (1 - b)) / n)
    assert 0.74 <= seen / 1000 <= 0.88
