"""A model that never met a person.

::

    decremented    most-popular: the person's events are taken off the counts
    retrained      the models of EXACT: choice on validation, fit and refit again on everybody else, from one seed
    approximate    all others: the history is gone, the weights still hold what was learned; fit again from the log

The first two give the very files that a fit without the person gives: settings, numbers, vocabularies.

References
----------
Bourtoule et al., "Machine Unlearning", IEEE S&P 2021 (exact unlearning is retraining; anything else is not).
"""

import dataclasses

import numpy as np
import pyarrow as pa

from swayline.core.names import MODEL_FILE, WEIGHTS_FILE
from swayline.core.types import Ints
from swayline.dataset import Dataset, Sequences, Vocabulary, seen_leave
from swayline.models import MostPopular
from swayline.training.bundle import ModelBundle
from swayline.training.fit import learn
from swayline.training.plan import TrainingPlan
from swayline.training.provenance import Provenance

DECREMENTED, RETRAINED, APPROXIMATE = "decremented", "retrained", "approximate"
EXACT = ("most-popular", "markov-chain", "item-knn", "user-knn", "ease")
"""Models that a fit repeats to the last bit from histories alone; they read no table of items or people."""
FILES = (MODEL_FILE, WEIGHTS_FILE)
"""What is compared with a model that never saw the person."""


def model_without(bundle: ModelBundle, row: int, *, exact: bool = True) -> tuple[ModelBundle, str]:
    """A bundle without one of its people, and how: ``decremented``, ``retrained`` or ``approximate``.

    Parameters
    ----------
    exact : bool
        Whether a model that can be made exactly is: it takes as long as a fit.
    """
    known = history_gone(bundle, row)
    plan = bundle.plan
    if plan is None or bundle.model.name not in EXACT or plan["unmet"] or not exact:
        return known, APPROXIMATE
    dataset, items = renumbered(known.dataset)
    labels = [bundle.labels[item] for item in items.tolist()]
    if not len(dataset.sequences.items):
        return known, APPROXIMATE
    if isinstance(bundle.model, MostPopular) and plan["refit"]:
        how = DECREMENTED
        learned = dataclasses.replace(
            known, model=_decremented(bundle, row, items), quality=None,
            exclude_seen=seen_leave(dataset.sequences) if plan["split"] == "none" else known.exclude_seen,
        )  # fmt: skip
    else:
        name = bundle.model.name
        again = learn(
            dataset,
            TrainingPlan(
                (name,), {name: bundle.settings}, plan["split"], plan["refit"], seed=plan["seed"], unmet=False
            ),
        )
        how = RETRAINED
        learned = dataclasses.replace(
            known, model=again.model, quality=again.best.quality, exclude_seen=again.exclude_seen
        )
    return dataclasses.replace(learned, dataset=dataset, labels=labels, made=Provenance.of(dataset)), how


def history_gone(bundle: ModelBundle, row: int) -> ModelBundle:
    """The same model with one of its people, and their events' ids, taken out; the weights are as they were."""
    dataset = bundle.dataset
    events = dataset.sequences.events[dataset.sequences.of(row)].tolist()
    others = np.delete(np.arange(len(dataset.users)), row)
    kept = dataclasses.replace(
        dataset, users=Vocabulary(dataset.users.ids.take(pa.array(others))), sequences=dataset.sequences.take(others)
    )
    ids = {event: name for event, name in bundle.event_ids.items() if event not in set(events)}
    n_served = None if bundle.n_served is None else bundle.n_served - int(row < bundle.n_served)
    return dataclasses.replace(bundle, dataset=kept, event_ids=ids, n_served=n_served)


def renumbered(dataset: Dataset) -> tuple[Dataset, Ints]:
    """A dataset without the items and behaviours that nobody is left with, and the items' rows before.

    Items stay in the order of their hash; behaviours are ordered by their events, as a fit orders them.
    """
    sequences = dataset.sequences
    items = np.unique(sequences.items).astype(np.int64)
    counts = np.bincount(sequences.behaviors, minlength=len(dataset.behaviors))
    names = dataset.behaviors.names
    behaviors = sorted(np.flatnonzero(counts).tolist(), key=lambda one: (-counts[one], names[one]))
    new_behavior = np.zeros(len(names), np.int16)
    new_behavior[behaviors] = np.arange(len(behaviors))
    catalogue = sequences.catalogue
    if catalogue is not None:
        catalogue = dataclasses.replace(catalogue, table=catalogue.table.take(pa.array(items)))
    made: Sequences = dataclasses.replace(
        sequences, items=np.searchsorted(items, sequences.items).astype(np.int32),
        behaviors=new_behavior[sequences.behaviors], n_items=len(items), n_behaviors=len(behaviors),
        catalogue=catalogue,
    )  # fmt: skip
    return dataclasses.replace(
        dataset, items=Vocabulary(dataset.items.ids.take(pa.array(items))),
        behaviors=Vocabulary.of([names[one] for one in behaviors]), sequences=made,
    ), items  # fmt: skip


def _decremented(bundle: ModelBundle, row: int, items: Ints) -> MostPopular:
    """The counts without a person's events: whole numbers, so that nothing is rounded."""
    sequences = bundle.dataset.sequences
    model = MostPopular()
    own = np.bincount(sequences.items[sequences.of(row)], minlength=sequences.n_items)
    counts = bundle.model.counts_  # type: ignore[attr-defined]
    model.counts_ = (counts - own.astype(np.float32))[items]
    return model
