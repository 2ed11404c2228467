"""Feature columns made fit to learn from: gaps filled and flagged, outliers drawn in and counted, scales alike.

Everything is learned from the training rows alone and then done to any rows in the same way::

    train  ──fit──►  medians, modes, fences, scales, models of the gaps
    any    ──transform──►  features + a flag for each cell that was filled

Event keys (who, what, when, which behaviour) are never filled, scaled or touched: they pass through as they are.

References
----------
Tukey, "Exploratory Data Analysis", 1977 (fences).
van Buuren, "Flexible Imputation of Missing Data", 2018: a gap may itself say something, hence the flags.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import ConfigError, SchemaError, UsageError, nearest, shown
from swayline.core.names import BEHAVIOR, EVENT_ID, ITEM, ROW, SESSION, TIME, USER
from swayline.core.numbers import as_floats
from swayline.core.rng import generator
from swayline.features.imputation import GapModel, held_out_gain

KEYS = (ROW, USER, ITEM, BEHAVIOR, TIME, EVENT_ID, SESSION)
"""Columns that say which event, person or item a row is about; a missing key is a row to refuse, not to fill."""

FILLED = "_filled"
"""Ending of the flag's name: true where the cell was missing and is filled."""
UNSEEN = "(missing)"
"""The word of a column that was missing in every training row."""
MEAN, MEDIAN, MODE, MODEL, AUTO = "mean", "median", "mode", "model", "auto"
WAYS = (MEAN, MEDIAN, MODE, MODEL, AUTO)
_N_HELD_OUT = 20_000

Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Preparation:
    """What was done to one column of one table.

    Parameters
    ----------
    missing : int
        Cells that were missing, not a number, or infinite.
    how : str
        ``median``, ``mean``, ``mode`` or ``model``; empty where nothing was missing.
    low, high : int
        Cells below and above the fences that were drawn in to them.
    """

    missing: int
    how: str
    low: int = 0
    high: int = 0


@dataclass(frozen=True)
class Prepared:
    """Rows made ready.

    Parameters
    ----------
    table : pa.Table
        The columns in their order, then a boolean ``NAME_filled`` for each column that had gaps here or in training.
    done : mapping
        Column → what was done to it.
    """

    table: pa.Table
    done: Mapping[str, Preparation] = field(default_factory=dict)


@dataclass(frozen=True)
class _Learned:
    is_number: bool
    value: Any
    had_gaps: bool
    low: float = -np.inf
    high: float = np.inf
    center: float = 0.0
    scale: float = 1.0
    model: GapModel | None = None


class FeaturePreparer:
    """Fill, winsorise and scale feature columns by what the training rows say.

    Parameters
    ----------
    fill : str or mapping
        ``median`` or ``mean`` (numbers; words take their mode), ``mode``, ``model`` (a ridge regression on the other
        columns) or ``auto``: the model where it foretells held-out training cells better than median or mode do. A
        mapping says it a column; columns it leaves out are ``auto``.
    fence : float
        Numbers farther than this many interquartile ranges from the quartiles are drawn in; 0 keeps them.
    scale : bool
        Whether numbers come out with mean 0 and standard deviation 1 on the training rows.
    seed : int
        Draws the cells that are held out to choose between fillings.

    Attributes
    ----------
    columns_ : tuple of str
        The feature columns, in the order of training.

    Examples
    --------
    >>> train = pa.table({"age": [20.0, 30.0, None, 40.0], "city": ["Rome", None, "Rome", "Oslo"]})
    >>> ready = FeaturePreparer(fill="median", scale=False).fit(train).transform(train)
    >>> ready.table["age"].to_pylist(), ready.table["city"].to_pylist(), ready.table["age_filled"].to_pylist()
    ([20.0, 30.0, 30.0, 40.0], ['Rome', 'Rome', 'Rome', 'Oslo'], [False, False, True, False])
    """

    def __init__(
        self, fill: str | Mapping[str, str] = AUTO, fence: float = 3.0, scale: bool = True, seed: int = 0
    ) -> None:
        for way in [fill] if isinstance(fill, str) else fill.values():
            if way not in WAYS:
                raise ConfigError(f"fill {shown(way)} is unknown: {nearest(str(way), WAYS)}")
        if not fence >= 0:
            raise ConfigError(f"fence is {shown(fence)}: give a number of interquartile ranges, or 0 to keep outliers")
        self.fill, self.fence, self.scale, self.seed = fill, fence, scale, seed

    def fit(self, train: pa.Table) -> Self:
        """Learn from training rows.

        Raises
        ------
        UsageError
            There is no training row, or ``fill`` names a column that the table has not, or a key.
        SchemaError
            A column holds neither numbers nor words.
        """
        if len(train) == 0:
            raise UsageError("there is no training row to learn medians and scales from")
        self.columns_ = tuple(name for name in train.column_names if name not in KEYS)
        self._check_fill()
        values = {name: _values(train, name) for name in self.columns_}
        self._learned = {name: self._simple(column) for name, column in values.items()}
        ready = {name: self._done(name, column)[0] for name, column in values.items()}
        for name, column in values.items():
            self._learned[name] = self._with_model(name, column, ready)
        return self

    def transform(self, rows: pa.Table) -> Prepared:
        """Do to any rows what the training rows taught.

        Raises
        ------
        SchemaError
            A feature column of training is missing here, or holds another kind of value.
        """
        values = {name: self._same_kind(rows, name) for name in self.columns_}
        simple = {name: self._done(name, column)[0] for name, column in values.items()}
        table, flags, done = rows, {}, {}
        for name, column in values.items():
            learned = self._learned[name]
            ready, what = self._done(name, column, simple)
            done[name] = what
            array = pa.array(ready, pa.float64() if learned.is_number else pa.string())
            table = table.set_column(table.column_names.index(name), name, array)
            if learned.had_gaps or what.missing:
                flags[name + FILLED] = pa.array(_missing(column))
        for name, flag in flags.items():
            table = table.append_column(name, flag)
        return Prepared(table, done)

    def _check_fill(self) -> None:
        if isinstance(self.fill, str):
            return
        for name in self.fill:
            if name in KEYS:
                raise UsageError(f"{name!r} is a key of the event and is never filled: leave it out of fill")
            if name not in self.columns_:
                raise UsageError(f"fill names the column {shown(name)}: {nearest(name, self.columns_)}")

    def _way(self, name: str) -> str:
        return self.fill if isinstance(self.fill, str) else self.fill.get(name, AUTO)

    def _simple(self, column: Column) -> _Learned:
        """Median or mode, fences and scale."""
        gaps = _missing(column)
        known = column[~gaps]
        if column.dtype == object:
            return _Learned(False, _mode(known) if len(known) else UNSEEN, bool(gaps.any()))
        if not len(known):
            return _Learned(True, 0.0, True)
        low, high = _fences(known, self.fence)
        inside = np.clip(known, low, high)
        deviation = float(inside.std()) if self.scale else 1.0
        center = float(inside.mean()) if self.scale else 0.0
        return _Learned(True, float(np.median(known)), bool(gaps.any()), low, high, center, deviation or 1.0)

    def _with_model(self, name: str, column: Column, ready: Mapping[str, Column]) -> _Learned:
        """What was learned, with a model of the gaps where one is asked for, or earns its place."""
        learned, way = self._learned[name], self._way(name)
        gaps = _missing(column)
        others = {other: values for other, values in ready.items() if other != name}
        if way in (MEAN, MEDIAN, MODE) or not others or gaps.all():
            if way == MODE and learned.is_number and not gaps.all():
                return _replaced(learned, value=float(_mode(column[~gaps])))
            if way == MEAN and learned.is_number and not gaps.all():
                return _replaced(learned, value=float(np.clip(column[~gaps], learned.low, learned.high).mean()))
            return learned
        known = np.flatnonzero(~gaps)
        if way == AUTO:
            if not gaps.any():
                return learned
            rng = generator(self.seed, "gaps", name)
            drawn = known if len(known) <= _N_HELD_OUT else np.sort(rng.choice(known, _N_HELD_OUT, replace=False))
            target = np.clip(column[drawn], learned.low, learned.high) if learned.is_number else column[drawn]
            if not held_out_gain({key: one[drawn] for key, one in others.items()}, target, learned.value, rng):
                return learned
        target = np.clip(column[known], learned.low, learned.high) if learned.is_number else column[known]
        return _replaced(learned, model=GapModel().fit({key: one[known] for key, one in others.items()}, target))

    def _done(
        self, name: str, column: Column, others: Mapping[str, Column] | None = None
    ) -> tuple[Column, Preparation]:
        """A column filled, drawn in and scaled; by its model where the others are given."""
        learned = self._learned[name]
        gaps = _missing(column)
        filled = column.copy()
        how = "" if not gaps.any() else self._simple_way(name, learned)
        filled[gaps] = learned.value
        if learned.model is not None and others is not None and gaps.any():
            asked = {key: one[gaps] for key, one in others.items() if key != name}
            filled[gaps], how = learned.model.predict(asked), MODEL
        if not learned.is_number:
            return filled, Preparation(int(gaps.sum()), how)
        low, high = int((filled < learned.low).sum()), int((filled > learned.high).sum())
        inside = (np.clip(filled, learned.low, learned.high) - learned.center) / learned.scale
        return inside, Preparation(int(gaps.sum()), how, low, high)

    def _simple_way(self, name: str, learned: _Learned) -> str:
        """How a gap is filled where no model does it."""
        if not learned.is_number:
            return MODE
        way = self._way(name)
        return way if way in (MEAN, MODE) else MEDIAN

    def _same_kind(self, rows: pa.Table, name: str) -> Column:
        if name not in rows.column_names:
            raise SchemaError(f"column {name!r} was in the training rows and is missing here: add it")
        column = _values(rows, name)
        is_number = column.dtype != object
        if is_number is not self._learned[name].is_number:
            if _missing(column).all():  # a column of nulls alone has no kind of its own
                number = self._learned[name].is_number
                return np.full(len(column), np.nan if number else None, np.float64 if number else object)
            kinds = ("words", "numbers")
            raise SchemaError(
                f"column {name!r} held {kinds[self._learned[name].is_number]} in training and {kinds[is_number]} here"
            )
        return column


def _replaced(learned: _Learned, **changes: Any) -> _Learned:
    return _Learned(**(vars(learned) | changes))


def _values(table: pa.Table, name: str) -> Column:
    """Numbers as float64 (missing: NaN; infinities are missing), words as objects (missing: None)."""
    column, kind = table[name], table.schema.field(name).type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if (
        pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
    ):
        numbers = as_floats(column, name).copy()
        numbers[~np.isfinite(numbers)] = np.nan
        return numbers
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        blank = pc.equal(pc.utf8_trim_whitespace(column.cast(pa.string())), "")
        return np.array(pc.if_else(blank, None, column.cast(pa.string())).to_pylist(), dtype=object)
    raise SchemaError(f"column {name!r} holds {kind}: features are numbers, booleans or words")


def _missing(column: Column) -> npt.NDArray[np.bool_]:
    if column.dtype == object:
        return np.array([value is None for value in column], dtype=bool)
    return np.isnan(column)


def _mode(known: Sequence[Any] | Column) -> Any:
    """The most frequent value, the smallest of several."""
    values, counts = np.unique(np.asarray(known), return_counts=True)
    return values[np.argmax(counts)]


def _fences(known: Column, fence: float) -> tuple[float, float]:
    """Quartiles widened by ``fence`` ranges; where half of the values are equal there are none, and nothing is cut."""
    if fence == 0:
        return -np.inf, np.inf
    low, high = np.quantile(known, [0.25, 0.75])
    if high == low:
        return -np.inf, np.inf
    return float(low - fence * (high - low)), float(high + fence * (high - low))
