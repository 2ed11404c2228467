"""``sw.evaluate``: models by name, fitted faces and anybody's own classes, compared on one log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.showing.pictures import models_picture
from swayline.core.showing.result import Result
from swayline.engine import DuckEngine
from swayline.evaluation import Plan, evaluate_models, evaluate_values
from swayline.events import as_log
from swayline.models import OwnModel, names, wrapped
from swayline.recommend import Recommender
from swayline.training import TrainingPlan

METRICS = ("hr", "ndcg", "mrr")
"""What is shown where no metric is named; everything measured stays in ``.metrics_``."""
_ALWAYS = ("mse", "rmse", "mae")


@dataclass(frozen=True, repr=False)
class Evaluation(Result):
    """How well models predict what came next: a row a model and metric.

    Attributes
    ----------
    table : pa.Table
        ``model``, ``metric``, ``value``, ``ci_low``, ``ci_high`` (95%), ``n`` (questions).
    per_class : Result
        The same apart for groups of questions: ``model``, ``kind`` (activity, popularity, answer, behavior, a segment,
        a fold), ``class``, ``n``, ``metric``, ``value``, ``ci_low``, ``ci_high``.
    comparisons : Result
        The best model against every other: ``difference`` with interval, ``p_value`` of the model confidence set.
    best : str or None
        The model with the highest primary metric; ``not_distinguishable`` names those that may be as good.
    report : dict
        All of it as ``swayline evaluate --out metrics.json`` writes it.
    """

    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def per_class(self) -> Result:
        """Figures apart for groups of questions."""
        rows = [
            {"model": name, "kind": kind, "class": label, "n": one["n"], "metric": metric, **figure}
            for name, told in self.report["models"].items()
            for kind, labels in told.get("groups", {}).items()
            for label, one in labels.items()
            for metric, figure in one["metrics"].items()
        ]
        return Result(pa.Table.from_pylist(rows, _PER_CLASS), "figures apart for groups of questions")

    @property
    def comparisons(self) -> Result:
        """The best model against every other."""
        return Result(pa.Table.from_pylist(list(self.report["comparisons"]), _COMPARED), "the best against the others")

    @property
    def best(self) -> str | None:
        """The model with the highest primary metric."""
        found: str | None = self.report.get("best")
        return found

    @property
    def not_distinguishable(self) -> list[str]:
        """Models that may be as good as the best."""
        return list(self.report.get("not_distinguishable", ()))

    @property
    def wide(self) -> Result:
        """A row a model, a column a metric."""
        order = list(dict.fromkeys(self.table["metric"].to_pylist()))
        rows: dict[str, dict[str, Any]] = {}
        for row in self.table.to_pylist():
            rows.setdefault(row["model"], {"model": row["model"]})[row["metric"]] = row["value"]
        schema = pa.schema([("model", pa.string()), *((name, pa.float64()) for name in order)])
        return Result(pa.Table.from_pylist(list(rows.values()), schema), self.heading)

    def __repr__(self) -> str:
        return f"{self.wide!r}\n{self._verdict()}"

    def _repr_html_(self) -> str:
        return f"{self.wide._repr_html_()}<p>{self._verdict()}</p>"

    def _verdict(self) -> str:
        if not self.report["comparisons"]:
            return f"{self.report['protocol']['n_questions']:,} questions"
        alike = self.not_distinguishable
        return f"best: {self.best}; " + (
            f"not distinguishable from it: {', '.join(alike)}" if alike else "ahead of all"
        )


_FIGURES = [("value", pa.float64()), ("ci_low", pa.float64()), ("ci_high", pa.float64())]
_TABLE = pa.schema([("model", pa.string()), ("metric", pa.string()), *_FIGURES, ("n", pa.int64())])
_PER_CLASS = pa.schema(
    [("model", pa.string()), ("kind", pa.string()), ("class", pa.string()), ("n", pa.int64()), ("metric", pa.string()),
     *_FIGURES]
)  # fmt: skip
_COMPARED = pa.schema(
    [("model", pa.string()), ("baseline", pa.string()), ("metric", pa.string()), ("difference", pa.float64()),
     ("ci_low", pa.float64()), ("ci_high", pa.float64()), ("p_value", pa.float64())]
)  # fmt: skip


def evaluate(
    log: Any,
    models: Sequence[Any] | Any = ("most-popular", "item-knn", "transformer"),
    metrics: Sequence[str] = METRICS,
    split: str = "last-out",
    *,
    k: int = 10,
    target: str = "item",
    segment: str | None = None,
    seed: int = 0,
    **options: Any,
) -> Evaluation:
    """Compare models on one log: fit on the training part, rank everything for every held-out question.

    Parameters
    ----------
    log : EventLog, path, address or frame
        What happened.
    models : sequence
        Names (``"item-knn"``), recommenders (``sw.Recommender("ease")``, whose settings are used), classes or instances
        of your own with ``fit(train, valid=None)`` and ``score(history)`` that returns ``(len(history),
        history.n_items)``. A recommender that was fitted before is fitted again: it has seen the answers.
    metrics : sequence of str
        ``hr``, ``ndcg``, ``mrr``, ``map``, ``recall``, ``precision``, ``auc``, ``accuracy``, ``coverage``,
        ``diversity``, ``novelty`` and more; ``"all"`` for every one. ``ndcg`` and ``ndcg@10`` are one name.
    split : str
        ``last-out``, ``time``, ``rolling`` or ``k-fold`` (of users).
    k : int
        Length of the lists.
    target : str
        What is predicted: ``item``, ``behavior``, ``category`` or ``value``.
    segment : str, optional
        A column of the users table whose values are told apart in ``.per_class``.
    seed : int
        Decides every random number.
    **options
        ``cut`` (date or share, for ``time`` and ``rolling``) and ``n_folds`` (for ``rolling`` and ``k-fold``).

    Returns
    -------
    Evaluation
        A table with ``.per_class``, ``.comparisons``, ``.best``, ``.plot()``, ``.to_pandas()``, ``.to_polars()``.

    Raises
    ------
    UsageError
        A model, a metric or an option is unknown, or a model's scores have the wrong shape.
    DataError
        The log cannot be read, or nobody can be asked.

    Examples
    --------
    >>> from swayline.testing.shop import small_shop
    >>> class Popular:
    ...     def fit(self, train, valid=None):
    ...         self.counts = np.bincount(train.items, minlength=train.n_items)
    ...     def score(self, history):
    ...         return np.tile(self.counts, (len(history), 1))
    >>> import numpy as np
    >>> found = evaluate(small_shop().events, ["most-popular", Popular], metrics=["ndcg"])
    >>> a, b = found["value"].to_pylist()
    >>> a == b
    True
    """
    given = [models] if isinstance(models, str) or not isinstance(models, Sequence) else list(models)
    own, settings, labels = _told_apart(given)
    plan = Plan(split=split, k=k, target=target, segment=segment, seed=seed, **_options(options))
    with DuckEngine() as engine:
        read = as_log(log)
        if target == "value":
            if own:
                raise UsageError(f"{next(iter(own))} predicts no values: target 'value' takes models by name")
            report = evaluate_values(engine, read, labels, plan)
        else:
            training = TrainingPlan(tuple(labels), settings, seed=seed, own=own)
            report = evaluate_models(engine, read, labels, plan, training)
    return _as_table(report, metrics, f"{split}, {report['protocol']['n_questions']:,} questions")


def _options(said: Mapping[str, Any]) -> dict[str, Any]:
    known = ("cut", "n_folds")
    for name in said:
        if name not in known:
            raise UsageError(f"evaluate has no option {name!r}: {nearest(name, known)}")
    cut = said.get("cut")
    return {name: value for name, value in said.items() if name != "cut"} | {"cut": None if cut is None else str(cut)}


def _told_apart(models: Sequence[Any]) -> tuple[dict[str, OwnModel], dict[str, Mapping[str, object]], list[str]]:
    """Own models by label, settings of named ones, and the labels in order."""
    if not models:
        raise UsageError(f"no model is named: give some of {', '.join(names())}")
    own: dict[str, OwnModel] = {}
    settings: dict[str, Mapping[str, object]] = {}
    labels: list[str] = []
    for one in models:
        if isinstance(one, str | Recommender):
            label, chosen = (one, {}) if isinstance(one, str) else (one.name, one.settings)
            if label in labels:
                raise UsageError(f"model {shown(label)} stands twice: name each once")
            if chosen:
                settings[label] = dict(chosen)
        else:
            inner = wrapped(one)
            label = inner.name
            while label in labels:
                label += "′"
            inner.name, own[label] = label, inner
        labels.append(label)
    return own, settings, labels


def _as_table(report: Mapping[str, Any], metrics: Sequence[str], heading: str) -> Evaluation:
    wanted = [metrics] if isinstance(metrics, str) else list(metrics)
    rows = []
    for name, told in report["models"].items():
        figures = told["metrics"] | told["measures"]
        for metric in _chosen(figures, wanted):
            n = report["protocol"]["n_questions"]
            rows.append({"model": name, "metric": metric, **figures[metric], "n": n})
    return Evaluation(pa.Table.from_pylist(rows, _TABLE), heading, models_picture, report=report)


def _chosen(figures: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """The full names of the metrics wanted, in their order."""
    if "all" in wanted or set(figures) <= set(_ALWAYS):
        return list(figures)
    short = {name.partition("@")[0]: name for name in figures} | {name: name for name in figures}
    for name in wanted:
        if name not in short:
            raise UsageError(f"metric {shown(name)} is not measured here: {nearest(name, [*short, 'all'])}")
    return list(dict.fromkeys(short[name] for name in wanted))
