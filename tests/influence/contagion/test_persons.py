"""The effect by who acted: voices stand out, people who are alike are not told apart, few acts claim little."""

import numpy as np

from swayline.causal.inference.intervals import Estimate
from swayline.influence.contagion.exposures import exposures, first_acts
from swayline.influence.contagion.persons import by_person
from swayline.influence.contagion.reading import social_log
from swayline.influence.contagion.trials import Risk, eligible, first_of_pairs, make_trials
from swayline.testing.contagion_worlds import ContagionDials, contagion_world

SMALL = {"people": 240, "items": 90, "days": 40, "n_ties": 6, "acts": 14.0}
LIKE = {"likeness": 0.9, "launches": 1.0}


def persons(world, overall):
    log = social_log(world.log, None, None, "purchase")
    acts = first_acts(log, log.outcome)
    seen = exposures(log, acts)
    risk = Risk(log, acts, seen, 7 * 86400.0)
    first = seen.only(first_of_pairs(seen) & eligible(risk, seen))
    rows = make_trials(risk, first, np.random.default_rng(0))
    return log, by_person(rows, log, Estimate(overall, 0.005, overall - 0.01, overall + 0.01, 0.001))


def test_people_whose_acts_move_others_stand_above_those_whose_do_not():
    world = contagion_world(3, ContagionDials(**LIKE), **SMALL, voices=(0.2, 0.4))
    log, found = persons(world, 0.06)
    names = np.array(log.users.to_pylist())[found.person]
    loud = world.is_voice[[int(name[1:]) for name in names]]
    assert found.effect[loud].mean() > 0.2 > 0.05 > found.effect[~loud].mean()
    assert np.mean(found.low[~loud] < 0.02) > 0.9
    assert found.p_value < 1e-6


def test_people_who_are_alike_have_the_effect_over_everybody():
    world = contagion_world(1, ContagionDials(contagion=0.12, **LIKE), **SMALL)
    _, found = persons(world, 0.12)
    assert found.effect.std() < 0.03
    assert abs(np.average(found.effect, weights=found.exposures) - 0.12) < 0.02


def test_who_was_seen_less_is_drawn_nearer_to_everybody():
    world = contagion_world(3, ContagionDials(**LIKE), **SMALL, voices=(0.2, 0.4))
    _, found = persons(world, 0.06)
    few, many = found.exposures < 20, found.exposures > 80
    width = found.high - found.low
    assert width[few].mean() > 1.3 * width[many].mean()


def test_too_few_people_are_not_compared():
    world = contagion_world(0, ContagionDials(contagion=0.5), people=5, items=30, days=20, n_ties=2, acts=9.0)
    assert persons(world, 0.1)[1] is None
