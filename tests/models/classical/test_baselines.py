import numpy as np
import pytest

from swayline.core.errors import ConfigError
from swayline.dataset import from_lists, last_out, targets_at
from swayline.models import create
from swayline.models.tuning import unseen_last


def test_recent_events_count_by_half_lives() -> None:
    hour = 3_600_000_000
    log = from_lists([[0, 1, 2]], 4, times=[[0, 5 * hour, 10 * hour]])
    scores = create("recent-popular", half_life=0.5).fit(log).score(log)
    np.testing.assert_allclose(scores[0], [0.25, 0.5, 1.0, 0.0])


def test_an_ordered_log_is_aged_by_its_order() -> None:
    log = from_lists([[0, 1], [2]], 3)
    np.testing.assert_allclose(create("recent-popular", half_life=0.5).fit(log).score(log)[0], [0.25, 0.5, 1.0])


def test_the_half_life_is_short_where_tastes_change_and_long_where_they_do_not() -> None:
    rng = np.random.default_rng(0)
    moving = from_lists(((np.arange(2000) // 100) % 20)[:, None].tolist(), 20)
    asked = targets_at(moving, np.arange(1950, 2000), np.arange(1950, 2000))
    train = moving.keep(np.arange(2000) < 1950)
    assert create("recent-popular").fit(train, asked).half_life_ <= 0.05
    still = from_lists(rng.choice(20, p=np.arange(20, 0, -1) / 210, size=(2000, 1)).tolist(), 20)
    asked = targets_at(still, np.arange(1000, 2000), np.arange(1000, 2000))
    assert create("recent-popular").fit(still, asked).half_life_ >= 0.25


def test_item_knn_matches_the_formula_by_hand() -> None:
    log = from_lists([[0, 1], [0, 1], [0, 2]], 3)
    model = create("item-knn", neighbours=2, shrinkage=1.0, decay=0.5, distance_decay=1.0, backward=1.0).fit(log)
    near, far = 2 / (np.sqrt(3 * 2) + 1), 1 / (np.sqrt(3 * 1) + 1)
    scores = model.score(from_lists([[1], [0], [1, 0]], 3))
    np.testing.assert_allclose(scores, [[near, 0, 0], [0, near, far], [0.5 * near, near, far]], rtol=1e-6)


def test_item_knn_forgets_what_comes_before_when_told() -> None:
    log = from_lists([[0, 1], [0, 1]], 2)
    model = create("item-knn", neighbours=2, shrinkage=0.0, decay=1.0, distance_decay=1.0, backward=0.0).fit(log)
    assert model.score(from_lists([[0]], 2))[0, 1] > 0
    assert model.score(from_lists([[1]], 2))[0, 0] == 0


def test_item_knn_keeps_only_its_nearest_neighbours() -> None:
    log = from_lists([[0, 1], [0, 1], [0, 2]], 3)
    model = create("item-knn", neighbours=1, shrinkage=0.0, decay=1.0, distance_decay=1.0, backward=1.0).fit(log)
    assert (model.score(from_lists([[0]], 3))[0] > 0).tolist() == [False, True, False]


def test_item_knn_chooses_better_than_its_middle_of_the_road() -> None:
    rng = np.random.default_rng(1)
    walks = (rng.integers(200, size=(400, 1)) + np.arange(12)) % 200
    walks[rng.random(walks.shape) < 0.4] = rng.integers(20)
    split = last_out(from_lists(walks.tolist(), 200))
    chosen = create("item-knn").fit(split.train, split.valid)
    fixed = create("item-knn").fit(split.train)

    def place(model) -> float:
        scores = model.score(split.valid.history)
        own = scores[np.arange(400), split.valid.items][:, None]
        return float(((scores > own).sum(1) < 10).mean())

    assert place(chosen) >= place(fixed)
    assert chosen.chosen_ != fixed.chosen_


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("item-knn", {"neighbours": 0}),
        ("item-knn", {"neighbours": 2.5}),
        ("item-knn", {"neighbours": True}),
        ("item-knn", {"decay": 1.5}),
        ("item-knn", {"shrinkage": float("nan")}),
        ("recent-popular", {"half_life": 0.0}),
        ("recent-popular", {"half_life": "1d"}),
        ("transformer", {"embedding_dim": 10, "n_heads": 3}),
        ("transformer", {"block": "resnet"}),
        ("transformer", {"dropout": 1.0}),
        ("transformer", {"max_epochs": 0}),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name: str, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=list(settings)[-1]):
        create(name, **settings)


def test_choices_are_made_on_tables_that_have_not_counted_the_last_event_of_a_history() -> None:
    """Items met by one person alone: their own counts would answer a memory of one event, and never again."""
    split = last_out(from_lists([[0, 1, 0, 2, 1, 0], [3, 4, 5, 3], [6]], 7))
    seen = unseen_last(split.train, split.valid)
    assert [seen.items[seen.of(user)].tolist() for user in range(3)] == [[0, 1, 0], [3], [6]]
    final = create("item-knn").fit(split.train, split.valid)
    again = create("item-knn", **vars(final.chosen_)).fit(split.train)
    assert (final.similarity_ != again.similarity_).nnz == 0, "the model itself counts everything"
