"""Segments: people of alike habits, with a name that says in what they differ.

The number of segments is the largest that is found again when people are drawn anew
(:mod:`~swayline.features.profiles.clusters`); where none is, everybody is one segment, and that is said.

Shapes: O people, P features, K segments.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.rng import generator
from swayline.core.words import noun
from swayline.features.preparing import FeaturePreparer
from swayline.features.profiles.clusters import Stability, find_groups
from swayline.features.profiles.rhythm import PARTS, Rhythm

EVERYBODY = "everybody"
_PULL = 5.0
"""Acts' worth by which shares are pulled towards everybody's."""
_MOST_SHARES = 4
_TELLING = 0.4
"""Standard deviations from which a segment's mean is worth a word."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PHRASES = {
    "activity": ("few acts", "very active"),
    "intensity": ("short visits", "long visits"),
    "presence": ("comes now and then", "comes day after day"),
    "months": ("comes now and then", "comes month after month"),
    "silence": ("here lately", "away lately"),
    "variety": ("more often the same items", "more often something new"),
    "breadth": ("keeps to few categories", "roams over categories"),
    "weekend": ("on workdays", "at weekends"),
    **{part: ("", f"in the {part}" if part != "night" else "at night") for part in PARTS},
}
"""Feature → words for a low and for a high mean."""


@dataclass(frozen=True)
class Segments:
    """Who belongs where.

    Parameters
    ----------
    of : (O,) int64
        Segment of each person, the largest first.
    names : tuple of str
        (K,) what tells each from the rest.
    sizes : (K,) int64
        People.
    centers : (K, P) float64
        Means of the features, in standard deviations from everybody's.
    features : tuple of str
        (P,) names of the features.
    tried : tuple of Stability
        Every number of segments that was looked at.
    """

    of: Ints
    names: tuple[str, ...]
    sizes: Ints
    centers: Floats
    features: tuple[str, ...]
    tried: tuple[Stability, ...]


def habits_table(totals: pa.Table, behaviors: Sequence[str], clock: Rhythm | None, silent: Ints | None) -> pa.Table:
    """(O, P) what segments are told apart by: how much, how often, what, how varied, when."""
    events = totals["events"].to_numpy().astype(np.float64)
    columns: dict[str, Floats] = {"activity": np.log(events)}
    days = totals["days"].to_numpy().astype(np.float64)
    if silent is not None and clock is not None:
        span = totals["last_day"].to_numpy() - totals["first_day"].to_numpy() + 1
        columns["intensity"] = np.log(events / np.maximum(days, 1))
        # The first day is there by definition: only the days after it tell how often somebody comes.
        often = "presence" if clock.clock.has_weekdays else "months"
        columns[often] = _pulled(days - 1, span - 1.0)
        columns["silence"] = np.log1p(silent.astype(np.float64))
    for code, name in enumerate(behaviors[: _MOST_SHARES + 1]):
        # The commonest behaviour's share is what the others leave.
        if code > 0:
            columns[_share(name)] = np.sqrt(_pulled(totals[f"n{code}"].to_numpy().astype(np.float64), events))
    if "d_i" in totals.column_names:
        columns["variety"] = _pulled(totals["d_i"].to_numpy().astype(np.float64), events)
    if "d_c" in totals.column_names and totals["d_c"].to_numpy().max(initial=0) > 0:
        columns["breadth"] = np.log1p(totals["d_c"].to_numpy()) - 0.5 * np.log(events)
    if clock is not None:
        if clock.clock.has_weekdays:
            columns["weekend"] = _pulled(clock.weekend.astype(np.float64), events)
        for at, part in enumerate(PARTS if clock.clock.has_hours else ()):
            columns[part] = _pulled(clock.parts[:, at].astype(np.float64), events)
    return pa.table({name: column for name, column in columns.items() if np.ptp(column) > 0})


def find_segments(table: pa.Table, people: npt.NDArray[np.bool_], seed: int, wanted: int | None = None) -> Segments:
    """Segments of everybody, learned from the people that count (those without a flag).

    Parameters
    ----------
    table : pa.Table
        Of :func:`habits_table`.
    people : (O,) bool
        Whose habits count; the others are put where they fit best.
    wanted : int, optional
        So many segments, whatever their stability.
    """
    names = tuple(table.column_names)
    n = len(people)
    if not names or n < 2:  # everybody is alike in all
        return Segments(np.zeros(n, np.int64), (EVERYBODY,), np.array([n]), np.zeros((1, 0)), (), ())
    learned = table.filter(pa.array(people)) if people.sum() > 1 else table
    preparer = FeaturePreparer(fill="median").fit(learned)
    rows = _matrix(preparer, learned, names)
    groups = find_groups(rows, generator(seed, "segments"), wanted=wanted)
    of = groups.of(_matrix(preparer, table, names))
    sizes = np.bincount(of, minlength=groups.k)
    order = np.argsort(-sizes, kind="stable")
    of = np.argsort(order)[of]
    centers = groups.centers[order]
    return Segments(of, _names(centers, names), sizes[order], centers, names, groups.tried)


def _matrix(preparer: FeaturePreparer, table: pa.Table, names: Sequence[str]) -> Floats:
    ready = preparer.transform(table).table
    return np.column_stack([ready[name].to_numpy() for name in names])


def _share(behavior: str) -> str:
    return f"share of {behavior}"


def _pulled(part: Floats, whole: Floats) -> Floats:
    """Shares, pulled towards everybody's share where there is little to go by."""
    world = part.sum() / max(whole.sum(), 1.0)
    return np.asarray((part + _PULL * world) / (whole + _PULL))


def _names(centers: Floats, features: Sequence[str]) -> tuple[str, ...]:
    """The two or three most telling words of each segment; no two segments have the same.

    Segments that share their words are told by what sets them apart from each other: "more" or "less" of the habit
    in which they differ most.
    """
    if len(centers) == 1:
        return (EVERYBODY,)
    found = [_telling(center, features, 2) for center in centers]
    for words in {name for name in found if found.count(name) > 1}:
        alike = [at for at, name in enumerate(found) if name == words]
        longer = [_telling(centers[at], features, 4) for at in alike]
        if len(set(longer)) < len(alike):
            longer = _against_each_other(words, centers[alike], features)
        for at, name in zip(alike, longer, strict=True):
            found[at] = name
    # Two families may have come to one name still: the rank by size is the last resort.
    return tuple(
        name if found.count(name) == 1 else f"{name} ({found[: at + 1].count(name)} of {found.count(name)})"
        for at, name in enumerate(found)
    )


def _telling(center: Floats, features: Sequence[str], most: int) -> str:
    said = [_phrase(features[at], center[at]) for at in np.argsort(-np.abs(center)) if abs(center[at]) >= _TELLING]
    said = list(dict.fromkeys(word for word in said if word))
    return ", ".join(said[:most]) or "middle of the road"


def _against_each_other(words: str, centers: Floats, features: Sequence[str]) -> list[str]:
    """Names for segments of the same words, in the order of the habit that differs most between them."""
    widest = int(np.ptp(centers, axis=0).argmax())
    order = np.argsort(np.argsort(centers[:, widest]))
    k = len(centers)
    degrees = ("less", "more") if k == 2 else tuple(f"{place + 1} of {k} in" for place in range(k))
    return [f"{words}, {degrees[place]} {_habit(features[widest])}" for place in order]


_HABITS = {
    "activity": "active", "intensity": "in a visit", "presence": "often here", "months": "often here",
    "silence": "away", "variety": "new items", "breadth": "over categories", "weekend": "at weekends",
    **{part: f"in the {part}" if part != "night" else "at night" for part in PARTS},
}  # fmt: skip
"""Feature → what a segment has more or less of."""


def _habit(feature: str) -> str:
    return noun(feature.removeprefix("share of "), 2) if feature.startswith("share of ") else _HABITS[feature]


def _phrase(feature: str, value: float) -> str:
    if feature.startswith("share of "):
        return f"{'many' if value > 0 else 'few'} {noun(feature.removeprefix('share of '), 2)}"
    return _PHRASES[feature][int(value > 0)]
