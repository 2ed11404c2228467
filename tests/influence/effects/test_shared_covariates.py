import numpy as np

from swayline.influence.effects.covariates import controls, moments
from swayline.influence.effects.episodes import pairs as pairs_of
from swayline.influence.effects.episodes import timeline, trials
from swayline.influence.effects.shared_covariates import Sides, draw, look_up


def log_of(make_log):
    rng = np.random.default_rng(0)
    return make_log([
        (f"u{rng.integers(5)}", f"i{rng.integers(8)}", ["view", "cart", "purchase"][rng.integers(3)], float(k * 600))
        for k in range(200)
    ])  # fmt: skip


def test_controls_looked_up_together_equal_those_of_each_question(engine, make_log):
    events = log_of(make_log)
    line = timeline(events)
    found = pairs_of(engine, line)
    tried = trials(engine, line, found, "cart", "purchase", 3600.0)
    known = look_up(engine, line, events, Sides(), "purchase", [tried.order, found.opened], 3600.0, None)
    alone = controls(engine, line, moments(line, tried.order, tried.user, tried.unit), "purchase", None, pair=True)
    assert known.take(tried.order, is_opening=False).equals(alone)
    opening = controls(engine, line, moments(line, found.opened, found.user, found.unit), "purchase", None, pair=False)
    assert known.take(found.opened, is_opening=True).equals(opening)


def test_draws_of_different_questions_hold_the_same_people(make_log):
    line = timeline(log_of(make_log))
    users = line.column("u")
    few, more = (set(users[draw(line, users, most, 3)]) for most in (60, 140))
    assert few <= more
    assert draw(line, users, 200, 3).all()
