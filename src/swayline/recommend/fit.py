"""From a log to a fitted model: early stopping on a few users' last events, then learning again from everything."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from swayline.core.names import ITEM, TITLE
from swayline.core.rng import generator
from swayline.dataset import Dataset, last_out
from swayline.events import EventLog
from swayline.models import Recommender, create
from swayline.recommend.fitted import FittedModel

VALIDATION_SHARE = 0.05
"""At most this share of users lends its last event to early stopping."""
REPEATS_MATTER = 0.05
"""From this share of events that return to an item the user already had, seen items stay in the lists."""


def fit_everything(dataset: Dataset, name: str, settings: Mapping[str, object], seed: int) -> Recommender:
    """Fit on all events: how long to train is found on the last events of at most 5% of users, then all is learned again."""
    sequences = dataset.sequences
    model = create(name, **settings)
    able = np.flatnonzero(sequences.lengths >= 3)
    chosen = generator(seed, "early stopping").permutation(able)[: max(1, int(len(able) * VALIDATION_SHARE))]
    if len(able) == 0:
        return model.fit(sequences)
    split = last_out(sequences)
    held = split.test.take(np.flatnonzero(np.isin(split.test.users, chosen)))
    kept = ~np.isin(sequences.events, held.events)
    model.fit(sequences.keep(kept), held)
    return refit(model, dataset)


def refit(model: Recommender, dataset: Dataset) -> Recommender:
    """The same model, its choices kept, learned again from every event."""
    return model.refit(dataset.sequences)


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


def fit_log(log: EventLog, dataset: Dataset, name: str, settings: Mapping[str, object], seed: int) -> FittedModel:
    """A model of a log, ready to recommend."""
    model = fit_everything(dataset, name, settings, seed)
    return FittedModel(model, dataset, labels_of(dataset, log.items), repeats_share(dataset) < REPEATS_MATTER, log.options)
