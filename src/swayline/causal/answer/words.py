"""Estimates in words: what the screen and a notebook show of an influence table."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SHOWN = [
    "cause",
    "reference",
    "effect",
    "estimand",
    "estimate",
    "ci_low",
    "ci_high",
    "unit",
    "method",
    "identified",
    "primary",
]
"""Columns of a row that is shown."""
_MAIN = ("ate", "att", "late")
"""Estimands whose reason is told on the screen; every row of the file has its own."""


def in_words(table: pa.Table) -> list[str]:
    """A line for each estimate to quote, the association before it; beneath an effect, why it holds or does not.

    Effects of persons are a line together for each cause: the table has a row for each.
    """
    persons = pc.equal(table["estimand"], "cate")
    lines = []
    for row in table.filter(pc.invert(persons)).select([*SHOWN, "assumptions"]).to_pylist():
        if not (row["primary"] or row["estimand"] == "association"):
            continue
        start = f"{row['cause']}{_against(row['reference'])} → {row['effect']}  {row['estimand']:<12}"
        if row["estimate"] is None:
            lines.append(f"{start} none  {row['assumptions']}")
            continue
        between = "" if row["ci_low"] is None else f" [{row['ci_low']:+.4f}, {row['ci_high']:+.4f}]"
        lines.append(
            f"{start} {row['estimate']:+.4f}{between} {row['unit']}  identified: {row['identified']}  ({row['method']})"
        )
        if row["estimand"] in _MAIN:
            lines.append(f"    {row['assumptions']}")
    return lines + _persons_in_words(table.filter(persons))


def _against(reference: str | None) -> str:
    """The arm compared with, where it is not plain that it is none."""
    return "" if reference in (None, "0", "per unit") else f" (against {reference})"


def _persons_in_words(persons: pa.Table) -> list[str]:
    """How far the effects of persons lie apart, a line for each cause and effect."""
    lines = []
    kinds = ["cause", "effect", "unit", "method"]
    for kind in persons.select(kinds).group_by(kinds, use_threads=False).aggregate([]).to_pylist():
        same = pc.and_(pc.equal(persons["cause"], kind["cause"]), pc.equal(persons["effect"], kind["effect"]))
        each = persons["estimate"].filter(same).drop_null().to_numpy()
        if len(each):
            low, middle, high = np.quantile(each, (0.05, 0.5, 0.95))
            lines.append(
                f"{kind['cause']} → {kind['effect']}  {'cate':<12} {middle:+.4f} in the middle of {len(each):,} rows, "
                f"{low:+.4f} to {high:+.4f} in nine of ten {kind['unit']}  ({kind['method']})"
            )
    return lines
