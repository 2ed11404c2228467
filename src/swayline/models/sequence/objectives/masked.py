"""Hide some events and predict them from those on both sides (the cloze task of BERT4Rec).

::

    training   a   ·   c   ·        the hidden ones are predicted; half the time the last one is among them
    a question a   b   c   ·        what comes after the end

References
----------
Sun et al., "BERT4Rec: Sequential Recommendation with Bidirectional Encoder Representations from Transformer",
CIKM 2019.
"""

import numpy as np
import torch

from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import Layout
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.batching.slots import Slots, moved

HIDDEN = 0.3
"""Share of events hidden in training."""
LAST = 0.5
"""Share of histories whose last event is hidden for certain: that is what a question looks like."""


def arrange(
    history: Sequences,
    layout: Layout,
    max_length: int,
    from_end: bool,
    device: torch.device,
    rng: np.random.Generator | None = None,
) -> Packed:
    """Fill a layout with the last events of each history, some hidden; a question ends in a hidden place."""
    training = rng is not None
    read = np.minimum(history.lengths, max_length + int(training))
    sizes = read + int(not training)
    slots = Slots.of(layout, sizes, device)
    at_end = slots.within == sizes[slots.row] - 1
    hidden = _hidden(slots, at_end, rng) if rng is not None else at_end
    source = (history.offsets[1:] - read)[slots.row] + slots.within
    shown, wanted = source[~hidden], source[hidden]
    times = slots.filled(np.maximum(history.times[shown], 0), 0, ~hidden)
    return Packed(
        items=slots.filled(history.items[shown], history.n_items, ~hidden),
        behaviors=slots.filled(history.behaviors[shown], history.n_behaviors, ~hidden),
        positions=slots.filled(sizes[slots.row] - 1 - slots.within if from_end else slots.within, 0),
        times=times,
        before=slots.before(times),
        asked_at=torch.zeros_like(times),
        answered_at=torch.zeros_like(times),
        timed=history.timed,
        visible=slots.together(),
        last=moved(layout.starts + sizes - 1, device),
        profiles=slots.profiles(history),
        targets=slots.filled(history.items[wanted], 0, hidden) if training else None,
        target_behaviors=slots.filled(history.behaviors[wanted], 0, hidden) if training else None,
        values=slots.worth(history.values, source, ~hidden),
        target_values=slots.target_worth(history.values, wanted, hidden) if training else None,
        weights=(slots.filled(np.ones(hidden.sum(), np.int64), 0, hidden) > 0).float() if training else None,
    )


def _hidden(slots: Slots, at_end: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(S,) bool: drawn event by event; a history in which nothing was drawn hides its last event."""
    n_rows = len(slots.layout.starts)
    hidden = rng.random(len(slots.row)) < HIDDEN
    asked = (rng.random(n_rows) < LAST) | (np.bincount(slots.row, hidden, n_rows) == 0)
    return np.asarray(hidden | (at_end & asked[slots.row]))
