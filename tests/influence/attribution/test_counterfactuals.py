from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import UsageError
from swayline.dataset import Catalogue, Dataset, Vocabulary, from_lists
from swayline.influence.attribution.counterfactuals import (
    added,
    moved,
    only_sets,
    partition,
    positions_of,
    replaced,
    without_sets,
)  # fmt: skip

HOUR = 3_600_000_000


@pytest.fixture
def histories():
    made = from_lists(
        [[0, 1, 2, 0], [], [3, 1]], 4, behaviors=[[0, 1, 0, 0], [], [1, 1]],
        times=[[HOUR, 2 * HOUR, 2 * HOUR + 1, 9 * HOUR], [], [HOUR, HOUR]], n_behaviors=2,
        values=[[1, 2, 3, 4], [], [5, 6]],
    )  # fmt: skip
    return replace(
        made,
        catalogue=Catalogue(pa.table({"category": ["a", "b", None, "a"]})),
        asked_at=np.full(3, 10 * HOUR),
    )


@pytest.fixture
def dataset(histories):
    return Dataset(
        Vocabulary.of("xyz"), Vocabulary.of(["i0", "i1", "i2", "i3"]), Vocabulary.of(["view", "cart"]), histories, False
    )


def items_of(histories):
    return [histories.items[histories.of(row)].tolist() for row in range(len(histories))]


@pytest.mark.parametrize(
    ("by", "left"),
    [
        ("event", [[1, 2, 0], [0, 2, 0], [0, 1, 0], [0, 1, 2], [1], [3]]),
        ("behavior", [[1], [0, 2, 0], []]),
        ("category", [[1, 2], [0, 2, 0], [1], [3]]),
        ("item", [[1, 2], [0, 2, 0], [0, 1, 0], [3], [1]]),
        ("session", [[1, 2, 0], [0, 0], [0, 1, 2], []]),
    ],
)
def test_every_group_is_left_out_once(dataset, histories, by, left):
    groups = partition(dataset, histories, by)
    owner, group = groups.pairs(histories)
    assert items_of(groups.without(histories, owner, group)) == left
    assert 1 not in owner


def test_sets_are_left_out_or_kept_alone_with_times_and_values(histories):
    owner, sets = np.array([2, 0, 0]), [np.array([4]), np.array([0, 3]), np.zeros(0, np.int64)]
    assert items_of(without_sets(histories, owner, sets)) == [[1], [1, 2], [0, 1, 2, 0]]
    alone = only_sets(histories, owner, sets)
    assert items_of(alone) == [[3], [0, 0], []]
    assert alone.values.tolist() == [5, 1, 4]
    assert alone.times.tolist() == [HOUR, HOUR, 9 * HOUR]
    assert positions_of(histories, np.array([2, 0])).tolist() == [4, 5, 0, 1, 2, 3]


def test_a_replaced_event_keeps_its_moment_and_loses_its_value(histories):
    edited = replaced(histories, np.array([1, 5]), np.array([3, 0]), np.array([0, 0]))
    assert items_of(edited) == [[0, 3, 2, 0], [3, 0]]
    assert edited.behaviors.tolist() == [0, 0, 0, 0, 1, 0]
    np.testing.assert_array_equal(edited.values, [1, np.nan, 3, 4, 5, np.nan])
    assert histories.items.tolist() == [0, 1, 2, 0, 3, 1]


def test_a_moved_event_stands_where_its_moment_is(histories):
    edited = moved(histories, np.array([0, 3]), np.array([2 * HOUR, HOUR // 2]))
    assert items_of(edited) == [[1, 0, 2, 0], [0, 0, 1, 2]]
    assert edited.times.tolist()[4:] == [HOUR // 2, HOUR, 2 * HOUR, 2 * HOUR + 1]
    assert edited.values.tolist()[:4] == [2, 1, 3, 4]
    with pytest.raises(UsageError, match="after the list is asked"):
        moved(histories, np.array([0]), np.array([11 * HOUR]))


def test_an_added_event_stands_last_when_the_list_is_asked(histories):
    edited = added(histories, np.array([1, 2]), np.array([2, 0]), np.array([1, 1]))
    assert items_of(edited) == [[2], [3, 1, 0]]
    assert edited.times.tolist() == [10 * HOUR, HOUR, HOUR, 10 * HOUR]
    assert np.isnan(edited.values[[0, 3]]).all()


def test_what_the_log_does_not_say_cannot_be_left_out(dataset, histories):
    with pytest.raises(UsageError, match="did you mean 'session'"):
        partition(dataset, histories, "sesion")
    ordered = from_lists([[0, 1]], 2)
    bare = replace(dataset, sequences=ordered)
    with pytest.raises(UsageError, match="no category"):
        partition(bare, ordered, "category")
    with pytest.raises(UsageError, match="no times"):
        partition(bare, ordered, "session")
    with pytest.raises(UsageError, match="no times"):
        moved(ordered, np.array([0]), np.array([5]))
