"""Whose acts move those who see them: the effect of a tie's act by who acted, drawn towards the effect over everybody.

Each exposure is compared with the people drawn at its item and moment; the differences of one person's followers are
averaged. Few acts say little of one person, so each figure is drawn towards the adjusted effect over all, the more the
fewer exposures stand behind it and the less people differ at all (empirical Bayes).

Shapes: n rows of trials, S people whose acts were seen.

References
----------
Morris, "Parametric Empirical Bayes Inference", JASA 1983. DerSimonian & Laird, 1986 (the variance between people).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from swayline.causal.inference.intervals import Estimate
from swayline.core.types import Floats, Ints
from swayline.influence.contagion.reading import SocialLog
from swayline.influence.contagion.trials import Trials

FEW_PEOPLE = 5


@dataclass(frozen=True)
class Persons:
    """Effects by who acted, (S,).

    Attributes
    ----------
    person : numbers of the people whose acts were seen
    effect, low, high : change of the chance that one who sees an act follows, drawn towards that over everybody
    exposures : first exposures behind each
    spread : standard deviation between people; 0 where they cannot be told apart
    p_value : of no difference between people at all
    """

    person: Ints
    effect: Floats
    low: Floats
    high: Floats
    exposures: Ints
    spread: float
    p_value: float


def by_person(rows: Trials, log: SocialLog, overall: Estimate) -> Persons | None:
    """The effect by who acted; None where fewer than :data:`FEW_PEOPLE` people's acts were seen."""
    treated = np.flatnonzero(rows.treated)
    sets = np.unique(rows.set, return_inverse=True)[1]
    others = np.bincount(sets[~rows.treated], rows.y[~rows.treated], int(sets.max(initial=0)) + 1)
    count = np.bincount(sets[~rows.treated], minlength=len(others))
    difference = rows.y[treated] - (others / np.maximum(count, 1))[sets[treated]]
    person, who = np.unique(log.source[rows.tie[treated]], return_inverse=True)
    if len(person) < FEW_PEOPLE:
        return None
    n = np.bincount(who)
    mean = np.bincount(who, difference) / n
    within = float(((difference - mean[who]) ** 2).sum() / max(len(difference) - len(person), 1))
    se2 = max(within, 1e-12) / n
    between, p = _between(mean, se2)
    # What is left of likeness is taken to be everybody's: differences are centred where the adjusted effect lies.
    own = mean - difference.mean() + overall.value
    trust = between / (between + se2)
    effect = overall.value + trust * (own - overall.value)
    half = 1.96 * np.sqrt(trust * se2 + (1.0 - trust) ** 2 * overall.se**2)
    return Persons(person, effect, effect - half, effect + half, n, float(np.sqrt(between)), p)


def _between(mean: Floats, se2: Floats) -> tuple[float, float]:
    """Variance between people beyond what few exposures bring, and the p-value of none."""
    weight = 1.0 / se2
    centre = (weight * mean).sum() / weight.sum()
    q = float((weight * (mean - centre) ** 2).sum())
    free = len(mean) - 1
    between = (q - free) / (weight.sum() - (weight**2).sum() / weight.sum())
    return max(between, 0.0), float(stats.chi2.sf(q, free))
