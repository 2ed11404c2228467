"""What arms are worth after a bandit gave the better ones to more people: intervals that still cover.

A bandit's own averages are biased (an arm that began badly is dropped and stays bad) and their intervals too short. The
adaptively weighted AIPW estimator scores every person for every arm and weights persons by the square root of their
propensity, so that late scores with tiny propensities do not carry the sum::

    score_t(w) = m(w) + 1[W_t = w] / e_t(w) · (Y_t - m(w)),    m(w) from persons before t
    value(w)   = Σ √e_t(w) score_t(w) / Σ √e_t(w)

References
----------
Hadad, Hirshberg, Zhan, Wager and Athey (2021), Confidence intervals for policy evaluation in adaptive experiments,
PNAS (the constant-allocation weights).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from swayline.core.errors import DataError, UsageError, nearest
from swayline.core.numbers import as_floats

Floats = npt.NDArray[np.float64]
_Z = 1.959963984540054


@dataclass(frozen=True)
class ArmValue:
    """An arm's mean outcome, were everybody given it; ``mean`` is the plain average, biased by adaptation."""

    arm: str
    value: float
    se: float
    ci_low: float
    ci_high: float
    mean: float
    n: int


@dataclass(frozen=True)
class ArmContrast:
    """An arm's value less the control's."""

    arm: str
    control: str
    effect: float
    se: float
    ci_low: float
    ci_high: float
    p_value: float


@dataclass(frozen=True)
class BanditResult:
    """Values of all arms, contrasts with the control, and notes."""

    values: tuple[ArmValue, ...]
    contrasts: tuple[ArmContrast, ...]
    notes: tuple[str, ...]

    def summary(self) -> list[str]:
        """A line an arm."""
        lines = [
            f"{one.arm}: {one.value:.4g} ({one.ci_low:.4g} to {one.ci_high:.4g}) from {one.n:,} people; their plain"
            f" average, which adaptation biases, is {one.mean:.4g}"
            for one in self.values
        ]
        lines += [
            f"  {one.arm} against {one.control}: {one.effect:+.4g} ({one.ci_low:+.4g} to {one.ci_high:+.4g}),"
            f" p = {one.p_value:.2g}"
            for one in self.contrasts
        ]
        return [*lines, *self.notes]


def analyze_bandit(
    table: pa.Table, arm: str, outcome: str, propensities: Mapping[str, str], control: str | None = None
) -> BanditResult:
    """Values of arms that a bandit assigned, with intervals that hold.

    Parameters
    ----------
    table : pa.Table
        A row a person, in the order of assignment.
    arm, outcome : str
        Columns.
    propensities : mapping
        Arm → column of its chance at that person, as the bandit set it before assigning.
    control : str, optional
        The arm compared with; the first of ``propensities`` by default.

    Raises
    ------
    UsageError
        A column or an arm is missing.
    DataError
        Propensities are no chances or do not sum to 1, or the outcome is no number.

    Notes
    -----
    Valid where every arm keeps a chance above zero that does not vanish too fast (at least about 1/t); an arm given
    with a chance below 1/1000 is noted.
    """
    for name in (arm, outcome, *propensities.values()):
        if name not in table.column_names:
            raise UsageError(f"the table has no column {name!r}; {nearest(name, table.column_names)}")
    if len(propensities) < 2:
        raise UsageError("a bandit has at least 2 arms: propensities={'control': 'p_control', 'new': 'p_new'}")
    arms = list(propensities)
    drawn = [str(one) for one in table[arm].to_pylist()]
    foreign = sorted(set(drawn) - set(arms))
    if foreign:
        raise UsageError(f"column {arm!r} holds {foreign[0]!r}, which has no propensity; {nearest(foreign[0], arms)}")
    if control is not None and control not in arms:
        raise UsageError(f"there is no arm {control!r}; {nearest(control, arms)}")
    chosen = np.array([arms.index(one) for one in drawn])
    y = _numbers(table, outcome)
    chance = np.stack([_numbers(table, propensities[one]) for one in arms], axis=1)
    if (chance < 0).any() or (chance > 1).any() or np.abs(chance.sum(axis=1) - 1).max() > 1e-6:
        raise DataError("propensities of a person must lie from 0 to 1 and sum to 1 over the arms: see their columns")
    taken = chance[np.arange(len(y)), chosen]
    if (taken <= 0).any():
        raise DataError(f"row {int(np.argmin(taken)) + 1} was given an arm whose propensity there is 0")
    base = arms.index(control) if control is not None else 0
    scores, weights = aipw_scores(chosen, y, chance), np.sqrt(chance)
    values = [_value(arms[k], scores[:, k], weights[:, k], y[chosen == k]) for k in range(len(arms))]
    contrasts = [
        _contrast((arms[k], arms[base]), scores[:, [k, base]], weights[:, [k, base]])
        for k in range(len(arms))
        if k != base
    ]
    return BanditResult(tuple(values), tuple(contrasts), _rarely_given(arms, chance))


def _rarely_given(arms: Sequence[str], chance: Floats) -> tuple[str, ...]:
    least = chance.min(axis=0)
    return tuple(
        f"arm {arm!r} had a chance of {low:.2g} at some people: its interval leans on few of them"
        for arm, low in zip(arms, least, strict=True) if low < 1e-3
    )  # fmt: skip


def _numbers(table: pa.Table, name: str) -> Floats:
    try:
        values = as_floats(table[name], name)
    except (pa.ArrowException, ValueError):
        raise DataError(f"column {name!r} holds {table[name].type} and not numbers") from None
    if not np.isfinite(values).all():
        raise DataError(f"column {name!r} lacks a number in {int((~np.isfinite(values)).sum())} rows")
    return np.asarray(values, np.float64)


def aipw_scores(chosen: npt.NDArray[np.int64], y: Floats, chance: Floats) -> Floats:
    """(n, arms) scores whose mean is the arm's value, whatever the bandit did.

    Parameters
    ----------
    chosen : (n,) arm of each person.
    y : (n,) outcomes.
    chance : (n, arms) propensities.

    Notes
    -----
    ``m`` is the running mean of the arm's outcomes before the person; 0 before the first.
    """
    got = np.zeros(chance.shape, bool)
    got[np.arange(len(y)), chosen] = True
    sums = np.cumsum(got * y[:, None], axis=0) - got * y[:, None]
    counts = np.cumsum(got, axis=0) - got
    model = sums / np.maximum(counts, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        correction = np.where(got, (y[:, None] - model) / chance, 0.0)
    return np.asarray(model + correction, np.float64)


def _value(arm: str, scores: Floats, weights: Floats, own: Floats) -> ArmValue:
    value = float(weights @ scores / weights.sum())
    se = float(np.sqrt(((weights * (scores - value)) ** 2).sum()) / weights.sum())
    mean = float(own.mean()) if len(own) else float("nan")
    return ArmValue(arm, value, se, value - _Z * se, value + _Z * se, mean, len(own))


def _contrast(names: Sequence[str], scores: Floats, weights: Floats) -> ArmContrast:
    share = weights / weights.sum(axis=0)
    values = (share * scores).sum(axis=0)
    parts = share * (scores - values)
    effect, se = float(values[0] - values[1]), float(np.sqrt(((parts[:, 0] - parts[:, 1]) ** 2).sum()))
    p_value = float(2 * stats.norm.sf(abs(effect) / se)) if se > 0 else 1.0
    return ArmContrast(names[0], names[1], effect, se, effect - _Z * se, effect + _Z * se, p_value)
