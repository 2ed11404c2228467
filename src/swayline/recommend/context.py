"""What the steps may look at: the model with its log, the items' columns, the ledger, the ties; each worked out once.

Shapes: U people of the log, I items, E events.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.names import CATEGORY, DEVICE, ITEM, SOURCE, TARGET, TITLE
from swayline.core.types import Floats, Ints
from swayline.dataset import NO_TIME, Sequences
from swayline.dataset.catalogue import as_text, lined_up
from swayline.ledger.usable import usable_effects
from swayline.training import ModelBundle, item_neighbours

MET, LAST_MET = "met", "last_met"
"""Columns that every item has: how many events it has, and when the last of them was."""
EXCITATION = ("excitation", "spread")


@dataclass(frozen=True)
class Context:
    """A fitted model and what is known beside it.

    Parameters
    ----------
    bundle : ModelBundle
        Model, vocabularies, histories.
    ledger : pa.Table, optional
        Measured influence: effects of behaviours (``ate``, ``att``) and influence of people (``excitation``).
    ties : pa.Table, optional
        ``source``, ``target``: whom each person knows; influence runs source → target. Where it is left out, the
        ledger's rows from person to person are the ties.
    side : pa.Table, optional
        ``item`` and what is known of it, newer than what the model's folder holds.
    events : pa.Table, optional
        The log's events, for what histories do not hold: the device of each.
    uplift : object, optional
        What measures the change that showing an item makes (:mod:`swayline.recommend.uplift`).
    """

    bundle: ModelBundle
    ledger: pa.Table | None = None
    ties: pa.Table | None = None
    side: pa.Table | None = None
    events: pa.Table | None = None
    uplift: Any = None
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def histories(self) -> Sequences:
        """Everybody's history, asked when the log ends."""
        return self.bundle.histories

    @property
    def n_items(self) -> int:
        """I."""
        return self.histories.n_items

    @cached_property
    def now_us(self) -> int:
        """The end of the log, UTC microseconds; -1 where the log has no times."""
        return int(self.histories.times.max(initial=NO_TIME))

    @cached_property
    def met(self) -> Ints:
        """(I,) events of each item."""
        return np.bincount(self.histories.items, minlength=self.n_items)

    @cached_property
    def by_popularity(self) -> Ints:
        """(I,) items by their events, most first; the first of the vocabulary where several tie."""
        return np.argsort(-self.met, kind="stable")

    @cached_property
    def items(self) -> pa.Table:
        """(I,) all that a filter may ask of an item: the catalogue's columns, ``item``, ``met``, ``last_met``."""
        known = self.histories.catalogue
        columns = {} if known is None else {name: known.table[name] for name in known.table.column_names}
        if self.side is not None:
            rows = lined_up(self.bundle.dataset.items.ids, self.side, ITEM)
            columns |= {name: rows[name] for name in rows.column_names}
        columns[ITEM] = pa.chunked_array([self.bundle.dataset.items.ids.cast(pa.string())])
        columns.setdefault(TITLE, pa.chunked_array([pa.array(self.bundle.labels, pa.string())]))
        columns[MET] = pa.chunked_array([pa.array(self.met, pa.int64())])
        if self.histories.timed:
            last = np.full(self.n_items, NO_TIME, np.int64)
            np.maximum.at(last, self.histories.items, self.histories.times)
            kind = pa.timestamp("us", "UTC")
            columns[LAST_MET] = pa.chunked_array([pa.array(last, pa.int64(), mask=last < 0).cast(kind)])
        return pa.table(columns)

    def column(self, name: str, asked_by: str) -> pa.ChunkedArray:
        """A column of the items.

        Raises
        ------
        UsageError
            There is none of that name.
        """
        if name not in self.items.column_names:
            raise UsageError(
                f"{asked_by}: items have no column {shown(name)}: {nearest(name, self.items.column_names)}"
            )
        return self.items[name]

    def numbers(self, name: str, asked_by: str) -> Floats:
        """(I,) a column of numbers, NaN where it is null.

        Raises
        ------
        UsageError
            There is none of that name, or it holds no numbers.
        """
        column = self.column(name, asked_by)
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise UsageError(f"{asked_by}: column {name!r} holds {column.type}, and numbers are needed")
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)

    def groups(self, name: str | None, asked_by: str) -> Ints:
        """(I,) number of each item's value in a column of words (``category`` by default), -1 where it has none."""
        if name is None and CATEGORY not in self.items.column_names:
            raise DataError(
                f"{asked_by} needs groups of items: give an items table with a category, or say by='COLUMN'"
            )
        encoded = as_text(self.column(name or CATEGORY, asked_by)).combine_chunks().dictionary_encode()
        return np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int64)

    @cached_property
    def devices(self) -> dict[str, Floats]:
        """Device → (I,) events on it.

        Raises
        ------
        DataError
            The events are not at hand, or name no device.
        """
        if self.events is None or DEVICE not in self.events.column_names:
            raise DataError("context: a device needs events that name it: give the log (--events) with a device column")
        rows = self.bundle.dataset.items.rows(self.events[ITEM].cast(pa.string()))
        encoded = self.events[DEVICE].cast(pa.string()).combine_chunks().dictionary_encode()
        codes = np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int64)
        return {
            name: np.bincount(rows[(rows >= 0) & (codes == code)], minlength=self.n_items).astype(np.float64)
            for code, name in enumerate(encoded.dictionary.to_pylist())
        }

    @cached_property
    def neighbours(self) -> Any:
        """Item-item neighbours of this log."""
        return item_neighbours(self.bundle, self.histories)

    @cached_property
    def effects(self) -> dict[str, float]:
        """Behaviour → what it causes, by the ledger: quoted, shrunk, positive; empty without a ledger."""
        return usable_effects(self.ledger) if self.ledger is not None else {}

    @cached_property
    def tie_weights(self) -> sparse.csr_array:
        """(U, U) weight of each tie, row = who is influenced, column = by whom.

        The measured influence where the ledger has it; with a table of ties alone, every tie of a person weighs alike
        and they sum to one.
        """
        measured = self._measured_ties()
        return self.even_ties if measured is None else measured

    @cached_property
    def even_ties(self) -> sparse.csr_array:
        """(U, U) the table of ties, those of a person alike and one in all; row = who follows, column = whom."""
        n, users = len(self.histories), self.bundle.dataset.users
        if self.ties is None:
            return sparse.csr_array((n, n), dtype=np.float64)
        for name in (SOURCE, TARGET):
            if name not in self.ties.column_names:
                raise DataError(f"the table of ties has no column {name!r}: {nearest(name, self.ties.column_names)}")
        ends = [users.rows(self.ties[name].cast(pa.string())) for name in (TARGET, SOURCE)]
        known = (ends[0] >= 0) & (ends[1] >= 0)
        found = sparse.csr_array((np.ones(int(known.sum())), (ends[0][known], ends[1][known])), shape=(n, n))
        found.data[:] = 1.0
        totals = np.maximum(np.asarray(found.sum(axis=1)).ravel(), 1.0)
        return (sparse.diags_array(1.0 / totals) @ found).tocsr()

    def _measured_ties(self) -> sparse.csr_array | None:
        if self.ledger is None:
            return None
        rows = self.ledger.filter(
            pc.and_(pc.equal(self.ledger["cause_kind"], "user"), pc.equal(self.ledger["effect_kind"], "user"))
        )
        for estimand in EXCITATION:
            some = rows.filter(pc.and_(pc.equal(rows["estimand"], estimand), pc.is_valid(rows["estimate"])))
            if not len(some):
                continue
            ends = [self.bundle.dataset.users.rows(some[name]) for name in ("effect", "cause")]
            weight = np.maximum(some["estimate"].to_numpy().astype(np.float64), 0.0)
            known = (ends[0] >= 0) & (ends[1] >= 0)
            n = len(self.histories)
            return sparse.csr_array((weight[known], (ends[0][known], ends[1][known])), shape=(n, n))
        return None

    @property
    def has_ties(self) -> bool:
        """Whether anything is known of who knows whom."""
        return self.ties is not None or self._measured_ties() is not None

    def until(self, moment_us: int | None) -> Sequences:
        """Everybody's history up to a moment; all of it where none is said."""
        if moment_us is None or not self.histories.timed or moment_us >= self.now_us:
            return self.histories
        known: Sequences = self.once(
            ("until", moment_us), lambda: self.histories.keep(self.histories.times <= moment_us)
        )
        return known

    def acts(self, moment_us: int | None) -> sparse.csr_array:
        """(U, I) whether a person has met an item by a moment."""

        def count() -> sparse.csr_array:
            some = self.until(moment_us)
            found = sparse.csr_array(
                (np.ones(len(some.items)), (some.users, some.items)), shape=(len(some), some.n_items)
            )
            found.data[:] = 1.0
            return found

        return self.once(("acts", None if moment_us is None or moment_us >= self.now_us else moment_us), count)

    def once(self, key: Any, work: Any) -> Any:
        """What some work makes, done once and kept."""
        if key not in self._kept:
            if len(self._kept) > 64:
                self._kept.clear()
            self._kept[key] = work()
        return self._kept[key]
