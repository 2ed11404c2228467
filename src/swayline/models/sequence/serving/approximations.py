"""What each event does to a logit, read off gradients or attention: quick, and not what leaving it out would do.

Both speak of the network alone; neighbours blended in and returns to the history are no part of them. An event that the
network does not read (one before its last ``max_length``) gets 0.

Shapes: R questions (a history and an item each), P events over all questions, N bins of W places, T tokens, D width.

References
----------
Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (integrated gradients), ICML 2017.
Abnar and Zuidema, "Quantifying Attention Flow in Transformers" (rollout), ACL 2020.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from swayline.core.errors import UsageError
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.serving.scorer import Scorer

ATTENDING_BLOCKS = ("ligr", "sasrec")


def input_gradients(scorer: Scorer, history: Sequences, rows: Ints, items: Ints, steps: int = 1) -> Floats:
    """(P,) gradient × (what is read of the event's item - what is read where no item is), oldest event first.

    With more than one of ``steps`` the gradient is averaged on the way from no items to these (integrated gradients,
    by midpoints): the events' parts then add up to the logit less the one with no items.
    """
    _needs_next_item(scorer)
    found = []
    order: list[Ints] = []
    network = scorer.network
    for some, batch in scorer.batches(history.take(rows)):
        with torch.no_grad():
            read = network.embedded(batch.items)
            none = network.embedded(torch.full_like(batch.items[:1], scorer.sizes.n_items))
            wanted = network.answers(torch.from_numpy(items[some].astype(np.int64)).to(read.device))
        total = torch.zeros_like(read)
        for step in range(steps):
            share = 1.0 if steps == 1 else (step + 0.5) / steps
            at = (none + share * (read - none)).requires_grad_()
            with torch.enable_grad():
                logits = (network(batch, last_only=True, embedded=at) * wanted).sum()
                total += torch.autograd.grad(logits, at)[0]
        tokens = ((read - none) * total / steps).sum(1).cpu().numpy().astype(np.float64)
        found.append(_of_events(scorer, history.take(rows[some]), batch, tokens))
        order.append(some)
    return _in_order(history, rows, order, found)


class Watching:
    """Attends as a network does and keeps what each token attended to, heads averaged."""

    def __init__(self, visible: Tensor) -> None:
        self.visible = visible
        self.layers: list[Tensor] = []
        """(N, W, W) a layer."""

    def attend(self, qkv: Tensor, n_heads: int, only: Tensor | None = None) -> Tensor:
        """(T, D) what tokens draw from those they may look at."""
        n_bins, _, width, _ = self.visible.shape
        dim = qkv.shape[1] // 3
        query, key, value = qkv.view(n_bins, width, 3, n_heads, dim // n_heads).permute(2, 0, 3, 1, 4)
        scores = (query @ key.transpose(-1, -2) * (dim // n_heads) ** -0.5).masked_fill(~self.visible, -1e9)
        shares = scores.softmax(-1)
        self.layers.append(shares.mean(1))
        drawn = (shares @ value).transpose(1, 2).reshape(-1, dim)
        found: Tensor = drawn if only is None else drawn[only]
        return found


def attention_rollout(scorer: Scorer, history: Sequences, rows: Ints) -> Floats:
    """(P,) share of each event in the last token's attention, half of every layer taken as going straight through."""
    _needs_next_item(scorer)
    if scorer.settings.block not in ATTENDING_BLOCKS:
        raise UsageError(
            f"block {scorer.settings.block} shares out no attention that adds to 1: ask removal, gradient or shapley"
        )
    found, order = [], []
    for some, batch in scorer.batches(history.take(rows)):
        watching = Watching(batch.visible)
        with torch.no_grad():
            scorer.network(replace(batch, memory=watching))
            n_bins, _, width, _ = batch.visible.shape
            flow = torch.eye(width, device=batch.last.device).expand(n_bins, width, width)
            for shares in watching.layers:
                flow = 0.5 * (shares @ flow) + 0.5 * flow
            last = flow.reshape(-1, width)[batch.last].cpu().numpy()  # (Q, W) of the bin each lies in
        tokens = np.zeros(n_bins * width)
        at = batch.last.cpu().numpy()
        read = np.minimum(history.lengths[rows[some]], scorer.sizes.max_length)
        for row, (end, n) in enumerate(zip(at, read, strict=True)):  # of its own history alone
            place = np.arange(end - n + 1, end + 1)
            tokens[place] = last[row, place % width]
        found.append(_of_events(scorer, history.take(rows[some]), batch, tokens))
        order.append(some)
    return _in_order(history, rows, order, found)


def _needs_next_item(scorer: Scorer) -> None:
    if scorer.settings.objective != "next-item":
        raise UsageError(
            f"objective {scorer.settings.objective} has no state after each event to follow: ask removal or shapley"
        )


def _of_events(scorer: Scorer, history: Sequences, batch: Packed, tokens: Floats) -> Floats:
    """(P,) of (T,) tokens, the events of histories one after the other; 0 for events that are not read."""
    read = np.minimum(history.lengths, scorer.sizes.max_length)
    end = batch.last.cpu().numpy()
    found = np.zeros(len(history.items))
    row = np.repeat(np.arange(len(history)), read)
    within = np.arange(len(row)) - np.repeat(np.cumsum(read) - read, read)
    found[(history.offsets[1:] - read)[row] + within] = tokens[(end - read + 1)[row] + within]
    return found


def _in_order(history: Sequences, rows: Ints, order: list[Ints], found: list[Floats]) -> Floats:
    """(P,) parts given batch by batch, in the order of the questions."""
    offsets = np.concatenate([[0], np.cumsum(history.lengths[rows])])
    values = np.zeros(offsets[-1])
    for some, part in zip(order, found, strict=True):
        for row, piece in zip(some, _pieces(part, history.lengths[rows[some]]), strict=True):
            values[offsets[row] : offsets[row + 1]] = piece
    return values


def _pieces(values: Floats, lengths: Ints) -> Iterator[Floats]:
    ends = np.cumsum(lengths)
    for end, n in zip(ends, lengths, strict=True):
        yield values[end - n : end]
