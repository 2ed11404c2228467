"""The first sentences about influence: many are asked, so few may be claimed; what failed stands in the sentence."""

import numpy as np
import pytest

from swayline.ledger import AssociationRow, EffectRow, Figure, ledger
from swayline.ledger.standing import LEAST_ACTS, standing_ties
from swayline.report.artifacts import Artifacts
from swayline.report.figures import forest
from swayline.report.sections.influence import influence_section
from swayline.report.sections.people import people_section
from swayline.report.wording.words import between, number

PASSED = {"time_rescaling": {"passed": True, "figure": 0.02}, "stable_branching": {"passed": True, "figure": 0.4}}


def tie(source, p_value, n=20, low=0.1, high=0.5, checks=PASSED, identified="assumed"):
    return EffectRow(
        cause_kind="user", cause=source, effect_kind="user", effect="fan", channel="all", estimand="excitation",
        figure=Figure(0.3, low, high, p_value), unit="actions", n=n, method="hawkes", evidence="adjusted",
        identified=identified, primary=True, refutations=checks,
    )  # fmt: skip


def effect(cause, estimate, error, p_value, identified="assumed", checks=None, estimand="ate"):
    common = {
        "cause_kind": "behavior", "cause": cause, "effect": "purchase", "channel": "own", "unit": "probability",
        "n": 4321, "method": "dml", "primary": True, "refutations": checks or {},
        "figure": Figure(estimate, estimate - 1.96 * error, estimate + 1.96 * error, p_value),
    }  # fmt: skip
    if estimand == "association":
        return AssociationRow(**common)
    return EffectRow(**common, estimand=estimand, evidence="adjusted", identified=identified)


def people(rows):
    return people_section(Artifacts(influence=ledger(rows))).finding


def sways(rows):
    return influence_section(Artifacts(influence=ledger(rows))).finding


def by_hand(p_values, share=0.05):
    """How many Benjamini and Hochberg keep, by their definition."""
    ascending = np.sort(p_values)
    passing = np.flatnonzero(ascending <= share * np.arange(1, len(ascending) + 1) / len(ascending))
    return int(passing.max()) + 1 if len(passing) else 0


def test_ties_are_corrected_for_all_that_were_asked():
    p_values = np.concatenate([np.full(7, 1e-6), np.linspace(0.001, 1, 993)])
    text = people([tie(f"u{k}", float(p)) for k, p in enumerate(p_values)])
    assert (p_values < 0.05).sum() > 50
    assert text.startswith(f"{by_hand(p_values)} of 1,000 ties whose source acted at least {LEAST_ACTS} times")


@pytest.mark.parametrize("seed", range(5))
def test_of_ties_without_influence_hardly_any_is_claimed(seed):
    p_values = np.random.default_rng(seed).random(2000)
    found = standing_ties(ledger([tie(f"u{k}", float(p)) for k, p in enumerate(p_values)]))
    assert found.stands.sum() == by_hand(p_values) <= 2


def test_a_single_act_proves_nothing_however_small_its_p_value():
    text = people([tie("once", 2e-30, n=1), tie("often", 0.6, low=0.0)])
    assert "none carries influence" in text
    assert "the other 1 have too few actions" in text


def test_a_tie_whose_placebo_found_something_is_not_claimed():
    assert "none carries influence" in people([tie("twin", 1e-9, identified="no")])


def test_a_failed_goodness_of_fit_stands_in_the_sentence():
    failed = PASSED | {"time_rescaling": {"passed": False, "figure": 0.31}}
    text = people([tie("a", 1e-9, checks=failed)])
    assert text.startswith("No tie's influence can be relied on: the model does not describe when people act")
    assert "misses by 0.310" in text


def test_effects_are_corrected_for_all_that_are_quoted():
    rows = [effect("cart", 0.021, 0.01, 0.036)] + [effect(f"b{k}", 0.001, 0.01, 0.9) for k in range(9)]
    assert sways(rows).startswith("No behaviour is shown to change purchases")
    assert sways(rows[:1]).startswith("A cart likely raises the chance of a purchase")
    assert "measured on 4,321 cases" in sways(rows[:1])


@pytest.mark.parametrize("seed", range(10))
def test_effects_of_nothing_are_not_claimed(seed):
    """Twenty behaviours without effect: uncorrected intervals would claim one in most such logs."""
    rng = np.random.default_rng(seed)
    from scipy.stats import norm

    z = rng.normal(size=20)
    rows = [effect(f"b{k}", 0.01 * one, 0.01, float(2 * norm.sf(abs(one)))) for k, one in enumerate(z)]
    claimed = not sways(rows).startswith("No behaviour is shown")
    assert claimed is (by_hand(2 * norm.sf(np.abs(z))) > 0)


def test_a_failed_refutation_stands_in_the_sentence():
    row = effect("cart", 0.2, 0.01, 1e-9, "no", {"placebo_outcome": {"passed": False, "figure": 0.1}})
    assert "that of carts is not identified, as it fails the check of placebo outcome" in sways([row])


def test_one_absurd_bound_does_not_stretch_the_axis():
    rows = [{"label": f"t{k}", "kind": "tie", "estimate": 0.3, "ci_low": 0.1, "ci_high": 0.5} for k in range(9)]
    rows.append({"label": "once", "kind": "tie", "estimate": 3e24, "ci_low": 1.0, "ci_high": 5e24})
    figure = forest(rows, "actions")
    low, high = figure.layout.xaxis.range
    assert -1 < low < high < 2
    assert max(figure.data[0].x) <= high
    assert figure.data[0].marker.symbol[-1] == "triangle-right"
    assert max(x + gap for x, gap in zip(figure.data[0].x, figure.data[0].error_x.array, strict=True)) <= high + 1e-9


def test_absurd_figures_are_written_by_their_power():
    assert number(5e24) == "5×10²⁴"
    assert between(0.5, 5e24) == "0.500 to 5×10²⁴"
