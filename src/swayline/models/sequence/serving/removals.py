"""Scores after histories that each lack one event, without reading the unchanged events again.

::

    history        start a b c d        read once, keys and values kept
    without a      start . b' c' d'     three tokens read
    without d      start a b c .        one token read again, for the last layer

A causal block never looks ahead, so nothing before the missing event changes: only what came after it is read again.
Histories are taken a few at a time, their removals latest event first, so that those read together share a start.

Shapes: N removals, R questions (a removal and an item each), W places, S places read again, D width.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models.sequence.batching.layout import Layout
from swayline.models.sequence.batching.memory import Memory, SharedPrefix
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.device import kind_of
from swayline.models.sequence.objectives import next_item
from swayline.models.sequence.serving.scorer import Scorer
from swayline.models.sequence.serving.stream import STREAMING_BLOCKS

_TOKENS = {"cpu": 8192, "gpu": 1 << 17}
"""Places read again at a time."""
_HISTORIES = 64


def shares_prefix(scorer: Scorer, histories: Sequences) -> np.ndarray:
    """(H,) whether what precedes an event stays as it was read when the event is taken out of a history.

    Not where blocks look ahead or places are counted from the end, nor in a history longer than the model reads: an
    older event would move in.
    """
    settings, told = scorer.settings, scorer.network.told
    able = settings.block in STREAMING_BLOCKS and settings.objective == "next-item" and settings.positions != "end"
    if not able or settings.weights != "fp32" or (told is not None and told.n_layers > 0):
        return np.zeros(len(histories), bool)
    return histories.lengths <= scorer.sizes.max_length


def scores_without(scorer: Scorer, histories: Sequences, position: Ints, removal: Ints, items: Ints) -> Floats:
    """(R,) logits of ``items`` (R,) after the history that lacks the event ``position[removal[r]]``.

    Parameters
    ----------
    position : (N,) flat positions of the events taken out
    removal : (R,) which of them each question is about
    """
    scores = np.empty(len(items))
    order = np.argsort(removal, kind="stable")
    bounds = np.searchsorted(removal[order], np.arange(len(position) + 1))
    for some, edited, states, full in _states(scorer, histories, position):
        asked = np.concatenate([order[bounds[n] : bounds[n + 1]] for n in some])
        row = np.repeat(np.arange(len(some)), bounds[some + 1] - bounds[some])
        scores[asked] = _answers(scorer, states, full, row, items[asked])
        if scorer.blend is not None:
            scores[asked] = scorer.blend.of_pairs(scores[asked], edited, row, items[asked])
    return scores


def _answers(scorer: Scorer, states: Tensor, full: Packed, row: Ints, items: Ints) -> Floats:
    """(R,) the logits of items after some of the histories, from the states of all tokens, or (N, D) of the last."""
    repeats = scorer.network.repeats
    wanted, at = (torch.from_numpy(each.astype(np.int64)).to(states.device) for each in (items, row))
    with torch.no_grad():
        returns = None if repeats is None else repeats.returns(states, full, scorer.network.codes)
    found = scorer.pairs(states if returns is None else states[full.last], returns, at, wanted)
    return found.cpu().numpy().astype(np.float64)


def _states(scorer: Scorer, histories: Sequences, position: Ints) -> Iterator[tuple[Ints, Sequences, Tensor, Packed]]:
    """Some of the removals at a time, their histories, (N, D) states that answer, and their tokens.

    With a head for returns the states are those of all (N · W, D) tokens.
    """
    scorer.network.eval()
    owner = histories.users[position]
    asked = np.unique(owner)
    asked = asked[np.argsort(-histories.lengths[asked], kind="stable")]
    for start in range(0, len(asked), _HISTORIES):
        group = asked[start : start + _HISTORIES]
        base = histories.take(group)
        memory, past = _read(scorer, base)
        place = np.full(len(histories), -1, np.int64)
        place[group] = np.arange(len(group))
        mine = np.flatnonzero(place[owner] >= 0)
        within = position[mine] - histories.offsets[owner[mine]]
        mine = mine[np.argsort(-within, kind="stable")]
        within = position[mine] - histories.offsets[owner[mine]]
        for part in _batches(within, int(base.lengths.max()), _TOKENS[kind_of(scorer.device)]):
            some, rows = mine[part], place[owner[mine[part]]]
            edited = _without(base.take(rows), within[part])
            yield some, edited, *_read_again(scorer, edited, memory, past, rows, within[part])


def _batches(within: Ints, width: int, most_tokens: int) -> Iterator[slice]:
    """Removals, latest event first, so many at a time that few places are read again."""
    start = 0
    while start < len(within):
        end = start + 1
        while end < len(within) and (end + 1 - start) * (width - within[end] + 1) <= most_tokens:
            end = min(len(within), end + max(1, (end - start) // 4))
        yield slice(start, end)
        start = end


def _without(histories: Sequences, places: Ints) -> Sequences:
    kept = np.ones(len(histories.items), bool)
    kept[histories.offsets[:-1] + places] = False
    return histories.keep(kept)


def _one_a_bin(scorer: Scorer, histories: Sequences, width: int) -> Packed:
    layout = Layout(np.arange(len(histories), dtype=np.int64) * width, len(histories), width)
    scaled = scorer.scaled_values(histories)
    return next_item.arrange(scaled, layout, scorer.sizes.max_length, False, scorer.device)


def _read(scorer: Scorer, base: Sequences) -> tuple[Memory, Tensor]:
    """What attention remembers of whole histories, and the (H, W, D) states of their tokens."""
    width = int(base.lengths.max()) + 1
    memory = Memory(len(base), width, scorer.network.n_layers, scorer.device)
    with torch.no_grad():
        states = scorer.network(_one_a_bin(scorer, base, width).remembering(memory))
    return memory, states.view(len(base), width, -1)


def _read_again(
    scorer: Scorer, edited: Sequences, memory: Memory, past: Tensor, rows: Ints, within: Ints
) -> tuple[Tensor, Packed]:
    """States of edited histories, of which all before the missing events was read; and their tokens."""
    width = int(edited.lengths.max()) + 1
    full = _one_a_bin(scorer, edited, width)
    start = int(np.minimum(within + 1, edited.lengths).min())  # the token of a missing event; at least the last one
    owner = torch.from_numpy(rows).to(scorer.device)
    batch = _from_place(full, len(edited), width, start, SharedPrefix(memory, owner, start))
    with torch.no_grad():
        if scorer.network.repeats is None:
            return scorer.network(batch, last_only=True), full
        states = scorer.network(batch).view(len(edited), width - start, -1)
        states = torch.cat([past[owner, :start], states], 1)
    return states.reshape(len(edited) * width, -1), full


def _from_place(full: Packed, n_rows: int, width: int, start: int, memory: SharedPrefix) -> Packed:
    """The same tokens from one place on."""

    def cut(values: Tensor | None) -> Tensor | None:
        if values is None:
            return None
        return values.view(n_rows, width, *values.shape[1:])[:, start:].reshape(-1, *values.shape[1:])

    names = ("items", "behaviors", "positions", "times", "before", "asked_at", "answered_at", "profiles", "values")
    last = torch.arange(n_rows, device=full.last.device) * (width - start) + full.last % width - start
    parts: dict[str, Any] = {name: cut(getattr(full, name)) for name in names}
    return replace(full, **parts, visible=full.visible[:, :, start:, start:], last=last, memory=memory)
