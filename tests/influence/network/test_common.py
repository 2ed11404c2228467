"""Days and hours that everybody feels: learned from the others, and nothing learned where there is nothing."""

import numpy as np
import pytest

from swayline.influence.network.acts import make_acts, make_ties
from swayline.influence.network.fit.common import Alone, learn_common
from swayline.testing.people_worlds import DAY_S, HOUR_S, people_world

SIZE = {"people": 60, "weeks": 12, "acts": 60.0}


def learned(world):
    """What the acts of a world have in common beyond an even rate."""
    acts = make_acts(world.person, world.time_s, world.people, world.start_s, world.end_s)
    ties = make_ties(world.source, world.target, world.people)
    n_bins = int(acts.span_s // HOUR_S) + 1
    bins = (acts.times // HOUR_S).astype(np.int64)
    curve = np.ones((1, n_bins)) / n_bins
    alone = Alone(
        bins, np.ones(len(bins)), curve, acts.counts[:, None].astype(float), np.ones((world.people, 1)),
        np.ones((1, n_bins)), np.arange(n_bins) // 24, HOUR_S,
    )  # fmt: skip
    return acts, ties, learn_common(acts, ties, alone)


def flat(seed):
    """Everybody acts at one even rate."""
    rng = np.random.default_rng(seed)
    world = people_world(seed, dial=0.0, **SIZE)
    return type(world)(**(vars(world) | {"time_s": rng.uniform(world.start_s, world.end_s, len(world.time_s))}))


def test_a_sale_that_everybody_feels_is_learned_from_the_others():
    world = flat(0)
    rng = np.random.default_rng(9)
    moved = rng.random(len(world.time_s)) < 0.3
    day = rng.integers(0, 5, len(world.time_s)) * 14 + 3
    times = np.where(moved, world.start_s + day * DAY_S + rng.uniform(0, DAY_S, len(moved)), world.time_s)
    _, _, common = learned(type(world)(**(vars(world) | {"time_s": times})))
    assert common is not None
    rates = common.of(np.arange(3))[:, : 12 * 7 * 24]
    sale = np.repeat(np.isin(np.arange(12 * 7), np.arange(5) * 14 + 3), 24)
    assert rates[:, sale].mean() == pytest.approx(0.7 + 0.3 * 84 / 5, rel=0.25)
    assert rates[:, ~sale].mean() == pytest.approx(0.7, rel=0.1)


def test_nothing_is_learned_where_nothing_is_felt():
    assert learned(flat(1))[2] is None


def test_neither_a_persons_own_acts_nor_those_of_the_tied_move_the_rate_that_the_person_sees():
    world = people_world(2, shock="sale days", **SIZE)
    acts, ties, common = learned(world)
    assert common is not None
    circle = {5, *ties.source[ties.target == 5].tolist(), *ties.target[ties.source == 5].tolist()}
    changed = acts.times.copy()
    inside = np.isin(acts.person, list(circle))
    changed[inside] = np.random.default_rng(0).uniform(0, acts.span_s - 1, inside.sum())
    moved = type(world)(**(vars(world) | {"person": acts.person, "time_s": changed + acts.start_s}))
    other = learned(moved)[2]
    assert other is not None
    same = {"day_strength": common.day_strength, "hour_strength": common.hour_strength}
    other = type(other)(**(vars_of(other) | same))
    np.testing.assert_allclose(other.of(np.array([5])), common.of(np.array([5])))
    assert not np.allclose(other.of(np.array([0])), common.of(np.array([0])))


def vars_of(common):
    names = ("acts", "expected", "own", "circle", "day", "day_strength", "hour_strength")
    return {name: getattr(common, name) for name in names}
