"""What a forecast was worth: told from a past moment as if the rest of the log did not exist, then compared with it.

References
----------
Brier, "Verification of forecasts expressed in terms of probability", 1950; Naeini, Cooper and Hauskrecht, "Obtaining
well calibrated probabilities using Bayesian binning", AAAI 2015 (expected calibration error).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from swayline.core.names import BEHAVIOR, USER
from swayline.core.types import Floats
from swayline.evolution.acts import DAY_US, Acts
from swayline.evolution.forecast.chances import CHURN, RETURN, forecast_acts
from swayline.evolution.forecast.state import happens

_BINS = 10


@dataclass(frozen=True)
class Backtest:
    """One behaviour and horizon.

    Attributes
    ----------
    brier, base_brier : mean squared error of the chances, and of telling everybody the share that came true
    ece : mean gap between chance and share in ten equal groups
    expected, happened : mean chance, and the share that came true
    level_p : the chance of so large a gap between these, were the chances right
    auc : how often one who did has the higher chance
    """

    behavior: str
    horizon_days: int
    people: int
    brier: float
    base_brier: float
    ece: float
    expected: float
    happened: float
    level_p: float
    auc: float


def backtest(acts: Acts, horizons_days: tuple[int, ...]) -> list[Backtest]:
    """Every behaviour at each horizon that fits, from the latest moment at which what followed is known."""
    found = []
    for days in horizons_days:
        cut = int(acts.time_us[-1]) + 1 - days * DAY_US
        if cut <= int(acts.time_us[0]):
            continue
        told = forecast_acts(acts, cut, (days,)).table
        for name in dict.fromkeys(told[BEHAVIOR].to_pylist()):
            if name == CHURN:
                continue
            rows = told.filter(np.asarray(told[BEHAVIOR]) == name)
            place = {user: k for k, user in enumerate(acts.users)}
            people = np.array([place[one] for one in rows[USER].to_pylist()])
            behavior = None if name == RETURN else acts.behaviors.index(name)
            y = happens(acts, people, cut, days * DAY_US, behavior)
            found.append(_scored(name, days, np.asarray(rows["probability"].to_numpy(), np.float64), y))
    return found


def _scored(name: str, days: int, p: Floats, y: Floats) -> Backtest:
    order = np.argsort(p, kind="stable")
    groups = np.array_split(order, min(_BINS, len(order)))
    ece = sum(len(one) * abs(float(p[one].mean() - y[one].mean())) for one in groups) / len(p)
    sd = float(np.sqrt((p * (1 - p)).sum()))
    level_p = float(2 * stats.norm.sf(abs(float((y - p).sum())) / max(sd, 1e-12)))
    return Backtest(
        name, days, len(p), float(((p - y) ** 2).mean()), float(y.mean() * (1 - y.mean())), ece, float(p.mean()),
        float(y.mean()), level_p, _auc(p, y),
    )  # fmt: skip


def _auc(p: Floats, y: Floats) -> float:
    rank = stats.rankdata(p)
    yes = float(y.sum())
    no = len(y) - yes
    return float((rank[y == 1].sum() - yes * (yes + 1) / 2) / (yes * no)) if yes and no else float("nan")
