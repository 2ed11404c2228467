"""Which effects of behaviours can be claimed when several are quoted together, and what is said where none can.

References
----------
Benjamini and Hochberg, "Controlling the False Discovery Rate", JRSS B 1995.
"""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from scipy.stats import norm

from swayline.numerics.multiple_testing import q_values
from swayline.report.wording import words

Row = Mapping[str, Any]
_FALSE_SHARE = 0.05


def standing(rows: Sequence[Row]) -> list[bool]:
    """Which of the figures that are quoted together leave out zero, when one in twenty of those may do so by chance.

    The interval must leave out zero, and the p-value must pass Benjamini and Hochberg's correction for all of them. A
    row without a p-value has the one that its interval says.
    """
    if not rows:
        return []
    excludes = [excludes_zero(row) for row in rows]
    passes = q_values([_p_value(row) for row in rows]) <= _FALSE_SHARE
    return [bool(clear and ok) for clear, ok in zip(excludes, passes, strict=True)]


def excludes_zero(row: Row) -> bool:
    """Whether a row's interval leaves out zero."""
    low, high = row["ci_low"], row["ci_high"]
    return low is not None and high is not None and (low > 0 or high < 0)


def _p_value(row: Row) -> float:
    if row.get("p_value") is not None:
        return float(row["p_value"])
    low, high = row["ci_low"], row["ci_high"]
    if low is None or high is None or not isfinite(high - low) or high <= low:
        return 1.0
    return float(2 * norm.sf(abs(row["estimate"]) / ((high - low) / (2 * 1.959964))))


def among_words(row: Row) -> str:
    """What is said of an interval that leaves out zero alone, and not beside the others it is quoted with."""
    if not excludes_zero(row) or row.get("among", 1) < 2:
        return ""
    return f"; its interval alone leaves out zero, but not when all {row['among']} are asked together"


def _failed(row: Row) -> list[str]:
    """The refutations that did not pass."""
    try:
        checks = json.loads(row.get("refutations") or "{}")
    except ValueError:
        return []
    return [name for name, one in checks.items() if isinstance(one, dict) and one.get("passed") is False]


def failed_words(row: Row) -> str:
    """Which refutations a row failed, as part of a sentence; nothing where it failed none."""
    names = [words.label(name.replace("_", " "), 40) for name in _failed(row)]
    return f"it fails the check{'s' if len(names) > 1 else ''} of {words.listed(names)}" if names else ""


def number_words(row: Row) -> str:
    """How many cases a claim rests on."""
    return f", measured on {words.number(row['n'])} case{'s' * (row['n'] != 1)}" if row.get("n") else ""


def nothing_told(effects: Sequence[Row]) -> str:
    """Why no effect is claimed: which cannot be told from zero, which failed a check, which have no identification."""
    outcome = words.noun(effects[0]["effect"], 2)
    parts = []
    near = [row for row in effects if row["identified"] != "no"]
    failed = [row for row in effects if row["identified"] == "no" and _failed(row)]
    other = [row for row in effects if row["identified"] == "no" and not _failed(row)]
    if near:
        parts.append(f"{_causes(near)} cannot be told from zero")
    for row in failed[:2]:
        parts.append(f"that of {words.noun(row['cause'], 2)} is not identified, as {failed_words(row)}")
    if len(failed) > 2:
        parts.append(f"{len(failed) - 2} more fail a check")
    if other:
        parts.append(f"{_causes(other)} cannot be identified in this log")
    return f"No behaviour is shown to change {outcome}: {words.listed(parts)}"


def _causes(rows: Sequence[Row]) -> str:
    names = [words.noun(row["cause"], 2) for row in rows]
    shown = words.listed(names) if len(names) <= 3 else f"{words.listed(names[:2])} and {len(names) - 2} others"
    return f"the effect{'s' if len(names) > 1 else ''} of {shown}"
