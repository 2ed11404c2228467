"""Everything that compiled passes read of a fit, with what costs a walk over the log held as long as the log is.

A fit passes over the same acts along the same ties dozens of times. Where each source stood before each act never
changes, and what each act leaves behind changes with the delays alone; both are kept beside the acts and ties, by weak
reference, while they are of moderate size.
"""

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Acts, Kernel, Ties
from swayline.influence.network.fit.baseline import Baseline
from swayline.influence.network.fit.threads import over_people

Places = tuple[Ints, Any]


class Trails(NamedTuple):
    """What acts leave behind (see :func:`swayline.influence.network.compiled.features.trails`), R components."""

    mass: Floats
    """(people,) what a source brings about in all."""
    lift: Floats
    """(R, acts)."""
    fall: Floats
    """(R, acts)."""
    cell: Any
    """(R, acts) int32."""


class SolverInputs(NamedTuple):
    """What compiled passes read, K patterns, S components of the own past, R of the delays along ties."""

    act_ptr: Ints
    """(people + 1,) where each person's acts begin."""
    acts: Floats
    """(acts,) seconds since the start."""
    phase: Ints
    """(acts,) row of ``rates`` that each act falls in."""
    skip: Ints
    """(people,) acts before ``begin``: they cause, but do not count."""
    begin: float
    end: float
    rates: Floats
    """(phases, K) the shared rhythms."""
    base_mass: Floats
    """(people, K) their integrals."""
    tie_ptr: Ints
    """(people + 1,) where the ties into each person begin."""
    tie_source: Ints
    """(ties,)."""
    own: Kernel
    kernel: Kernel
    level: Floats
    """(acts,) the person's level at each act."""
    trails: Trails
    block: Ints
    """(people + 1,) where each person's part of ``places`` begins."""
    places: Any
    """int32: the source's last act before each act, for each tie."""


class Prior(NamedTuple):
    """Gamma prior of the baseline weights and the own past, K + S of them."""

    rate: Floats
    """(people, K + S)."""
    shape: Floats
    """(K + S,)."""


class Penalty(NamedTuple):
    """What branchings cost."""

    price: Floats
    """(ties,) weight on each."""
    group: float
    """Weight on the norm of all ties into a person."""


class Method(NamedTuple):
    """How a person's problem is solved."""

    solver: int
    warm: bool
    max_steps: int
    tie_scale: float


class Coefficients(NamedTuple):
    """Where solvers start, and what they overwrite."""

    x_base: Floats
    """(people, K + S)."""
    x_tie: Floats
    """(ties,)."""
    losses: Floats
    """(people,)."""


class Intervals(NamedTuple):
    """What intervals of ties are written to; (ties,), and (people,) for ``received_error``."""

    low: Floats
    high: Floats
    ratio: Floats
    error: Floats
    received_error: Floats


_MOST_PLACES, _MOST_ACTS = 20_000_000, 2_000_000
_NO_PLACES: Places = np.zeros(1, np.int64), np.zeros(0, np.int32)
_NO_TRAILS = Trails(np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 0), np.int32))
_PLACES: WeakKeyDictionary[Ties, tuple[Acts, Places]] = WeakKeyDictionary()
_TRAILS: WeakKeyDictionary[Acts, tuple[bytes, Trails]] = WeakKeyDictionary()


def solver_inputs(
    acts: Acts, ties: Ties, baseline: Baseline, own: Kernel, kernel: Kernel, begin_s: float = 0.0
) -> SolverInputs:
    """Everything compiled passes read; acts before ``begin_s`` (since the start) cause but do not count."""
    from swayline.influence.network.compiled import features as _compiled_features

    bins = baseline.bins(acts.times)
    early = np.zeros(acts.people, np.int64)
    if begin_s > 0:
        early += np.bincount(acts.person[acts.times < begin_s], minlength=acts.people)
    exponential = bool((kernel[0] == _compiled_features.EXPONENTIAL).all())
    trails = _trails(acts, kernel, begin_s, exponential) if len(ties) else _NO_TRAILS
    block, places = _places(acts, ties) if exponential else _NO_PLACES
    return SolverInputs(
        acts.pointer, acts.times, baseline.phases(bins), early, begin_s, acts.span_s, baseline.rates(),
        baseline.mass(begin_s, acts.span_s), ties.pointer, ties.source, own, kernel,
        baseline.levels_of(acts), trails, block, places,
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
    trails = Trails(mass, lift, fall, cell)
    over_people(
        _compiled_features.trails, np.arange(acts.people), acts.pointer, acts.times, begin_s, acts.span_s, kernel,
        trails,
    )  # fmt: skip
    if len(acts.times) * max(shape[0], 1) <= _MOST_ACTS:
        _TRAILS[acts] = asked, trails
    return trails


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
