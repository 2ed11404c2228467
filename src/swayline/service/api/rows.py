"""One event as it was sent: typed and taken, or refused with the column, the value and the reason.

The rules are those of a log that is read from a file (:mod:`swayline.events.check`); nothing is filled in but the
moment of arrival where an event says no time.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from swayline.core.errors import nearest, shown
from swayline.core.names import (
    BEHAVIOR,
    CATEGORY,
    DEVICE,
    EVENT_COLUMNS,
    EVENT_ID,
    EXPOSED,
    ITEM,
    ITEMLESS,
    LAT,
    LON,
    PLATFORM,
    POSITION,
    PROPENSITY,
    SESSION,
    SOURCE,
    TEXT,
    TIME,
    USER,
    VALUE,
)  # fmt: skip
from swayline.service.log.protocol import Event
from swayline.service.state import known_word

MAX_ID_BYTES, MAX_TEXT_BYTES, MAX_CONTEXT = 512, 65_536, 64
SKEW_US = 24 * 3600 * 1_000_000
CONTEXT = "context"
FIELDS = (*EVENT_COLUMNS, CONTEXT, SOURCE)
_KNOWN = frozenset(FIELDS)
_FIRST_US, _LAST_US = -2_208_988_800_000_000, 7_258_118_400_000_000  # the years 1900 to 2200
_UNITS = ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1))
_INVISIBLE = frozenset("\u200b\u2060\ufeff")


class Refusal(Exception):
    """Why a row is not taken."""

    def __init__(self, column: str, value: Any, reason: str) -> None:
        super().__init__(reason)
        said = "" if value is None else value[:80] if isinstance(value, str) else shown(value)
        self.column, self.value, self.reason = column, said, reason


class Checked(NamedTuple):
    """An event, and whether its clock is more than a day from ours."""

    event: Event
    is_skewed: bool


def check_row(row: Any, now_us: int) -> Checked:
    """The event that a JSON object is.

    Raises
    ------
    Refusal
        Something in it cannot be taken.
    """
    if not isinstance(row, dict):
        raise Refusal("", row, 'an event is a JSON object such as {"user": "u1", "item": "i1", "behavior": "view"}')
    if not row.keys() <= _KNOWN:
        name = next(name for name in row if name not in _KNOWN)
        raise Refusal(
            name[:80],
            row[name],
            f"there is no such column: {nearest(name[:80], FIELDS)}; put what is yours into context",
        )
    user = ident(row.get(USER), USER)
    behavior = known_word(ident(row.get(BEHAVIOR), BEHAVIOR))
    item = None if row.get(ITEM) is None else ident(row[ITEM], ITEM)
    if item is None and behavior not in ITEMLESS:
        raise Refusal(ITEM, None, f"is missing; only {', '.join(sorted(ITEMLESS))} name none")
    if item is None and row.get(TEXT) is None:
        raise Refusal(TEXT, None, f"a {behavior} without an item has words: send text")
    time_us = now_us if row.get(TIME) is None else moment_us(row[TIME])
    more = _more(row)
    if row.get(EVENT_ID) is not None:
        name = ident(row[EVENT_ID], EVENT_ID)
    elif row.get(TIME) is not None:  # without an id, equal rows are repeats, as in a log that is read
        said = json.dumps([user, item, behavior, time_us, more], ensure_ascii=False)
        name = "sha256:" + hashlib.sha256(said.encode()).hexdigest()[:40]
    else:
        name = "random:" + secrets.token_hex(16)
    return Checked(Event(name, user, item, behavior, time_us, now_us, more), abs(time_us - now_us) > SKEW_US)


def ident(value: Any, column: str) -> str:
    """An id: text, or a whole number, which stands for the same id as text.

    Raises
    ------
    Refusal
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None:
        raise Refusal(column, None, "is missing")
    if not isinstance(value, str):
        raise Refusal(column, value, "is no id: send text or a whole number")
    text = value.strip()
    if not text or (not text.isascii() and not text.strip("\u200b\u2060\ufeff")):
        raise Refusal(column, value, "is empty")
    if len(text) * 4 > MAX_ID_BYTES and len(text.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        raise Refusal(column, value, f"is longer than {MAX_ID_BYTES} bytes")
    if not text.isprintable() and any(letter < " " or letter == "\x7f" for letter in text):
        raise Refusal(column, value, "holds a control character")
    return text


def moment_us(value: Any) -> int:
    """UTC microseconds of ISO text or of a number of seconds, milliseconds or microseconds since 1970.

    Raises
    ------
    Refusal
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Refusal(TIME, value, "is no moment: send 2026-01-31T12:00:00Z, or seconds since 1970")
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            raise Refusal(TIME, value, "is no moment: send 2026-01-31T12:00:00Z, or seconds since 1970") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        try:
            since = moment - _EPOCH
        except OverflowError:
            raise Refusal(TIME, value, "is outside the years 1900 to 2200") from None
        found = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    else:
        unit = next((unit for largest, unit in _UNITS if abs(value) < largest), None)
        if unit is None:
            raise Refusal(TIME, value, "is outside the years 1900 to 2200")
        found = round(value * unit)
    if not _FIRST_US <= found <= _LAST_US:
        raise Refusal(TIME, value, "is outside the years 1900 to 2200")
    return found


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _number(least: float | None = None, most: float | None = None, whole: bool = False) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refusal(name, value, "is no number")
        if whole and not (isinstance(value, int) or float(value).is_integer()):
            raise Refusal(name, value, "is no whole number")
        if (least is not None and value < least) or (most is not None and value > most):
            raise Refusal(
                name, value, f"is outside {least:g} to {most:g}" if most is not None else f"is below {least:g}"
            )
        return int(value) if whole else float(value)

    return check


def _short(name: str, value: Any) -> str:
    return ident(value, name)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Refusal(name, value, "is no text")
    if "\x00" in value:
        raise Refusal(name, value, "holds a control character")
    if len(value.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise Refusal(name, value, f"is longer than {MAX_TEXT_BYTES:,} bytes")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refusal(name, value, "is neither true nor false")
    return value


def _context(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > MAX_CONTEXT:
        raise Refusal(name, value, f"is no object of at most {MAX_CONTEXT} texts")
    for key, text in value.items():
        if not isinstance(text, str | int | float | bool) or len(str(key)) > 128:
            raise Refusal(name, {key[:80]: text}, "is no object of short texts and numbers")
        _text(name, str(text))
        _text(name, key)
    return {key: str(text) for key, text in value.items()}


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    VALUE: _number(), SESSION: _short, TEXT: _text, CATEGORY: _short, LAT: _number(-90, 90), LON: _number(-180, 180),
    PLATFORM: _short, DEVICE: _short, POSITION: _number(0, 1e9, whole=True), PROPENSITY: _number(0, 1), EXPOSED: _flag,
    CONTEXT: _context, SOURCE: _short,
}  # fmt: skip
_PLAIN = frozenset({USER, ITEM, BEHAVIOR, TIME, EVENT_ID})


def _more(row: dict[str, Any]) -> str:
    """The optional columns as JSON; empty where there are none."""
    found = {
        name: _CHECKS[name](name, value) for name, value in row.items() if name not in _PLAIN and value is not None
    }
    return json.dumps(found, ensure_ascii=False, sort_keys=True) if found else ""
