"""By which channel a tie works: being tied, seeing the same thing bought, or hearing about it.

``social`` is following with whatever item, ``consumption`` following with the very item the source chose, more often
than its popularity explains; per outcome act of the source, they split the tie's excitation. ``content`` is the
outcome following a review, share, comment, rating, tag or post of the source, per such act.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.influence.network.acts import Kernel
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.threads import over_people
from swayline.influence.network.reading import People

CHANNELS = ("social", "consumption", "content")
_CUT = 1.92


@dataclass(frozen=True)
class ChannelEstimates:
    """Branching by channel, (T, 3) in the order of :data:`CHANNELS`; NaN where the source has no such act."""

    estimate: Floats
    error: Floats
    n: Ints


class ChannelInputs(NamedTuple):
    """What the compiled fit of the channels reads."""

    row_ptr: Ints
    """(people + 1,) where each person's rows of the outcome begin."""
    rows: Floats
    """(rows,) seconds since the start."""
    row_item: Ints
    """(rows,) -1 for none."""
    alone: Floats
    """(rows,) intensity from the baseline and the own past."""
    alone_mass: Floats
    """(people,) its integral."""
    share: Floats
    """(items,) how often each item is chosen anyway."""
    said_ptr: Ints
    """(people + 1,) where each person's acts of content begin."""
    said: Floats
    """(content acts,) seconds since the start."""
    end: float
    tie_ptr: Ints
    tie_source: Ints
    kernel: Kernel


def channel_estimates(fit: HawkesFit, people: People) -> ChannelEstimates:
    """Split every tie by channel, the shape of the baselines and the delays as fitted, every person's level anew.

    Returns
    -------
    ChannelEstimates
        Standard errors are from the observed information given the baseline.
    """
    from swayline.influence.network.compiled import channels as _compiled_channels
    from swayline.influence.network.compiled import passes as _compiled

    n = fit.acts.people
    order = np.lexsort((people.time_s, people.person))
    rows, row_ptr = people.time_s[order] - fit.acts.start_s, _pointer(people.person[order], n)
    person, item = people.person[order], people.item[order]
    at_act, mass = np.zeros(len(fit.acts.times)), np.zeros(n)
    over_people(_compiled.alone, np.arange(n), fit.solver_inputs(), fit.x_base, at_act, mass)
    per_moment = np.bincount(people.person, minlength=n) / np.maximum(fit.acts.counts, 1)
    alone = _per_row(fit, person, rows, at_act) * per_moment[person]
    counted = np.bincount(item[item >= 0], minlength=1).astype(np.float64)
    share = (counted + 0.5) / (counted.sum() + 0.5 * len(counted))
    said_order = np.lexsort((people.content_time_s, people.content_person))
    said = people.content_time_s[said_order] - fit.acts.start_s
    said_ptr = _pointer(people.content_person[said_order], n)
    estimate, error = np.full((len(fit.ties), 3), np.nan), np.full((len(fit.ties), 3), np.nan)
    inputs = ChannelInputs(
        row_ptr, rows, item, alone, mass * per_moment, share, said_ptr, said, fit.acts.span_s, fit.ties.pointer,
        fit.ties.source, fit.kernel.compiled(),
    )  # fmt: skip
    over_people(_compiled_channels.fit_channels, np.arange(n), inputs, _CUT, estimate, error)
    acted, spoke = np.diff(row_ptr)[fit.ties.source], np.diff(said_ptr)[fit.ties.source]
    return ChannelEstimates(estimate, error, np.stack([acted, acted, spoke], axis=1))


def _pointer(person: Ints, people: int) -> Ints:
    return np.searchsorted(person, np.arange(people + 1)).astype(np.int64)


def _per_row(fit: HawkesFit, person: Ints, rows: Floats, at_act: Floats) -> Floats:
    """The intensity alone at the moment of every row."""
    place = np.searchsorted(_keys(fit, fit.acts.person, fit.acts.times), _keys(fit, person, rows))
    at_row: Floats = at_act[np.minimum(place, len(at_act) - 1)]
    return at_row


def _keys(fit: HawkesFit, person: Ints, times: Floats) -> Ints:
    """Person and time (microseconds) as one rising whole number."""
    keys: Ints = person * np.int64(fit.acts.span_s * 1e6 + 2e6) + np.rint(times * 1e6).astype(np.int64)
    return keys
