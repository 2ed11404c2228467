import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.dataset import from_lists
from swayline.evaluation import folds
from swayline.evaluation.protocols import later_items, positions

DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def log():
    """60 users who act on each of 40 days with probability a half."""
    rng = np.random.default_rng(0)
    days = [np.flatnonzero(rng.random(40) < 0.5) for _ in range(60)]
    items = [rng.integers(0, 20, len(one)) for one in days]
    times = [one * DAY_US + rng.integers(0, DAY_US, len(one)) for one in days]
    return from_lists(items, n_items=20, times=times)


def test_rolling_origins_ask_each_part_once_and_learn_from_what_came_before(log):
    found = list(folds(log, "rolling", cut="0.6", n_folds=4))
    assert len(found) == 4
    asked = np.concatenate([fold.split.test.events for fold in found])
    assert len(np.unique(asked)) == len(asked)
    for fold, following in zip(found, [*found[1:], None], strict=True):
        test, train = fold.split.test, fold.split.train
        assert train.times.max() < fold.split.cut_us <= test.times.min()
        assert test.times.max() < fold.until_us
        if following is not None:
            assert fold.until_us <= following.split.test.times.min()
            assert len(following.split.train.items) > len(train.items)
    assert all(len(fold.split.test) > 40 for fold in found)


def test_rolling_starts_where_it_is_told(log):
    first = next(iter(folds(log, "rolling", cut="1970-01-21", n_folds=2)))
    assert first.split.test.times.min() >= 20 * DAY_US
    assert first.name.startswith("1970-01-21")


def test_k_fold_asks_every_user_once_of_a_model_that_never_saw_them(log):
    found = list(folds(log, "k-fold", n_folds=5, seed=3))
    assert sorted(np.concatenate([fold.split.test.users for fold in found])) == list(range(60))
    for fold in found:
        split = fold.split
        assert not np.isin(split.test.users, split.train.users).any()
        assert not np.isin(split.valid.users, split.test.users).any()
        assert len(split.valid) == 4
        assert split.test.events.tolist() == log.events[log.offsets[split.test.users + 1] - 1].tolist()
    again = list(folds(log, "k-fold", n_folds=5, seed=3))
    assert [one.split.test.users.tolist() for one in again] == [one.split.test.users.tolist() for one in found]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"protocol": "rollin"}, "did you mean 'rolling'"),
        ({"protocol": "rolling", "n_folds": 1}, "from 2 to 50"),
        ({"protocol": "k-fold", "cut": "0.5"}, "--cut belongs"),
        ({"protocol": "k-fold", "n_folds": 50}, None),
        ({"protocol": "last-out", "cut": "0.5"}, "--cut belongs"),
        ({"protocol": "rolling", "cut": "2030-01-01"}, "earlier --cut"),
    ],
)
def test_protocols_that_cannot_be_made_are_refused(log, said, message):
    if message is None:
        assert len(list(folds(log, **said))) == 50
        return
    with pytest.raises(UsageError, match=message):
        list(folds(log, **said))


def test_ordered_logs_have_no_rolling_origin_and_few_users_no_folds():
    ordered = from_lists([[0, 1, 2]] * 4, n_items=3)
    with pytest.raises(UsageError, match="needs times"):
        list(folds(ordered, "rolling"))
    with pytest.raises(UsageError, match="too few for 5 folds"):
        list(folds(ordered, "k-fold", n_folds=5))


def test_later_items_are_those_from_the_answer_on_until_the_fold_ends(log):
    fold = next(iter(folds(log, "rolling", n_folds=3)))
    test = fold.split.test
    offsets, items = later_items(log, test, fold.until_us)
    for row, user in enumerate(test.users):
        own = log.of(int(user))
        within = (log.times[own] >= test.times[row]) & (log.times[own] < fold.until_us)
        assert items[offsets[row] : offsets[row + 1]].tolist() == log.items[own][within].tolist()
    assert log.events[positions(log, test)].tolist() == test.events.tolist()
