"""The best k of a catalogue of any size: one product, taken a block of items at a time.

Only a block of scores and the k best so far are held, so memory does not grow with the catalogue. Where a model mixes
in returns, the items it may return to stand apart: what they gain is added when the whole catalogue's sum is known.

Shapes: Q questions, I items, D width, W places, k places of a list.
"""

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from swayline.core.types import Ints, ItemRows
from swayline.dataset import Sequences
from swayline.models.protocol import Scores
from swayline.models.sequence.device import kind_of
from swayline.models.sequence.heads.repeat_head import Returns
from swayline.models.sequence.serving.int8 import Rounded
from swayline.models.topk import top_k

SCORES_AT_ONCE = {"cpu": 1 << 21, "gpu": 1 << 28}
"""Scores held at a time: on a CPU 8 MiB of float32, which stay in its cache (three times as fast as 128 MiB)."""
_NARROWEST = 1024


def best_of(
    states: Tensor,
    catalogue: Tensor | Rounded,
    returns: Returns | None,
    k: int,
    seen: Sequences | None,
    more: sparse.csr_array | None = None,
) -> tuple[ItemRows, Scores]:
    """(Q, k) items, best first, and their scores, as :func:`~swayline.models.topk.top_k` of all scores gives them.

    Parameters
    ----------
    states : (Q, D)
        Of the questions.
    catalogue : (I, D)
        All items as answers.
    seen : Sequences of Q rows, optional
        Items that may not be chosen, row by row.
    more : (Q, I), optional
        Added to the scores where anything stands.
    """
    n_rows, n_items = len(states), len(catalogue.values if isinstance(catalogue, Rounded) else catalogue)
    rows, apart = _left_out(seen, returns)
    more = None if more is None else more.tocsc()
    at_once = SCORES_AT_ONCE[kind_of(states.device)]
    width = min(n_items, max(_NARROWEST, at_once // max(1, n_rows)))
    held = torch.empty(n_rows, width, device=states.device)
    items, values = np.full((n_rows, k), -1, np.int32), np.full((n_rows, k), -np.inf, np.float32)
    total = torch.full((n_rows,), -torch.inf)
    for first in range(0, n_items, width):
        logits = _product(states, catalogue, first, min(first + width, n_items), held)
        if returns is not None:
            total = torch.logaddexp(total, logits.logsumexp(1).cpu())
        if more is not None:
            _add(more, first, logits)
        inside = slice(*np.searchsorted(apart, (first, first + width)))
        logits[torch.from_numpy(rows[inside]), torch.from_numpy(apart[inside] - first)] = -torch.inf
        better = np.flatnonzero(logits.amax(1).cpu().numpy() > values[:, -1])
        if len(better):
            some, found = _best(logits[torch.from_numpy(better)], min(k, logits.shape[1]))
            some = np.where(some < 0, -1, some + first)
            items[better], values[better] = _merged(items[better], values[better], some, found, k)
    if returns is None:
        return items, values
    values = values + (returns.log_new.float().cpu() - total).numpy()[:, None]
    if seen is not None:
        return items, values
    again, found = _again(states, catalogue, returns, total)
    if more is not None:
        found = found + more.tocsr()[np.arange(n_rows)[:, None], np.maximum(again, 0)].toarray()
    return _merged(items, values, again, found, k)


def _best(scores: Tensor, k: int) -> tuple[ItemRows, Scores]:
    """(Q, k) as :func:`~swayline.models.topk.top_k`; of a GPU's scores only what is chosen is moved."""
    if kind_of(scores.device) == "cpu":
        return top_k(scores.numpy(), k)
    chosen = scores.topk(k, sorted=False).indices.sort(1).values
    values, order = scores.gather(1, chosen).sort(dim=1, descending=True, stable=True)
    items = torch.where(values.isneginf(), -1, chosen.gather(1, order)).to(torch.int32).cpu().numpy()
    best = values.cpu().numpy()
    cut = np.flatnonzero(((scores >= values[:, -1:]).sum(1) > k).cpu().numpy())  # equal scores on both sides of the end
    if len(cut):
        items[cut], best[cut] = top_k(scores[torch.from_numpy(cut)].cpu().numpy(), k)
    return items, best


def _add(more: sparse.csc_array, first: int, logits: Tensor) -> None:
    """What is added to the items from ``first`` on, in place."""
    end = min(first + logits.shape[1], more.shape[1])
    part = slice(more.indptr[first], more.indptr[end])
    columns = np.repeat(np.arange(end - first), np.diff(more.indptr[first : end + 1]))
    where = torch.from_numpy(more.indices[part].astype(np.int64)), torch.from_numpy(columns)
    logits[where] += torch.from_numpy(more.data[part]).to(logits.device)


def _product(states: Tensor, catalogue: Tensor | Rounded, first: int, end: int, held: Tensor) -> Tensor:
    """(Q, end - first) scores; those of floats stand in ``held``, since fresh memory costs more than the product."""
    if isinstance(catalogue, Rounded):
        return Rounded(catalogue.values[first:end], catalogue.scale[first:end]).scores(states)
    block = catalogue[first:end].T
    return torch.mm(states, block, out=held) if end - first == held.shape[1] else states @ block


def _left_out(seen: Sequences | None, returns: Returns | None) -> tuple[Ints, Ints]:
    """Rows and items that are left out of the blocks, in the order of the items."""
    rows, items = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    if seen is not None:
        rows.append(seen.users)
        items.append(seen.items.astype(np.int64))
    if returns is not None:
        row, place = (part.cpu().numpy() for part in torch.nonzero(returns.again > 0, as_tuple=True))
        rows.append(row)
        items.append(returns.items.cpu().numpy()[row, place])
    order = np.argsort(np.concatenate(items), kind="stable")
    return np.concatenate(rows)[order], np.concatenate(items)[order]


def _again(
    states: Tensor, catalogue: Tensor | Rounded, returns: Returns, total: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """(Q, W) the items that may return, each once a row, and the log of what both ways give them."""
    wanted = returns.items
    if isinstance(catalogue, Rounded):
        own, states = catalogue.values[wanted].float() * catalogue.scale[wanted], Rounded.of(states).floats()
    else:
        own = catalogue[wanted]
    fresh = (own @ states[:, :, None]).squeeze(2).float().cpu() + (returns.log_new.cpu() - total)[:, None]
    alike = returns.items[:, :, None] == returns.items[:, None, :]
    mass = (alike * returns.again[:, None, :]).sum(2).cpu()
    values = torch.logaddexp(fresh, mass.clamp_min(1e-38).log()).numpy()
    items = returns.items.cpu().numpy()
    first = ~np.tril(alike.cpu().numpy() & (returns.again > 0).cpu().numpy()[:, None, :], -1).any(2)
    kept = (returns.again > 0).cpu().numpy() & first
    return np.where(kept, items, -1), np.where(kept, values, -np.inf)


def _merged(
    items: np.ndarray, values: np.ndarray, more: np.ndarray, found: np.ndarray, k: int
) -> tuple[ItemRows, Scores]:
    """(Q, k) the best of two lists; equal scores stand in the order of their item numbers."""
    items, values = np.concatenate([items, more], axis=1), np.concatenate([values, found], axis=1)
    order = np.lexsort((items, -values), axis=1)[:, :k]
    best = np.take_along_axis(values, order, axis=1)
    chosen = np.where(np.isneginf(best), -1, np.take_along_axis(items, order, axis=1))
    return chosen.astype(np.int32), best.astype(np.float32)
