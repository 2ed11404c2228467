"""Placebos: comparisons in which no tie can have swayed anybody, so that what is left is likeness.

=====================  ===========================================================================================
``future ties' acts``  people whose tie acts only after the horizon, beside people whose ties do not. Ties that run
                       both ways are left out: there the person's own act may have brought the tie's
``earlier acts``       what exposed people did in the item's category in the horizon *before* the tie acted
``shuffled ties``      the same log, each person's ties given to somebody else
``shuffled times``     who adopted what stays, when is dealt out anew among an item's adopters: the effect must exceed
                       what is left (Anagnostopoulos, Kumar & Mahdian 2008)
``unseen categories``  items that ties cannot see
=====================  ===========================================================================================
"""

from dataclasses import dataclass, replace

import numpy as np

from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation
from swayline.core.rng import generator
from swayline.core.types import Bools
from swayline.influence.contagion.covariates import Covariates
from swayline.influence.contagion.exposures import Exposures, FirstActs, exposures
from swayline.influence.contagion.measure import Measured, quick
from swayline.influence.contagion.trials import Risk, Trials, draw, eligible, first_of_pairs, make_trials

ALARM = 0.01
TOLERATED = 0.25
"""A placebo may be this share of the effect, beyond which it counts against it where it is no accident."""


@dataclass(frozen=True)
class Setting:
    """What every placebo needs of the question asked.

    Attributes
    ----------
    risk : who may adopt what when
    known : controls of any moment
    cause : first acts of ties' behaviour
    most : exposures that a placebo takes at most
    """

    risk: Risk
    known: Covariates
    cause: FirstActs
    most: int
    seed: int


@dataclass(frozen=True)
class Placebo:
    """A placebo's figures, and why there are none where there are not."""

    name: str
    found: Measured | None
    why: str = ""


def future_acts(at: Setting) -> Placebo:
    """Ties that act only after the horizon, over within one more."""
    name, log = "future ties' acts", at.risk.log
    horizon = at.risk.horizon_s
    one_way = ~np.isin(log.source * log.people + log.target, log.target * log.people + log.source)
    if not one_way.any():
        return Placebo(name, None, "every tie runs both ways, so that a later act of a tie may be the person's doing")
    seen = at.risk.seen
    first = seen.only(first_of_pairs(seen))
    asked = first.only(one_way[first.tie])
    rng = generator(at.seed, "contagion", "future")
    early = replace(asked, time=asked.time - horizon * (1.0 + rng.random(len(asked.time))))
    early = early.only(early.time > log.start_s)
    order = np.lexsort((early.time, early.pair))
    early = early.only(order)
    # Controls of a moment must not be exposed until twice the horizon after it.
    return _measured(name, at, replace(at.risk, seen=_sooner(seen, 2 * horizon)), early)


def shuffled_ties(at: Setting) -> Placebo:
    """Ties whose targets are dealt out anew: whoever stood under a tie's act is somebody else."""
    log = at.risk.log
    rng = generator(at.seed, "contagion", "ties")
    reached = np.unique(log.target)
    other = np.arange(log.people)
    other[reached] = rng.permutation(reached)
    moved = other[log.target]
    apart = moved != log.source
    shuffled = replace(log, source=log.source[apart], target=moved[apart], tied_at=log.tied_at[apart])
    seen = exposures(shuffled, at.cause)
    known = Covariates(shuffled, at.risk.acts, at.risk.horizon_s, at.seed)
    return _measured("shuffled ties", replace(at, known=known), replace(at.risk, log=shuffled, seen=seen), seen)


def shuffled_times(at: Setting) -> Placebo:
    """An item's adopters stay, their times are dealt out among them."""
    log = at.risk.log
    rng = generator(at.seed, "contagion", "times")
    acts, same = _dealt(at.risk.acts, len(log.items), rng), at.cause is at.risk.acts
    cause = acts if same else _dealt(at.cause, len(log.items), rng)
    seen = exposures(log, cause)
    return _measured("shuffled times", at, replace(at.risk, acts=acts, seen=seen), seen)


def _dealt(acts: FirstActs, n_items: int, rng: np.random.Generator) -> FirstActs:
    item = acts.pair % n_items
    mixed = np.lexsort((rng.random(len(item)), item))
    time = np.empty(len(item))
    time[np.argsort(item, kind="stable")] = acts.time[mixed]
    return replace(acts, time=time)


def unseen_items(at: Setting, unseen: Bools) -> Placebo:
    """Items that ties cannot see."""
    seen = at.risk.seen
    return _measured("unseen categories", at, at.risk, seen.only(unseen[seen.pair % len(at.risk.log.items)]))


def earlier_acts(at: Setting) -> Placebo:
    """Acts of the exposed in the item's category in the horizon before the tie acted, beside people exposed later."""
    name, risk, horizon = "earlier acts", at.risk, at.risk.horizon_s
    log, known = risk.log, at.known
    if not known.n_categories:
        return Placebo(name, None, "no item has a category")
    first = risk.seen.only(first_of_pairs(risk.seen))
    first = first.only(eligible(risk, first))
    rng = generator(at.seed, "contagion", name)
    before = _sooner(draw(first, at.most, rng), horizon)
    before = before.only(before.time > log.start_s + horizon)
    rows = make_trials(replace(risk, seen=_sooner(risk.seen, horizon)), before, rng)
    did = known.own_category.within(known.group(rows.person, known.of_item[rows.item]), rows.time + horizon, horizon)
    return _figures(name, at, replace(rows, y=(did > 0).astype(np.float64)))


def _sooner(found: Exposures, by_s: float) -> Exposures:
    return replace(found, time=found.time - by_s)


def _measured(name: str, at: Setting, risk: Risk, found: Exposures) -> Placebo:
    first = found.only(first_of_pairs(found))
    first = first.only(eligible(risk, first))
    rng = generator(at.seed, "contagion", name)
    return _figures(name, at, make_trials(risk, draw(first, at.most, rng), rng))


def _figures(name: str, at: Setting, rows: Trials) -> Placebo:
    return Placebo(name, *quick(rows, at.known, at.seed))


def judged(one: Placebo, main: Measured) -> Refutation:
    """Whether an effect stands beside a placebo's figure."""
    if one.found is None:
        return Refutation(True, float("nan"), f"not asked: {one.why}")
    left, naive = one.found.adjusted, one.found.naive.value
    words = f"adjusted figure where no tie can have swayed anybody (naive {naive:.3g}), p = {left.p:.2g}"
    if one.name == "shuffled times":
        return _beyond(main.adjusted, left, naive)
    return Refutation(not (left.p < ALARM and _matters(left, main.adjusted)), left.value, words)


def _matters(left: Estimate, main: Estimate) -> bool:
    return bool(abs(left.value) > TOLERATED * abs(main.value))


def _beyond(main: Estimate, left: Estimate, naive: float) -> Refutation:
    """The effect must exceed what the same adopters show in any order."""
    gap, se = main.value - left.value, float(np.hypot(main.se, left.se))
    same = main.p < 0.05 and not gap > 1.645 * se
    words = f"adjusted figure with adopters in any order (naive {naive:.3g}); the effect exceeds it by {gap:.3g}"
    return Refutation(not same, left.value, words)
