"""Does something that rows share move both treatment and outcome? Asked across people, and across a person's own time.

Two people who saw one item on one day have nothing to do with each other, unless that item or that day moves what both
do. So the residual treatment of one, times what is left of the other's outcome, averages zero where controls carry
what is shared; its mean over the treatment's variance is the bias that is left, or a little less, since the effect that
is taken off holds that bias, too::

    bias >= E[d_i r_j | i, j of one cell, two people] / E[d²]        r = y - effect · d

Within a person the past tells apart what lasts from what spreads: what somebody is (taste) ties later treatments to
earlier outcomes and earlier treatments to later outcomes alike; a treatment can reach only what is still to come.

Shapes: n rows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from swayline.causal.inference.refutation import Refutation
from swayline.causal.table.shared import OwnPast

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ALARM = 0.002
"""A check across people, of which there are a few, fails below this p-value ..."""
LEAST_BIAS = 0.5
"""... and where the bias it measures is at least this much of the estimate's standard error."""
FEWEST_PAIRS = 200


@dataclass(frozen=True)
class Product:
    """A mean of products with its standard error."""

    value: float
    se: float
    pairs: int

    @property
    def p(self) -> float:
        """Two-sided p-value against zero; 1 where there are too few pairs to say."""
        if self.pairs < FEWEST_PAIRS or not self.se > 0:
            return 1.0
        return float(2 * stats.norm.sf(abs(self.value) / self.se))


def across_people(d: Floats, left: Floats, cell: Ints, person: Ints) -> Product:
    """Mean of d_i r_j over pairs of rows of one cell and two people.

    Notes
    -----
    Near linear in n: sums of cells less those of each person in them. Where nothing is shared, the products of
    different pairs of people are uncorrelated, and the variance is half the sum of people's squared totals.
    """
    key = cell * (int(person.max()) + 1) + person
    own, at, size = np.unique(key, return_inverse=True, return_counts=True)
    sums_d, sums_r = np.bincount(at, d), np.bincount(at, left)
    of_cell = own // (int(person.max()) + 1)
    whole_d, whole_r, whole_n = (np.bincount(of_cell, values) for values in (sums_d, sums_r, size))
    rest_d, rest_r = whole_d[of_cell] - sums_d, whole_r[of_cell] - sums_r
    pairs = float(size @ (whole_n[of_cell] - size))
    if pairs < 1:
        return Product(0.0, 0.0, 0)
    totals = np.bincount(own % (int(person.max()) + 1), sums_d * rest_r + sums_r * rest_d)
    return Product(float(sums_d @ rest_r) / pairs, float(np.sqrt(totals @ totals / 2)) / pairs, int(pairs))


def shared_cause(d: Floats, left: Floats, cell: Ints, person: Ints, what: str, se: float) -> Refutation:
    """Whether people of one cell move together; the figure is the bias that this leaves in the estimate."""
    found = across_people(d, left, cell, person)
    bias = found.value / float(d @ d / len(d))
    passed = found.p >= ALARM or abs(bias) < LEAST_BIAS * se
    return Refutation(
        bool(passed), bias,
        f"bias from what people share on {what}, by {found.pairs:,} pairs of two people, p = {found.p:.2g}",
    )  # fmt: skip


@dataclass(frozen=True)
class Lasting:
    """How a person's own rows go together, as products of one row's treatment and another's outcome residual.

    Attributes
    ----------
    back : treatment of a row and outcomes that were known before it began: what lasts, since nothing acts backwards
    near : rows whose outcomes are open at one time, in either order: what lasts, and what one does to the other
    spread : ``near`` less ``back``
    """

    back: Product
    near: Product
    spread: Product


def lasting(past: OwnPast, d: Floats, left: Floats, person: Ints) -> Lasting:
    """Products within people, told apart by time; (n,) each.

    Rows of one unit are no pairs. People are independent of each other, and each mean is a ratio of people's sums.
    """
    n_people = int(person.max()) + 1
    order = np.lexsort((past.time, person))
    back, near = (np.zeros((n_people, 2)) for _ in range(2))
    for keys, sign in ((person, 1.0), (_joint(person, past.unit), -1.0)):
        order = np.lexsort((past.time, keys))
        group, time, x, r = keys[order], past.time[order], d[order], left[order]
        sums = np.concatenate([[0.0], np.cumsum(r)])
        start = np.searchsorted(group, group)
        stop = np.searchsorted(group, group, side="right")
        scale = int(time.max() - time.min()) + past.span + 2
        place = group * scale + (time - time.min()) + 1
        low = np.maximum(np.searchsorted(place, place - past.span, side="right"), start)
        high = np.minimum(np.searchsorted(place, place + past.span, side="left"), stop)
        who = person[order]
        for into, first, last, others in ((back, start, low, 0), (near, low, high, 1)):
            count = last - first - others
            total = x * (sums[last] - sums[first] - others * r)
            into[:, 0] += sign * np.bincount(who, total, n_people)
            into[:, 1] += sign * np.bincount(who, count, n_people)
    return Lasting(_ratio(back), _ratio(near), _difference(near, back))


def _joint(a: Ints, b: Ints) -> Ints:
    return np.asarray(np.unique(a * (int(b.max()) + 1) + b, return_inverse=True)[1], dtype=np.int64)


def _moves(sums: Floats) -> tuple[float, Floats]:
    """A ratio of sums (people, 2) and by how much each person moves it."""
    pairs = float(sums[:, 1].sum())
    if pairs < 1:
        return 0.0, np.zeros(len(sums))
    value = float(sums[:, 0].sum()) / pairs
    return value, (sums[:, 0] - value * sums[:, 1]) / pairs


def _ratio(sums: Floats) -> Product:
    value, moves = _moves(sums)
    return Product(value, float(np.sqrt(moves @ moves)), round(float(sums[:, 1].sum())))


def _difference(a: Floats, b: Floats) -> Product:
    (value, moves), (other, others) = _moves(a), _moves(b)
    gap = moves - others
    pairs = round(float(min(a[:, 1].sum(), b[:, 1].sum())))
    return Product(value - other, float(np.sqrt(gap @ gap)), pairs)
