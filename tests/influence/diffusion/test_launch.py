"""Launches: who is shown what reaches as far as it can, within what fairness allows, and only where the ledger says so."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from tests.influence.diffusion.test_spread import exact_spread

from swayline.core.errors import DataError, UsageError
from swayline.influence.diffusion import Launches, launch_from_ledger, make_graph
from swayline.ledger import EffectRow, Figure, ledger

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def graph():
    """Two hubs of four followers each, and one follower of both."""
    source = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 1])
    target = np.array([2, 3, 4, 5, 6, 7, 8, 9, 10, 10])
    return make_graph(source, target, np.full(10, 0.5), n=11)


def effect(value, low, *, identified="assumed", cause="purchase", kind="behavior", effect_kind="user"):
    return EffectRow(
        cause_kind=kind, cause=cause, effect_kind=effect_kind, effect="purchase", channel="consumption",
        estimand="peer_effect", unit="probability", method="aipw", evidence="adjusted", identified=identified, n=900,
        primary=True, figure=Figure(value, low, 2 * value - low), horizon_s=7 * 86400.0, as_of=AS_OF,
    )  # fmt: skip


def test_expected_adopters_are_the_exact_ones_of_a_small_graph():
    found = Launches(graph(), np.ones((1, 11))).plan(2)
    assert set(found.person.tolist()) == {0, 1}
    assert found.spread[-1] == pytest.approx(exact_spread(graph(), [0, 1]), abs=4 * found.se)


def test_greedy_plan_is_near_the_best_of_all_plans():
    rng = np.random.default_rng(3)
    net = make_graph(rng.integers(0, 8, 14), rng.integers(0, 8, 14), rng.uniform(0.1, 0.6, 14), 8)
    plans = Launches(net, rng.uniform(0.2, 1.0, (2, 8)), n_sets=20_000)
    pairs = list(itertools.product(range(8), range(2)))
    best = max(
        float(plans.judge(np.array([one[0] for one in some]), np.array([one[1] for one in some])).spread[-1])
        for some in itertools.combinations(pairs, 3)
        if len({one[0] for one in some}) == 3
    )
    assert plans.plan(3).spread[-1] > 0.95 * best


def test_a_person_who_adopts_by_half_is_worth_half():
    chance = np.ones((1, 11))
    chance[0, 0] = 0.5
    plans = Launches(graph(), chance)
    half, whole = (float(plans.judge(np.array([who]), np.array([0])).spread[-1]) for who in (0, 1))
    assert half == pytest.approx(whole / 2, rel=0.03)


def test_no_person_is_shown_more_than_the_cap_and_every_item_gets_its_share():
    chance = np.stack([np.ones(11), np.full(11, 0.05)])
    plans = Launches(graph(), chance, n_sets=4096)
    greedy, fair = plans.plan(6), plans.plan(6, least_share=1.0)
    assert np.bincount(fair.item).tolist() == [3, 3]
    assert np.bincount(greedy.item, minlength=2)[0] == 6
    assert np.bincount(fair.person).max() == 1
    assert greedy.spread[-1] > fair.spread[-1]
    both = plans.plan(22, per_person=2)
    assert np.bincount(both.person).max() == 2
    assert len(set(zip(both.person.tolist(), both.item.tolist(), strict=True))) == 22


def test_showings_that_nobody_is_left_for_are_not_made_up():
    chance = np.zeros((2, 11))
    chance[0, :3] = 1.0  # nobody wants the second item, which is owed showings all the same
    found = Launches(graph(), chance, n_sets=1024).plan(8, least_share=1.0)
    assert sorted(found.person.tolist()) == [0, 1, 2]
    assert found.item.tolist() == [0, 0, 0]


def test_chances_outside_their_range_are_refused():
    with pytest.raises(UsageError, match="between 0 and 1"):
        Launches(graph(), np.full((1, 11), 1.5), n_sets=16)
    with pytest.raises(UsageError, match="nobody can be shown"):
        Launches(graph(), np.zeros((1, 11)), n_sets=16).plan(1)


def test_whose_acts_move_others_is_shown_before_who_is_followed_more():
    ties = pa.table({
        "source": ["famous"] * 6 + ["voice"] * 3, "target": [f"a{k}" for k in range(6)] + ["b0", "b1", "b2"],
    })  # fmt: skip
    rows = [effect(0.2, 0.1)]
    rows += [
        effect(value, value - 0.01, cause=name, kind="user", effect_kind="outcome")
        for name, value in (("famous", 0.02), ("voice", 0.6))
    ]
    found = launch_from_ledger(ledger(rows), ["new"], 1, ties=ties)
    assert found.table["user"].to_pylist() == ["voice"]
    assert found.plan.spread[-1] > found.most_followed.spread[-1]


@pytest.mark.parametrize(("low", "verdict"), [(0.1, "no"), (-0.1, "assumed")])
def test_a_ledger_that_supports_no_contagion_launches_nothing_by_it(low, verdict):
    ties = pa.table({"source": ["a"], "target": ["b"]})
    with pytest.raises(DataError, match="supports no influence along ties"):
        launch_from_ledger(ledger([effect(0.2, low, identified=verdict)]), ["new"], 1, ties=ties)
