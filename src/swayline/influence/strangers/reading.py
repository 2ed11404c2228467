"""What the reviews on top do to the next person: naive, within items and periods, and by who wrote them.

A good item has good reviews and is liked: the naive figure is quality. Within an item and a day quality hardly moves,
and whether a lenient or a strict stranger wrote just before is chance: the writers' leniency on other items is the
instrument. The placebo is the leniency of those who write next, whom nobody has read yet.

Shapes: n rows.
"""

from dataclasses import dataclass

import numpy as np

from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation
from swayline.causal.interference.regression import basis, fit, varies, without
from swayline.core.errors import IdentificationError
from swayline.core.rng import generator
from swayline.core.types import Ints
from swayline.influence.contagion.reading import SocialLog
from swayline.influence.strangers.rows import Floats, Rows

FEWEST = 200
DRAWS = 199
WEAK, ALARM, TOLERATED = 10.0, 0.01, 0.25


@dataclass(frozen=True)
class Reading:
    """What the reviews on top do.

    Attributes
    ----------
    naive : of the next act on the mean value of the reviews on top, nothing held fixed
    within : the same within item and period, the person's own leniency held fixed
    effect : by who wrote them: their leniency on other items moves the value on top and nothing else; to be quoted
    p_value : of no effect, over orders of the people of an item and period drawn anew
    checks : attempts to break it
    n, items, strength : rows, items, first-stage F
    """

    naive: Estimate
    within: Estimate
    effect: Estimate
    p_value: float
    checks: dict[str, Refutation]
    n: int
    items: int
    strength: float

    @property
    def identified(self) -> str:
        """Assumed or no."""
        return "assumed" if all(one.passed for one in self.checks.values()) else "no"

    @property
    def claimed(self) -> bool:
        """Whether strangers' reviews are said to move anybody."""
        return self.identified != "no" and (self.effect.low > 0 or self.effect.high < 0)


def visits(social: SocialLog, judging: Ints, horizon_s: float) -> tuple[Ints, Ints, Floats, Floats]:
    """Who came to what when, and what followed: first reviews themselves where they are what is explained."""
    known = social.item >= 0
    explains = bool(np.isin(social.outcome, judging))
    came = known & (np.isin(social.behavior, judging) if explains else ~np.isin(social.behavior, [*judging]))
    rows = np.flatnonzero(came)
    pair = social.pair(social.person[rows], social.item[rows])
    rows = rows[np.unique(pair, return_index=True)[1]]
    item, person, time = social.item[rows], social.person[rows], social.time[rows]
    if explains:
        return item, person, time, (social.behavior[rows] == social.outcome).astype(np.float64)
    opened = social.behavior[rows] != social.outcome  # who bought at once came unseen: what they read is not known
    watched = opened & (time + horizon_s <= social.end_s)
    item, person, time = item[watched], person[watched], time[watched]
    did = np.flatnonzero((social.behavior == social.outcome) & known)
    bought, at = np.unique(social.pair(social.person[did], social.item[did]), return_index=True)
    wanted = social.pair(person, item)
    place = np.minimum(np.searchsorted(bought, wanted), max(len(bought) - 1, 0))
    when = np.where(bought[place] == wanted, social.time[did][at][place], np.inf) if len(bought) else np.inf
    return item, person, time, np.asarray((when > time) & (when <= time + horizon_s), np.float64)


def measured(rows: Rows, seed: int) -> Reading:
    """Naive, within, by leniency, with orders drawn anew and later reviewers as placebo."""
    size = np.bincount(rows.group)[rows.group]
    together = rows.take(size > 1)
    if len(together.y) < FEWEST or together.y.std() == 0:
        raise IdentificationError(
            f"{len(together.y):,} people came to an item within a period of another and could read strangers' reviews, "
            f"{int(together.y.sum()):,} with the outcome: at least {FEWEST} are needed; give a longer --within"
        )
    code = np.unique(rows.item, return_inverse=True)[1].astype(np.int64)
    nothing = basis(np.zeros((len(rows.y), 0)))
    naive = fit(rows.y, rows.seen[:, None], nothing, code).estimates[0]
    group = np.unique(together.group, return_inverse=True)[1]
    cluster = np.unique(together.item, return_inverse=True)[1].astype(np.int64)
    y, seen, lenient = (_within(one, group) for one in (together.y, together.seen, together.lenient))
    span = basis(_within(together.controls, group))
    if not varies(lenient, without(lenient, span)):
        raise IdentificationError(
            "within items and periods all read reviews of the same leniency: give a longer --within"
        )
    inside = fit(y, seen[:, None], span, cluster).estimates[0]
    effect = fit(y, seen[:, None], span, cluster, lenient[:, None]).estimates[0]
    first = fit(seen, lenient[:, None], span, cluster).estimates[0]
    form = fit(y, lenient[:, None], span, cluster).estimates[0]
    strength = (first.value / first.se) ** 2 if first.se > 0 else 0.0
    p = _by_order(together, group, form.value, generator(seed, "strangers", "orders"))
    words = f"first-stage F of reviewers' leniency {strength:.0f}"
    checks = {
        "instrument": Refutation(strength >= WEAK, strength, words),
        "later reviewers": _later(together, group, span, cluster, form),
    }
    return Reading(naive, inside, effect, p, checks, len(together.y), int(cluster.max()) + 1, float(strength))


def _within(values: Floats, group: Ints) -> Floats:
    """Values less the mean of their group."""
    if values.ndim == 2:
        return np.asarray(np.column_stack([_within(column, group) for column in values.T]), dtype=np.float64)
    count = np.bincount(group)
    return np.asarray(values - (np.bincount(group, values) / np.maximum(count, 1))[group], dtype=np.float64)


def _by_order(rows: Rows, group: Ints, found: float, rng: np.random.Generator) -> float:
    """The p-value of no more than people of a group in any order would show."""
    base = np.argsort(group, kind="stable")
    drawn = np.empty(DRAWS)
    lenient = _within(rows.lenient, group)
    y, of_person = _within(rows.y, group), _within(rows.controls[:, :-1], group)
    place = _within(rows.controls[:, -1:], group)
    for k in range(DRAWS):
        order = np.empty(len(group), np.int64)
        order[base] = np.lexsort((rng.random(len(group)), group))
        span = basis(np.asarray(np.column_stack([of_person[order], place]), dtype=np.float64))
        left = without(lenient[:, None], span)[:, 0]
        drawn[k] = float(left @ y[order]) / max(float(left @ left), 1e-300)
    beyond = int((np.abs(drawn) >= abs(found) - 1e-12).sum())
    return (1 + beyond) / (1 + DRAWS)


def _later(rows: Rows, group: Ints, span: Floats, cluster: Ints, form: Estimate) -> Refutation:
    """Reviewers who write next: nobody has read them, so their leniency must tell nothing."""
    known = np.isfinite(rows.later_lenient)
    if known.sum() < FEWEST // 2:
        return Refutation(True, float("nan"), "not asked: too few people came before a further review")
    part = np.unique(group[known], return_inverse=True)[1]
    y, later = _within(rows.y[known], part), _within(rows.later_lenient[known], part)
    # Who wrote before and who will write share a period's people: given the former, the latter must tell nothing.
    lenient = _within(rows.lenient[known], part)
    held = basis(np.column_stack([_within(rows.controls[known], part), lenient]).astype(np.float64))
    if not varies(later, without(later, held)):
        return Refutation(True, float("nan"), "not asked: the leniency of later reviewers does not vary")
    items = np.unique(cluster[known], return_inverse=True)[1].astype(np.int64)
    one = fit(y, later[:, None], held, items).estimates[0]
    fails = one.p < ALARM and abs(one.value) > TOLERATED * abs(form.value)
    words = f"leniency of those who write next, whom nobody has read: {one.value:+.3g} (p = {one.p:.2g})"
    return Refutation(not fails, one.value, f"{words}, of those on top {form.value:+.3g}")
