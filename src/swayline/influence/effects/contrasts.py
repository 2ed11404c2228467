"""More questions about the same landmark episodes: several treatments at once, how many, in which order, how soon.

::

    joint        does a cart add anything beside a favourite?           the other treatments held fixed
    direct       what of a cart's effect does not run through checkout?  split at each later step of the funnel
    dose         what does one more view in the window add?
    combination  what do cart and favourite together do, against neither?
    order        both happened: does it matter which came first?
    timing       treated: does it matter how soon?

Each is a partially linear model on residuals of the same controls, with a clustered interval, a placebo treatment and
a verdict of its own; the fast path that answers all of them in one go. Shapes: n episodes, (n,) unless said.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.estimate.estimators import partial_slope
from swayline.causal.estimate.joint import joint_slopes, mediate
from swayline.causal.inference.intervals import Estimate, widened_by
from swayline.causal.inference.refutation import as_json
from swayline.causal.nuisance.cross_fitting import crossfit_all, default_learners, folds
from swayline.causal.nuisance.learners import Learner
from swayline.causal.refute import refutations as refute
from swayline.causal.refute.verdict import Comparison, verdict
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.frame import learn_encoder
from swayline.core import names
from swayline.core.rng import generator
from swayline.influence.effects.episodes import NEVER, Episodes, Pairs, Timeline
from swayline.influence.effects.shared_levels import within_shared
from swayline.ledger import EffectRow

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
FEWEST = 20
"""Episodes an arm needs before it is compared."""
MOST_TOGETHER = 3
"""Behaviours whose combinations are arms of their own, the most frequent first."""
SOONEST_S = 1.0
"""Lags are told apart down to this."""
_LEAST_LEFT = 0.02
"""A treatment that the controls predict but for this share of its variance cannot be told from them."""


@dataclass(frozen=True)
class Window:
    """Landmark episodes with what happened inside their windows.

    Attributes
    ----------
    made : the episodes; ``controls`` a row each, ``clusters`` the user of each
    first : behaviour → time of its first event in the pair (NEVER where none)
    counts : behaviour → its events in the window after the opening one, where counting was asked for
    mark : time of the landmark
    early : reasons against every landmark answer, from outcomes that precede it
    """

    line: Timeline
    made: Episodes
    controls: pa.Table
    first: dict[str, Ints]
    counts: dict[str, Ints]
    mark: Ints
    early: tuple[str, ...]
    seed: int

    def inside(self, behavior: str) -> Flags:
        """Whether the pair's first such event falls in the window (the opening event counts)."""
        return self.first[behavior] <= self.mark

    def opened_by(self, behavior: str) -> Flags:
        """Whether the behaviour opened the episode."""
        return np.asarray(self.made.opening == self.line.code(behavior))


def window(
    line: Timeline, found: Pairs, made: Episodes, controls: pa.Table, asked: Sequence[str], early: tuple[str, ...],
    seed: int, counted: bool = True,
) -> Window:  # fmt: skip
    """What happened inside the windows of landmark episodes; ``counted``: how often, too."""
    time = line.column("t")
    index = np.searchsorted(found.opened, made.order)
    mark = time[made.order] + int(made.window_s * 1e6)
    first = {}
    for name in asked:
        order = found.first[name][index]
        first[name] = np.where(order == NEVER, NEVER, time[np.minimum(order, len(time) - 1)])
    until = np.searchsorted(time, mark, side="right")
    counts = {name: _counts(line, name, made, until) for name in asked if counted}
    return Window(line, made, controls, first, counts, mark, early, seed)


def _counts(line: Timeline, behavior: str, made: Episodes, until: Ints) -> Ints:
    """Events of a behaviour on each pair after its opening and before an order number."""
    u, i, b = (line.column(name) for name in ("u", "i", "b"))
    width = int(i.max()) + 2
    at = np.flatnonzero((b == line.code(behavior)) & (i >= 0))
    key = u[at] * width + i[at]
    order = np.lexsort((at, key))
    key, at = key[order], at[order]
    pairs_ = np.unique(key)
    rank, total = np.searchsorted(pairs_, key), len(b) + 1
    place = rank * total + at
    asked = made.user * width + made.unit
    own = np.searchsorted(pairs_, asked)
    known = (own < len(pairs_)) & (pairs_[np.minimum(own, max(len(pairs_) - 1, 0))] == asked) if len(pairs_) else None
    if known is None:
        return np.zeros(len(asked), dtype=np.int64)
    low = np.searchsorted(place, own * total + made.order, side="right")
    high = np.searchsorted(place, own * total + until, side="left")
    return np.where(known, np.maximum(high - low, 0), 0)


def contrast_rows(w: Window, asked: Sequence[str], outcome: str) -> list[EffectRow]:
    """Ledger rows of doses, orders, timings and combinations of the behaviours asked for."""
    rows: list[EffectRow] = []
    for name in asked:
        dose = np.minimum(w.counts[name], np.quantile(w.counts[name], 0.999)).astype(np.float64)
        if (dose > 0).sum() >= FEWEST and len(np.unique(dose)) > 2:
            told = f"Per further {name} in the window, after the event that opened the episode."
            rows += _answer(w, outcome, np.ones(len(dose), dtype=bool), dose, _Asked("ate_dose", name, None, told))
        treated = w.inside(name) & ~w.opened_by(name)
        if treated.sum() >= 2 * FEWEST:
            lag = np.maximum(
                w.made.lag_s if name == w.made.treatment else (w.first[name] - _opened(w)) / 1e6, SOONEST_S
            )
            soon = np.where(treated, -np.log2(np.where(treated, lag, SOONEST_S)), 0.0)
            told = "Among those with it in the window: per halving of the time from the opening to it."
            asked_of = _Asked("ate_timing", f"{name} sooner", f"{name} later", told)
            rows += _answer(w, outcome, treated, soon, asked_of)
    for a, b in combinations(asked, 2):
        both = w.inside(a) & w.inside(b) & ~w.opened_by(a) & ~w.opened_by(b) & (w.first[a] != w.first[b])
        before = (w.first[a] < w.first[b]).astype(np.float64)
        if min(before[both].sum(), (1 - before)[both].sum()) >= FEWEST:
            told = f"Among those with both {a} and {b} in the window."
            asked_of = _Asked("ate_order", f"{a} before {b}", f"{b} before {a}", told)
            rows += _answer(w, outcome, both, before, asked_of)
    return rows + _combined(w, asked, outcome)


def _opened(w: Window) -> Ints:
    return w.line.column("t")[w.made.order]


@dataclass(frozen=True)
class _Asked:
    """One question: what of which cause, against what, in words."""

    estimand: str
    cause: str
    reference: str | None
    words: str


@dataclass(frozen=True)
class _Left:
    """Residual treatment and outcome of some episodes, (n, 2), and what the controls expect of the treatment, (n,)."""

    residuals: Floats
    expected: Floats
    clusters: Ints
    n_controls: int


def _answer(w: Window, outcome: str, rows: Flags, value: Floats, asked: _Asked) -> list[EffectRow]:
    """One question as a ledger row; none where nothing can be compared."""
    at = np.flatnonzero(rows)
    y = w.made.outcome[at].astype(np.float64)
    d = value[at]
    if not 0 < y.sum() < len(y) or float(np.std(d)) <= 1e-9 * max(1.0, abs(float(np.mean(d)))):
        return []
    residuals, learned, clusters = _residuals(w, at, np.column_stack([d, y]))
    if clusters is None:
        return []
    slope = _widened(partial_slope(residuals[:, 0], residuals[:, 1], clusters), len(at), learned)
    return [_row(w, outcome, asked, slope, _Left(residuals, d - residuals[:, 0], clusters, learned))]


def _widened(found: Estimate, n: int, n_controls: int) -> Estimate:
    """The interval with as much added as n rows lose to so many controls in least squares; little where n is large."""
    return widened_by(found, float(np.sqrt(n / max(n - n_controls, n / 4))))


def _row(w: Window, outcome: str, asked: _Asked, found: Estimate, left: _Left) -> EffectRow:
    rng = generator(w.seed, "further", asked.cause)
    d, y = left.residuals[:, 0], left.residuals[:, 1]
    checks = {"placebo treatment": refute.placebo_treatment(d, y, left.expected, left.clusters, rng)}
    share = float(np.var(d)) / max(float(np.var(d + left.expected)), 1e-300)
    weak = (f"the controls predict all but {share:.1%} of it",) if share < _LEAST_LEFT else ()
    made = Comparison(False, left.n_controls, (len(d), len(d)))
    identified, reason = verdict(made, checks, (*w.early, *weak))
    return EffectRow(
        cause_kind="behavior", cause=asked.cause, effect=outcome, channel="own", estimand=asked.estimand,
        unit="probability", method="dml, landmark episodes", evidence="adjusted", identified=identified,
        figure=found.figure, n=len(d), primary=True, reference=asked.reference,
        assumptions=f"{asked.words} {reason}", refutations=as_json(checks),
    )  # fmt: skip


def _residuals(w: Window, at: Ints, targets: Floats) -> tuple[Floats, int, Ints | None]:
    """Targets less what the controls predict, how many controls there are, and clusters (None: too few users)."""
    table = w.controls.take(pa.array(at))
    encoder, x = learn_encoder(table, table.column_names)
    clusters = np.unique(w.made.user[at], return_inverse=True)[1].astype(np.int64)
    if int(clusters.max()) + 1 < 10:
        return targets, 0, None
    fold = folds(len(at), 5, clusters, generator(w.seed, "folds"))
    learners = _quick(x, encoder.groups, w.seed)
    left = targets - crossfit_all(FoldedDesign(x, fold), targets, learners)[0]
    left, lost = within_shared(left, w.made.unit[at], w.line.column("t")[w.made.order[at]])
    return left, len(encoder.controls) + lost, clusters


def _quick(x: npt.NDArray[Any], groups: Sequence[int], seed: int) -> list[Learner]:
    """Ridge, with squares and products where the rows are few enough for both to take seconds."""
    learners, _ = default_learners(x, groups, False, "linear", seed)
    return learners if len(x) <= 50_000 else learners[:1]


def _combined(w: Window, asked: Sequence[str], outcome: str) -> list[EffectRow]:
    """Each combination of the most frequent behaviours against none of them, as arms of one treatment."""
    free = np.ones(len(w.mark), dtype=bool)
    later = {name: int((w.inside(name) & ~w.opened_by(name)).sum()) for name in asked}
    able = [name for name in asked if later[name] >= FEWEST and w.opened_by(name).mean() < 0.5]
    chosen = [name for name in able if name in sorted(able, key=lambda one: -later[one])[:MOST_TOGETHER]]
    if len(chosen) < 2:
        return []
    for name in chosen:
        free &= ~w.opened_by(name)
    code = np.zeros(len(w.mark), dtype=np.int64)
    for k, name in enumerate(chosen):
        code += w.inside(name).astype(np.int64) << k
    sizes = np.bincount(code[free], minlength=1 << len(chosen))
    arms = [c for c in range(1, len(sizes)) if sizes[c] >= FEWEST]
    at = np.flatnonzero(free & np.isin(code, [0, *arms]))
    y = w.made.outcome[at].astype(np.float64)
    if sizes[0] < FEWEST or not arms or not 0 < y.sum() < len(y):
        return []
    dummies = np.column_stack([(code[at] == c).astype(np.float64) for c in arms])
    left, n_controls, clusters = _residuals(w, at, np.column_stack([dummies, y]))
    if clusters is None:
        return []
    slopes = joint_slopes(left[:, :-1], left[:, -1])
    rows = []
    for j, c in enumerate(arms):
        words = [name for k, name in enumerate(chosen) if c >> k & 1]
        rest = np.delete(left[:, :-1], j, axis=1)
        alone = left[:, j] - rest @ np.linalg.lstsq(rest, left[:, j], rcond=None)[0] if rest.shape[1] else left[:, j]
        told = f"Exactly {' and '.join(words)} in the window, of {', '.join(chosen)}; {int(sizes[c]):,} episodes."
        pair = np.column_stack([alone, left[:, -1] - rest @ np.delete(slopes.values, j)])
        found = _widened(slopes.estimate(j, clusters), len(at), n_controls)
        asked_of = _Asked("ate_combination", "+".join(words), "none of " + ", ".join(chosen), told)
        rows.append(_row(w, outcome, asked_of, found, _Left(pair, dummies[:, j] - left[:, j], clusters, n_controls)))
    return rows


def joint_rows(
    w: Window, at: Ints, others: Sequence[str], outcome: str, x: npt.NDArray[Any], groups: Sequence[int],
    clusters: Ints, identified: str,
) -> list[EffectRow]:  # fmt: skip
    """The treatment's effect with the others held fixed, and through each later step of the funnel."""
    made, y = w.made, w.made.outcome[at].astype(np.float64)
    columns, kept = [made.treated[at].astype(np.float64)], []
    for name in others:
        values = w.inside(name)[at].astype(np.float64)
        if FEWEST <= values.sum() <= len(values) - FEWEST:
            columns.append(values)
            kept.append(name)
    if not kept:
        return []
    fold = folds(len(at), 5, clusters, generator(w.seed, "folds"), made.treated[at].astype(np.int64))
    learners = default_learners(x, groups, False, "linear", w.seed)[0][:1]
    targets = np.column_stack([*columns, y])
    left = targets - crossfit_all(FoldedDesign(x, fold), targets, learners)[0]
    left, lost = within_shared(left, made.unit[at], w.line.column("t")[made.order[at]])
    left, out = left[:, :-1], left[:, -1]
    rows = [EffectRow(
        cause_kind="behavior", cause=made.treatment, effect=outcome, channel="own", estimand="ate_joint",
        unit="probability", method="dml, landmark episodes", evidence="adjusted", identified=identified,
        figure=_widened(joint_slopes(left, out).estimate(0, clusters), len(at), lost).figure, n=len(at), primary=True,
        assumptions=f"With {', '.join(kept)} held fixed: what {made.treatment!r} adds beside them.",
    )]  # fmt: skip
    depth = names.funnel_depth(made.treatment)
    for j, name in enumerate(kept, start=1):
        if names.funnel_depth(name) <= depth:
            continue
        split = mediate(left[:, 0], left[:, j], out, clusters)
        words = f"Split at {name!r}; needs no unseen cause of {name!r} and the outcome."
        rows += [
            replace(
                rows[0], estimand=f"ate_{word}", method=f"linear mediation, {word} {name}, landmark episodes",
                figure=_widened(part, len(at), lost).figure, reference=name, assumptions=words,
            )
            for word, part in (("direct", split.direct), ("through", split.through))
        ]  # fmt: skip
    return rows
