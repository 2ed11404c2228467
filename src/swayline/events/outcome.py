"""What counts as success: a behaviour, or a behaviour whose value meets a condition (``rate>=4``).

A log of ratings alone cannot be asked who rates: everybody does. It is asked what was liked: a value three quarters up
the scale or more (4 of 1 to 5, 8 of 1 to 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.conditions import Condition, parse_condition
from swayline.core.errors import OutcomeError, nearest, shown
from swayline.core.names import BEHAVIOR, BEHAVIOR_SYNONYMS, RATE, VALUE, funnel_depth

JUDGING = (RATE, "review")
"""Behaviours whose value says how much somebody likes something."""
LIKED_FROM = 0.75
"""Where on the scale liking begins."""
MOST_STEPS = 101
"""A value with more different ones is an amount, and no scale."""
_RARE = 0.001
"""A value that fewer ratings have is no end of the scale."""


@dataclass(frozen=True)
class Outcome:
    """What counts as success in one log.

    Parameters
    ----------
    name : str
        The behaviour, or the condition as its name: ``rate>=4``.
    condition : Condition, optional
        What splits the behaviour, where its value decides.
    why : str
        How it was chosen where nobody said it; empty else.
    """

    name: str
    condition: Condition | None = None
    why: str = ""


def find_outcome(events: pa.Table, behaviors: Sequence[str], wanted: str | None = None) -> Outcome:
    """The outcome asked for, else what was liked in a log of ratings alone, else the deepest of the funnel.

    Parameters
    ----------
    events : pa.Table
        ``behavior``, and ``value`` where the log has it.
    behaviors : sequence of str
        Those that occur.

    Raises
    ------
    UsageError
        A condition cannot be read.
    OutcomeError
        The behaviour does not occur or has no values, everybody or nobody meets the condition, or nothing is asked for
        and the funnel knows none of several behaviours.
    """
    if wanted is None:
        return _liked(events, behaviors) or Outcome(_deepest(behaviors))
    if wanted in behaviors:
        return Outcome(wanted)
    condition = parse_condition(wanted)
    if condition is None:
        known = _known(wanted, behaviors)
        if known is None:
            raise OutcomeError(f"outcome {shown(wanted)} does not occur in this log: {nearest(wanted, behaviors)}")
        return Outcome(known)
    behavior = _known(condition.behavior, behaviors)
    if behavior is None:
        raise OutcomeError(
            f"outcome {shown(wanted)}: {shown(condition.behavior)} does not occur in this log: "
            f"{nearest(condition.behavior, behaviors)}"
        )
    condition = Condition(behavior, condition.operator, condition.value)
    if condition.word in behaviors:  # the log was split by it before
        return Outcome(condition.word)
    _check(events, condition)
    return Outcome(condition.word, condition)


def split_by(events: pa.Table, outcome: Outcome) -> pa.Table:
    """Events in which those of the outcome's behaviour say whether they meet its condition; the same without one."""
    condition = outcome.condition
    if condition is None:
        return events
    words = events[BEHAVIOR].cast(pa.string())
    asked = pc.and_(pc.equal(words, condition.behavior), _finite(events[VALUE]))
    met = np.zeros(len(events), bool)
    inside = np.asarray(asked.to_numpy(), bool)
    met[inside] = condition.holds(events[VALUE].filter(asked).cast(pa.float64()).to_numpy())
    words = pc.if_else(pa.array(met), condition.word, pc.if_else(asked, condition.opposite, words))
    kind = events.schema.field(BEHAVIOR).type
    words = words.dictionary_encode() if pa.types.is_dictionary(kind) else words
    return events.set_column(events.column_names.index(BEHAVIOR), BEHAVIOR, words)


def _known(word: str, behaviors: Sequence[str]) -> str | None:
    """The behaviour meant by a word: itself, or ours for a foreign one (``buy``)."""
    if word in behaviors:
        return word
    plain = word.strip().lower()
    plain = BEHAVIOR_SYNONYMS.get(plain.replace(" ", "_").replace("-", "_"), plain)
    return plain if plain in behaviors else None


def _deepest(behaviors: Sequence[str]) -> str:
    deepest = max(behaviors, key=funnel_depth)
    if funnel_depth(deepest) < 0 and len(behaviors) > 1:
        raise OutcomeError(f"which behaviour is the outcome? say --outcome NAME, one of: {', '.join(behaviors)}")
    return deepest


def _finite(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.is_finite(values.cast(pa.float64())), False)


def _values_of(events: pa.Table, behavior: str) -> np.ndarray:
    """(n,) the known values of a behaviour."""
    if VALUE not in events.column_names:
        return np.empty(0)
    asked = pc.and_(pc.equal(events[BEHAVIOR].cast(pa.string()), behavior), _finite(events[VALUE]))
    return np.asarray(events[VALUE].filter(asked).cast(pa.float64()).to_numpy())


def _check(events: pa.Table, condition: Condition) -> None:
    """Refuse a condition that nobody can meet or that everybody meets."""
    values = _values_of(events, condition.behavior)
    if not len(values):
        raise OutcomeError(
            f"outcome {condition.word!r}: {condition.behavior!r} has no values in this log; {_with_values(events)}"
        )
    met = int(condition.holds(values).sum())
    if 0 < met < len(values):
        return
    low, high = (Condition(condition.behavior, "=", float(end)).number for end in (values.min(), values.max()))
    raise OutcomeError(
        f"outcome {condition.word!r} is met by {'all' if met else 'none'} of the {len(values):,} "
        f"{condition.behavior!r} events with a value: values run from {low} to {high}; "
        + (f"name {condition.behavior!r} alone, or another number" if met else "name another number")
    )


def _with_values(events: pa.Table) -> str:
    if VALUE in events.column_names:
        valued = pc.unique(events[BEHAVIOR].cast(pa.string()).filter(_finite(events[VALUE]))).to_pylist()
        if valued:
            return f"behaviours with values: {', '.join(sorted(map(shown, valued)))}"
    return "no behaviour has: name a behaviour alone, or say which column holds values (--map value=COLUMN)"


def _liked(events: pa.Table, behaviors: Sequence[str]) -> Outcome | None:
    """Liked, where the log holds nothing but ratings on a scale."""
    if len(behaviors) != 1 or behaviors[0] not in JUDGING:
        return None
    values = _values_of(events, behaviors[0])
    if 2 * len(values) < len(events):
        return None
    steps, counts = np.unique(values, return_counts=True)
    ends = steps[counts >= _RARE * len(values)]
    if len(steps) > MOST_STEPS or len(ends) < 2:
        return None
    low, high = float(ends[0]), float(ends[-1])
    first = float(steps[np.searchsorted(steps, low + LIKED_FROM * (high - low))])
    condition = Condition(behaviors[0], ">=", first)
    bottom, top = (Condition("", "=", end).number for end in (low, high))
    return Outcome(
        condition.word, condition,
        f"this log holds nothing but ratings, from {bottom} to {top}: the outcome is liked, {condition.word} (three "
        f"quarters up the scale); --outcome {behaviors[0]} takes every rating",
    )  # fmt: skip
