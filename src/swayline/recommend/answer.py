"""From slates to lists: one table, where each item comes from, and why a list is short.

Shapes: Q questions, P places of the pool.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from swayline.core.names import ITEM, RANK, REASON, SCORE, USER
from swayline.core.types import Bools, Ints
from swayline.recommend.context import Context
from swayline.recommend.lists import Lists
from swayline.recommend.slate import POPULAR, Slate
from swayline.training.bundle import LIST_SOURCE

QUERY, TRACE = "query", "trace"


def gathered(context: Context, slates: Sequence[Slate], notes: Sequence[str], trace: bool) -> Lists:
    """The lists of all slates as one."""
    parts, short, first = [], [], 0
    for slate in slates:
        parts.append(_table(slate, first, trace))
        short += _short(slate, first)
        first += len(slate)
    table = pa.concat_tables(parts) if parts else _empty()
    if table[USER].null_count == 0:
        table = table.drop_columns([QUERY])
    return Lists(table, tuple(short), tuple(dict.fromkeys(notes)))


def _empty() -> pa.Table:
    kinds = {USER: pa.string(), ITEM: pa.string(), RANK: pa.int64(), SCORE: pa.float64(), LIST_SOURCE: pa.string()}
    return pa.schema([*kinds.items(), (QUERY, pa.int64())]).empty_table()


def _shown(slate: Slate) -> tuple[Bools, Ints]:
    """(Q, P) which places are in a list, and (Q,) how long each list may be."""
    assert slate.items is not None
    lengths = np.array([query.k for query in slate.queries], np.int64)
    return (slate.items >= 0) & (np.arange(slate.items.shape[1]) < lengths[:, None]), lengths


def _table(slate: Slate, first: int, trace: bool) -> pa.Table:
    assert slate.items is not None
    assert slate.scores is not None
    shown, _ = _shown(slate)
    rows, places = np.nonzero(shown)
    items, scores = slate.items[rows, places], slate.scores[rows, places]
    sources = _sources(slate, rows, items)
    fallback = np.zeros(len(slate), bool) if slate.fallback is None else slate.fallback
    popular = np.array([one == POPULAR for one in slate.sources], bool) if slate.sources else fallback
    # Scores are compared over a list, and float32 is what models give.
    columns: dict[str, Any] = {
        USER: _users(slate).take(pa.array(rows)),
        ITEM: slate.context.bundle.dataset.items.ids.take(pa.array(items.astype(np.int64))),
        RANK: pa.array(places + 1, pa.int64()),
        SCORE: pa.array(scores.astype(np.float64), pa.float64(), mask=(popular & fallback)[rows]),
    }
    if slate.reasons is not None:
        columns[REASON] = pa.array([text for row in slate.reasons for text in row], pa.string())
    columns[LIST_SOURCE] = sources
    if trace:
        columns[TRACE] = pa.array(_traces(slate, rows, items), pa.string())
    columns[QUERY] = pa.array(rows + first, pa.int64())
    return pa.table(columns)


def _users(slate: Slate) -> pa.Array:
    """(Q,) ids of those who ask; null for somebody without a name."""
    if (slate.rows >= 0).all():
        return slate.context.bundle.dataset.users.ids.cast(pa.string()).take(pa.array(slate.rows))
    return pa.array([None if query.user is None else str(query.user) for query in slate.queries], pa.string())


def _sources(slate: Slate, rows: Ints, items: np.ndarray) -> pa.Array:
    bits = np.full(len(rows), slate.whole, np.int64)
    if slate.proposed is not None:
        bits |= slate.proposed[rows, items]
    kinds, which = np.unique(bits, return_inverse=True)
    names = ["+".join(name for bit, name in enumerate(slate.proposers) if kind >> bit & 1) for kind in kinds]
    found = np.array(names, dtype=object)[which] if len(names) else np.zeros(0, object)
    instead = (
        np.array(slate.sources, dtype=object)[rows] if slate.sources and len(rows) else np.full(len(rows), "", object)
    )
    return pa.array(np.where(instead != "", instead, found).tolist(), pa.string())


def _traces(slate: Slate, rows: Ints, items: np.ndarray) -> list[str]:
    """``rank 7, influence 2, diversity 3``: the place of each item after every step that orders."""
    parts = []
    for name, placed in slate.placed:
        place = (placed[rows] == items[:, None]).argmax(axis=1)
        parts.append([f"{name} {one + 1}" for one in place])
    return [", ".join(one) for one in zip(*parts, strict=True)]


def _short(slate: Slate, first: int) -> list[dict[str, Any]]:
    """Which lists hold fewer items than asked, and why."""
    shown, lengths = _shown(slate)
    got = shown.sum(axis=1)
    found = []
    for row in np.flatnonzero(got < lengths):
        query = slate.queries[int(row)]
        user = None if query.user is None else str(query.user)
        found.append({
            "user": user, QUERY: int(row + first), "asked": int(lengths[row]), "got": int(got[row]),
            "why": _why(slate, int(row), int(got[row]), int(lengths[row])),
        })  # fmt: skip
    return found


def _why(slate: Slate, row: int, got: int, asked: int) -> str:
    n = slate.context.n_items
    lost = [f"{why} took {int(counts[row]):,}" for why, counts in slate.lost.items() if counts[row]]
    if slate.drops is not None and slate.drops[row]:
        seen = np.unique(slate.history.items[slate.history.of(row)])
        open_to = np.ones(n, bool) if slate.allowed is None else slate.allowed[row]
        lost += [f"what was seen took {int(open_to[seen].sum()):,}"] if open_to[seen].any() else []
    if slate.proposed is not None and not slate.whole:
        lost.append(f"{', '.join(slate.proposers)} named {int((slate.proposed[row] > 0).sum()):,}")
    return f"{got} of {asked} places filled: of {n:,} items {'; '.join(lost) or 'no more are there'}"
