from itertools import combinations

import numpy as np
import pytest

from swayline.dataset import from_lists
from swayline.influence.attribution.minimal import minimal_set, to_be_shown
from swayline.models import create, mask_seen


class Additive:
    """Score of item i = sum over the history of affinity[event item, i]."""

    name = "additive"

    def __init__(self, affinity):
        self.affinity = np.array(affinity, np.float32)

    def score(self, history):
        out = np.zeros((len(history), history.n_items), np.float32)
        np.add.at(out, history.users, self.affinity[history.items])
        return out


@pytest.fixture
def planted():
    """Items 0 and 1 lift item 4 by 3 each, item 2 lifts item 5 by 4, item 3 nothing."""
    affinity = np.zeros((6, 6))
    affinity[0, 4] = affinity[1, 4] = 3.0
    affinity[2, 5] = 4.0
    return Additive(affinity), from_lists([[3, 0, 2, 1], [3, 0, 1], [3]], 6)


def test_one_event_is_enough_where_a_rival_is_near(planted):
    model, histories = planted
    found = minimal_set(model, histories, 0, item=4)
    assert len(found.position) == 1
    assert found.position[0] in (1, 3)
    assert (found.instead, found.rank) == (5, 2)


def test_ties_stand_in_the_order_of_item_numbers_as_in_lists(planted):
    model, histories = planted
    found = minimal_set(model, histories, 1, item=4)  # without both, every score is 0
    assert (found.position.tolist(), found.instead) == ([1, 2], 2)


def test_an_item_that_stands_lower_or_has_no_history_has_no_set(planted):
    model, histories = planted
    assert minimal_set(model, histories, 0, item=5) is None
    assert minimal_set(model, from_lists([[]], 6), 0, item=5) is None


def brute(model, histories, row, item, most):
    """The size of the smallest of all sets."""
    alone = histories.take(np.array([row]))
    n = int(alone.lengths[0])
    for size in range(1, most + 1):
        for some in combinations(range(n), size):
            scores = mask_seen(model.score(alone.keep(~np.isin(np.arange(n), some))), alone)[0]
            if scores.max() > scores[item]:
                return size
    return None


@pytest.mark.parametrize("name", ["item-knn", "markov-chain", "user-knn"])
def test_sets_are_exact_cannot_lose_an_event_and_are_rarely_larger_than_the_smallest(name):
    rng = np.random.default_rng(0)
    lists = [rng.choice(30, size=8, replace=False, p=None).tolist() for _ in range(80)]
    histories = from_lists(lists, 30)
    model = create(name).fit(histories)
    first = mask_seen(model.score(histories), histories).argmax(axis=1)
    larger = 0
    for row in range(20):
        found, fewest = minimal_set(model, histories, row, int(first[row])), brute(model, histories, row, first[row], 5)
        assert (found is None) <= (fewest is None)
        if found is None:
            continue
        alone = histories.take(np.array([row]))

        def shown_first(out, alone=alone):
            return int(mask_seen(model.score(alone.keep(~np.isin(np.arange(8), out))), alone)[0].argmax())

        assert shown_first(found.position) == found.instead != first[row]
        for one in found.position:
            assert shown_first(np.setdiff1d(found.position, [one])) == first[row]
        larger += len(found.position) > fewest
    assert larger <= 2


def test_what_to_do_to_be_shown_an_item_brings_it_in_and_no_more_than_needed(planted):
    model, histories = planted
    found = to_be_shown(model, histories, 2, item=5, pool=np.arange(6), k=1)
    assert (found.items.tolist(), found.rank) == ([2], 1)
    assert to_be_shown(model, histories, 0, item=4, pool=np.arange(6), k=1).items.tolist() == []
    assert to_be_shown(model, histories, 2, item=1, pool=np.array([3]), k=1, most=2) is None
