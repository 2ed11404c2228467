"""Ids with titles: items nobody met are found by their titles, titles that say nothing count for nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import ArtifactError, SchemaError
from swayline.dataset import Catalogue, Sequences, from_lists, last_out
from swayline.events import EventLog
from swayline.metrics import ndcg, ranks
from swayline.models import Transformer, TransformerSettings, create, load_model, mask_seen
from swayline.models.text.language import Language, LanguageSettings
from swayline.models.text.text_sequence import TextSequence, TextSequenceSettings

WARES = ["nail polish", "desk lamp", "garden hose", "running shoe", "coffee grinder", "wool scarf", "guitar", "tea pot"]
COLORS = ["red", "blue", "green", "black", "white"]
N = len(WARES) * len(COLORS)
QUICK = {
    "embedding_dim": 32,
    "max_epochs": 6,
    "learning_rate": 3e-3,
    "batch_tokens": 512,
    "dropout": 0.1,
    "text_epochs": 3,
}


def world(titled: bool = True, n_users: int = 250, seed: int = 0) -> Sequences:
    """People who stay with one ware and change its colour; titles name both, or, untitled, are shuffled names."""
    rng = np.random.default_rng(seed)
    ware = rng.integers(len(WARES), size=n_users)
    rows = [(one * len(COLORS) + rng.permutation(len(COLORS))).tolist() for one in ware]
    titles = np.array([f"{color} {one}" for one in WARES for color in COLORS])
    catalogue = Catalogue(pa.table({"title": titles if titled else rng.permutation(titles)}))
    return replace(from_lists(rows, N), catalogue=catalogue)


def hit(model: object, questions: object, chosen: np.ndarray) -> float:
    """Mean NDCG@10 over chosen questions."""
    scores = mask_seen(model.score(questions.history), questions.history)
    return float(ndcg(*ranks(scores, questions.items), k=10)[chosen].mean())


@pytest.fixture(scope="module")
def cold() -> tuple[np.ndarray, Sequences, object, Language]:
    """One colour of each ware is hidden from training."""
    split = last_out(world())
    hidden = np.arange(N) % len(COLORS) == 2
    train = split.train.keep(~hidden[split.train.items])
    return hidden, train, split, Language(LanguageSettings(**QUICK)).fit(train, split.valid)


def test_items_nobody_met_are_found_by_their_titles(cold: tuple) -> None:
    hidden, _, split, model = cold
    asked = hidden[split.test.items]
    assert asked.sum() > 20
    alone = hit(model.sequence_, split.test, asked)
    assert hit(model, split.test, asked) > max(0.4, 5 * alone)


def test_items_that_were_met_are_not_worse_off(cold: tuple) -> None:
    hidden, _, split, model = cold
    warm = ~hidden[split.test.items]
    assert hit(model, split.test, warm) > hit(model.sequence_, split.test, warm) - 0.05


def test_titles_that_say_nothing_do_no_harm() -> None:
    split = last_out(world(titled=False))
    model = Language(LanguageSettings(**QUICK)).fit(split.train, split.valid)
    every = np.ones(len(split.test), bool)
    assert hit(model, split.test, every) > hit(model.sequence_, split.test, every) - 0.02
    lost = hit(create("text-sequence", max_epochs=1).fit(split.train), split.test, every)
    told = hit(create("text-sequence", max_epochs=1).fit(last_out(world()).train), split.test, every)
    assert told > lost + 0.2


def test_weights_that_are_said_are_not_chosen(cold: tuple) -> None:
    _, train, split, model = cold
    fixed = Language(LanguageSettings(learned=0.0, likeness=0.0, unmet=0.0))
    fixed.join(model.sequence_, model.text_, train, split.valid)
    plain = model.sequence_.score(split.test.history)
    met = model.met_
    np.testing.assert_array_equal(fixed.score(split.test.history)[:, met], plain[:, met])


def test_the_text_model_carries_over_to_a_catalogue_never_seen(cold: tuple, tmp_path: Path) -> None:
    *_, model = cold
    titles = [f"{color} {ware}" for ware in ("winter coat", "fishing rod", "chess board") for color in COLORS]
    there = model.text_.for_catalogue(Catalogue(pa.table({"title": titles})))
    history = from_lists([[0, 1], [5], [13]], len(titles))
    found = there.score(history)
    there.save(tmp_path)
    np.testing.assert_array_equal(TextSequence.load(tmp_path).score(history), found)
    found[[0, 0, 1, 2], [0, 1, 5, 13]] = -np.inf
    assert (found.argmax(1) // len(COLORS)).tolist() == [0, 1, 2]


def test_another_encoder_cannot_stand_in_for_the_one_trained_with(cold: tuple, tmp_path: Path) -> None:
    from swayline.encoders import PretrainSettings, pretrain

    *_, model = cold
    few = PretrainSettings(dim=16, n_layers=1, n_heads=1, vocabulary=100, epochs=1, batch_size=8)
    pretrain([f"{color} {ware}" for ware in WARES for color in COLORS], tmp_path, fresh=True, settings=few)
    stranger = TextSequence(TextSequenceSettings(text_model=str(tmp_path)))
    stranger.space_ = model.text_.space_
    with pytest.raises(ArtifactError, match="not the one this model was trained with"):
        stranger.for_catalogue(Catalogue(pa.table({"title": ["winter coat", "fishing rod"]})))


def test_parts_of_different_catalogues_are_refused(cold: tuple, tmp_path: Path) -> None:
    *_, model = cold
    model.save(tmp_path / "m")
    assert isinstance(load_model(tmp_path / "m"), Language)
    other = Transformer(TransformerSettings(embedding_dim=16, max_epochs=1)).fit(from_lists([[0, 1]], 3))
    other.save(tmp_path / "m" / "sequence")
    with pytest.raises(ArtifactError, match="different catalogues"):
        load_model(tmp_path / "m")


def test_without_titles_it_says_what_to_give() -> None:
    with pytest.raises(SchemaError, match="--items"):
        Language(LanguageSettings(**QUICK)).fit(from_lists([[0, 1], [1, 0]], 2))


def test_items_of_the_items_table_that_no_event_names_are_recommended() -> None:
    histories = world(n_users=60)
    rows = [
        (f"u{user}", f"i{item}") for user, item in zip(histories.users, histories.items, strict=True) if item % 5 != 2
    ]
    users, items = zip(*rows, strict=True)
    events = pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": users, "item": items,
        "behavior": ["view"] * len(rows),
        "time": pa.array([10**15 + n * 10**6 for n in range(len(rows))], pa.timestamp("us", tz="UTC")),
    })  # fmt: skip
    titles = histories.catalogue.table["title"]
    log = EventLog(events, items=pa.table({"item": [f"i{n}" for n in range(N)], "title": titles}))
    model = sw.SequenceRecommender("text-sequence", max_epochs=1).fit(log)
    found = model.recommend(["u0"], k=3)["item"].to_pylist()
    own = int(rows[0][1][1:]) // len(COLORS)
    assert f"i{own * len(COLORS) + 2}" in found
    assert sw.SequenceRecommender("item-knn").fit(log).fitted_.dataset.sequences.n_items == 32
