"""Predict each event from those before it.

::

    token      start   a    b    c          sees itself and what stands before it
    predicts   a       b    c    (asked)

References
----------
Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018.
"""

import numpy as np
import torch

from swayline.core.types import Ints
from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import EMPTY, Layout
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.request import draw_moments
from swayline.models.sequence.batching.slots import Slots, moved


def arrange(
    history: Sequences,
    layout: Layout,
    max_length: int,
    from_end: bool,
    device: torch.device,
    rng: np.random.Generator | None = None,
) -> Packed:
    """Fill a layout with the last ``max_length`` events of each history, a start before them.

    In training (``rng`` given) the last event of each history is only predicted, never read.
    """
    asked = int(rng is not None)
    read = np.minimum(history.lengths - asked, max_length)
    slots = Slots.of(layout, read + 1, device)
    source = (history.offsets[1:] - asked - read)[slots.row] + slots.within - 1
    events = slots.within > 0
    shown = source[events]
    times = slots.filled(np.maximum(history.times[shown], 0), 0, events)
    return Packed(
        items=slots.filled(history.items[shown], history.n_items, events),
        behaviors=slots.filled(history.behaviors[shown], history.n_behaviors, events),
        positions=slots.filled(read[slots.row] - slots.within if from_end else slots.within, 0),
        times=times,
        before=slots.before(times),
        asked_at=slots.filled(_asked(history, slots, source, rng), 0),
        answered_at=slots.filled(_answered(history, slots, source, rng is not None), 0),
        timed=history.timed,
        visible=slots.together().tril(),
        last=moved(layout.starts + read, device),
        profiles=slots.profiles(history),
        targets=slots.filled(history.items[source + 1], 0) if asked else None,
        target_behaviors=slots.filled(history.behaviors[source + 1], 0) if asked else None,
        values=slots.worth(history.values, source, events),
        target_values=slots.target_worth(history.values, source + 1) if asked else None,
        weights=(slots.owners().reshape(-1) != EMPTY).float() if asked else None,
    )


def _asked(history: Sequences, slots: Slots, source: Ints, rng: np.random.Generator | None) -> Ints:
    """(S,) when what comes after each token is asked, 0 where nobody says: drawn in training, told of a question."""
    if rng is None:
        found = np.zeros(len(source), np.int64)
        found[_ends(slots)] = 0 if history.asked_at is None else np.maximum(history.asked_at, 0)
        return found
    if not history.timed:
        return np.zeros(len(source), np.int64)
    return np.where(slots.within > 0, draw_moments(history.times[source], history.times[source + 1], rng), 0)


def _answered(history: Sequences, slots: Slots, source: Ints, training: bool) -> Ints:
    """(S,) when what comes after each token came; after a question's last one what is told, or when it is asked."""
    following = (
        history.times[np.minimum(source + 1, max(0, len(history.times) - 1))] if len(history.times) else 0 * source
    )
    if not training:
        told = history.asked_at if history.answered_at is None else history.answered_at
        following = following.copy()
        following[_ends(slots)] = 0 if told is None else told
    return np.maximum(following, 0)


def _ends(slots: Slots) -> Ints:
    """(Q,) where each history's last token stands among the tokens in use."""
    return np.flatnonzero(np.append(np.diff(slots.row), 1))
