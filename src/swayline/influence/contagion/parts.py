"""Whom it moves more: the effect by how many ties had acted, how strong the tie is, and what the tie said."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from swayline.influence.contagion.covariates import Covariates
from swayline.influence.contagion.measure import Measured, quick
from swayline.influence.contagion.reading import Floats, SocialLog
from swayline.influence.contagion.trials import Trials

MOST_DOSE = 4
_LIKED = 0.75


@dataclass(frozen=True)
class Part:
    """One part of the exposures: its words and figures; None where they are too few (``why``)."""

    words: str
    found: Measured | None
    why: str = ""


def by_dose(rows: Trials, known: Covariates, seed: int) -> Iterator[Part]:
    """The effect of having 1, 2, 3, … active ties against none, at the moment the last of them acted.

    Parameters
    ----------
    rows : trials at every exposure, not at the first alone
    """
    for dose in range(1, MOST_DOSE + 1):
        last = dose == MOST_DOSE
        asked = rows.dose >= dose if last else rows.dose == dose
        words = f"active ties: {dose}{' and more' if last else ''}"
        yield _part(words, rows.of_sets(asked), known, seed)


def by_strength(rows: Trials, log: SocialLog, known: Covariates, seed: int) -> Iterator[Part]:
    """The effect along ties of many and of few common neighbours, and along ties that run both ways or one way."""
    shared = common_neighbours(log)
    at = np.maximum(rows.tie, 0)
    middle = float(np.median(shared[rows.tie[rows.treated]]))
    both = np.isin(log.source * log.people + log.target, log.target * log.people + log.source)
    yield _part(f"common neighbours: more than {middle:g}", rows.of_sets(shared[at] > middle), known, seed)
    yield _part(f"common neighbours: {middle:g} or fewer", rows.of_sets(shared[at] <= middle), known, seed)
    if 0 < both.sum() < len(both):
        yield _part("tie: both ways", rows.of_sets(both[at]), known, seed)
        yield _part("tie: one way", rows.of_sets(~both[at]), known, seed)


def by_valence(rows: Trials, known: Covariates, seed: int) -> Iterator[Part]:
    """The effect of ties who liked the item (a value three quarters up the scale) and of those who did not."""
    told = rows.treated & np.isfinite(rows.value)
    if not told.any():
        return
    low, high = float(rows.value[told].min()), float(rows.value[told].max())
    if high <= low:
        return
    bar = low + _LIKED * (high - low)
    yield _part(f"the tie's value: {bar:g} and more", rows.of_sets(told & (rows.value >= bar)), known, seed)
    yield _part(f"the tie's value: below {bar:g}", rows.of_sets(told & (rows.value < bar)), known, seed)


def common_neighbours(log: SocialLog) -> Floats:
    """(T,) people tied to both ends of each tie, whichever way the ties run."""
    ones = np.ones(len(log.source))
    graph = sparse.csr_matrix((ones, (log.source, log.target)), (log.people, log.people))
    graph = ((graph + graph.T) > 0).astype(np.float64).tocsr()
    rows = max(1, 20_000_000 // max(int(graph.getnnz(axis=1).max()), 1))
    found = np.empty(len(log.source))
    for start in range(0, len(found), rows):
        some = slice(start, start + rows)
        found[some] = np.asarray(graph[log.source[some]].multiply(graph[log.target[some]]).sum(axis=1)).ravel()
    return found


def _part(words: str, rows: Trials, known: Covariates, seed: int) -> Part:
    return Part(words, *quick(rows, known, seed))
