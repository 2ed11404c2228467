"""Conditions on the value of a behaviour, as people write them: ``rate>=4``, ``purchase>100``, ``play>=30``.

A condition splits the events of a behaviour whose value is known in two, and each half is a behaviour with a name of
its own::

    rate>=4     the events that meet it
    rate<4      the others
    rate        events whose value nobody knows
"""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from swayline.core.errors import UsageError, shown

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge, "<=": operator.le, "!=": operator.ne, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_OPPOSITES = {">=": "<", "<": ">=", "<=": ">", ">": "<=", "=": "!=", "!=": "="}
_SIGNS = {">=": "≥", "<=": "≤", "!=": "≠", ">": ">", "<": "<", "=": "="}
_FOREIGN = {"≥": ">=", "≤": "<=", "≠": "!=", "==": "=", "=>": ">=", "=<": "<="}
_WRITTEN = re.compile(r"(?P<behavior>[^<>=!≥≤≠]+)(?P<operator>[<>=!≥≤≠]+)(?P<value>[^<>=!≥≤≠]+)")


@dataclass(frozen=True)
class Condition:
    """A behaviour, an operator and the number that its value is compared with."""

    behavior: str
    operator: str
    value: float

    @property
    def word(self) -> str:
        """The name of the behaviour that events which meet it show.

        >>> Condition("rate", ">=", 4.0).word
        'rate>=4'
        """
        return f"{self.behavior}{self.operator}{self.number}"

    @property
    def opposite(self) -> str:
        """The name of the behaviour that the others show, where their value is known.

        >>> Condition("rate", ">=", 4.0).opposite
        'rate<4'
        """
        return f"{self.behavior}{_OPPOSITES[self.operator]}{self.number}"

    @property
    def number(self) -> str:
        """The number as people write it.

        >>> Condition("purchase", ">", 1e6).number, Condition("rate", ">=", 3.5).number
        ('1000000', '3.5')
        """
        return str(int(self.value)) if self.value.is_integer() and abs(self.value) < 1e15 else repr(self.value)

    @property
    def sign(self) -> str:
        """The operator as a sentence prints it."""
        return _SIGNS[self.operator]

    def holds(self, values: Any) -> Any:
        """Whether each of an array of known values meets it."""
        return OPERATORS[self.operator](values, self.value)


def parse_condition(text: str) -> Condition | None:
    """The condition that a text writes; None where it writes none (the plain name of a behaviour).

    Raises
    ------
    UsageError
        The operator is unknown, or what follows it is no finite number.

    >>> parse_condition("rate >= 4").word, parse_condition("play≥30").word, parse_condition("purchase")
    ('rate>=4', 'play>=30', None)
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    written = found["operator"]
    sign = _FOREIGN.get(written, written)
    if sign not in OPERATORS:
        raise UsageError(f"outcome {shown(text)}: {written!r} is no operator: write one of >=, >, <=, <, =, !=")
    try:
        value = float(found["value"])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(
            f"outcome {shown(text)}: {shown(found['value'].strip())} is no number: write a condition as "
            f"'{found['behavior'].strip()}{sign}4'"
        )
    return Condition(found["behavior"].strip(), sign, value)


def condition_of(behavior: str) -> Condition | None:
    """The condition that a behaviour's name says, None where it is no such name; a log may hold any name.

    >>> condition_of("rate<4").behavior, condition_of("<unknown>")
    ('rate', None)
    """
    try:
        return parse_condition(behavior)
    except UsageError:
        return None


def base_of(behavior: str) -> str:
    """The behaviour without its condition.

    >>> base_of("rate>=4"), base_of("view")
    ('rate', 'view')
    """
    found = condition_of(behavior)
    return behavior if found is None else found.behavior
