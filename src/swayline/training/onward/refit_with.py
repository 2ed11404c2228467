"""A fitted model and further events: it learns again from both, with every choice that its fit made.

::

    what the bundle knows (histories, catalogue, profiles) ─┐
                                                            ├─ one log ─ dataset ─ model.refit ─ bundle
    a newer log, with new people, items, behaviours ────────┘

An event that stands in both (the same act of a person on an item at the same moment) counts once.
"""

import copy
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError
from swayline.core.names import BEHAVIOR, ITEM, ROW, TIME, USER, VALUE
from swayline.dataset import NO_TIME, seen_leave
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.training.bundle import ModelBundle
from swayline.training.data import TrainingData, training_data
from swayline.training.provenance import Provenance

_KEY = (USER, ITEM, BEHAVIOR, TIME)


def refit_with(engine: Engine, fitted: ModelBundle, log: EventLog) -> ModelBundle:
    """The model after further events.

    Raises
    ------
    DataError
        One of the two logs has times and the other has none.
    """
    data = joined_data(engine, fitted, log)
    model = copy.copy(fitted.model).refit(data.dataset.sequences)
    return replace(
        fitted, model=model, dataset=data.dataset, labels=labels_of(fitted, data),
        exclude_seen=seen_leave(data.dataset.sequences),
        event_ids={}, made=Provenance.of(data.dataset), n_served=None, match=None,
    )  # fmt: skip


def joined_data(engine: Engine, fitted: ModelBundle, log: EventLog) -> TrainingData:
    """What a bundle knows and a newer log as one: its own rows come first, the newer ones are numbered on.

    Raises
    ------
    DataError
        One of the two logs has times and the other has none.
    """
    ordered = fitted.dataset.ordered
    if log.ordered != ordered and len(log):
        has, none = ("the newer log", "the model's") if ordered else ("the model's log", "the newer one")
        raise DataError(f"{has} has times and {none} has none, so their order is unknown: give logs of one kind")
    known = _known_events(fitted)
    events = _joined(known, log.events, timed=not ordered)
    everything = EventLog(
        events, options=fitted.options, items=_items(fitted, log.items), users=_people(fitted, log.users), ties=log.ties
    )
    return training_data(engine, everything, unmet=_has_unmet(fitted))


def labels_of(fitted: ModelBundle, data: TrainingData) -> list[str]:
    """Labels of the items now: the newer title, else the one that the bundle knew."""
    labels = dict(zip(fitted.dataset.items.names, fitted.labels, strict=True))
    return [
        label if label != name else labels.get(name, name)
        for name, label in zip(data.dataset.items.names, data.labels, strict=True)
    ]


def _known_events(fitted: ModelBundle) -> pa.Table:
    """The events of the bundle's histories, as a log holds them."""
    dataset, sequences = fitted.dataset, fitted.dataset.sequences
    n, kind = len(sequences.items), pa.timestamp("us", "UTC")
    columns = {
        ROW: pa.array(sequences.events, pa.int64()),
        USER: dataset.users.ids.cast(pa.string()).take(pa.array(sequences.users)),
        ITEM: dataset.items.ids.cast(pa.string()).take(pa.array(sequences.items.astype(np.int64))),
        BEHAVIOR: dataset.behaviors.ids.cast(pa.string()).take(pa.array(sequences.behaviors.astype(np.int64))),
        TIME: pa.array(sequences.times, pa.int64(), mask=sequences.times == NO_TIME).cast(kind),
    }
    if sequences.values is not None:
        columns[VALUE] = pa.array(sequences.values, pa.float64(), mask=np.isnan(sequences.values))
    assert all(len(column) == n for column in columns.values())
    return pa.table(columns).sort_by(ROW)


def _joined(known: pa.Table, newer: pa.Table, timed: bool) -> pa.Table:
    """Both logs with rows numbered on, without the events that stand in both."""
    wanted = [name for name in known.column_names if name in newer.column_names]
    if VALUE in newer.column_names and VALUE not in wanted:
        wanted.append(VALUE)
    further = newer.select(wanted)
    for name in (USER, ITEM, BEHAVIOR):
        further = further.set_column(further.column_names.index(name), name, further[name].cast(pa.string()))
    if timed:
        # A left anti join would do the same and reorder the rows.
        old = set(zip(*(known[name].cast(_plain(known[name].type)).to_pylist() for name in _KEY), strict=True))
        keys = zip(*(further[name].cast(_plain(further[name].type)).to_pylist() for name in _KEY), strict=True)
        further = further.filter(pa.array([key not in old for key in keys], pa.bool_()))
    first = (pc.max(known[ROW]).as_py() or 0) + 1
    place = further.column_names.index(ROW)
    further = further.set_column(place, ROW, pa.array(first + np.arange(len(further)), pa.int64()))
    if VALUE in further.column_names:
        values = further[VALUE].cast(pa.float64())
        further = further.set_column(further.column_names.index(VALUE), VALUE, values)
    return pa.concat_tables([known, further], promote_options="default").combine_chunks()


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.int64() if pa.types.is_timestamp(kind) else pa.string()


def _items(fitted: ModelBundle, newer: pa.Table | None) -> pa.Table | None:
    """The items table: the newer rows, then what the catalogue knows of the others."""
    catalogue = fitted.dataset.sequences.catalogue
    known = None
    if catalogue is not None:
        known = pa.table({
            ITEM: fitted.dataset.items.ids.cast(pa.string()),
            **{name: catalogue.table[name] for name in catalogue.table.column_names},
        })  # fmt: skip
    return _stacked(known, newer, ITEM)


def _people(fitted: ModelBundle, newer: pa.Table | None) -> pa.Table | None:
    """The users table: the newer rows, then what the profiles hold of the others."""
    codes, profiles = fitted.dataset.people, fitted.dataset.sequences.profiles
    known = None
    if codes is not None and profiles is not None:
        words = dict(zip(codes.table["code"].to_pylist(), codes.table["value"].to_pylist(), strict=True))
        columns = {
            name: pa.array([words.get(code) for code in profiles[:, at].tolist()], pa.string())
            for at, name in enumerate(codes.columns)
            if not name.startswith("place/")
        }
        known = pa.table({USER: fitted.dataset.users.ids.cast(pa.string()), **columns})
    return _stacked(known, newer, USER)


def _stacked(known: pa.Table | None, newer: pa.Table | None, key: str) -> pa.Table | None:
    if known is None or newer is None:
        return known if newer is None else newer
    rest = known.filter(pc.invert(pc.is_in(known[key], value_set=newer[key].cast(pa.string()).combine_chunks())))
    for name in rest.column_names:
        if name in newer.column_names and newer[name].type != rest[name].type:
            rest = rest.set_column(rest.column_names.index(name), name, rest[name].cast(newer[name].type))
    return pa.concat_tables([newer, rest], promote_options="default")


def _has_unmet(fitted: ModelBundle) -> bool:
    met = np.bincount(fitted.dataset.sequences.items, minlength=len(fitted.dataset.items))
    return bool((met == 0).any())
