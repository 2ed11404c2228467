"""From a log to a fitted model: early stopping on a few users' last events, then learning again from everything."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError
from swayline.core.names import ITEM, TITLE
from swayline.core.rng import generator
from swayline.dataset import Dataset, Vocabulary, build_dataset, last_out, split_by_name
from swayline.engine import DuckEngine, Engine
from swayline.events import EventLog, read_events
from swayline.models import Recommender, create, with_seed
from swayline.recommend.fitted import FittedModel

VALIDATION_SHARE = 0.05
"""At most this share of users lends its last event to early stopping."""
REPEATS_MATTER = 0.05
"""From this share of events that return to an item the user already had, seen items stay in the lists."""


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


def repeats_share(dataset: Dataset) -> float:
    """Share of events that return to an item the same user already had.

    >>> from swayline.dataset import Vocabulary, from_lists
    >>> ids = Vocabulary.of(["a"])
    >>> repeats_share(Dataset(ids, ids, ids, from_lists([[0, 0]], n_items=1), ordered=True))
    0.5
    """
    sequences = dataset.sequences
    pairs = sequences.users * np.int64(sequences.n_items) + sequences.items
    return 1.0 - len(np.unique(pairs)) / max(1, len(pairs))


def labels_of(dataset: Dataset, items: pa.Table | None) -> list[str]:
    """A readable name for each item: its title where the log has one, else its id."""
    names = dataset.items.names
    if items is None or TITLE not in items.column_names:
        return names
    titles = dict(zip(items[ITEM].to_pylist(), items[TITLE].cast(pa.string()).to_pylist(), strict=True))
    return [titles.get(name) or name for name in names]


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
    dataset = build_dataset(engine, log.events, side=log.items, people=log.users)
    model = _watched(create(name, **with_seed(name, settings or {}, seed)), checkpoint, watch)
    if getattr(model, "serves_unmet", False):
        dataset = with_unmet(engine, log, dataset)
    if split == "none":
        model = fit_everything(dataset, model, seed)
    else:
        parts = split_by_name(dataset.sequences, split)
        model = model.fit(parts.train, parts.valid)
    return FittedModel(
        model, dataset, labels_of(dataset, log.items), repeats_share(dataset) < REPEATS_MATTER, log.options
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
    return build_dataset(engine, log.events, items=every, side=log.items)


def _watched(model: Recommender, checkpoint: Path | None, watch: Callable[[Any], None] | None) -> Recommender:
    for name, value in (("checkpoint", checkpoint), ("watch", watch)):
        if value is not None:
            if not hasattr(model, name):
                raise UsageError(f"{model.name} does not train in epochs, so it has no {name}: leave it out")
            setattr(model, name, value)
    return model


def with_log(fitted: FittedModel, events: str | Path) -> FittedModel:
    """The same model for the histories of another log, read as its own was.

    Raises
    ------
    DataError
        The log cannot be read, or shares no item with the model.
    """
    with DuckEngine() as engine:
        log = read_events(events, options=fitted.options, engine=engine)
        known = fitted.dataset
        return fitted.with_histories(build_dataset(engine, log.events, items=known.items, behaviors=known.behaviors))
