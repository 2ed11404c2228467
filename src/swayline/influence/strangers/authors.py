"""Acts on items as their author's reach: creators and celebrities, whom most do not know.

Each item's acts of others within the horizon after it first appears stand beside those of other authors' items of the
same category that appeared about then; the differences of one author's items are averaged and drawn towards none, the
more the fewer items there are and the less authors differ at all (empirical Bayes). Authors dealt anew among those
items say whether authors differ beyond chance.

Shapes: I items, A authors.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import IdentificationError, SchemaError
from swayline.core.names import ITEM
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.influence.contagion.reading import SocialLog

Floats = npt.NDArray[np.float64]
FEW_AUTHORS, FEW_ITEMS, DRAWS = 5, 20, 199
_ABOUT = 20
"""Items that appear one after the other and are compared."""


@dataclass(frozen=True)
class Authors:
    """Reach of authors, (A,).

    Attributes
    ----------
    name : authors
    reach, low, high : acts of others that one item brings beyond those of other authors' items, drawn towards none
    strangers : the same of people who do not follow the author
    items : items of each
    p_value : of authors who do not differ
    stranger_share : of the acts on items, those of people without a tie from the author
    """

    name: tuple[str, ...]
    reach: Floats
    low: Floats
    high: Floats
    strangers: Floats
    items: Ints
    p_value: float
    stranger_share: float


def authors_of(log: SocialLog, items: pa.Table | None, column: str, horizon_s: float, seed: int) -> Authors:
    """Reach of the authors that the items table names.

    Raises
    ------
    SchemaError
        There is no such column.
    IdentificationError
        Too few authors or items.
    """
    if items is None or column not in items.column_names:
        raise SchemaError(f"no items table has a column {column!r}: authors cannot be told")
    author, names = _authors(log, items, column)
    by_others, by_strangers, first = _acts(log, author, names, horizon_s)
    kept = np.flatnonzero((author >= 0) & np.isfinite(first) & (first + horizon_s <= log.end_s))
    n_authors = len(np.unique(author[kept]))
    if n_authors < FEW_AUTHORS or len(kept) < FEW_ITEMS:
        raise IdentificationError(
            f"{len(kept):,} items of {n_authors:,} authors appear early enough to be followed: at least "
            f"{FEW_ITEMS} of {FEW_AUTHORS} are needed"
        )
    who = np.unique(author[kept], return_inverse=True)
    bins = _bins(log.item_category()[kept], first[kept])
    above = _above(by_others[kept], who[1], bins)
    reach, low, high, between = _drawn(above, who[1])
    strangers = _drawn(_above(by_strangers[kept], who[1], bins), who[1])[0]
    rng, dealt = generator(seed, "strangers", "authors"), []
    base = np.argsort(bins, kind="stable")
    for _ in range(DRAWS):
        order = np.empty(len(kept), np.int64)
        order[base] = np.lexsort((rng.random(len(kept)), bins))
        mixed = who[1][order]
        dealt.append(_drawn(_above(by_others[kept], mixed, bins), mixed)[3])
    p = (1 + sum(one >= between - 1e-12 for one in dealt)) / (1 + DRAWS)
    share = float(by_strangers[kept].sum() / max(by_others[kept].sum(), 1.0))
    return Authors(
        tuple(names[one] for one in who[0]), reach, low, high, strangers, np.bincount(who[1]), float(p), share
    )


def _authors(log: SocialLog, items: pa.Table, column: str) -> tuple[Ints, list[str]]:
    """(I,) author of each item of the log, -1 where none is named."""
    text = items[column].cast(pa.string()).combine_chunks()
    names = pc.unique(text.drop_null())
    code = np.asarray(pc.fill_null(pc.index_in(text, value_set=names), -1).to_numpy(zero_copy_only=False), np.int64)
    at = pc.index_in(log.items, value_set=items[ITEM].cast(pa.string()).combine_chunks())
    rows = np.asarray(pc.fill_null(at, -1).to_numpy(zero_copy_only=False), np.int64)
    return np.where(rows >= 0, code[np.maximum(rows, 0)], -1), names.to_pylist()


def _acts(log: SocialLog, author: Ints, names: list[str], horizon_s: float) -> tuple[Floats, Floats, Floats]:
    """(I,) others, and strangers among them, who do the outcome within the horizon, and when each item appears."""
    known = log.item >= 0
    first = np.full(len(log.items), np.inf)
    np.minimum.at(first, log.item[known], log.time[known])
    rows = np.flatnonzero(known & (log.behavior == log.outcome))
    pair, at = np.unique(log.pair(log.person[rows], log.item[rows]), return_index=True)
    person, item = np.divmod(pair, len(log.items))
    soon = log.time[rows][at] <= first[item] + horizon_s
    as_user = pc.fill_null(pc.index_in(pa.array(names, pa.string()), value_set=log.users), -1)
    user = np.asarray(as_user.to_numpy(zero_copy_only=False), np.int64)
    writer = np.where(author >= 0, user[np.maximum(author, 0)], -1)[item]
    other = soon & (person != writer)
    followed = np.isin(writer * log.people + person, log.source * log.people + log.target) & (writer >= 0)
    n = len(log.items)
    every, strange = (np.bincount(item[some], minlength=n).astype(np.float64) for some in (other, other & ~followed))
    return every, strange, first


def _bins(category: Ints, first: Floats) -> Ints:
    """Items of one category that appear one after the other, about :data:`_ABOUT` at a time."""
    order = np.lexsort((first, category))
    start = np.concatenate([[True], np.diff(category[order]) != 0])
    run = np.cumsum(start) - 1
    place = np.arange(len(order)) - np.flatnonzero(start)[run]
    bins = np.empty(len(order), np.int64)
    bins[order] = run * (len(order) + 1) + place // _ABOUT
    return np.asarray(np.unique(bins, return_inverse=True)[1], np.int64)


def _above(acts: Floats, author: Ints, bins: Ints) -> Floats:
    """Acts less the mean of other authors' items of the bin; NaN where there is none."""
    key = np.unique(bins * (author.max(initial=0) + 1) + author, return_inverse=True)[1]
    total, count = np.bincount(bins, acts)[bins], np.bincount(bins)[bins]
    own, mine = np.bincount(key, acts)[key], np.bincount(key)[key]
    others = count - mine
    return np.where(others > 0, acts - (total - own) / np.maximum(others, 1), np.nan)


def _drawn(above: Floats, author: Ints) -> tuple[Floats, Floats, Floats, float]:
    """(A,) means drawn towards none with 95% intervals, and the variance between authors."""
    n_authors, known = int(author.max(initial=0)) + 1, np.isfinite(above)
    who, values = author[known], above[known]
    n = np.bincount(who, minlength=n_authors)
    mean = np.bincount(who, values, n_authors) / np.maximum(n, 1)
    within = float(((values - mean[who]) ** 2).sum() / max(len(values) - int((n > 0).sum()), 1))
    some = n > 0
    se2 = np.where(some, max(within, 1e-12) / np.maximum(n, 1), np.inf)
    weight = 1.0 / se2[some]
    q = float((weight * mean[some] ** 2).sum())
    scale = weight.sum()
    between = max((q - int(some.sum())) / scale, 0.0)
    trust = between / (between + se2)
    half = 1.96 * np.sqrt(trust * np.where(some, se2, between))
    half = np.where(some, half, 1.96 * np.sqrt(between))
    return trust * mean, trust * mean - half, trust * mean + half, between
