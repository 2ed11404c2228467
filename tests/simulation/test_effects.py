"""The planted effects: an oracle that sees only the log finds them, and finds nothing where nothing is."""

import duckdb
import numpy as np
import pytest

from swayline.core.names import CART, CLICK, FAVORITE
from swayline.simulation import WorldSettings, world
from swayline.simulation.settings import SHARE

EPISODES = """
with first as (select "user", item, min(time) t0, any_value(category) category, arg_min(behavior, time) opening
               from events where item is not null group by all),
ends as (select max(time) as last from events),
told as (
  select f.*, exists(select 1 from events e where e."user" = f."user" and e.item = f.item and e.behavior = $treatment
                     and e.time between f.t0 and f.t0 + interval 1 day) treated,
         exists(select 1 from events e where e."user" = f."user" and e.item = f.item and e.behavior = 'purchase'
                and e.time > f.t0 + interval 1 day and e.time <= f.t0 + interval 8 day) outcome,
         exists(select 1 from events e where e."user" = f."user" and e.item = f.item and e.behavior = 'purchase'
                and e.time <= f.t0 + interval 1 day) early
  from first f, ends where f.t0 + interval 8 day <= ends.last),
past as (select "user", category, event_id, time,
         row_number() over (partition by "user" order by time) - 1 before,
         row_number() over (partition by "user", category order by time) - 1 before_category
         from events where behavior = 'view')
select told.treated::int t, told.outcome::int y, ln(1 + past.before) x0, ln(1 + past.before_category) x1, told.opening
from told join past on past."user" = told."user" and past.category = told.category and past.time = told.t0
where not told.early
"""


def episodes(made, treatment):
    with duckdb.connect() as database:
        database.execute("set timezone = 'UTC'")
        database.register("events", made.events)
        found = database.execute(EPISODES, {"treatment": treatment}).fetchnumpy()
    return np.asarray(found["t"], float), np.asarray(found["y"], float), np.column_stack([found["x0"], found["x1"]])


def adjusted(t, y, x):
    """Logistic regression of the outcome on treatment and controls, averaged over both answers (g-computation)."""
    controls = np.column_stack([np.ones(len(t)), x, x**2, x[:, 0] * x[:, 1]])
    design = np.column_stack([controls, t])
    beta = np.zeros(design.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-design @ beta))
        beta += np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design, design.T @ (y - p))
    with_, without = (1 / (1 + np.exp(-np.column_stack([controls, np.full(len(t), a)]) @ beta)) for a in (1.0, 0.0))
    return (with_ - without).mean(), (with_ - without)[t == 1].mean()


def naive(t, y):
    return y[t == 1].mean() - y[t == 0].mean()


@pytest.fixture(scope="module")
def shop():
    return world(WorldSettings(users=3_000, items=800, events=150_000, seed=11))


@pytest.mark.parametrize("treatment", [CART, FAVORITE, CLICK, SHARE])
def test_adjusting_for_the_log_before_t0_recovers_what_the_naive_difference_does_not(shop, treatment):
    t, y, x = episodes(shop, treatment)
    told = shop.truth["effects"][treatment]
    assert len(t) == told["episodes"]
    assert t.sum() == told["treated"]
    assert naive(t, y) == pytest.approx(told["naive_difference"], abs=1e-9)
    assert naive(t, y) - told["ate"] >= 0.10
    assert told["naive_bias"] >= 0.10
    ate, att = adjusted(t, y, x)
    assert ate == pytest.approx(told["ate"], abs=0.018)
    assert att == pytest.approx(told["att"], abs=0.022)


def test_the_effects_planted_by_default_are_cart_above_favourite_above_nothing(shop):
    effects = {behavior: told["ate"] for behavior, told in shop.truth["effects"].items()}
    assert effects[CART] > effects[FAVORITE] + 0.05 > 0.10
    assert effects[SHARE] == effects[CLICK] == 0.0


def test_without_confounding_the_naive_difference_is_the_effect():
    made = world(WorldSettings(users=3_000, items=800, events=120_000, confounding=0.0, seed=12))
    for treatment in (CART, SHARE):
        t, y, _ = episodes(made, treatment)
        assert naive(t, y) == pytest.approx(made.truth["effects"][treatment]["ate"], abs=0.02)


def test_an_unseen_cause_leaves_a_bias_that_the_log_cannot_remove():
    made = world(WorldSettings(users=3_000, items=800, events=120_000, hidden=1.0, seed=13))
    t, y, x = episodes(made, SHARE)
    assert made.truth["effects"][SHARE]["ate"] == 0.0
    assert adjusted(t, y, x)[0] > 0.05


def test_effects_follow_the_dials():
    made = world(WorldSettings(users=200, items=200, events=10_000, effects={SHARE: 1.5}, seed=14))
    assert made.truth["effects"][SHARE]["ate"] > 0.1
    assert made.truth["effects"][CART]["ate"] == 0.0


def test_the_true_effect_is_the_mean_of_many_drawn_outcomes():
    """Redrawing every behaviour and purchase from the stated chances gives the stated effect."""
    from swayline.simulation.assemble import draw
    from swayline.simulation.funnel import BASE, PURCHASE_BASE, PURCHASE_SLOPE, SLOPE, logistic, true_effects
    from swayline.simulation.settings import TREATMENTS

    parts = draw(WorldSettings(users=200, items=200, events=8_000, hidden=0.5, seed=15))
    rng = np.random.default_rng(0)
    rows = np.repeat(np.flatnonzero(parts.complete), 200)
    interest, unseen = parts.episodes.interest[rows], parts.episodes.unseen[rows]
    odds = PURCHASE_BASE + PURCHASE_SLOPE * interest + 0.5 * unseen
    for behavior in TREATMENTS:
        done = rng.random(len(rows)) < logistic(BASE[behavior] + SLOPE[behavior] * interest + 0.5 * unseen)
        odds = odds + (0.0 if behavior == CART else parts.settings.effect(behavior)) * done
    drawn = [(rng.random(len(rows)) < logistic(odds + effect)).mean() for effect in (parts.settings.effect(CART), 0.0)]
    told = true_effects(parts.settings, parts.episodes, parts.complete)[CART]["ate"]
    assert drawn[0] - drawn[1] == pytest.approx(told, abs=0.003)
