"""Everything that compiled passes read of a fit, with what costs a walk over the log held as long as the log is.

A fit passes over the same acts along the same ties dozens of times. Where each source stood before each act never
changes, and what each act leaves behind changes with the delays alone; both are kept beside the acts and ties, by weak
reference, while they are of moderate size.
"""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Acts, Kernel, Ties
from swayline.influence.network.fit.rhythm import Baseline
from swayline.influence.network.fit.threads import over_people

Trails = tuple[Floats, Floats, Floats, Any]
Places = tuple[Ints, Any]
_MOST_PLACES, _MOST_ACTS = 20_000_000, 2_000_000
_NO_PLACES: Places = np.zeros(1, np.int64), np.zeros(0, np.int32)
_NO_TRAILS: Trails = np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 0), np.int32)
_PLACES: WeakKeyDictionary[Ties, tuple[Acts, Places]] = WeakKeyDictionary()
_TRAILS: WeakKeyDictionary[Acts, tuple[bytes, Trails]] = WeakKeyDictionary()


def world(
    acts: Acts, ties: Ties, baseline: Baseline, own: Kernel, kernel: Kernel, begin_s: float = 0.0
) -> tuple[Any, ...]:
    """Everything compiled passes read; acts before ``begin_s`` (since the start) cause but do not count."""
    from swayline.influence.network.compiled import features as _compiled_features

    bins = baseline.bins(acts.times)
    early = np.zeros(acts.people, np.int64)
    if begin_s > 0:
        early += np.bincount(acts.person[acts.times < begin_s], minlength=acts.people)
    exponential = bool((kernel[0] == _compiled_features.EXPONENTIAL).all())
    mass, lift, fall, cell = _trails(acts, kernel, begin_s, exponential) if len(ties) else _NO_TRAILS
    block, places = _places(acts, ties) if exponential else _NO_PLACES
    return (
        acts.pointer, acts.times, baseline.phases(bins), early, begin_s, acts.span_s, baseline.rates(),
        baseline.mass(begin_s, acts.span_s), ties.pointer, ties.source, own, kernel,
        baseline.level_at(acts.person, bins), mass, lift, fall, cell, block, places,
    )  # fmt: skip


def _trails(acts: Acts, kernel: Kernel, begin_s: float, exponential: bool) -> Trails:
    """What each act brings about in all, and, of exponential kernels, what it leaves behind."""
    from swayline.influence.network.compiled import features as _compiled_features

    asked = kernel.tobytes() + np.float64(begin_s).tobytes()
    held = _TRAILS.get(acts)
    if held is not None and held[0] == asked:
        return held[1]
    mass, shape = np.zeros(acts.people), (kernel.shape[1] if exponential else 0, len(acts.times))
    lift, fall, cell = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int32)
    over_people(
        _compiled_features.trails, np.arange(acts.people), acts.pointer, acts.times, begin_s, acts.span_s, kernel, mass,
        lift, fall, cell,
    )  # fmt: skip
    if len(acts.times) * max(shape[0], 1) <= _MOST_ACTS:
        _TRAILS[acts] = asked, (mass, lift, fall, cell)
    return mass, lift, fall, cell


def _places(acts: Acts, ties: Ties) -> Places:
    """(people + 1,) where each person's part begins, and for each of its acts and ties the source's last act before.

    Empty where that would be too much to hold: the runs are then merged again for every pass.
    """
    from swayline.influence.network.compiled import features as _compiled_features

    held = _PLACES.get(ties)
    if held is not None and held[0] is acts:
        return held[1]
    block = np.concatenate([[0], np.cumsum(acts.counts * np.diff(ties.pointer))]).astype(np.int64)
    if not 0 < block[-1] <= _MOST_PLACES:
        return _NO_PLACES
    places = np.empty(block[-1], np.int32)
    _compiled_features.places_before(
        acts.in_time, acts.person, acts.pointer, acts.times, ties.pointer, ties.source, block, places
    )
    _PLACES[ties] = acts, (block, places)
    return block, places
