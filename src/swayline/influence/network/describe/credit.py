"""Acts that ties brought, by group: by period of the log, and by category, whence the opinion leaders of each.

Every act is shared out over its possible causes in expectation. What a tie brought in a category is its share of the
target's acts there; what a person brought is the sum over the ties out of it.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import SchemaError
from swayline.core.types import Floats, Ints
from swayline.influence.network.fit.intervals import TieEstimates, sum_interval
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.fit.threads import over_people
from swayline.influence.network.reading import People


def credited(fit: HawkesFit, group: Ints, groups: int) -> Floats:
    """(T, groups) expected acts that each tie brought, by group of the act it brought.

    Parameters
    ----------
    group : (acts,) int64
        Group of each act, by person and time as in ``fit.acts``; -1 counts nowhere.
    """
    from swayline.influence.network.compiled import passes as _compiled

    out = np.zeros((len(fit.ties), groups))
    targets = np.flatnonzero(np.diff(fit.ties.pointer) > 0).astype(np.int64)
    over_people(_compiled.credit_ties, targets, fit.solver_inputs(), fit.x_base, fit.x_tie, group, out)
    return out


def period_of_acts(fit: HawkesFit, periods: int) -> Ints:
    """(acts,) which period each act lies in, of so many that hold about as many acts each (:func:`period_edges`)."""
    inner = period_edges(fit, periods)[1:-1] - fit.acts.start_s
    return np.asarray(np.searchsorted(inner, fit.acts.times, side="right"), np.int64)


def period_edges(fit: HawkesFit, periods: int) -> Floats:
    """(periods + 1,) when the periods begin and end, Unix seconds: a few stray acts long before make none their own."""
    inner = np.asarray(np.quantile(fit.acts.times, np.linspace(0, 1, periods + 1)[1:-1]), np.float64)
    return np.array([fit.acts.start_s, *(inner + fit.acts.start_s).tolist(), fit.acts.end_s])


def category_leaders(fit: HawkesFit, ties: TieEstimates, people: People, k: int = 10, categories: int = 20) -> pa.Table:
    """The k people who brought most acts of others in each of the commonest categories.

    Returns
    -------
    pa.Table
        ``category``, ``rank`` (from 1), ``user``, ``brought`` (acts of others in the category, directly), ``ci_low``,
        ``ci_high``. The interval is that of the ties that brought them; ties estimated at zero brought nothing.

    Raises
    ------
    SchemaError
        The log has no categories.
    """
    if people.category is None:
        raise SchemaError("the log has no categories: give a category column, or items with one")
    names, group = _category_of_acts(fit, people, categories)
    brought = credited(fit, group, len(names))
    known = np.nan_to_num(ties.error) / np.maximum(fit.x_tie, 1e-12)
    relative: Floats = np.where(fit.x_tie > 0, known, 0.0)
    n = fit.acts.people
    tables = []
    for c, name in enumerate(names):
        total: Floats = np.bincount(fit.ties.source, brought[:, c], n).astype(np.float64)
        error: Floats = np.sqrt(np.bincount(fit.ties.source, (brought[:, c] * relative) ** 2, n)).astype(np.float64)
        best = np.argsort(-total, kind="stable")[:k]
        best = best[total[best] > 0]
        low, high = sum_interval(total[best], error[best])
        tables.append(
            pa.table(
                {
                    "category": pa.repeat(pa.scalar(name, pa.string()), len(best)),
                    "rank": pa.array(np.arange(1, len(best) + 1), pa.int64()),
                    "user": people.ids.take(pa.array(best)),
                    "brought": total[best],
                    "ci_low": low,
                    "ci_high": high,
                }
            )
        )
    return pa.concat_tables(tables)


def _category_of_acts(fit: HawkesFit, people: People, most: int) -> tuple[list[str], Ints]:
    """The commonest categories and which of them each act is in (that of its first row; -1 for others)."""
    counts = pc.value_counts(pc.drop_null(people.category)).to_pylist()
    names = [one["values"] for one in sorted(counts, key=lambda one: (-one["counts"], one["values"]))[:most]]
    code = np.asarray(pc.fill_null(pc.index_in(people.category, value_set=pa.array(names, pa.string())), -1), np.int64)
    order = np.lexsort((people.time_s, people.person))
    keys = np.stack([people.person[order].astype(np.float64), people.time_s[order]])
    first = np.concatenate([[True], (np.diff(keys, axis=1) != 0).any(axis=0)])
    return names, code[order][first]
