"""Filters over what is known of items now, and what shapes a list behind the ranking: boosts, influence, diversity."""

from typing import Any

import numpy as np
import pyarrow as pa

from swayline.core.errors import SwaylineError
from swayline.core.names import ITEM, TITLE
from swayline.core.types import Bools
from swayline.dataset import Sequences
from swayline.recommend import Chain, Context, Query, parse_filter
from swayline.recommend.slate import Slate
from swayline.recommend.steps import create_step
from swayline.service.serving.asks import Ask
from swayline.service.serving.loaded import Loaded

_MOST_KEPT = 200


def items_table(loaded: Loaded) -> pa.Table:
    """(I + newcomers,) every item's columns as they are now, the model's items first."""
    names = loaded.bundle.dataset.items.names
    more = [item for item in loaded.catalogue.items if item not in loaded.state.people.item_rows]
    rows = [{ITEM: name, TITLE: loaded.label(name), **(loaded.catalogue.item(name) or {})} for name in (*names, *more)]
    columns: dict[str, None] = {name: None for row in rows for name in row}
    return pa.table({name: _column([row.get(name) for row in rows]) for name in columns})


def _column(values: list[Any]) -> pa.Array:
    """Values as one type: numbers, booleans or lists where all are so, else text."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return pa.array(values, pa.bool_())
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if known and all(isinstance(value, list) for value in known):
        return pa.array(
            [None if value is None else [str(one) for one in value] for value in values], pa.list_(pa.string())
        )
    return pa.array([None if value is None else str(value) for value in values], pa.string())


class Kept:
    """The items' table of a catalogue version, and the filters asked of it."""

    def __init__(self, loaded: Loaded) -> None:
        self.version = loaded.catalogue.version
        self.table = items_table(loaded)
        self.masks: dict[str, Bools] = {}
        names = self.table[ITEM].to_pylist()
        self.rows = {name: row for row, name in enumerate(names)}
        self.context: Context | None = None
        self.chains: dict[str, Chain | SwaylineError | None] = {}


def kept_of(loaded: Loaded) -> Kept:
    """What was worked out of the items as they are now."""
    kept: Kept | None = getattr(loaded, "_shape", None)
    if kept is None or kept.version != loaded.catalogue.version:
        kept = Kept(loaded)
        loaded._shape = kept  # type: ignore[attr-defined]
    return kept


def holding(loaded: Loaded, condition: str, item: str | None = None) -> Bools:
    """(I,) whether a condition holds for each of the model's items, or (1,) for one item.

    Raises
    ------
    UsageError
        It cannot be read, or names a column that items do not have.
    """
    kept = kept_of(loaded)
    if condition not in kept.masks:
        if len(kept.masks) >= _MOST_KEPT:
            kept.masks.clear()
        kept.masks[condition] = parse_filter(condition)(kept.table)
    mask = kept.masks[condition]
    return mask[: loaded.bundle.dataset.sequences.n_items] if item is None else mask[[kept.rows[item]]]


def shaped(
    loaded: Loaded, ask: Ask, history: Sequences, items: np.ndarray, scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A pool in another order: boosts, then the weight of influence, then diversity; newcomers keep their place.

    Parameters
    ----------
    items : (P,) rows, above the model's those of newcomers
    scores : (P,) float64
    """
    n_items = history.n_items
    known = items < n_items
    if ask.influence:
        slate = slate_of(loaded, ask, history, items[known], scores[known])
        create_step("influence", {"behaviors": ask.influence, "people": ask.influence})(slate)
        items, scores = put_back(slate, items, scores, known)
    if ask.boost:
        spread = float(scores.std()) or 1.0
        worth = (scores - scores.mean()) / spread
        for condition, weight in ask.boost.items():
            holds = holding(loaded, condition)
            worth += weight * np.array([bool(holds[at]) if at < n_items else False for at in items.tolist()])
        order = np.argsort(-worth, kind="stable")
        items, scores = items[order], worth[order]
        known = items < n_items
    if ask.diversity:
        slate = slate_of(loaded, ask, history, items[known], scores[known])
        create_step("diversity", {"strength": ask.diversity})(slate)
        items, scores = put_back(slate, items, scores, known)
    return items, scores


def put_back(slate: Slate, items: np.ndarray, scores: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pool with the model's items in the slate's order; newcomers stand where they stood."""
    assert slate.items is not None
    assert slate.scores is not None
    found, told = items.copy(), scores.copy()
    found[known], told[known] = slate.items[0], slate.scores[0]
    return found, told


def context_of(loaded: Loaded) -> Context:
    """What steps may look at: the model, the ledger, the ties and the items as they are now."""
    kept = kept_of(loaded)
    if kept.context is None:
        ties = list(loaded.catalogue.ties.values())
        table = (
            pa.table({"source": [one.source for one in ties], "target": [one.target for one in ties]}) if ties else None
        )
        n_items = loaded.bundle.dataset.sequences.n_items
        kept.context = Context(loaded.bundle, ledger=loaded.ledger, ties=table, side=kept.table.slice(0, n_items))
    return kept.context


def slate_of(
    loaded: Loaded, ask: Ask, history: Sequences, items: np.ndarray | None = None, worth: np.ndarray | None = None
) -> Slate:
    """A slate of one question: before a ranking, or with a pool of the model's items (P,) and what they are worth."""
    row = loaded.state.people.rows.get(ask.user) if ask.user is not None else None
    pool = ask.k if items is None else len(items)
    query = Query(user=ask.user, k=ask.k)
    slate = Slate(context_of(loaded), [query], np.array([-1 if row is None else row]), history, pool)
    if items is not None and worth is not None:
        slate.ranked("rank", items[None].astype(np.int32), worth[None].astype(np.float64))
    return slate
