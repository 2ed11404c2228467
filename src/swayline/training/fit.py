"""From a log to a fitted model: early stopping on a few users' last events, then learning again from everything."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.names import ITEM, TITLE, USER
from swayline.core.rng import generator
from swayline.dataset import Dataset, Vocabulary, build_dataset, last_out, seen_leave, split_by_name
from swayline.engine import DuckEngine, Engine
from swayline.events import EventLog, read_people
from swayline.models import Recommender, create, with_seed
from swayline.training.bundle import FittedModel
from swayline.training.newer import Match, event_ids, matched, read_newer

VALIDATION_SHARE = 0.05
"""At most this share of users lends its last event to early stopping."""


def fit_everything(dataset: Dataset, model: Recommender, seed: int) -> Recommender:
    """Fit on all events: how long is found on the last events of at most 5% of users, then all is relearned."""
    sequences = dataset.sequences
    able = np.flatnonzero(sequences.lengths >= 3)
    chosen = generator(seed, "early stopping").permutation(able)[: max(1, int(len(able) * VALIDATION_SHARE))]
    if len(able) == 0:
        return model.fit(sequences)
    split = last_out(sequences)
    held = split.test.take(np.flatnonzero(np.isin(split.test.users, chosen)))
    kept = ~np.isin(sequences.events, held.events)
    model.fit(sequences.keep(kept), held)
    return model.refit(sequences)


def labels_of(dataset: Dataset, items: pa.Table | None) -> list[str]:
    """A readable name for each item: its title where the log has one, else its id."""
    names = dataset.items.names
    if items is None or TITLE not in items.column_names:
        return names
    titles = dict(zip(items[ITEM].to_pylist(), items[TITLE].cast(pa.string()).to_pylist(), strict=True))
    return [titles.get(name) or name for name in names]


SPLITS = ("none", "last-out", "time")


def check_split(split: str) -> None:
    """Refuse a split that a fit does not know.

    Raises
    ------
    UsageError
        It is none of :data:`SPLITS`.
    """
    if split not in SPLITS:
        raise UsageError(f"--split {shown(split)} is unknown: {nearest(split, SPLITS)}")


def fit_log(
    engine: Engine,
    log: EventLog,
    name: str,
    *,
    settings: Mapping[str, object] | None = None,
    split: str = "none",
    seed: int = 0,
    checkpoint: Path | None = None,
    watch: Callable[[Any], None] | None = None,
) -> FittedModel:
    """A model of a log, ready to recommend.

    Parameters
    ----------
    split : str
        ``none`` learns from everything; ``last-out`` and ``time`` leave out what ``evaluate`` would ask about.
    checkpoint : Path, optional
        Where training stands after each epoch; a run that was cut off goes on from it.
    watch : callable, optional
        Told of every epoch as it ends.

    Raises
    ------
    UsageError
        The split or the model is unknown, or the model does not train in epochs and a checkpoint is asked for.
    """
    check_split(split)
    model = _watched(create(name, **with_seed(name, settings or {}, seed)), checkpoint, watch)
    dataset = build_dataset(engine, log.events, side=log.items, people=log.users)
    if getattr(model, "serves_unmet", False):
        dataset = with_unmet(engine, log, dataset)
    if split == "none":
        learned_from = dataset.sequences
        model = fit_everything(dataset, model, seed)
    else:
        parts = split_by_name(dataset.sequences, split)
        learned_from = parts.train
        model = model.fit(parts.train, parts.valid)
    return FittedModel(
        model, dataset, labels_of(dataset, log.items), seen_leave(learned_from), log.options, event_ids(log)
    )


def with_unmet(engine: Engine, log: EventLog, dataset: Dataset) -> Dataset:
    """The dataset with the items of the items table that no event names, behind those that were met.

    For models that can recommend what nobody has met yet, by what the items table says of it.
    """
    if log.items is None:
        return dataset
    listed = pc.unique(log.items[ITEM].cast(pa.string()))
    unmet = listed.filter(pc.invert(pc.is_in(listed, value_set=dataset.items.ids))).drop_null()
    if not len(unmet):
        return dataset
    every = Vocabulary(pa.concat_arrays([dataset.items.ids.cast(pa.string()), unmet]))
    return build_dataset(engine, log.events, items=every, side=log.items, people=log.users)


def _watched(model: Recommender, checkpoint: Path | None, watch: Callable[[Any], None] | None) -> Recommender:
    for name, value in (("checkpoint", checkpoint), ("watch", watch)):
        if value is not None:
            if not hasattr(model, name):
                raise UsageError(f"{model.name} does not train in epochs, so it has no {name}: leave it out")
            setattr(model, name, value)
    return model


def with_log(fitted: FittedModel, events: Any, users: Any = None) -> FittedModel:
    """The same model for the histories of a newer log, read as its own was; see :mod:`swayline.training.newer`.

    Parameters
    ----------
    events : path, address or frame
    users : path, address or frame, optional
        What is known of the people, as the users table that the model learned from.

    Raises
    ------
    DataError
        The log cannot be read, or the model knows nothing of it.
    """
    with DuckEngine() as engine:
        return for_log(engine, fitted, read_newer(events, fitted.options, users, engine))


def with_people(fitted: FittedModel, users: Any) -> FittedModel:
    """The same model and histories, with what a table of users says of the people it has met.

    Raises
    ------
    DataError
        The table cannot be read.
    """
    table, known = read_people(users), fitted.dataset
    unread = tuple(table.column_names[1:]) if known.people is None else tuple(known.people.unread(table))
    match = Match(unknown_columns=tuple(name for name in unread if name != USER))
    if known.people is None or known.sequences.profiles is None:
        return replace(fitted, match=match)
    said = known.people.read(known.users.ids, table)
    profiles = np.where(said > 0, said, known.sequences.profiles)
    sequences = replace(known.sequences, profiles=profiles)
    return replace(fitted, dataset=replace(known, sequences=sequences), match=match)


def for_log(engine: Engine, fitted: FittedModel, log: EventLog) -> FittedModel:
    """The same model for the histories of a newer log that was read."""
    dataset, match, ids = matched(engine, log, fitted.dataset)
    n_served = match.known_people + match.new_people
    return fitted.with_histories(dataset, fitted.event_ids | ids, n_served, match)
