"""Nothing that a scorer lists comes from the test: neither by the numbers of items nor by what is known of them."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import LeakageError
from swayline.dataset import build_dataset, check_leakage, last_out, split_by_name
from swayline.engine import DuckEngine
from swayline.evaluation import Answers, Items, check_numbers, rank_targets
from swayline.models import create

N_USERS, N_LATE = 400, 20


class Constant:
    """Scores everything alike."""

    name: ClassVar[str] = "constant"

    def fit(self, train, valid=None):
        return self

    def refit(self, train):
        return self

    def score(self, history):
        return np.zeros((len(history), history.n_items), np.float32)

    def save(self, folder: Path) -> None: ...

    @classmethod
    def load(cls, folder: Path): ...


@pytest.fixture(scope="module")
def sequences():
    """Everybody meets 6 of 2,000 items once each; then 20 items that nobody met before are all that anybody wants."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(N_USERS):
        early = [f"old{n}" for n in rng.choice(2000, 6, replace=False)]
        late = [f"new{n}" for n in rng.choice(N_LATE, 4, replace=False)]
        rows += [(f"u{user}", item, place * 1_000_000 + user) for place, item in enumerate(early + late)]
    user, item, time = zip(*rows, strict=True)
    events = pa.table({
        "row": range(1, len(rows) + 1), "user": user, "item": item, "behavior": ["view"] * len(rows),
        "time": pa.array(time, pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC")),
    })  # fmt: skip
    with DuckEngine() as engine:
        return build_dataset(engine, events).sequences


def by_frequency(sequences):
    """The same histories, items numbered by how often they occur in the whole log."""
    counts = np.bincount(sequences.items, minlength=sequences.n_items)
    number = np.empty(sequences.n_items, np.int64)
    number[np.argsort(-counts, kind="stable")] = np.arange(sequences.n_items)
    return replace(sequences, items=number[sequences.items].astype(np.int32))


def figures(sequences):
    split = split_by_name(sequences, "time", "0.6")
    answers = Answers.of(sequences, split.test)
    return rank_targets(Constant(), split.test, 10, True, items=Items.of(split.train), answers=answers)


def test_a_constant_scorer_lists_what_chance_lists(sequences):
    """10 of about 2,000 items: chance finds half a percent of what comes later; by frequency it found half of it."""
    chance = 10 / sequences.n_items
    assert np.nanmean(figures(sequences).values["later_recall@10"]) < chance + 0.02
    assert np.nanmean(figures(by_frequency(sequences)).values["later_recall@10"]) > 0.4


def test_numbers_by_frequency_are_seen_and_numbers_by_hash_pass(sequences):
    check_numbers(split_by_name(sequences, "time", "0.6"))
    check_numbers(last_out(sequences))
    with pytest.raises(LeakageError, match="item numbers tell what the test asks for"):
        check_numbers(split_by_name(by_frequency(sequences), "time", "0.6"))


def test_numbers_that_follow_training_alone_are_no_leak():
    """Popularity that the training part itself shows may order the items."""
    rng = np.random.default_rng(1)
    rows = [(f"u{user}", f"i{min(int(rng.pareto(1.0) * 5), 99)}", n) for user in range(200) for n in range(8)]
    user, item, time = zip(*rows, strict=True)
    events = pa.table({
        "row": range(1, len(rows) + 1), "user": user, "item": item, "behavior": ["view"] * len(rows),
        "time": pa.array(time, pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC")),
    })  # fmt: skip
    with DuckEngine() as engine:
        made = build_dataset(engine, events).sequences
    counts = np.bincount(last_out(made).train.items, minlength=made.n_items)
    number = np.empty(made.n_items, np.int64)
    number[np.argsort(-counts, kind="stable")] = np.arange(made.n_items)
    check_numbers(last_out(replace(made, items=number[made.items].astype(np.int32))))


@pytest.fixture(scope="module")
def categorised():
    """Each person keeps to one of two categories; half of the items are named by their last event alone."""
    rng = np.random.default_rng(2)
    rows = []
    for user in range(80):
        kind = user % 2
        for place, n in enumerate(rng.choice(40, 6, replace=False)):
            said = None if n % 2 and place < 5 else "ab"[kind]
            rows.append((f"u{user}", f"{'ab'[kind]}{n}", place, said))
    user, item, time, category = zip(*rows, strict=True)
    events = pa.table({
        "row": range(1, len(rows) + 1), "user": user, "item": item, "behavior": ["view"] * len(rows),
        "time": pa.array(time, pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC")), "category": category,
    })  # fmt: skip
    with DuckEngine() as engine:
        return build_dataset(engine, events).sequences


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_a_catalogue_read_from_the_test_is_seen(categorised, part):
    split = last_out(categorised)
    whole = categorised.catalogue
    if part == "train":
        cheating = replace(split, train=replace(split.train, catalogue=whole))
    else:
        targets = getattr(split, part)
        cheating = replace(split, **{part: replace(targets, history=replace(targets.history, catalogue=whole))})
    check_leakage(split)
    with pytest.raises(LeakageError, match="catalogue.*category"):
        check_leakage(cheating)


@pytest.mark.parametrize("name", ["content", "factorization-machine"])
def test_models_know_no_category_that_the_test_alone_says(categorised, name):
    """What a model learns does not move when the test names other categories."""
    said = categorised.catalogue.said
    asked = np.isin(said.events, last_out(categorised).test.events) & (said.categories >= 0)
    changed = replace(said, categories=np.where(asked, 1 - said.categories, said.categories))
    lied = replace(categorised, catalogue=replace(categorised.catalogue, said=changed))
    scores = []
    for one in (categorised, lied):
        split = last_out(one)
        model = create(name).fit(split.train, split.valid)
        scores.append(model.score(split.test.history))
    np.testing.assert_array_equal(*scores)
