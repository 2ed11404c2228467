"""Ties as rows of the influence ledger."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import norm

from swayline.core.types import Bools
from swayline.influence.network.describe.channels import CHANNELS, ChannelEstimates
from swayline.influence.network.fit.goodness import Goodness
from swayline.influence.network.fit.intervals import TieEstimates
from swayline.influence.network.fit.model import HawkesFit
from swayline.influence.network.reading import People
from swayline.ledger import TieRows

ASSUMPTIONS = (
    "no influence runs outside the ties given; each person's own rhythm, trend and past explain what they would do "
    "anyway; all ties share one delay; nothing that was not logged moves two tied people at the same time"
)


def ledger_rows(
    fit: HawkesFit,
    ties: TieEstimates,
    channels: ChannelEstimates | None,
    goodness: Goodness,
    radius: tuple[float, float],
    people: People,
) -> pa.Table:
    """One ``excitation`` row a tie (channel ``all``), then its ``excitation_part`` rows by channel.

    A tie is ``identified`` "assumed" where its placebo found nothing; "no" where the target runs ahead of the source,
    or where the source never did the outcome or one of the two is not in the log (its estimate is null).
    ``radius``: the spectral radius of the branching, and the one that the log asks for where it was held below a limit.
    """
    shared = {
        "time_rescaling": {"passed": bool(goodness.ks < 0.05), "figure": round(goodness.ks, 4)},
        "stable_branching": {"passed": bool(radius[1] < 1.0), "figure": round(radius[1], 4)},
    }
    sound = ties.sound & people.known & np.isfinite(ties.estimate)
    held = "" if radius[0] == radius[1] else f", branching held at a radius of {radius[0]:.3g}"
    opening = json.dumps(shared)[:-1]
    refutations = [opening + _placebo(z, ok) for z, ok in zip(ties.ahead.tolist(), ties.sound.tolist(), strict=True)]
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
        "assumptions": ASSUMPTIONS, "horizon_s": fit.kernel.quantile(0.95),
        "as_of": datetime.fromtimestamp(0, UTC) + timedelta(seconds=fit.acts.end_s),
    }  # fmt: skip
