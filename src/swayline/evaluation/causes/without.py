"""What a behaviour, a category, an age of events or a column is worth to a recommender: refitted without it.

::

    whole       fitted on all of the log         asked what came next                     NDCG, coverage
    without     fitted on what is left           asked the same, reading what is left     NDCG, coverage
    worth       whole - without, question by question, with an interval over people

The questions are the same, answers by what is left out included, and so is what a list may hold: what the person had
stays out of it, whether the model was told of it or not.

Shapes: Q questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.names import CATEGORY, VALUE
from swayline.core.rng import generator
from swayline.core.time import parse_duration_s
from swayline.dataset import Catalogue, Dataset, Sequences, Split, seen_leave
from swayline.engine import Engine
from swayline.evaluation.about import Items
from swayline.evaluation.leakage import check_numbers
from swayline.evaluation.model import Plan
from swayline.evaluation.protocols import folds
from swayline.evaluation.ranking import Ranking, rank_targets
from swayline.evaluation.significance import bootstrap_mean, paired_test
from swayline.events import EventLog
from swayline.ledger import Figure, ModelRow, ledger
from swayline.models import Recommender
from swayline.models.protocol import Scores
from swayline.training import TrainingPlan, fit_candidate, training_data

KINDS = ("behavior", "category", "older", "column", "relation")
LISTS = "top recommendations"


@dataclass(frozen=True)
class Left:
    """Something that leaves the log: ``behavior=view``, ``older=30d``, ``column=price`` or ``relation=director``."""

    kind: str
    name: str

    def of(self, dataset: Dataset, train: Sequences) -> "Edit":
        """How it leaves histories of a log.

        Raises
        ------
        UsageError
            The log has no such behaviour, category or column, or no times.
        """
        names: list[str]
        if self.kind == "behavior":
            names = list(dataset.behaviors.names)
            return Edit(behavior=self._code(names))
        if self.kind == "category":
            codes, names = (np.zeros(0), []) if train.catalogue is None else train.catalogue.codes(CATEGORY)
            return Edit(items=np.flatnonzero(codes == self._code(names)))
        if self.kind == "older":
            if not train.timed:
                raise UsageError(f"older={self.name}: an ordered log has no times to tell an age by")
            return Edit(before_us=int(train.times.max()) - int(parse_duration_s(self.name) * 1e6))
        if self.kind == "relation":
            if train.graph is None:
                raise UsageError(f"relation={self.name}: the log has no knowledge graph: say --graph FILE")
            train.graph.without(self.name)
            return Edit(relation=self.name)
        names = [] if train.catalogue is None else list(train.catalogue.table.column_names)
        names = [*names, VALUE] if train.valued else names
        self._code(names)
        return Edit(column=self.name)

    def _code(self, names: list[str]) -> int:
        if self.name not in names:
            others = nearest(self.name, names[:2000]) if names else f"it has none that a {self.kind} could be"
            raise UsageError(f"{self.kind}={shown(self.name)} is not in the log: {others}")
        return names.index(self.name)


def parse_left(text: str) -> Left:
    """What a word of ``--without`` names.

    >>> parse_left("behavior=view")
    Left(kind='behavior', name='view')

    Raises
    ------
    UsageError
        It is not of the form KIND=NAME, or the kind is unknown.
    """
    kind, _, name = text.partition("=")
    if not name or kind not in KINDS:
        raise UsageError(f"--without {shown(text)}: write behavior=…, category=…, older=30d, column=… or relation=…")
    return Left(kind, name)


@dataclass(frozen=True)
class Edit:
    """Histories without something; exactly one of the fields is set."""

    behavior: int | None = None
    items: np.ndarray | None = None
    before_us: int | None = None
    column: str | None = None
    relation: str | None = None

    def __call__(self, history: Sequences) -> Sequences:
        """The same people with what is left."""
        if self.behavior is not None:
            return history.keep(history.behaviors != self.behavior)
        if self.items is not None:
            return history.keep(~np.isin(history.items, self.items))
        if self.before_us is not None:
            return history.keep(history.times >= self.before_us)
        if self.relation is not None:
            assert history.graph is not None
            return replace(history, graph=history.graph.without(self.relation))
        if self.column == VALUE:
            return replace(history, values=None)
        assert history.catalogue is not None
        assert self.column is not None
        return replace(history, catalogue=Catalogue(history.catalogue.table.drop_columns([self.column])))


class ReadsLess:
    """A model that is asked with whole histories and reads what an edit leaves of them."""

    def __init__(self, model: Recommender, edit: Edit) -> None:
        self.model, self.edit, self.name, self.reads_values = model, edit, model.name, False

    def fit(self, train: Sequences, valid: object = None) -> Self:
        """Refuse: it is fitted already."""
        raise UsageError("a model that reads less is fitted before it is asked")

    def score(self, history: Sequences) -> Scores:
        """(Q, I) what the model says of what is left."""
        return self.model.score(self.edit(history))


def quality_without(
    engine: Engine, log: EventLog, name: str, left: Sequence[Left], plan: Plan | None = None,
    training: TrainingPlan | None = None,
) -> pa.Table:  # fmt: skip
    """``quality_change`` rows: NDCG and coverage that a model loses without each of some things, refitted.

    Raises
    ------
    UsageError, DataError
        What is left out is not in the log, or nothing is left to learn from.
    """
    plan = plan or Plan()
    if plan.split not in ("last-out", "time"):
        raise UsageError(f"--without takes one split, last-out or time, not {plan.split}")
    training = training or TrainingPlan((name,), seed=plan.seed)
    dataset = training_data(engine, log).dataset
    fold = next(iter(folds(dataset.sequences, plan.split, cut=plan.cut, n_folds=plan.n_folds, seed=plan.seed)))
    split = check_numbers(fold.split)
    edits = [one.of(dataset, split.train) for one in left]
    exclude, items = seen_leave(split.train), Items.of(split.train)

    def asked(model: Recommender) -> Ranking:
        return rank_targets(model, split.test, plan.k, exclude, f"rank with {name}", items=items)

    whole = asked(fit_candidate(name, split, training).load())
    rows: list[ModelRow] = []
    for one, edit in zip(left, edits, strict=True):
        less = replace(split, train=edit(split.train), valid=replace(split.valid, history=edit(split.valid.history)))
        if not len(less.train.items):
            raise DataError(f"without {one.kind}={one.name} no event is left to learn from")
        model = fit_candidate(name, less, training).load()
        rows += _rows(one, whole, asked(ReadsLess(model, edit)), name, plan, _gone(split, less))  # type: ignore[arg-type]
    return ledger(rows)


def _gone(whole: Split, less: Split) -> str:
    gone = len(whole.train.items) - len(less.train.items)
    if whole.train.graph is not None and less.train.graph is not None and not gone:
        triples = len(whole.train.graph) - len(less.train.graph)
        return f"{triples:,} of {len(whole.train.graph):,} triples left out; refitted with one seed"
    return f"{gone:,} of {len(whole.train.items):,} training events left out, in histories too; refitted with one seed"


def _rows(one: Left, whole: Ranking, less: Ranking, name: str, plan: Plan, gone: str) -> list[ModelRow]:
    """Of both figures, the whole less what is left."""
    kind = "event" if one.kind == "older" else one.kind
    cause = f"older than {one.name}" if one.kind == "older" else one.name
    metric, coverage = f"ndcg@{plan.k}", f"coverage@{plan.k}"
    gap = whole.values[metric] - less.values[metric]
    told = bootstrap_mean(gap, generator(plan.seed, f"without {cause}"), clusters=whole.users)
    p_value = paired_test(
        whole.values[metric], less.values[metric], generator(plan.seed, f"test without {cause}"), clusters=whole.users
    )
    figures = [(metric, Figure(told.value, told.ci_low, told.ci_high, p_value))]
    if coverage in whole.figures:
        figures.append((coverage, Figure(whole.figures[coverage] - less.figures[coverage])))
    return [
        ModelRow(
            cause_kind=kind, cause=cause, effect_kind="recommendation", effect=LISTS, estimand="quality_change",
            unit=unit, method=f"refit {name}", figure=figure, n=len(gap), primary=True, assumptions=gone,
        )
        for unit, figure in figures
    ]  # fmt: skip
