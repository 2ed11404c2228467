"""Any table as arrays: arms of the treatment, a numeric outcome, standardised controls, cluster numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import IdentificationError, SchemaError, UsageError, nearest, shown
from swayline.core.numbers import as_floats
from swayline.numerics.spread import spread

Floats = npt.NDArray[np.float64]
MOST_ARMS = 10
"""A numeric treatment with more values than this is a dose, not a choice of arms."""
MOST_LEVELS = 100
"""A text control of no more levels has a column for each; of more, see :mod:`.levels`."""
LARGEST = 1e100
"""Numbers beyond this are refused: sums of their squares leave double precision."""
MISSING = "(missing)"
"""The level of a text control's empty cells."""
IDENTIFIER = 0.9
"""A text control in which so many rows are alone in their level tells rows apart, and cannot be adjusted for."""
_LARGE = 20_000_000
"""Above this many cells the design is kept in single precision."""


def as_table(frame: Any) -> pa.Table:
    """An Arrow table from an Arrow, pandas or Polars frame or a mapping of columns.

    Raises
    ------
    UsageError
        The object is none of these, or a column's name is doubled.
    """
    try:
        table = _arrow(frame)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise UsageError(f"the table cannot be read as columns of one type each: {_first_line(error)}") from None
    doubled = {name for name, times in Counter(table.column_names).items() if times > 1}
    if doubled:
        raise UsageError(f"the table has more than one column {sorted(doubled)[0]!r}: rename one")
    return table


def _arrow(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if hasattr(frame, "collect") and not hasattr(frame, "__arrow_c_stream__"):  # a lazy Polars frame
        frame = frame.collect()
    if hasattr(frame, "__arrow_c_stream__") and not hasattr(frame, "iloc"):
        return pa.table(frame)
    if hasattr(frame, "iloc"):
        return pa.Table.from_pandas(frame, preserve_index=False)
    if isinstance(frame, Mapping):
        return pa.table({str(name): pa.array(values) for name, values in frame.items()})
    raise UsageError(f"a table is needed (Arrow, pandas, Polars or a mapping), not {type(frame).__name__}")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def column(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column by name, dictionary columns decoded; a NaN is a null.

    Raises
    ------
    SchemaError
        There is no such column.
    """
    if table.schema.get_field_index(name) < 0:
        raise SchemaError(f"the table has no column {name!r}; {nearest(name, table.column_names)}")
    values = table.column(name)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type):
        values = values.cast(pa.float64())
    if not pa.types.is_floating(values.type):
        return values
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def is_text(values: pa.ChunkedArray) -> bool:
    """Whether a column holds words."""
    kind = values.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def numeric(table: pa.Table, name: str) -> Floats:
    """A column as float64, NaN where it is null.

    Raises
    ------
    SchemaError
        The column is missing, holds no numbers, an infinite one, or one too large to be squared.
    """
    values = column(table, name)
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("us")).cast(pa.int64())
    if not (
        pa.types.is_integer(values.type)
        or pa.types.is_floating(values.type)
        or pa.types.is_decimal(values.type)
        or pa.types.is_boolean(values.type)
    ):
        raise SchemaError(f"column {name!r} holds {values.type}, and numbers (or true/false) are needed")
    found = as_floats(values, name)
    infinite = np.flatnonzero(np.isinf(found))
    if len(infinite):
        raise SchemaError(
            f"column {name!r} holds {len(infinite):,} infinite value(s), the first in row {infinite[0] + 1}: "
            "put numbers or nulls there, or leave the column out"
        )
    huge = np.flatnonzero(np.abs(found) > LARGEST)
    if len(huge):
        raise SchemaError(
            f"column {name!r} holds {found[huge[0]]:g} in row {huge[0] + 1}: numbers above {LARGEST:g} cannot be "
            "squared; give the column in a larger unit"
        )
    return found


@dataclass(frozen=True)
class Treatment:
    """The treatment as arms or as a dose.

    Attributes
    ----------
    arms : words of the arms, the reference first; empty for a dose
    arm : number of each row's arm, shape (n,); empty for a dose
    dose : value of each row, shape (n,); for two arms 0 and 1
    """

    arms: tuple[str, ...]
    arm: npt.NDArray[np.int64]
    dose: Floats

    @property
    def is_dose(self) -> bool:
        """Whether the treatment is an amount rather than a choice."""
        return not self.arms


_NO_WORDS = ("0", "0.0", "false", "no", "none", "control", "placebo", "untreated", "off")


def read_treatment(table: pa.Table, name: str, reference: str | None = None) -> Treatment:
    """Two or more arms, or a dose where a numeric column has more than :data:`MOST_ARMS` values.

    The reference arm is the one named, else one whose word means none (0, false, no, control …), else the first in
    order of words.

    Raises
    ------
    IdentificationError
        The treatment has a single value.
    UsageError
        ``reference`` is no value of the column, or a text column has too many arms.
    """
    values = column(table, name)
    words_given = is_text(values)
    if not words_given:
        numeric(table, name)
    distinct = pc.unique(pc.drop_null(values))
    if len(distinct) < 2:
        raise IdentificationError(f"treatment {name!r} has {len(distinct)} value(s): nothing to compare")
    if not words_given and len(distinct) > MOST_ARMS:
        if reference is not None:
            raise UsageError(f"treatment {name!r} is a dose ({len(distinct)} values); it has no reference arm")
        return Treatment((), np.zeros(0, dtype=np.int64), numeric(table, name))
    if len(distinct) > 50:
        raise UsageError(f"treatment {name!r} has {len(distinct)} words; at most 50 arms can be compared")
    whole = not words_given and not pa.types.is_boolean(values.type)
    words = sorted(distinct.to_pylist(), key=float if whole else str)
    shown_words = [_word(word) for word in words]
    first = _reference(shown_words, reference, name)
    ordered = [words[first], *(word for k, word in enumerate(words) if k != first)]
    arm = np.asarray(pc.index_in(values, value_set=pa.array(ordered, values.type)).to_numpy(), dtype=np.float64)
    missing = np.isnan(arm)
    codes = np.where(missing, -1, arm).astype(np.int64)
    return Treatment(tuple(_word(word) for word in ordered), codes, np.where(missing, np.nan, codes.astype(np.float64)))


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _reference(words: Sequence[str], asked: str | None, name: str) -> int:
    if asked is not None:
        if str(asked) not in words:
            raise UsageError(f"reference {shown(asked)} is no value of {name!r}; {nearest(str(asked), words)}")
        return words.index(str(asked))
    for k, word in enumerate(words):
        if word.strip().lower() in _NO_WORDS or word.strip().lower().startswith("no "):
            return k
    return 0


@dataclass(frozen=True)
class _Column:
    """How one control becomes columns of the design."""

    name: str
    is_text: bool
    levels: tuple[str, ...]
    fill: float
    flag_missing: bool
    flag_zero: bool
    words: pa.Array | None = None
    means: Floats | None = None
    prior: Floats | None = None
    of: tuple[str, ...] = ()

    def expand(self, table: pa.Table) -> list[tuple[str, Floats]]:
        if self.is_text:
            text = pc.fill_null(column(table, self.name).cast(pa.string()), MISSING)
            if self.words is not None and self.means is not None and self.prior is not None:
                at = pc.fill_null(pc.index_in(text, value_set=self.words), len(self.words)).to_numpy()
                found = np.vstack([self.means, self.prior])[at]
                return [(f"{self.name} by {word}", found[:, j]) for j, word in enumerate(self.of)]
            return [
                (f"{self.name}={level}", pc.equal(text, level).to_numpy().astype(np.float64)) for level in self.levels
            ]
        values = numeric(table, self.name)
        missing = ~np.isfinite(values)
        full = [(self.name, np.where(missing, self.fill, values))]
        if self.flag_missing:
            full.append((f"{self.name} missing", missing.astype(np.float64)))
        if self.flag_zero:
            full.append((f"{self.name} is 0", (values == 0).astype(np.float64)))
        return full


@dataclass(frozen=True)
class Encoder:
    """Controls of a table to a standardised design: learned once, applied to new rows alike."""

    controls: tuple[str, ...]
    columns: tuple[_Column, ...]
    names: tuple[str, ...]
    groups: tuple[int, ...]
    mean: Floats
    scale: Floats
    many: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[str, ...]:
        """The controls that vary, and so can be adjusted for."""
        varies = {self.controls[group] for group in self.groups} | set(self.many)
        return tuple(name for name in self.controls if name in varies)

    def transform(self, frame: Any) -> npt.NDArray[Any]:
        """The design of a frame, shape (n, p), mean 0 and variance 1 over the rows learned from.

        Raises
        ------
        UsageError
            An array has another number of columns than there are controls.
        """
        table = self._named(frame)
        kept = {name: values for each in self.columns for name, values in each.expand(table)}
        kind = np.float32 if table.num_rows * max(1, len(kept)) > _LARGE else np.float64
        design = np.empty((table.num_rows, len(self.names)), dtype=kind)
        for k, name in enumerate(self.names):
            design[:, k] = (kept[name] - self.mean[k]) / self.scale[k]
        return design

    def _named(self, frame: Any) -> pa.Table:
        if isinstance(frame, np.ndarray):
            if frame.ndim != 2 or frame.shape[1] != len(self.controls):
                raise UsageError(f"an array of shape {frame.shape} was given; (rows, {len(self.controls)}) is needed")
            return pa.table({name: frame[:, k] for k, name in enumerate(self.controls)})
        return as_table(frame)


def learn_encoder(table: pa.Table, controls: Sequence[str], merge: bool = True) -> tuple[Encoder, npt.NDArray[Any]]:
    """Learn how controls become a design, and that design.

    Numbers stay numbers (missing: the median and a flag; a heap of zeros among other values: a flag), words become
    one column a level. Columns that do not vary are dropped. Of words with more than :data:`MOST_LEVELS` levels the
    most common are kept and the rest share the lack of a column, or, where not to ``merge``, none has a column and
    the control is named in :attr:`Encoder.many` (or in ``identifiers``, where nearly every row has a level of its own).
    """
    columns: list[_Column] = []
    many: list[str] = []
    identifiers: list[str] = []
    for name in controls:
        alone = None if merge else _alone(table, name)
        columns.append(_learn_column(table, name) if alone is None else _Column(name, True, (), 0.0, False, False))
        if alone is not None:
            (identifiers if alone >= IDENTIFIER else many).append(name)
    nothing = np.zeros(0)
    encoder = Encoder(tuple(controls), tuple(columns), (), (), nothing, nothing, tuple(many), tuple(identifiers))
    expanded = [(name, k, values) for k, each in enumerate(columns) for name, values in each.expand(table)]
    design, encoder = standardised(np.empty((table.num_rows, 0)), encoder, expanded)
    return encoder, design


def standardised(
    x: npt.NDArray[Any], encoder: Encoder, added: Sequence[tuple[str, int, Floats]]
) -> tuple[npt.NDArray[Any], Encoder]:
    """A design with columns added (name, control, values), mean 0 and variance 1; not those that do not vary."""
    kept = []
    for name, group, values in added:
        apart = float(spread(values))
        if apart > 0:
            kept.append((name, group, float(values.mean()), apart, values))
    n, before = x.shape
    kind = np.float32 if n * max(1, before + len(kept)) > _LARGE else np.float64
    design = np.empty((n, before + len(kept)), dtype=kind)
    design[:, :before] = x
    for k, (_, _, mean, apart, values) in enumerate(kept):
        design[:, before + k] = (values - mean) / apart
    return design, replace(
        encoder, names=(*encoder.names, *(one[0] for one in kept)), groups=(*encoder.groups, *(one[1] for one in kept)),
        mean=np.array([*encoder.mean, *(one[2] for one in kept)]),
        scale=np.array([*encoder.scale, *(one[3] for one in kept)]),
    )  # fmt: skip


def _alone(table: pa.Table, name: str) -> float | None:
    """Share of the rows that are alone in their level, of words with too many levels for a column each; else None."""
    values = column(table, name)
    if not is_text(values):
        return None
    counts = pc.value_counts(pc.drop_null(values)).field("counts").to_numpy()
    return float((counts == 1).sum() / max(table.num_rows, 1)) if len(counts) > MOST_LEVELS else None


def _learn_column(table: pa.Table, name: str) -> _Column:
    values = column(table, name)
    if is_text(values):
        counts = pc.value_counts(pc.fill_null(values.cast(pa.string()), MISSING)).to_pylist()
        counts.sort(key=lambda one: (-one["counts"], one["values"]))
        levels = tuple(one["values"] for one in counts[:MOST_LEVELS])
        return _Column(name, True, levels[1:] if len(counts) <= MOST_LEVELS else levels, 0.0, False, False)
    numbers = numeric(table, name)
    finite = np.isfinite(numbers)
    if not finite.any():
        return _Column(name, False, (), 0.0, False, False)
    zeros = float((numbers == 0).mean())
    many = len(np.unique(numbers[finite][:10_000])) > 5
    return _Column(name, False, (), float(np.median(numbers[finite])), not finite.all(), many and 0.05 < zeros < 0.95)


def read_clusters(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """Cluster numbers from 0; a null is a cluster of its own, of which there may be no more than the others.

    Raises
    ------
    IdentificationError
        Most rows have no cluster, so that which of them depend on each other is unknown.
    """
    values = column(table, name)
    if 2 * values.null_count > len(values):
        raise IdentificationError(
            f"clusters {name!r} is empty in {values.null_count:,} of {len(values):,} rows: which of them depend on "
            "each other is not known; fill it in, or leave those rows out"
        )
    codes = np.asarray(
        pc.fill_null(values.combine_chunks().dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    )
    alone = codes < 0
    full = codes.astype(np.int64)
    full[alone] = full.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return full
