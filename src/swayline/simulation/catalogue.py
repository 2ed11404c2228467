"""The items of a world: categories of topics, Zipf popularity, successors, prices, titles and descriptions.

Shapes: I items, C categories. Items of a category lie together in ``order``, the most popular first::

    start   0        3     5
    order   7  2  9  4  1  0 …      item row numbers
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from swayline.core.names import CATEGORY, DESCRIPTION, ITEM, PRICE, TITLE
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.simulation.settings import WorldSettings
from swayline.simulation.words import LINES, TOPICS

ITEMS_A_CATEGORY = 25
ZIPF_EXPONENT = 1.0
"""An item of rank r in its category is drawn with weight r ** -ZIPF_EXPONENT."""


@dataclass(frozen=True)
class Catalogue:
    """Items and how one leads to another.

    Parameters
    ----------
    category : (I,) int64
        Category of each item; category ``c`` belongs to topic ``c % n_topics``.
    order, start : (I,), (C + 1,) int64
        Items of category ``c``, the most popular first: ``order[start[c]:start[c + 1]]``.
    cumulative : (I,) float64
        Running popularity share within the category plus the category's number: one search draws from all.
    successor, complement : (I,) int64
        The item that tends to follow in the same category, and the one in another category.
    price : (I,) float64
    quality : (I,) float64
        What ratings tend to, 1 to 5.
    """

    category: Ints
    order: Ints
    start: Ints
    cumulative: Floats
    successor: Ints
    complement: Ints
    price: Floats
    quality: Floats
    n_topics: int

    @property
    def n_categories(self) -> int:
        """C."""
        return len(self.start) - 1

    def draw(self, category: Ints, uniform: Floats) -> Ints:
        """(n,) items drawn by popularity within (n,) categories from (n,) uniform numbers."""
        place = np.searchsorted(self.cumulative, category + uniform, side="right")
        drawn: Ints = self.order[np.minimum(place, self.start[category + 1] - 1)]
        return drawn


def catalogue(settings: WorldSettings) -> Catalogue:
    """Draw the items of a world."""
    rng = generator(settings.seed, "simulate", "catalogue")
    n = settings.items
    n_categories = int(np.clip(round(n / ITEMS_A_CATEGORY), 1, sum(len(topic.things) for topic in TOPICS)))
    weights = rng.gamma(3.0, size=n_categories)
    category = np.concatenate([
        np.arange(n_categories), rng.choice(n_categories, n - n_categories, p=weights / weights.sum())
    ])  # fmt: skip
    rng.shuffle(category)
    order = np.lexsort((rng.random(n), category)).astype(np.int64)
    start = np.searchsorted(category[order], np.arange(n_categories + 1)).astype(np.int64)
    base_price = rng.normal(3.3, 0.7, n_categories)
    successor, complement = _links(order, start, rng)
    return Catalogue(
        category.astype(np.int64), order, start, _cumulative(start), successor, complement,
        np.round(np.exp(base_price[category] + rng.normal(0, 0.4, n))) + 0.99,
        np.clip(rng.normal(3.9, 0.6, n), 1.0, 5.0), min(len(TOPICS), n_categories),
    )  # fmt: skip


def _cumulative(start: Ints) -> Floats:
    sizes = np.diff(start)
    rank = np.arange(start[-1]) - np.repeat(start[:-1], sizes) + 1.0
    running = np.cumsum(rank**-ZIPF_EXPONENT)
    before = np.concatenate([[0.0], running])[start]
    share = (running - np.repeat(before[:-1], sizes)) / np.repeat(np.diff(before), sizes)
    numbered: Floats = np.repeat(np.arange(len(sizes)), sizes) + share
    return numbered


def _links(order: Ints, start: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Each category is a ring in random order; each category has one that goes with it."""
    successor, complement = np.empty_like(order), np.empty_like(order)
    n_categories = len(start) - 1
    partner = np.roll(rng.permutation(n_categories), 1)
    for category in range(n_categories):
        mine = rng.permutation(order[start[category] : start[category + 1]])
        theirs = order[start[partner[category]] : start[partner[category] + 1]]
        successor[mine] = np.roll(mine, -1)
        complement[mine] = theirs[np.arange(len(mine)) % len(theirs)]
    return successor, complement


def category_names(catalogue: Catalogue) -> list[str]:
    """(C,) names such as ``home/desk lamp``."""
    topics = [TOPICS[c % catalogue.n_topics] for c in range(catalogue.n_categories)]
    return [f"{topic.name}/{topic.things[c // catalogue.n_topics].lower()}" for c, topic in enumerate(topics)]


def item_names(n: int) -> list[str]:
    """(I,) outside ids."""
    width = max(5, len(str(n)))
    return [f"i{row:0{width}d}" for row in range(1, n + 1)]


def phrases(catalogue: Catalogue) -> list[list[str]]:
    """What people type when they look for each category."""
    return [
        [f"{quality} {topic.things[c // catalogue.n_topics]}".lower() for quality in topic.qualities]
        for c, topic in ((c, TOPICS[c % catalogue.n_topics]) for c in range(catalogue.n_categories))
    ]


def items_table(catalogue: Catalogue, seed: int) -> pa.Table:
    """The side table of items: item, title, description, category, price."""
    rng = generator(seed, "simulate", "texts")
    n = len(catalogue.category)
    picks = rng.integers(0, 1 << 30, (n, 4))
    titles, descriptions = [], []
    for category, (quality, second, line, use) in zip(catalogue.category.tolist(), picks.tolist(), strict=True):
        topic = TOPICS[category % catalogue.n_topics]
        thing = topic.things[category // catalogue.n_topics]
        words = topic.qualities
        first = words[quality % len(words)]
        titles.append(f"{LINES[line % len(LINES)]} {first} {thing}")
        other = words[(quality + 1 + second % (len(words) - 1)) % len(words)]
        descriptions.append(
            f"{first} {thing.lower()} with {other.lower()} details, made for {topic.uses[use % len(topic.uses)]}."
        )
    names = category_names(catalogue)
    return pa.table({
        ITEM: item_names(n), TITLE: titles, DESCRIPTION: descriptions,
        CATEGORY: [names[category] for category in catalogue.category.tolist()], PRICE: catalogue.price,
    })  # fmt: skip
