"""A model asked for the last event of everybody who has three, with what it answered.

The model learns from all but each person's last two events; the last but one chooses its settings and makes its scores
probabilities, and the last is asked. No figure of fairness rests on what the model has seen.

Shapes: Q questions, one a person; P places of the pool; I items.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.progress import task
from swayline.core.types import ItemRows
from swayline.dataset import Split, Targets, last_out, seen_leave
from swayline.engine import Engine
from swayline.evaluation import check_numbers, inverse_temperature
from swayline.evaluation.probabilities import probabilities
from swayline.events import EventLog
from swayline.metrics.ranking import ndcg, ranks
from swayline.models import Recommender, top_k
from swayline.models import names as model_names
from swayline.models.validation import ask
from swayline.training import ModelBundle, TrainingData, TrainingPlan, fit_candidate, training_data
from swayline.training.provenance import fingerprint_of
from swayline.trust.fairness.plan import FairnessPlan

_SPLIT = "last-out"
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """What a model answered.

    Parameters
    ----------
    bundle : ModelBundle
        The model, with the histories before the answers.
    targets : Targets
        The questions.
    people : (Q,) string
        Who was asked.
    ndcg : (Q,) float
        Of the whole ranking; items level with the answer stand in any order.
    items, scores : (Q, P)
        The pool, best first; -1 and -inf where nothing is left.
    confidence : (Q,) float, optional
        The probability of the first item; None where nothing makes scores probabilities.
    right : (Q,) float, optional
        1 where the first item was the answer.
    """

    bundle: ModelBundle
    targets: Targets
    people: pa.Array
    ndcg: Values
    items: ItemRows
    scores: Values
    confidence: Values | None = None
    right: Values | None = None


def ask_people(engine: Engine, log: EventLog, plan: FairnessPlan, pool: int) -> Asked:
    """Fit or take the model, and ask it.

    Raises
    ------
    UsageError
        The model is unknown.
    DataError
        Nobody has three events, or the folder's model has seen the answers or another log.
    """
    model, data, split = _taken(engine, log, plan) if _is_folder(plan) else _fitted(engine, log, plan)
    sequences = data.dataset.sequences
    exclude_seen = seen_leave(split.train)
    known = replace(sequences.keep(~np.isin(sequences.events, split.test.events)), catalogue=split.train.catalogue)
    dataset = replace(data.dataset, sequences=known)
    bundle = ModelBundle(model, dataset, data.labels, exclude_seen, log.options)
    people = dataset.users.ids.cast(pa.string()).take(pa.array(split.test.users))
    heat = inverse_temperature(model, split.valid, exclude_seen, plan.seed)
    return Asked(bundle, split.test, people, *_answers(model, split.test, exclude_seen, plan.k, pool, heat))


def _is_folder(plan: FairnessPlan) -> bool:
    known = plan.model in model_names() or plan.model in plan.own
    if not known and not Path(plan.model).is_dir():
        raise UsageError(
            f"model {shown(plan.model)} is neither a model nor a folder of one: {nearest(plan.model, model_names())}"
        )
    return not known


def _fitted(engine: Engine, log: EventLog, plan: FairnessPlan) -> tuple[Recommender, TrainingData, Split]:
    training = TrainingPlan((plan.model,), {plan.model: plan.settings}, seed=plan.seed, own=plan.own)
    data = training_data(engine, log)
    split = check_numbers(_cut(data))
    return fit_candidate(plan.model, split, training).load(), data, split


def _taken(engine: Engine, log: EventLog, plan: FairnessPlan) -> tuple[Recommender, TrainingData, Split]:
    """The model of a folder, where it has seen this log and not the answers."""
    if plan.settings:
        raise UsageError(f"--set belongs to a model that is fitted here, and {shown(plan.model)} is fitted already")
    bundle = ModelBundle.load(Path(plan.model))
    if bundle.quality is None or bundle.quality.split != _SPLIT:
        said = "unknown" if bundle.quality is None else bundle.quality.split
        raise DataError(
            f"the model in {shown(plan.model)} has seen what it would be asked (its split: {said}): fit it with "
            f"--split {_SPLIT}"
        )
    as_read = log if bundle.dataset.people is not None else replace(log, users=None)
    for unmet in (False, True):
        data = training_data(engine, as_read, unmet=unmet)
        if fingerprint_of(data.dataset) == fingerprint_of(bundle.dataset):
            return bundle.model, data, check_numbers(_cut(data))
    raise DataError(
        f"the model in {shown(plan.model)} was fitted on another log: give the events, items and users that it "
        "learned from, read alike"
    )


def _cut(data: TrainingData) -> Split:
    split = last_out(data.dataset.sequences)
    if not len(split.test):
        most = int(data.dataset.sequences.lengths.max(initial=0))
        raise DataError(
            f"nobody is held out: a person is asked who has at least 3 events with an item, and the most here is {most}"
        )
    return split


def _answers(
    model: Recommender, targets: Targets, exclude_seen: bool, k: int, pool: int, heat: float | None
) -> tuple[Values, ItemRows, Values, Values | None, Values | None]:
    """NDCG, pool and scores of every question; where there are probabilities, confidence and whether it was right."""
    found: list[tuple[np.ndarray, ...]] = []
    with task(f"ask {model.name}", total=len(targets)) as bar:
        for part in ask(model, targets, exclude_seen):
            better, tied = ranks(part.scores, part.questions.items)
            items, scores = top_k(part.scores, pool)
            sure = np.full(len(part.questions), np.nan)
            if heat is not None:
                sure = probabilities(part.scores, part.questions.items, heat)[2]
            right = (better == 0) / (tied + 1.0)
            found.append((ndcg(better, tied, k), items, scores, sure, right))
            bar.advance(len(part.questions))
    quality, items, scores, sure, right = (np.concatenate(one) for one in zip(*found, strict=True))
    told = (None, None) if heat is None else (sure, right)
    return quality, items, scores.astype(np.float64), *told
