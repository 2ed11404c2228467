import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.dataset import from_lists, targets_at
from swayline.ledger import EffectRow, Figure, ledger
from swayline.training.behavior_weights import STRENGTHS, learn_weights, usable_effects, weights_at


def row(cause, estimate, half=0.01, identified="assumed"):
    return EffectRow(
        cause_kind="behavior", cause=cause, effect="purchase", channel="own", estimand="ate", unit="probability",
        figure=Figure(estimate, estimate - half, estimate + half), method="aipw", n=100, primary=True,
        evidence="adjusted", identified=identified,
    )  # fmt: skip


def test_only_effects_that_stand_count_and_are_shrunk():
    found = usable_effects(
        ledger(
            [row("cart", 0.04), row("share", 0.2, identified="no"), row("view", -0.05), row("like", 0.005, half=0.02)]
        )
    )
    assert 0.038 < found["cart"] < 0.04
    assert (found["share"], found["view"], found["like"]) == (0.0, 0.0, 0.0)


def test_no_effect_weighs_all_alike():
    assert weights_at({"cart": 0.0}, ["view", "cart"], 10.0) == (1.0, 1.0)


@pytest.fixture(scope="module")
def histories():
    """What is put in the cart says what is bought (the item after it); what is viewed says nothing."""
    rng = np.random.default_rng(0)
    items, acts = [], []
    for _ in range(300):
        wanted = int(rng.integers(0, 20))
        walk = [(int(rng.integers(0, 40)), 0) for _ in range(4)]
        walk.insert(int(rng.integers(0, 3)), (wanted, 1))
        walk.append((wanted + 20, 2))
        items.append([item for item, _ in walk])
        acts.append([act for _, act in walk])
    return from_lists(items, n_items=40, behaviors=acts, n_behaviors=3)


def learned(histories, *effects):
    last = histories.offsets[1:] - 1
    held = np.arange(150, 300)
    outcomes = targets_at(histories, last[held], held)
    settings = {"decay": 1.0, "distance_decay": 1.0, "backward": 0.0, "shrinkage": 0.0, "neighbours": 100}
    return learn_weights(
        ledger(effects), ["view", "cart", "purchase"], histories.take(np.arange(150)), outcomes, settings=settings
    )


def test_the_strength_is_chosen_where_the_behaviour_tells_the_outcome(histories):
    found = learned(histories, row("cart", 0.1))
    assert found.strength > 0
    assert found.weights[1] > found.weights[0] == 1.0
    assert found.quality[found.strength] > found.quality[0.0]
    assert set(found.quality) == set(STRENGTHS)


def test_weights_that_do_not_help_stay_at_one(histories):
    found = learned(histories, row("view", 0.1))
    assert found.weights == (1.0, 1.0, 1.0)
    assert found.strength == 0.0


def test_no_outcome_held_out_is_refused(histories):
    empty = targets_at(histories, np.zeros(0, np.int64), np.zeros(0, np.int64))
    with pytest.raises(UsageError, match="no outcome is held out"):
        learn_weights(ledger([row("cart", 0.1)]), ["view", "cart", "purchase"], histories, empty)
