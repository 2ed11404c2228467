"""Values are evidence: what is liked moves lists up, what is disliked down, and what values are is measured."""

from dataclasses import replace

import numpy as np
import pytest

from swayline.core.errors import ConfigError
from swayline.dataset import Sequences, from_lists, last_out
from swayline.metrics import ndcg, ranks
from swayline.models import create, told_of_values, values_line
from swayline.models.topk import mask_seen
from swayline.models.values import ValueReading, liked_answers, liking, value_kind, value_weights

READERS = ("item-knn", "user-knn", "ease", "implicit-als")


def two_tastes(n_users: int = 300, n_items: int = 60, length: int = 16, seed: int = 0) -> Sequences:
    """What is met says nothing: only the stars (5 for one's own half of the items, 1 for the other) tell tastes."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(n_items)[:length].tolist() for _ in range(n_users)]
    taste = rng.integers(2, size=n_users)
    stars = [[5.0 if item % 2 == own else 1.0 for item in row] for own, row in zip(taste, rows, strict=True)]
    return from_lists(rows, n_items, values=stars)


def liked_and_disliked(name: str, log: Sequences, truth: Sequences, **settings: object) -> tuple[float, float]:
    """Mean reciprocal rank share of held-out answers that were liked in truth, and of those that were not."""
    split, asked = last_out(log), last_out(truth).test
    assert asked.values is not None
    model = create(name, **settings).fit(split.train)
    scores = mask_seen(model.score(split.test.history), split.test.history)
    found = ndcg(*ranks(scores, asked.items), k=10)
    return float(found[asked.values > 3].mean()), float(found[asked.values < 3].mean())


@pytest.mark.parametrize("name", READERS)
def test_liked_items_stand_above_disliked_ones_that_are_met_as_often(name: str) -> None:
    log = two_tastes()
    liked, disliked = liked_and_disliked(name, log, log, value_weight=1.0)
    assert liked > 1.5 * disliked
    blind_liked, blind_disliked = liked_and_disliked(name, log, log, value_weight=0.0)
    assert abs(blind_liked - blind_disliked) < 0.05, "who met what says nothing in this world"


@pytest.mark.parametrize("name", READERS)
def test_inverted_stars_change_the_lists_and_find_what_is_disliked(name: str) -> None:
    log = two_tastes()
    inverted = replace(log, values=6.0 - log.values)  # type: ignore[operator]
    own = inverted.take(np.arange(20))
    ours, theirs = (
        create(name).fit(one).score(part) for one, part in ((log, log.take(np.arange(20))), (inverted, own))
    )
    # The tables are alike, for two dislikes go together as two likes do; what the person asks for is not.
    assert not np.array_equal(np.argsort(-ours, axis=1), np.argsort(-theirs, axis=1))
    model = create(name, value_weight=1.0).fit(last_out(log).train)
    asked = last_out(log).test
    history = replace(asked.history, values=6.0 - asked.history.values)  # type: ignore[operator]
    right, wrong = (
        ndcg(*ranks(mask_seen(model.score(one), one), asked.items), k=10)[asked.values > 3].mean()
        for one in (asked.history, history)
    )
    assert wrong < 0.7 * right


@pytest.mark.parametrize("name", READERS)
def test_a_star_far_below_the_usual_moves_the_neighbours_down(name: str) -> None:
    log = two_tastes()
    quick = {"factors": 4, "regularization": 10.0} if name == "implicit-als" else {}
    model = create(name, value_weight=1.0, **quick).fit(log)
    history = from_lists([[0, 2, 4, 1, 3]], 60, values=[[5.0, 5.0, 5.0, 1.0, 1.0]])
    scores = model.score(history)[0]
    assert scores[6::2].mean() > scores[7::2].mean()
    unrated = model.score(from_lists([[0, 2, 4, 1, 3]], 60))[0]
    assert scores[6::2].mean() - scores[7::2].mean() > unrated[6::2].mean() - unrated[7::2].mean()


@pytest.mark.parametrize("name", READERS)
def test_values_that_are_left_out_change_nothing(name: str) -> None:
    log = two_tastes(n_users=60)
    without = create(name).fit(replace(log, values=None)).score(replace(log, values=None))
    for settings in ({"values": "none"}, {"value_weight": 0.0}):
        np.testing.assert_array_equal(create(name, **settings).fit(log).score(log), without)
    same = replace(log, values=np.full(len(log.items), 3.0))
    np.testing.assert_array_equal(create(name).fit(same).score(same), without)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("tells", [True, False])
def test_validation_weighs_values_where_they_tell_and_not_where_they_are_noise(name: str, tells: bool) -> None:
    quick = {"factors": 16, "regularization": 1.0, "alpha": 5.0} if name == "implicit-als" else {}
    log = two_tastes()
    assert log.values is not None
    if not tells:
        log = replace(log, values=np.random.default_rng(3).permutation(log.values))
    split = last_out(log)
    assert split.valid.values is not None
    # People are asked for what they go on to like: half of all answers are disliked here, and to foresee those is no aim.
    valid = split.valid.take(np.flatnonzero(split.valid.values > 3))
    weight = create(name, **quick).fit(split.train, valid).chosen_.value_weight  # type: ignore[attr-defined]
    if tells:
        assert weight > 0
    else:
        plain, weighed = (create(name, **quick, value_weight=one).fit(split.train, valid) for one in (0.0, weight))
        found = [
            float(
                ndcg(*ranks(mask_seen(m.score(split.test.history), split.test.history), split.test.items), k=10).mean()
            )
            for m in (plain, weighed)
        ]
        assert found[1] > found[0] - 0.05, "noise that validation let in must not cost quality"


def test_the_kind_of_values_is_measured() -> None:
    rng = np.random.default_rng(0)
    items = rng.integers(50, size=5000)
    price = np.exp(rng.normal(3, 1, 50))[items] * np.exp(rng.normal(0, 0.05, 5000))
    assert value_kind(rng.choice([1.0, 2, 3, 4, 5], 5000, p=[0.06, 0.11, 0.27, 0.34, 0.22]), items) == "rating"
    assert value_kind(rng.choice(np.arange(1, 11) / 2, 5000), items + 1) in {"rating", "amount"}
    assert value_kind(rng.choice([0.0, 1.0], 5000, p=[0.9, 0.1]), items) == "rating"
    assert value_kind(rng.geometric(0.4, 5000).astype(float), items) == "amount"
    assert value_kind(rng.exponential(300, 5000), items) == "amount"
    assert value_kind(price, items) == "price"
    assert value_kind(np.full(5000, 7.0), items) == "none"
    assert value_kind(np.empty(0), np.empty(0, np.int64)) == "none"


def test_the_kind_can_be_said() -> None:
    log = from_lists([[0, 1, 2], [1, 2, 0]], 3, values=[[1.0, 1.0, 2.0], [1.0, 3.0, 1.0]])
    for kind in ("rating", "amount", "price"):
        reading = ValueReading.of(log, kind)  # type: ignore[arg-type]
        assert reading is not None
        assert reading.kinds == (kind,)
    assert ValueReading.of(log, "none") is None
    with pytest.raises(ConfigError, match="values"):
        create("item-knn", values="stars")


def test_amounts_are_confidence_and_never_a_dislike() -> None:
    log = from_lists([[0, 1, 2, 0]], 3, values=[[0.0, 10.0, 1e9, np.nan]])
    reading = ValueReading(("amount",), (10.0,), (1.0,))
    weights = value_weights(log, reading, 1.0)
    assert weights is not None
    np.testing.assert_allclose(weights, [0.0, 1.0, 4.0, 1.0])
    assert (value_weights(replace(log, values=-log.values), reading, 1.0) >= 0).all()  # type: ignore[operator]


def test_prices_are_read_against_what_the_person_usually_spends() -> None:
    reading = ValueReading(("price",), (10.0,), (1.0,))
    rich = from_lists([[0] * 20], 1, values=[[1000.0] * 19 + [10.0]])
    poor = from_lists([[0] * 20], 1, values=[[1.0] * 19 + [10.0]])
    assert liking(rich, reading)[-1] < liking(poor, reading)[-1]


def test_a_generous_and_a_strict_person_like_alike() -> None:
    reading = ValueReading(("rating",), (3.0,), (1.0,))
    generous = liking(from_lists([[0] * 40], 1, values=[[4.0, 5.0] * 20]), reading)
    strict = liking(from_lists([[0] * 40], 1, values=[[1.0, 2.0] * 20]), reading)
    assert generous[0] < 0 < generous[1]
    assert strict[0] < 0 < strict[1]


def test_an_answer_is_liked_above_the_persons_own_usual() -> None:
    log = from_lists([[0, 1, 2, 3], [0, 1, 2, 3]], 4, values=[[2.0, 1.0, 2.0, 3.0], [5.0, 5.0, 5.0, 3.0]])
    liked = liked_answers(last_out(log).test, ValueReading(("rating",), (3.0,), (1.0,)))
    assert liked.tolist() == [True, False]


def test_a_model_says_what_it_made_of_values() -> None:
    log = two_tastes(n_users=20)
    assert values_line("x", told_of_values(create("most-popular").fit(log), log, ["rate"])) == ["x ignores values"]
    told = told_of_values(create("ease").fit(log), log, ["rate"])
    assert told == {"read": True, "kinds": {"rate": "rating"}, "weight": 0.25, "features": None}
    assert told_of_values(create("ease").fit(log), replace(log, values=None), ["rate"]) is None
