"""The one path from a log to a bundle.

::

    log ─ training_data ─ dataset ─ cut ─ fit each candidate ─ measure on validation ─ choose ─ refit ─ bundle

``swayline fit``, ``run``, ``evaluate``, ``tune`` and ``Recommender`` walk
it, each as far as it needs.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.dataset import Dataset, Sequences, Split, as_training_knows, last_out, seen_leave, split_by_name
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.models import Recommender, create, load_model, told_of_values
from swayline.training.bundle import ModelBundle
from swayline.training.data import TrainingData, training_data
from swayline.training.plan import AUTO, TrainingPlan
from swayline.training.provenance import Provenance
from swayline.training.validation import MeasuredQuality, Questions

VALIDATION_SHARE = 0.05
"""At most this share of users lends its last event where no split is asked for."""


@dataclass(frozen=True)
class Candidate:
    """A model that was fitted on the training part.

    Parameters
    ----------
    model : Recommender, optional
        None where a folder keeps it.
    folder : Path, optional
        Where it is kept.
    seconds : float
        Time to fit.
    history : list
        A line an epoch; empty for models that do not train in epochs.
    values : dict, optional
        What the model makes of the events' values.
    quality : MeasuredQuality, optional
        None where no question was asked.
    """

    name: str
    model: Recommender | None
    seconds: float
    folder: Path | None = None
    history: list[Any] = field(default_factory=list)
    values: dict[str, object] | None = None
    quality: MeasuredQuality | None = None

    def load(self) -> Recommender:
        """The fitted model."""
        if self.model is not None:
            return self.model
        assert self.folder is not None
        return load_model(self.folder)

    @property
    def figure(self) -> float:
        """What it is chosen by; 0 where no question was asked."""
        return 0.0 if self.quality is None else self.quality.value


@dataclass(frozen=True)
class Trained:
    """What a training made."""

    bundle: ModelBundle
    candidates: tuple[Candidate, ...]
    chosen: str


def fit_log(engine: Engine, log: EventLog, plan: TrainingPlan) -> ModelBundle:
    """A model of a log, ready to recommend.

    Raises
    ------
    UsageError
        A model does not train in epochs and a checkpoint is asked for.
    EmptyLogError
        No event names an item.
    """
    return train(training_data(engine, log, unmet=plan.wants_unmet), plan).bundle


def train(data: TrainingData, plan: TrainingPlan) -> Trained:
    """Fit every model of the plan, choose one on validation, let it learn again from everything."""
    done = learn(data.dataset, plan)
    bundle = ModelBundle(
        done.model, data.dataset, data.labels, done.exclude_seen, data.log.options, data.event_ids, done.best.quality,
        Provenance.of(data.dataset), None if plan.own else plan.as_json(),
    )  # fmt: skip
    return Trained(bundle, done.candidates, done.best.name)


@dataclass(frozen=True)
class Learned:
    """What a plan makes of a dataset: the model, the candidates it was chosen from, whether seen items leave."""

    model: Recommender
    best: Candidate
    candidates: tuple[Candidate, ...]
    exclude_seen: bool


def learn(dataset: Dataset, plan: TrainingPlan) -> Learned:
    """As :func:`train`, of a dataset alone; the same dataset and plan make the same model."""
    sequences = dataset.sequences
    split = cut(sequences, plan)
    # Told from all that the plan may learn from; what evaluate asks about is never looked at.
    exclude_seen = seen_leave(sequences if plan.split == "none" else split.train)
    questions = Questions.of(split.valid, exclude_seen, plan.split, plan.seed)
    candidates = tuple(fit_candidate(name, split, plan, dataset.behaviors.names, questions) for name in plan.models)
    best = choose(candidates, plan.chosen)
    model = best.load()
    if plan.refit and len(split.train.items) < len(sequences.items):
        with task(f"refit {best.name}"):
            model = model.refit(sequences)
    return Learned(model, best, candidates, exclude_seen)


def cut(sequences: Sequences, plan: TrainingPlan) -> Split:
    """What is learned from and what is asked, as the plan says.

    Raises
    ------
    UsageError
        A time split of a log without times.
    """
    return held_out(sequences, plan.seed) if plan.split == "none" else split_by_name(sequences, plan.split)


def held_out(sequences: Sequences, seed: int) -> Split:
    """The last events of at most 5% of users (three events or more) validate, everything else trains."""
    whole = last_out(sequences)
    able = np.flatnonzero(sequences.lengths >= 3)
    chosen = generator(seed, "early stopping").permutation(able)[: max(1, int(len(able) * VALIDATION_SHARE))]
    held = whole.test.take(np.flatnonzero(np.isin(whole.test.users, chosen)))
    nobody = whole.test.take(np.zeros(0, np.int64))
    return as_training_knows(Split(sequences.keep(~np.isin(sequences.events, held.events)), held, nobody))


def fit_candidate(
    name: str,
    split: Split,
    plan: TrainingPlan,
    behaviors: Sequence[str] | None = None,
    questions: Questions | None = None,
) -> Candidate:
    """One model of the plan fitted on the training part, kept in the plan's folder, and asked the questions.

    Parameters
    ----------
    behaviors : sequence of str, optional
        Names of the behaviours, by number, for what is told of values; without them nothing is.
    questions : Questions, optional
        What is asked of it; nothing by default.
    """
    started = time.perf_counter()
    with task(f"fit {name}"):
        model = plan.create(name).fit(split.train, split.valid)
    seconds = time.perf_counter() - started
    folder = plan.candidates / name if plan.candidates is not None else None
    if folder is not None:
        model.save(folder)
    quality = questions.measure(model) if questions is not None else None
    history = list(getattr(model, "history_", []))
    values = told_of_values(model, split.train, list(behaviors)) if behaviors is not None else None
    return Candidate(name, model if folder is None else None, seconds, folder, history, values, quality)


def choose(candidates: Sequence[Candidate], chosen: str = AUTO) -> Candidate:
    """The candidate of that name, or the best on validation; of equal ones the first."""
    if chosen == AUTO:
        return max(candidates, key=lambda one: one.figure)
    return next(one for one in candidates if one.name == chosen)


def item_neighbours(bundle: ModelBundle, histories: Sequences) -> Recommender:
    """Item-item neighbours of a log, as candidates: the bundle's own ``item-knn``, else one fitted now."""
    return bundle.model if bundle.model.name == "item-knn" else create("item-knn").fit(histories)
