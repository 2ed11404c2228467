"""Values of policies: truth is found where it can be, intervals hold it, and what cannot be told is said."""

import numpy as np
import pytest

from swayline.core.errors import IdentificationError, UsageError
from swayline.evaluation.off_policy import ESTIMATORS, estimate_policy, policy_rows
from swayline.ledger import ledger

N_ITEMS = 8


def _world(seed, n=2000, bad_model=False):
    """A logged policy by context, another one to value, rare outcomes, known truth."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.01, 0.12, size=(3, N_ITEMS))
    logging, policy = rng.dirichlet(np.full(N_ITEMS, 2.0), size=3), rng.dirichlet(np.full(N_ITEMS, 1.0), size=3)
    context = rng.integers(3, size=n)
    item = np.array([rng.choice(N_ITEMS, p=logging[c]) for c in context])
    reward = (rng.random(n) < truth[context, item]).astype(float)
    model = np.full_like(truth, 0.3) if bad_model else truth + rng.normal(scale=0.01, size=truth.shape)
    found = estimate_policy(
        reward, logging[context, item], policy[context, item], model[context, item], (policy * model).sum(1)[context]
    )
    return found, float((policy * truth).sum(1)[context].mean())


@pytest.mark.parametrize("name", [one for one in ESTIMATORS if one != "dm"])
def test_intervals_hold_the_truth(name):
    held = []
    for seed in range(60):
        found, truth = _world(seed)
        one = found.estimates[name]
        held.append(one.ci_low <= truth <= one.ci_high)
    assert np.mean(held) >= 0.88


def test_the_doubly_robust_value_survives_a_wrong_model_and_the_direct_one_does_not():
    errors = {name: [] for name in ("dr", "dm")}
    for seed in range(20):
        found, truth = _world(seed, bad_model=True)
        for name, some in errors.items():
            some.append(found.estimates[name].value - truth)
    assert abs(np.mean(errors["dr"])) < 0.02
    assert np.mean(errors["dm"]) > 0.2


def test_the_logs_own_policy_is_worth_what_it_got():
    rng = np.random.default_rng(0)
    reward, chance = (rng.random(500) < 0.1).astype(float), np.full(500, 0.25)
    found = estimate_policy(reward, chance, chance, np.full(500, 0.1), np.full(500, 0.1))
    assert found.estimates["ips"].value == pytest.approx(reward.mean())
    assert found.estimates["dr"].value == pytest.approx(reward.mean())
    assert found.gain.value == pytest.approx(0.0)
    assert found.ess == pytest.approx(500)
    assert found.trouble is None


def test_diagnostics_say_when_a_value_cannot_be_told():
    rng = np.random.default_rng(0)
    n = 1000
    chance = np.where(np.arange(n) % 100 == 0, 0.01, 0.99)
    target = np.where(chance == 0.01, 1.0, 0.0)
    found = estimate_policy((rng.random(n) < 0.1).astype(float), chance, target, np.full(n, 0.1), np.full(n, 0.1))
    assert found.ess == pytest.approx(10)
    assert "hardly ever choose alike" in found.trouble
    assert found.largest_weight == pytest.approx(100)
    rows = policy_rows(found, "mine", "purchase", "probability")
    table = ledger(rows).to_pylist()
    assert {row["identified"] for row in table} == {"no"}
    assert all("cannot be told from this log" in row["assumptions"] for row in table)


def test_rows_of_a_value_that_can_be_told_are_identified_but_for_the_direct_method():
    found, _ = _world(1)
    rows = ledger(policy_rows(found, "mine", "purchase", "probability")).to_pylist()
    assert [row["estimand"] for row in rows] == ["policy_value"] * 6 + ["policy_gain"]
    assert {row["method"]: row["identified"] for row in rows[:6]} == dict.fromkeys(ESTIMATORS, "yes") | {"dm": "no"}
    assert [row["method"] for row in rows if row["primary"] and row["estimand"] == "policy_value"] == ["dr"]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("propensity", 0.0, "propensity of choice 3 is '0.0': it must be above 0"),
        ("propensity", 1.2, "propensity of choice 3 is '1.2'"),
        ("propensity", float("nan"), "propensity of choice 3 is nan"),
        ("target", -0.1, "probability of choice 3 is '-0.1'"),
        ("reward", float("inf"), "reward of choice 3 is inf"),
        ("predicted", float("nan"), "predicted outcome is no finite number"),
    ],
)
def test_numbers_that_cannot_be_are_named_with_their_row(column, value, said):
    given = {name: np.full(5, 0.5) for name in ("reward", "propensity", "target", "predicted", "predicted_value")}
    given[column][2] = value
    with pytest.raises(UsageError) as error:
        estimate_policy(**given)
    assert said in str(error.value)


def test_a_policy_that_never_chooses_as_the_log_did_is_refused():
    with pytest.raises(IdentificationError, match="never makes a choice"):
        estimate_policy(np.ones(5), np.full(5, 0.5), np.zeros(5), np.ones(5), np.ones(5))


def test_choices_of_one_person_widen_the_interval():
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(100), 20)
    reward = (rng.random(100) < 0.3)[person].astype(float)
    same = [reward, np.full(2000, 0.5), np.full(2000, 0.5), np.full(2000, 0.3), np.full(2000, 0.3)]
    apart, together = estimate_policy(*same), estimate_policy(*same, clusters=person)
    width = lambda found: found.estimates["ips"].ci_high - found.estimates["ips"].ci_low  # noqa: E731
    assert width(together) > 3 * width(apart)
