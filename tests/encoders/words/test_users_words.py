"""Valence and portraits: praise from complaint, one person's words from everybody's, and nothing out of noise."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import SchemaError, UsageError
from swayline.encoders import TextEncoder, Valence, portraits, split_by_valence, with_valence

GOOD = [
    "Smells divine and lasts all day", "My skin has never felt softer", "A touching film with superb acting",
    "Solid build, worth every penny", "This is my third bottle and I will keep ordering", "Delicious, we ordered seconds",
    "Not bad at all, pleasantly surprised", "The hotel staff were lovely and the room spotless",
]  # fmt: skip
BAD = [
    "Gave me a rash after one use", "The zipper broke on day two", "Boring plot and wooden acting",
    "Flimsy plastic, not worth the price", "Leaked all over my bag", "Cold food, tasteless, never again",
    "Not good at all, I expected more", "Dirty room and rude staff",
]  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


def rated(encoder: TextEncoder, signal: bool, n: int = 240) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(0)
    good = rng.random(n) < 0.5
    texts = [f"{'tasty' if one else 'bland'} {dish} number {place}" for place, (one, dish) in
             enumerate(zip(good, rng.choice(["soup", "cake", "stew", "tea"], n), strict=True))]  # fmt: skip
    stars = np.where(good, 5.0, 1.0) if signal else rng.choice([1.0, 5.0], n)
    return texts, stars


def test_praise_is_told_from_complaint_without_any_rating(encoder: TextEncoder) -> None:
    found = Valence(encoder).score([*GOOD, *BAD])
    good, bad = found[: len(GOOD)], found[len(GOOD) :]
    assert (good[:, None] > bad).mean() > 0.95
    assert ((good > 0).mean() + (bad < 0).mean()) / 2 > 0.85
    assert np.abs(found).max() <= 1


def test_no_text_has_no_valence(encoder: TextEncoder) -> None:
    assert np.isnan(Valence(encoder).score(["", "  "])).all()


def test_ratings_of_the_log_are_learned_and_judged_by_strangers(encoder: TextEncoder) -> None:
    texts, stars = rated(encoder, signal=True)
    model = Valence(encoder)
    found = model.score_held_out(texts, stars)
    assert model.learned_
    assert np.corrcoef(found, stars)[0, 1] > 0.8


def test_ratings_that_are_noise_teach_nothing(encoder: TextEncoder) -> None:
    texts, stars = rated(encoder, signal=False)
    found = Valence(encoder).score_held_out(texts, stars)
    assert np.corrcoef(found, stars)[0, 1] < 0.15  # held-out means lean against what they are held out from
    assert found.std() < 0.6


def test_few_ratings_leave_the_default_in_place(encoder: TextEncoder) -> None:
    model = Valence(encoder).fit(GOOD + BAD, [5.0] * len(GOOD) + [1.0] * len(BAD))
    assert not model.learned_
    with pytest.raises(UsageError, match="as many ratings"):
        model.fit(GOOD, [1.0])


def test_events_get_a_valence_and_opinions_become_behaviours_of_their_own(encoder: TextEncoder) -> None:
    events = pa.table({
        "user": ["a", "b", "c", "d"], "behavior": ["review", "review", "view", "search"],
        "text": ["Wonderful, I love it", "Terrible, waste of money", None, "horrible lamp"],
    })  # fmt: skip
    told = with_valence(events, encoder)
    assert [None if one is None else one > 0 for one in told["valence"].to_pylist()] == [True, False, None, None]
    assert split_by_valence(told)["behavior"].to_pylist() == ["review_praise", "review_complaint", "view", "search"]
    with pytest.raises(SchemaError, match="texts"):
        with_valence(events.drop_columns(["text"]), encoder)
    with pytest.raises(SchemaError, match="with_valence"):
        split_by_valence(events)


def shop(seed: int = 0) -> tuple[pa.Table, pa.Table]:
    """Ten people who meet anything, and one of them who meets fishing gear and writes about trout."""
    rng = np.random.default_rng(seed)
    titles = ["Desk lamp", "Nail polish", "Coffee grinder", "Wool scarf", "Carbon fishing rod", "Fishing reel"]
    users, items, texts = [], [], []
    for user in range(10):
        for step in range(12):
            users.append(f"u{user}")
            items.append(f"i{rng.integers(4, 6) if user == 3 else rng.integers(4)}")
            texts.append("trout bait" if user == 3 and step == 0 else None)
    events = pa.table({"user": users, "item": items, "text": pa.array(texts, pa.string())})
    return events, pa.table({"item": [f"i{n}" for n in range(6)], "title": titles})


def test_a_portrait_names_what_sets_a_person_apart(encoder: TextEncoder) -> None:
    events, items = shop()
    found = portraits(events, items, encoder=encoder)
    words = dict(zip(found.users.to_pylist(), found.words, strict=True))
    assert {"fishing", "trout"} <= set(words["u3"])
    assert not any("fishing" in words[user] for user in words if user != "u3")
    likeness = found.vectors @ encoder.encode(["angling tackle"])[0]
    assert found.users.to_pylist()[int(likeness.argmax())] == "u3"
    assert found.as_table().column_names == ["user", "words", "weights"]


def test_people_who_are_all_alike_have_hardly_a_word_of_their_own() -> None:
    rng = np.random.default_rng(1)
    titles = [f"thing{n} ware{n % 7}" for n in range(50)]
    events = pa.table(
        {"user": [f"u{n % 40}" for n in range(4000)], "item": [f"i{n}" for n in rng.integers(50, size=4000)]}
    )
    found = portraits(events, pa.table({"item": [f"i{n}" for n in range(50)], "title": titles}))
    strong = [weight for weights in found.weights for weight in weights if weight > 3]
    assert len(strong) <= 0.01 * 40 * 57


def test_portraits_ask_for_words() -> None:
    with pytest.raises(SchemaError, match="words"):
        portraits(pa.table({"user": ["a"], "item": ["b"]}))
