"""What the values of a log (stars, seconds, prices) say: how they lie, by person, over time, and of which items.

An item's mean is drawn to the mean of all by as many events as tell its own spread from the spread between items
(empirical Bayes), so that one lucky rating leads no list::

    shrunken mean = mean of all + n / (n + k) · (item's mean - mean of all)      k = variance within / variance between

Shapes: E events with a value, I items, P people.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.conditions import base_of
from swayline.core.names import BEHAVIOR, ITEM, TIME, TITLE, USER, VALUE
from swayline.core.time import iso
from swayline.events.log import EventLog

MOST_BARS, MOST_BEHAVIORS, N_ITEMS = 20, 3, 8
LEAST_OF_PERSON = 5
"""Events from which a person has a mean."""
LEAST_OF_ITEM = 20
"""Events from which an item is in a list of the best or worst; 5 where fewer than two lists of items have so many."""
_LEAST_SMALL, _LEAST_WINDOW = 5, 20
_WINDOWS_S = (86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400)
_MOST_WINDOWS = 60
_Z = 1.959964

Floats = npt.NDArray[np.float64]


def describe_values(log: EventLog) -> list[dict[str, Any]]:
    """One entry a behaviour with values, those with most first; empty where the log has none."""
    if VALUE not in log.events.column_names:
        return []
    valued = log.events.filter(pc.fill_null(pc.is_finite(log.events[VALUE].cast(pa.float64())), False))
    words = valued[BEHAVIOR].cast(pa.string()).to_pylist()
    bases = {word: base_of(word) for word in set(words)}
    kinds = np.array([bases[word] for word in words], dtype=object)
    names = sorted(set(bases.values()), key=lambda name: (-int((kinds == name).sum()), name))[:MOST_BEHAVIORS]
    titles = _titles(log)
    return [_one(name, valued.filter(pa.array(kinds == name)), titles, log.ordered) for name in names]


def _one(name: str, events: pa.Table, titles: Mapping[str, str], ordered: bool) -> dict[str, Any]:
    values = np.asarray(events[VALUE].cast(pa.float64()).to_numpy())
    of_people = _group_means(events[USER], values)
    enough = of_people["n"] >= LEAST_OF_PERSON
    return {
        BEHAVIOR: name, "n": len(values), "mean": float(values.mean()), "median": float(np.median(values)),
        "distribution": _bars(values), "people": int(enough.sum()), "least_of_person": LEAST_OF_PERSON,
        "by_person": _bars(of_people["mean"][enough], whole=False) if enough.any() else [],
        "person_quartiles": np.quantile(of_people["mean"][enough], [0.25, 0.75]).tolist() if enough.any() else None,
        "over_time": None if ordered else _over_time(events[TIME], values),
        "items": _items(events[ITEM], values, titles),
    }  # fmt: skip


def _bars(values: Floats, whole: bool = True) -> list[dict[str, float]]:
    """Counts: of each value where these are few, else of equal steps between the .5 and 99.5% quantiles."""
    steps, counts = np.unique(values, return_counts=True)
    if whole and len(steps) <= MOST_BARS:
        return [{"low": float(x), "high": float(x), "n": int(n)} for x, n in zip(steps, counts, strict=True)]
    low, high = np.quantile(values, [0.005, 0.995])
    if low == high:
        return [{"low": float(low), "high": float(high), "n": len(values)}]
    counts, edges = np.histogram(np.clip(values, low, high), bins=MOST_BARS, range=(low, high))
    return [
        {"low": float(left), "high": float(right), "n": int(n)}
        for left, right, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _group_means(ids: pa.ChunkedArray, values: Floats) -> dict[str, Any]:
    encoded = ids.cast(pa.string()).combine_chunks().dictionary_encode()
    codes = np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    kept, n = codes >= 0, len(encoded.dictionary)
    count = np.bincount(codes[kept], minlength=n)
    mean = np.bincount(codes[kept], values[kept], n) / np.maximum(count, 1)
    within = float(((values[kept] - mean[codes[kept]]) ** 2).sum()) / max(1, int(kept.sum()) - n)
    return {"ids": encoded.dictionary, "n": count, "mean": mean, "within": within}


def _over_time(times: pa.ChunkedArray, values: Floats) -> dict[str, Any] | None:
    """Mean of each window with its interval; windows with few events are left out."""
    known = np.asarray(times.is_valid().to_numpy(), bool)
    if not known.any():
        return None
    seconds = times.filter(pa.array(known)).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy() / 1e6
    values = values[known]
    low, high = np.quantile(seconds, [0.001, 0.999])
    window_s = next((one for one in _WINDOWS_S if (high - low) / one <= _MOST_WINDOWS), _WINDOWS_S[-1])
    inside = (seconds >= low) & (seconds <= high)
    place = ((seconds[inside] - low) // window_s).astype(np.int64)
    points = []
    for window in np.unique(place):
        part = values[inside][place == window]
        if len(part) < _LEAST_WINDOW:
            continue
        half = _Z * float(part.std(ddof=1)) / np.sqrt(len(part))
        start = iso(datetime.fromtimestamp(float(low + window * window_s), UTC))
        mean = float(part.mean())
        points.append({"start": start, "n": len(part), "mean": mean, "ci_low": mean - half, "ci_high": mean + half})
    return {"window_s": window_s, "points": points} if len(points) > 1 else None


def _items(ids: pa.ChunkedArray, values: Floats, titles: Mapping[str, str]) -> dict[str, Any] | None:
    """The best and the worst items of those with events enough, by shrunken means."""
    found = _group_means(ids, values)
    least = LEAST_OF_ITEM if (found["n"] >= LEAST_OF_ITEM).sum() >= 2 * N_ITEMS else _LEAST_SMALL
    enough = np.flatnonzero(found["n"] >= least)
    if len(enough) < 2:
        return None
    n, mean, within = found["n"][enough], found["mean"][enough], max(found["within"], 1e-12)
    center = float(np.average(mean, weights=n))
    between = max(float(np.average((mean - center) ** 2, weights=n)) - within * len(n) / float(n.sum()), 1e-9 * within)
    k = within / between
    shrunken, half = center + n / (n + k) * (mean - center), _Z * np.sqrt(within / (n + k))
    order = np.argsort(-shrunken, kind="stable")
    most = min(N_ITEMS, len(order) // 2)

    def listed(places: npt.NDArray[np.intp]) -> list[dict[str, Any]]:
        return [
            {
                ITEM: titles.get(name) or name, "n": int(n[at]), "raw": float(mean[at]), "mean": float(shrunken[at]),
                "ci_low": float(shrunken[at] - half[at]), "ci_high": float(shrunken[at] + half[at]),
            }
            for at in places
            for name in [found["ids"][int(enough[at])].as_py()]
        ]  # fmt: skip

    return {
        "least": least, "of": len(enough), "k": float(k), "center": center, "best": listed(order[:most]),
        "worst": listed(order[::-1][:most]),
    }  # fmt: skip


def _titles(log: EventLog) -> dict[str, str]:
    if log.items is None or TITLE not in log.items.column_names:
        return {}
    return dict(zip(log.items[ITEM].to_pylist(), log.items[TITLE].cast(pa.string()).to_pylist(), strict=True))
