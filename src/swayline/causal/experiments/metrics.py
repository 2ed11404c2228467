"""Metrics of an experiment: means, shares, ratios and quantiles, each as one pseudo-value a row.

The pseudo-values of an arm average to the metric of that arm, and their spread is the spread of the metric (its
influence function), so that adjustment, clustering and sequential reading are written once for all kinds::

    mean        y
    proportion  y in {0, 1}
    ratio       θ + (numerator - θ · denominator) / mean(denominator),   θ = Σ numerator / Σ denominator
    quantile q  θ + (q - 1[y <= θ]) / f(θ)

References
----------
Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics. Woodruff (1952), Confidence Intervals for
Medians and Other Position Measures.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import DataError, UsageError, nearest, shown
from swayline.core.numbers import as_floats

Floats = npt.NDArray[np.float64]
KINDS = ("mean", "proportion", "ratio", "quantile")
_Z = 1.959964


@dataclass(frozen=True)
class Metric:
    """One metric of an experiment.

    Parameters
    ----------
    name : str
        As it was asked for, and as tables show it.
    kind : str
        One of :data:`KINDS`.
    column : str
        What is averaged; a ratio's numerator.
    denominator : str, optional
        A ratio's denominator, such as sessions.
    q : float, optional
        A quantile's level, strictly between 0 and 1.
    good : int
        1 where more is better, -1 where less is.
    guardrail : float, optional
        The metric may get worse by at most this share of the control's value; it is not what the experiment is for.
    """

    name: str
    kind: str
    column: str
    denominator: str | None = None
    q: float | None = None
    good: int = 1
    guardrail: float | None = None


def parse_metric(said: str) -> Metric:
    """A metric from words.

    ``revenue`` (a mean; a proportion where all values are 0 or 1) · ``clicks/sessions`` (a ratio) ·
    ``p90:latency`` (a quantile). A leading ``-`` says that less is better; a trailing ``@2%`` makes it a guardrail
    that may worsen by at most so much.

    >>> parse_metric("-p90:latency@5%")
    Metric(name='p90:latency', kind='quantile', column='latency', denominator=None, q=0.9, good=-1, guardrail=0.05)
    >>> parse_metric("clicks/sessions").kind
    'ratio'

    Raises
    ------
    UsageError
        The words are no metric.
    """
    text, guardrail = said.strip(), None
    good = -1 if text.startswith("-") else 1
    text = text.removeprefix("-").removeprefix("+")
    if "@" in text:
        text, _, margin = text.rpartition("@")
        guardrail = _share(margin, said)
    if text.startswith("p") and ":" in text and text[1 : text.index(":")].replace(".", "").isdigit():
        level, _, column = text.partition(":")
        q = float(level[1:]) / 100
        if not 0 < q < 1 or not column:
            raise UsageError(f"metric {shown(said)} asks for no quantile: p50:COLUMN to p99:COLUMN")
        return Metric(text, "quantile", column, q=q, good=good, guardrail=guardrail)
    if "/" in text:
        numerator, _, denominator = text.partition("/")
        if not numerator or not denominator:
            raise UsageError(f"metric {shown(said)} lacks a side of its ratio: clicks/sessions")
        return Metric(text, "ratio", numerator, denominator, good=good, guardrail=guardrail)
    if not text:
        raise UsageError(f"metric {shown(said)} names no column: revenue, clicks/sessions or p90:latency")
    return Metric(text, "mean", text, good=good, guardrail=guardrail)


def _share(text: str, said: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise UsageError(f"metric {shown(said)}: its guardrail is a share from 0 to below 1, as in @2%")
    return share


@dataclass(frozen=True)
class Values:
    """The columns that a metric reads, a row a unit: (n,) each."""

    metric: Metric
    y: Floats
    denominator: Floats | None = None

    def usable(self) -> npt.NDArray[np.bool_]:
        """(n,) rows in which the metric is known."""
        good = np.isfinite(self.y)
        return good if self.denominator is None else good & np.isfinite(self.denominator)


def read_values(table: pa.Table, metric: Metric) -> Values:
    """The metric's columns as numbers; null, NaN and infinity are missing.

    Raises
    ------
    UsageError
        A column is missing.
    DataError
        A column holds words, a count or a denominator below zero, or one value alone.
    """
    y = _column(table, metric.column, metric)
    known = y[np.isfinite(y)]
    if len(known) == 0:
        raise DataError(f"metric {metric.name!r}: column {metric.column!r} holds no number")
    if metric.kind == "ratio":
        below = _column(table, str(metric.denominator), metric)
        if (below[np.isfinite(below)] < 0).any():
            worst = float(np.nanmin(below))
            raise DataError(
                f"metric {metric.name!r}: denominator {metric.denominator!r} holds {worst:g}; none may be below 0"
            )
        return Values(metric, y, below)
    if metric.kind == "mean" and np.isin(known, (0.0, 1.0)).all():
        metric = Metric(
            metric.name, "proportion", metric.column, good=metric.good, guardrail=metric.guardrail
        )  # fmt: skip
    return Values(metric, y)


def _column(table: pa.Table, name: str, metric: Metric) -> Floats:
    if name not in table.column_names:
        raise UsageError(
            f"metric {metric.name!r}: the table has no column {name!r}; {nearest(name, table.column_names)}"
        )
    column = table[name]
    try:
        values = as_floats(column, name)
    except (pa.ArrowException, ValueError, TypeError):
        raise DataError(f"metric {metric.name!r}: column {name!r} holds {column.type} and not numbers") from None
    return np.where(np.isfinite(values), values, np.nan)


def pseudo_values(values: Values, rows: npt.NDArray[np.int64]) -> tuple[float, Floats]:
    """The metric of some rows (an arm) and its (n,) pseudo-values there, whose mean is the metric.

    Raises
    ------
    DataError
        A ratio's denominators sum to zero.
    """
    y, metric = values.y[rows], values.metric
    if metric.kind == "ratio":
        assert values.denominator is not None
        below = values.denominator[rows]
        if below.sum() <= 0:
            raise DataError(f"metric {metric.name!r}: denominator {metric.denominator!r} sums to 0 in an arm")
        theta = float(y.sum() / below.sum())
        return theta, theta + (y - theta * below) / below.mean()
    if metric.kind == "quantile":
        return _quantile(y, float(metric.q or 0.5))
    return float(y.mean()), y


def _quantile(y: Floats, q: float) -> tuple[float, Floats]:
    """A quantile's pseudo-values; the density comes from how far the quantile moves within its own interval."""
    theta, n = float(np.quantile(y, q)), len(y)
    half = _Z * np.sqrt(q * (1 - q) / n)
    low, high = np.quantile(y, np.clip([q - half, q + half], 0, 1))
    reach = float(np.clip(q + half, 0, 1) - np.clip(q - half, 0, 1))
    below = (y <= theta).mean()
    if high <= low:  # ties: the quantile stands still within its interval
        return theta, np.full(n, theta)
    return theta, theta + (below - (y <= theta)) * float(high - low) / reach
