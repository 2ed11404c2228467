"""JSON as the standard writes it: no NaN, no number beyond a float, no key twice, no text that is no Unicode."""

import json
import math
from typing import Any

MOST_DEPTH = 12
_DEEPER = (b"[", b"{")


class BadJsonError(ValueError):
    """The bytes are no JSON that is taken; the message says why and where."""


def parse(raw: bytes) -> Any:
    """The value that bytes write.

    >>> parse(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    >>> parse(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    swayline.service.api.strict_json.BadJsonError: the key 'a' stands twice in one object: send it once

    Raises
    ------
    BadJsonError
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJsonError(f"byte {error.start} is no UTF-8: send JSON in UTF-8") from None
    if not text.strip():
        raise BadJsonError("the body is empty: send JSON")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadJsonError(f"line {error.lineno}, column {error.colno}: {error.msg[:80]}") from None
    except RecursionError:
        raise BadJsonError(f"it is nested deeper than {MOST_DEPTH} levels: flatten it") from None
    if "\\u" in text or "\\U" in text:
        _check_text(value)
    if max(text.count("["), text.count("{")) > MOST_DEPTH and _depth(value) > MOST_DEPTH:
        raise BadJsonError(f"it is nested deeper than {MOST_DEPTH} levels: flatten it")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise BadJsonError(f"the key {name[:80]!r} stands twice in one object: send it once")
            seen.add(name)
    return found


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadJsonError(f"the number {text[:40]} is larger than any that is kept: send a smaller one")
    return value


def _int(text: str) -> int:
    if len(text) > 19 or not -(2**63) <= int(text) < 2**63:
        raise BadJsonError(f"the number {text[:40]} is larger than any that is kept: send a smaller one")
    return int(text)


def _constant(text: str) -> Any:
    raise BadJsonError(f"{text} is no JSON: send null, or leave the key out")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant)


def _check_text(value: Any) -> None:
    """Refuse halves of letters (lone surrogates), which no UTF-8 can say."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BadJsonError("a text holds half a letter (a lone surrogate such as \\ud800): send whole ones") from None


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if deepest > MOST_DEPTH + 1:
            return deepest
    return deepest - 1
