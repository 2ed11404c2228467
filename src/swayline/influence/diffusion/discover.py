"""Who draws whom into cascades, where no ties are known: from the order of joining alone, false discoveries in check.

People join the same cascades because they like the same things; that says nothing of who follows whom. What does is
*when* they join, given that both do: were v indifferent to u, its place among the members would not lean to the places
just behind u's. Every pair that shares enough cascades is tested so, by Chernoff's bound, which holds for the few
cascades that pairs share; the likeliest sources of each person are then fitted together, so that a chain a → b → c does
not leave a → c behind; pairs are kept while the expected share of false ones stays below ``false_discovery``.

References
----------
Gomez-Rodriguez, Leskovec and Krause, "Inferring Networks of Diffusion and Influence", KDD 2010 (NetInf);
Gomez-Rodriguez, Balduzzi and Schölkopf, "Uncovering the Temporal Dynamics of Diffusion Networks", ICML 2011 (NetRate);
Benjamini and Hochberg, "Controlling the false discovery rate", JRSS B 1995.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, chi2

from swayline.core.errors import UsageError
from swayline.core.extras import require
from swayline.core.types import Floats, Ints
from swayline.numerics.multiple_testing import q_values

Past = tuple[Ints, Ints, Ints, Ints, Ints]
_STEPS = 60


@dataclass(frozen=True)
class CascadeTies:
    """Ties found in cascades, surest first; arrays are (T,).

    Parameters
    ----------
    source, target : int64
    brought : float64
        Joins of the target that the source brought, in expectation.
    probability, low, high : float64
        ``brought`` over the cascades that the source joined while the target was still free and no other source
        brought it, with a 95% interval (ties were chosen by the same data, so read it as optimistic).
    p_value, q_value : float64
        The larger of both tests, and the least false-discovery rate at which the tie would be kept.
    n_pairs : int
        Ordered pairs that shared enough cascades to be tested.
    """

    source: Ints
    target: Ints
    brought: Floats
    probability: Floats
    low: Floats
    high: Floats
    p_value: Floats
    q_value: Floats
    n_pairs: int


def discover_cascade_ties(
    cascades: Sequence[Ints], people: int, *, false_discovery: float = 0.05, memory: float = 0.7, least: int = 4,
    candidates: int = 12,
) -> CascadeTies:  # fmt: skip
    """Find who draws whom in.

    Parameters
    ----------
    cascades : sequence of (members,) int
        In the order of joining.
    people : int
        How many people there are; rows run from 0.
    false_discovery : float
        Share of kept ties that may be false, in expectation.
    memory : float
        How much less each further place behind the source counts.
    least : int
        Pairs must share so many cascades to be tested.
    candidates : int
        Sources fitted together for each person.

    Raises
    ------
    UsageError
        An option is out of range, there is no cascade, or a member joins one twice.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pairs = [rng.permutation(20)[:6] for _ in range(300)]
    >>> follow = [np.concatenate([[0, 1], c[c > 1]]) if k % 3 == 0 else c for k, c in enumerate(pairs)]
    >>> found = discover_cascade_ties(follow, 20)
    >>> list(zip(found.source.tolist(), found.target.tolist()))
    [(0, 1)]
    """
    require("numba", extra="people")
    from swayline.influence.diffusion.compiled import discover as _compiled

    if not 0 < false_discovery < 1 or not 0 < memory < 1 or least < 2 or candidates < 1:
        raise UsageError(
            f"false_discovery {false_discovery} and memory {memory} must lie in (0, 1), least {least} be at least 2 "
            f"and candidates {candidates} at least 1"
        )
    past = _past(cascades, people)
    tilt = np.zeros(people)
    _compiled.tilts(past, tilt)
    found, p_screen, tested = _screened(past, tilt, memory, least, candidates)
    rows = [_together(int(v), past, tilt, memory, found[v], p_screen[v]) for v in np.flatnonzero(found[:, 0] >= 0)]
    columns = np.concatenate([np.zeros((6, 0)), *rows], axis=1)
    return _kept(columns, tested, false_discovery)


def _screened(past: Past, tilt: Floats, memory: float, least: int, candidates: int) -> tuple[Ints, Floats, int]:
    """(people, candidates) likely sources of each person, -1 for none, their p-values, and the pairs tested."""
    from swayline.influence.diffusion.compiled import discover as _compiled

    people = len(tilt)
    found, p_screen = np.full((people, candidates), -1, np.int64), np.ones((people, candidates))
    tested = np.zeros(people, np.int64)
    able = np.flatnonzero(np.diff(past[2]) >= least).astype(np.int64)
    cores = os.cpu_count() or 1
    _compiled.screen(able[:0], past, tilt, memory, least, candidates, found, p_screen, tested)  # compiles once
    with ThreadPoolExecutor(cores) as threads:
        # Many small interleaved parts: people differ in how much work they are.
        for done in [
            threads.submit(
                _compiled.screen, able[k :: 4 * cores].copy(), past, tilt, memory, least, candidates, found,
                p_screen, tested,
            )
            for k in range(4 * cores)
        ]:  # fmt: skip
            done.result()
    return found, p_screen, int(tested.sum())


def _past(cascades: Sequence[Ints], people: int) -> Past:
    if len(cascades) == 0:
        raise UsageError("no cascade to learn from")
    who = np.concatenate(cascades).astype(np.int64)
    if who.min() < 0 or who.max() >= people:
        raise UsageError(f"members run from {who.min()} to {who.max()}, outside 0 to {people - 1}")
    lengths = [len(one) for one in cascades]
    pointer = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    cascade = np.repeat(np.arange(len(cascades)), lengths)
    if len(np.unique(cascade * people + who)) < len(who):
        raise UsageError("a member joins the same cascade twice: keep the first time alone")
    order = np.lexsort((cascade, who))
    own = np.searchsorted(who[order], np.arange(people + 1)).astype(np.int64)
    return pointer, who, own, cascade[order], (np.arange(len(who)) - pointer[cascade])[order]


def _together(v: int, past: Past, tilt: Floats, memory: float, found: Ints, p_screen: Floats) -> Floats:
    """(6, sources): source, target, joins brought, chances, squared shares, larger p-value, of v's likely sources."""
    from swayline.influence.diffusion.compiled import discover as _compiled

    used = found >= 0
    sources, p_first = found[used], p_screen[used]
    weight = np.ones(len(sources))
    whole = _compiled.joint(v, past, tilt[v], memory, sources, _STEPS, weight)
    p_joint = np.ones(len(sources))
    for d in range(len(sources)):
        rest = np.delete(sources, d)
        without = _compiled.joint(v, past, tilt[v], memory, rest, _STEPS, np.delete(weight, d))
        # A weight that cannot fall below zero: half the time the ratio is zero under the null.
        p_joint[d] = 0.5 * chi2.sf(max(2.0 * (whole - without), 0.0), 1)
    brought, chances, squared = np.zeros(len(sources)), np.zeros(len(sources)), np.zeros(len(sources))
    _compiled.credit(v, past, tilt[v], memory, sources, weight, brought, chances, squared)
    return np.stack([sources, np.full(len(sources), v), brought, chances, squared, np.maximum(p_first, p_joint)])


def _kept(columns: Floats, n_pairs: int, false_discovery: float) -> CascadeTies:
    """Benjamini and Hochberg over all tested pairs; pairs never fitted count as p = 1."""
    columns = columns[:, np.argsort(columns[5], kind="stable")]
    p = columns[5]
    q = q_values(p, n_pairs)
    kept = q <= false_discovery
    source, target, brought, chances, squared, p = columns[:, kept]
    chances = np.maximum(chances, brought)
    low, high = _interval(brought, chances, squared)
    return CascadeTies(
        source.astype(np.int64), target.astype(np.int64), brought, brought / np.maximum(chances, 1e-9), low, high, p,
        q[kept], n_pairs,
    )  # fmt: skip


def _interval(brought: Floats, chances: Floats, squared: Floats) -> tuple[Floats, Floats]:
    """95% by Clopper and Pearson, on as many chances as the observed information is worth (Louis, JRSS B 1982).

    Were it known for certain who brought whom, a chance p would be known as by so many coin tosses; shares in doubt
    count by their squares.
    """
    p = np.clip(brought / np.maximum(chances, 1e-9), 1e-6, 1 - 1e-6)
    worth: Floats = (1 - p) * squared / p + p * (chances - brought) / (1 - p)
    low: Floats = np.nan_to_num(beta.ppf(0.025, p * worth, (1 - p) * worth + 1))
    high: Floats = np.nan_to_num(beta.ppf(0.975, p * worth + 1, (1 - p) * worth), nan=1.0)
    return low, high
