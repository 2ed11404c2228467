from dataclasses import replace

import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.dataset import Dataset, Vocabulary, from_lists
from swayline.influence.attribution.edits import add_behavior, drop_behavior, edit_rows, swap_behavior
from swayline.models import create

VIEW, CART = 0, 1


@pytest.fixture(scope="module")
def histories():
    return from_lists(
        [[1, 2, 3], [2], [4, 4], []], n_items=6, behaviors=[[VIEW, CART, VIEW], [CART], [VIEW, CART], []], n_behaviors=2
    )


def acts(histories):
    return [
        list(zip(histories.items[histories.of(u)].tolist(), histories.behaviors[histories.of(u)].tolist(), strict=True))
        for u in range(len(histories))
    ]


def test_adding_puts_one_event_on_the_last_item_where_it_has_none(histories):
    edited, rows = add_behavior(histories, CART)
    assert rows.tolist() == [0]
    assert acts(edited) == [[(1, VIEW), (2, CART), (3, VIEW), (3, CART)]]


def test_removing_takes_all_events_and_leaves_nobody_empty(histories):
    edited, rows = drop_behavior(histories, CART)
    assert rows.tolist() == [0, 2]
    assert acts(edited) == [[(1, VIEW), (3, VIEW)], [(4, VIEW)]]


def test_edits_keep_what_is_known_of_people_and_when_they_are_asked(histories):
    known = replace(histories, profiles=np.arange(4)[:, None], asked_at=np.arange(4))
    for edited, rows in (add_behavior(known, CART), drop_behavior(known, CART), swap_behavior(known, CART, VIEW)):
        assert edited.profiles[:, 0].tolist() == edited.asked_at.tolist() == rows.tolist()


def test_replacing_keeps_items_and_order(histories):
    edited, rows = swap_behavior(histories, CART, VIEW)
    assert rows.tolist() == [0, 1, 2]
    assert acts(edited)[0] == [(1, VIEW), (2, VIEW), (3, VIEW)]


@pytest.fixture(scope="module")
def world():
    """A ring of 12 items; half of each walk is viewed, half put in the cart."""
    rng = np.random.default_rng(0)
    walks = [[(start + step) % 12 for step in range(8)] for start in rng.integers(0, 12, size=60)]
    behaviors = [rng.integers(0, 2, size=8).tolist() for _ in walks]
    sequences = from_lists(walks, n_items=12, behaviors=behaviors, n_behaviors=2)
    users, items = Vocabulary.of([f"u{k}" for k in range(60)]), Vocabulary.of([f"i{k}" for k in range(12)])
    return Dataset(users, items, Vocabulary.of(["view", "cart"]), sequences, ordered=True)


def by_key(table):
    return {(row["cause"], row["method"], row["estimand"]): row for row in table.to_pylist()}


def test_a_model_that_weighs_behaviours_answers_to_a_replacement_and_one_that_does_not_is_still(world):
    weighted = create("item-knn", behavior_weights=(1.0, 5.0)).fit(world.sequences)
    blind = create("item-knn").fit(world.sequences)
    rows = by_key(edit_rows(weighted, world, world.sequences, k=3))
    up = rows["view", "replaced by cart", "score_change"]
    assert up["ci_low"] > 0
    assert rows["cart", "replaced by view", "score_change"]["ci_high"] < 0
    assert up["reference"] == "cart"
    still = by_key(edit_rows(blind, world, world.sequences, k=3, edits=["replace"]))
    assert {row["estimate"] for row in still.values()} == {0.0}


def test_removing_and_adding_change_scores_ranks_and_lists(world):
    rows = by_key(edit_rows(create("item-knn").fit(world.sequences), world, world.sequences, k=3))
    for method in ("removal", "addition"):
        for estimand in ("score_change", "rank_change", "list_change"):
            row = rows["cart", method, estimand]
            assert row["effect_kind"] == "recommendation"
            assert row["ci_low"] <= row["estimate"] <= row["ci_high"]
    assert rows["cart", "removal", "score_change"]["ci_low"] > 0
    assert rows["cart", "removal", "list_change"]["ci_low"] > 0


def test_unknown_words_are_refused(world):
    model = create("item-knn").fit(world.sequences)
    with pytest.raises(UsageError, match="edit 'drop'"):
        edit_rows(model, world, world.sequences, edits=["drop"])
    with pytest.raises(UsageError, match="did you mean 'cart'"):
        edit_rows(model, world, world.sequences, behaviors=["cat"])


def test_weights_must_be_as_many_as_behaviours(world):
    with pytest.raises(Exception, match="behavior_weights has 1 numbers"):
        create("item-knn", behavior_weights=[2.0]).fit(world.sequences)


def test_weights_and_returns_survive_the_disk(world, tmp_path):
    model = create("item-knn", behavior_weights=[1.0, 4.0], returns=0.5).fit(world.sequences)
    model.save(tmp_path / "m")
    again = type(model).load(tmp_path / "m")
    np.testing.assert_allclose(model.score(world.sequences), again.score(world.sequences))
    assert again.settings.behavior_weights == (1.0, 4.0)


def test_values_go_with_kept_events_and_made_up_events_have_none():
    made = from_lists([[0, 1], [2]], 3, behaviors=[[0, 0], [1]], n_behaviors=2, values=[[4.0, 5.0], [3.0]])
    added, _ = add_behavior(made, 1)
    np.testing.assert_array_equal(added.values, [4.0, 5.0, np.nan])
    swapped, _ = swap_behavior(made, 1, 0)
    np.testing.assert_array_equal(swapped.values, [np.nan])
