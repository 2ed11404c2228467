"""A fitted network goes on from its weights in a larger catalogue: rows are carried by what they stand for.

::

    rows of known items           carried
    rows of newcomers             mean of the items that their people met too, by cosine
                                  else mean of the items that share attributes with them, by their number
                                  else mean of all known items
    attributes, profiles          by column and value; a new value starts as at a first fit
    everything else               carried

Shapes: I items now, J items before, D width.

References
----------
Rolnick et al., "Experience Replay for Continual Learning", NeurIPS 2019 (what was known is trained on beside).
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models.sequence.network import Network

PEOPLE, CONTENT, AVERAGE = "people", "content", "average"
_LIKE = 20
"""Known items that a newcomer's row is the mean of, at most."""


@dataclass(frozen=True)
class Carried:
    """Where what a network knew stands now.

    Parameters
    ----------
    items : (J,) int64
        Row now of each item before.
    profiles : (P,) int64
        Code now of each value of the users table before, -1 of one that is gone; empty where there was none.
    """

    items: Ints
    profiles: Ints


def carry(before: Network, after: Network, train: Sequences, carried: Carried) -> Counter[str]:
    """Give a network what an earlier one knew; how many newcomers started from what."""
    old, learned = before.state_dict(), {name for name, _ in after.named_parameters()}
    # Attributes and texts of the items are read anew.
    stays = {name for name in old if name != "codes" and (name in learned or not name.startswith("told."))}
    with torch.no_grad():
        for name, now in after.state_dict().items():
            if name == "items.weight":
                continue
            if name == "attributes.weight":
                _by_code(old.get(name), now, _codes_now(before, after, carried))
            elif name == "inputs.profiles.weight":
                _by_code(old.get(name), now, carried.profiles)
            elif name == "values.bias":
                now[torch.from_numpy(carried.items)] = old[name]
            elif name in stays and old[name].shape == now.shape:
                now.copy_(old[name])
        return _items(before, after, train, carried)


def _by_code(old: Tensor | None, now: Tensor, code: Ints) -> None:
    """Rows of a table of values, by the code that each has now."""
    if old is None:
        return
    known = np.flatnonzero(code[: len(old)] >= 0)
    now[torch.from_numpy(code[known])] = old[torch.from_numpy(known)]


def _codes_now(before: Network, after: Network, carried: Carried) -> Ints:
    """Code now of each attribute value before, told by the items that bear both; -1 where none does."""
    n_values = 0 if before.attributes is None else before.attributes.num_embeddings
    found = np.full(n_values, -1, np.int64)
    old, now = before.codes[:-1].cpu().numpy(), after.codes[:-1].cpu().numpy()[carried.items]
    if old.shape[1] == now.shape[1]:
        both = (old > 0) & (now > 0)
        found[old[both]] = now[both]
    return found


def _items(before: Network, after: Network, train: Sequences, carried: Carried) -> Counter[str]:
    """Rows of known items, and first rows of newcomers."""
    rows = before.items.weight[:-1].detach().cpu().numpy()
    table = np.zeros((train.n_items, rows.shape[1]), np.float32)
    table[carried.items] = rows
    known = np.zeros(train.n_items, bool)
    known[carried.items] = True
    new = np.flatnonzero(~known)
    told: Counter[str] = Counter()
    if len(new):
        length = float(np.linalg.norm(rows, axis=1).mean())
        weights = _met_by_the_same(train, new, carried.items)
        content = _sharing(after.codes[:-1].cpu().numpy(), new, carried.items)
        usual = rows.mean(axis=0)
        for at, item in enumerate(new.tolist()):
            share, source = weights[[at]], PEOPLE
            if not share.nnz:
                share, source = content[[at]], CONTENT
            first = usual if not share.nnz else _mean(share, rows)
            told[source if share.nnz else AVERAGE] += 1
            size = float(np.linalg.norm(first))
            table[item] = first * (length / size if size > 0 and share.nnz else 1.0)
    after.items.weight[:-1] = torch.from_numpy(table).to(after.items.weight.device)
    after.items.weight[-1] = before.items.weight[-1]
    return told


def _mean(share: sparse.csr_array, rows: Floats) -> Floats:
    best = np.argsort(-share.data, kind="stable")[:_LIKE]
    found: Floats = np.average(rows[share.indices[best]], axis=0, weights=share.data[best])
    return found


def _met_by_the_same(train: Sequences, new: Ints, known: Ints) -> sparse.csr_array:
    """(N, J) cosine of who met a newcomer and who met a known item."""
    met = sparse.csr_array((np.ones(len(train.items)), (train.users, train.items)), shape=(len(train), train.n_items))
    met.data[:] = 1.0
    counts = np.maximum(np.asarray(met.sum(axis=0)).ravel(), 1.0)
    columns = met.tocsc()
    both = (columns[:, new].T @ columns[:, known]).tocsr()
    scale = sparse.diags_array(counts[new] ** -0.5), sparse.diags_array(counts[known] ** -0.5)
    return (scale[0] @ both @ scale[1]).tocsr()


def _sharing(codes: Ints, new: Ints, known: Ints) -> sparse.csr_array:
    """(N, J) how many attribute values a newcomer shares with a known item."""
    n = max(1, int(codes.max(initial=0)) + 1)
    rows, columns = np.nonzero(codes > 0)
    bears = sparse.csr_array((np.ones(len(rows)), (rows, codes[rows, columns])), shape=(len(codes), n))
    return (bears[new] @ bears[known].T).tocsr()
