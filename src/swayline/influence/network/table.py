"""Ties as rows of the influence ledger."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import norm

from swayline.core.types import Bools, Floats
from swayline.influence.network.describe.channels import CHANNELS, ChannelEstimates
from swayline.influence.network.fit.goodness import Goodness
from swayline.influence.network.fit.intervals import TieEstimates
from swayline.influence.network.fit.kernels import delay_range
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.reading import People
from swayline.ledger import TieRows
from swayline.ledger.standing import FALSE_SHARE, LEAST_ACTS
from swayline.numerics.multiple_testing import q_values

ASSUMPTIONS = (
    "no influence runs outside the ties given; each person's own rhythm, trend and past and what everybody feels at "
    "the time explain what they would do anyway; all ties share one delay; nothing that was not logged moves two tied "
    "people alone at the same time; influence whose mean delay is above {} is not seen"
)
DECISIVE = ("time_rescaling", "clock", "window", "anticipation_of_all")
"""Checks of the whole model without which no tie is called influence, nor called none."""
_TICKS = 0.5
"""Ticks of the clock that the mean delay must have: effects of one tick are drawn a third of it apart, if at all."""
_SEEN = 0.9
"""Share of the longest delay that can be told from which effects may come later than the log shows."""
_AHEAD_Z = 4.0


def ledger_rows(
    fit: HawkesFit,
    ties: TieEstimates,
    channels: ChannelEstimates | None,
    goodness: Goodness,
    radius: tuple[float, float],
    people: People,
) -> pa.Table:
    """One ``excitation`` row a tie (channel ``all``), then its ``excitation_part`` rows by channel.

    A tie is ``identified`` "assumed" where no check failed; "no" where the target runs ahead of the source, where its
    interval leaves out zero and its q-value does not, where no tie stands (the log then does not tell how late
    influence would come: ``delay``), where the whole model fails (:data:`DECISIVE`), or where the source never did the
    outcome or one of the two is not in the log (its estimate is null).
    ``radius``: the spectral radius of the branching, and the one that the log asks for where it was held below a limit.
    """
    shared = model_checks(fit, ties, goodness, radius[1])
    whole_fails = any(not shared[name]["passed"] for name in DECISIVE if name in shared)
    q_value = tie_q_values(fit, ties, people.known)
    by_chance = (ties.p_value < 0.05) & ~(q_value <= FALSE_SHARE)  # also where too few acts of the source were asked
    shared["delay"] = {"passed": bool((q_value <= FALSE_SHARE).any()), "figure": int((q_value <= FALSE_SHARE).sum())}
    whole_fails |= not shared["delay"]["passed"]
    sound = ties.sound & people.known & np.isfinite(ties.estimate) & (not whole_fails) & ~by_chance
    held = "" if radius[0] == radius[1] else f", branching held at a radius of {radius[0]:.3g}"
    opening = json.dumps(shared)[:-1]
    refutations = [
        opening + _discovery(q, p) + _placebo(z, ok)
        for q, p, z, ok in zip(
            q_value.tolist(), ties.p_value.tolist(), ties.ahead.tolist(), ties.sound.tolist(), strict=True
        )
    ]
    estimate, low, high, p_value = (
        np.where(people.known, of, np.nan) for of in (ties.estimate, ties.low, ties.high, ties.p_value)
    )
    whole = TieRows(
        **_about(fit, people), channel="all", estimand="excitation", estimate=estimate, ci_low=low, ci_high=high,
        p_value=p_value, n=fit.acts.counts[fit.ties.source], method=f"hawkes {fit.kernel.name}, {ties.method}{held}",
        identified=_verdicts(sound), refutations=pa.array(refutations, pa.string()),
    )  # fmt: skip
    tables = [whole.table()]
    if channels is not None:
        tables += [_channel_rows(fit, sound, people, channels, k) for k in range(len(CHANNELS))]
    return pa.concat_tables(tables)


def model_checks(fit: HawkesFit, ties: TieEstimates, goodness: Goodness, radius: float) -> dict[str, dict[str, Any]]:
    """Checks of the whole model, which every tie's row repeats: name → passed, figure.

    ``time_rescaling``: Kolmogorov-Smirnov distance; fails above .05 where chance does not explain it. ``clock``: the
    mean delay in ticks of a coarse clock. ``window``: the mean delay as a share of the longest that the log can tell.
    ``anticipation_of_all``: whether targets run ahead of their sources on the whole, a z.
    """
    clock, mean_s = fit.acts.clock, fit.kernel.mean_s()
    longest = delay_range(fit.acts.span_s, clock.unit_s)[1]
    described = not (goodness.ks >= 0.05 and goodness.p_value < 0.01)
    checks = {
        "time_rescaling": {"passed": bool(described), "figure": round(goodness.ks, 4)},
        "stable_branching": {"passed": bool(radius < 1.0), "figure": round(radius, 4)},
    }
    if not fit.x_tie.any():
        return checks
    if clock.is_coarse:
        checks["clock"] = {"passed": bool(mean_s >= _TICKS * clock.unit_s), "figure": round(mean_s / clock.unit_s, 3)}
    checks["window"] = {"passed": bool(mean_s < _SEEN * longest), "figure": round(mean_s / longest, 3)}
    ahead = ties.ahead[np.isfinite(ties.ahead)]
    if len(ahead):
        z = float(ahead.mean() * np.sqrt(len(ahead)))
        checks["anticipation_of_all"] = {"passed": bool(z <= _AHEAD_Z), "figure": round(z, 3)}
    return checks


def tie_q_values(fit: HawkesFit, ties: TieEstimates, known: Bools) -> Floats:
    """(T,) Benjamini and Hochberg over all ties that can be asked; NaN where the source acted too seldom."""
    asked = known & np.isfinite(ties.estimate) & (fit.acts.counts[fit.ties.source] >= LEAST_ACTS)
    found = np.full(len(asked), np.nan)
    found[asked] = q_values(ties.p_value[asked])
    return found


def _discovery(q: float, p: float) -> str:
    """Part of a JSON object: whether a tie whose interval leaves out zero stands among all that were asked."""
    if not p < 0.05 or math.isnan(q):
        return ""
    return f', "false_discovery": {json.dumps({"passed": q <= FALSE_SHARE, "figure": round(q, 4)})}'


def _days(seconds: float) -> str:
    return f"{seconds / 86400.0:.0f} days" if seconds >= 2 * 86400.0 else f"{seconds / 3600.0:.1f} hours"


def _placebo(z: float, passed: bool) -> str:
    """The end of a JSON object: whether the target runs ahead of its source, where that could be asked."""
    return "}" if math.isnan(z) else f', "anticipation": {json.dumps({"passed": passed, "figure": round(z, 3)})}}}'


def _verdicts(sound: Bools) -> pa.Array:
    return pa.array(np.where(sound, "assumed", "no").tolist(), pa.string())


def _channel_rows(fit: HawkesFit, sound: Bools, people: People, channels: ChannelEstimates, k: int) -> pa.Table:
    estimate, error = np.where(people.known, channels.estimate[:, k], np.nan), channels.error[:, k]
    z = estimate / np.maximum(error, 1e-12)
    rows = TieRows(
        **_about(fit, people), channel=CHANNELS[k], estimand="excitation_part", estimate=estimate,
        ci_low=np.maximum(estimate - 1.96 * error, 0.0), ci_high=estimate + 1.96 * error,
        p_value=2 * norm.sf(np.abs(z)), n=channels.n[:, k],
        method=f"marked hawkes {fit.kernel.name}, observed information", identified=_verdicts(sound),
    )  # fmt: skip
    return rows.table().filter(pa.array(~np.isnan(estimate)))


def _about(fit: HawkesFit, people: People) -> dict[str, Any]:
    """What the rows of every channel say alike."""
    return {
        "source": people.ids.take(pa.array(fit.ties.source)), "target": people.ids.take(pa.array(fit.ties.target)),
        "assumptions": ASSUMPTIONS.format(_days(delay_range(fit.acts.span_s, fit.acts.clock.unit_s)[1])),
        "horizon_s": fit.kernel.quantile(0.95),
        "as_of": datetime.fromtimestamp(0, UTC) + timedelta(seconds=fit.acts.end_s),
    }  # fmt: skip
