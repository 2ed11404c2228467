"""Words of options that name several things, and numbers as JSON takes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from swayline.core.errors import UsageError, shown


def names(said: str | None) -> tuple[str, ...]:
    """Names written ``a,b,c``.

    >>> names("a, b"), names(None)
    (('a', 'b'), ())
    """
    return tuple(one.strip() for one in said.split(",") if one.strip()) if said else ()


def pairs(said: Sequence[str] | None, option: str, example: str) -> dict[str, str]:
    """``NAME=WORD`` of a repeated option.

    Raises
    ------
    UsageError
        A side is missing.
    """
    found = {}
    for pair in said or ():
        name, _, word = pair.partition("=")
        if not name.strip() or not word.strip():
            raise UsageError(f"{option} takes NAME=WORD, not {shown(pair)}: {option} {example}")
        found[name.strip()] = word.strip()
    return found


def weights(said: str, option: str = "--weights") -> dict[str, float]:
    """Shares of arms, as in ``control=2,new=1``.

    Raises
    ------
    UsageError
        The text is no list of arms and shares.
    """
    found: dict[str, float] = {}
    for pair in said.split(","):
        arm, _, share = pair.rpartition("=")
        try:
            found[arm.strip()] = float(share)
        except ValueError:
            found = {}
        if not arm or not found:
            raise UsageError(f"{option} takes ARM=SHARE,…, not {shown(said)}: {option} control=2,new=1")
    return found


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with null for every number that is none."""
    return {name: None if isinstance(value, float) and value != value else value for name, value in row.items()}
