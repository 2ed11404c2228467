"""How strong an unseen cause would have to be, measured in units of the causes that were seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg

from swayline.causal.inference.intervals import Estimate
from swayline.numerics.ridge import moments

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sensitivity:
    """What a hidden cause could do.

    Attributes
    ----------
    low, high : where the effect may lie, were there a hidden cause as strong as the strongest control: the bias it
        could do and the half width of the interval, added in squares
    strongest : that control; None where there is none
    robustness : share of the residual variance of both treatment and outcome that a hidden cause must explain to
        bring the estimate to zero (Cinelli & Hazlett's robustness value)
    e_value : least risk ratio of a hidden cause with both treatment and outcome that explains the estimate away
    """

    low: float
    high: float
    strongest: str | None
    robustness: float
    e_value: float


def sensitivity(
    found: Estimate,
    x: npt.NDArray[Any],
    d: Floats,
    y: Floats,
    residual_d: Floats,
    residual_y: Floats,
    names: Sequence[str],
    groups: Sequence[int],
    rates: tuple[float, float] | None = None,
) -> Sensitivity:
    """The bound at the strength of the strongest observed control, the robustness value and the E-value.

    Parameters
    ----------
    x : design, shape (n, p); ``names`` of its controls, ``groups`` the control of each column
    d, y : treatment and outcome, shape (n,)
    residual_d, residual_y : what the nuisance models leave of them, shape (n,)
    rates : mean outcome treated and untreated where the outcome is yes/no, for the E-value

    Notes
    -----
    Strength of control j: its partial R² with the treatment given the other controls, and with the outcome given
    those and the treatment, in linear models. Memory is p × p.

    References
    ----------
    Cinelli & Hazlett (2020), Making sense of sensitivity. VanderWeele & Ding (2017), Sensitivity analysis in
    observational research: introducing the E-value.
    """
    slope = float(residual_d @ residual_y / (residual_d @ residual_d))
    left = residual_y - slope * residual_d
    ratio = float(np.sqrt((left @ left) / (residual_d @ residual_d)))
    strongest, worst = None, 0.0
    if x.shape[1]:
        with_d = partial_r2(x, d, groups, float(residual_d @ residual_d))
        with_y = partial_r2(x, y, groups, float(left @ left), extra=d)
        for j in with_d:
            bias = ratio * _bias_factor(with_d[j], with_y[j])
            if bias > worst:
                strongest, worst = names[j], bias
    half = float(np.hypot(worst, found.high - found.value))
    return Sensitivity(
        found.value - half, found.value + half, strongest, _robustness(abs(found.value) / max(ratio, 1e-300)),
        _e_value(found.value, rates, float(np.std(y))),
    )  # fmt: skip


def partial_r2(
    x: npt.NDArray[Any], y: Floats, groups: Sequence[int], rss: float, extra: Floats | None = None
) -> dict[int, float]:
    """Partial R² of each group of columns with y given all others (and ``extra``), from one Gram matrix.

    ``rss`` is the sum of squares that the full (not only the linear) model leaves, so that what a curve explains does
    not hide how much a control explains. Each is the upper end of its 95% interval (Fisher's z), since a strength
    measured too small would promise too much.
    """
    wide = x if extra is None else np.column_stack([x, extra.astype(x.dtype)])
    square, cross = moments(wide, y)
    inverse = linalg.pinvh(square)
    beta = inverse @ cross[:, 0]
    found = {}
    for group in sorted(set(groups)):
        at = [k + 1 for k, g in enumerate(groups) if g == group]
        gain = max(0.0, float(beta[at] @ linalg.pinvh(inverse[np.ix_(at, at)]) @ beta[at]))  # rounding may be below
        found[group] = _upper(gain / (gain + max(rss, 1e-300)), len(y))
    return found


def _upper(r2: float, n: int) -> float:
    return float(np.tanh(np.arctanh(np.sqrt(min(r2, 1 - 1e-12))) + 1.96 / np.sqrt(max(n - 3, 1))) ** 2)


def _bias_factor(with_d: float, with_y: float) -> float:
    """√(R²y·R²d / (1 - R²d)) for a hidden cause once as strong as a control with these partial R².

    Infinite where one as strong would leave nothing of the treatment (R²d ≥ ½): there is no bound then.
    """
    d = with_d / max(1 - with_d, 1e-12)
    if d >= 1:
        return float("inf") if with_y > 0 else 0.0
    limit = 1 - 1e-9
    y = min(((1 + d) / np.sqrt(1 - d**2)) ** 2 * with_y / max(1 - with_y, 1e-12), limit)
    return float(np.sqrt(y * d / (1 - d)))


def _robustness(f: float) -> float:
    return float(2 / (1 + np.hypot(1, 2 / max(f, 1e-150))))


def _e_value(estimate: float, rates: tuple[float, float] | None, spread: float) -> float:
    if rates is not None:
        high, low = max(rates[0], 1e-9), max(rates[1], 1e-9)
        risk = max(high / low, low / high)
    else:
        risk = float(np.exp(min(0.91 * abs(estimate) / max(spread, 1e-300), 300.0)))  # its square must be a number
    return float(risk + np.sqrt(risk * (risk - 1)))
