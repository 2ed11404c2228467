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
from swayline.influence.network.fit.hawkes import HawkesFit
from swayline.influence.network.fit.intervals import TieEstimates
from swayline.influence.network.reading import People
from swayline.ledger.table import SCHEMA

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
    common = _common(fit, people)
    whole = common | {
        "channel": _same("all", len(fit.ties)),
        "estimand": _same("excitation", len(fit.ties)),
        **_numbers(*(np.where(people.known, of, np.nan) for of in (ties.estimate, ties.low, ties.high, ties.p_value))),
        "n": pa.array(fit.acts.counts[fit.ties.source], pa.int64()),
        "method": _same(f"hawkes {fit.kernel.name}, {ties.method}{held}", len(fit.ties)),
        "recommended": pa.array(np.ones(len(fit.ties), bool)),
        "identified": pa.array(np.where(sound, "assumed", "no").tolist(), pa.string()),
        "refutations": pa.array(refutations, pa.string()),
    }
    tables = [_table(whole, len(fit.ties))]
    if channels is not None:
        tables += [_channel_rows(fit, sound, people.known, channels, common, k) for k in range(len(CHANNELS))]
    return pa.concat_tables(tables)


def _placebo(z: float, passed: bool) -> str:
    """The end of a JSON object: whether the target runs ahead of its source, where that could be asked."""
    return "}" if math.isnan(z) else f', "anticipation": {json.dumps({"passed": passed, "figure": round(z, 3)})}}}'


def _channel_rows(
    fit: HawkesFit, sound: Bools, known: Bools, channels: ChannelEstimates, common: dict[str, Any], k: int
) -> pa.Table:
    estimate, error = np.where(known, channels.estimate[:, k], np.nan), channels.error[:, k]
    z = estimate / np.maximum(error, 1e-12)
    rows = common | {
        "channel": _same(CHANNELS[k], len(fit.ties)),
        "estimand": _same("excitation_part", len(fit.ties)),
        **_numbers(estimate, np.maximum(estimate - 1.96 * error, 0.0), estimate + 1.96 * error, 2 * norm.sf(np.abs(z))),
        "n": pa.array(channels.n[:, k], pa.int64()),
        "method": _same(f"marked hawkes {fit.kernel.name}, observed information", len(fit.ties)),
        "recommended": pa.array(np.ones(len(fit.ties), bool)),
        "identified": pa.array(np.where(sound & ~np.isnan(estimate), "assumed", "no").tolist(), pa.string()),
    }
    table = _table(rows, len(fit.ties))
    return table.filter(pa.array(~np.isnan(estimate)))


def _common(fit: HawkesFit, people: People) -> dict[str, Any]:
    n = len(fit.ties)
    as_of = datetime.fromtimestamp(0, UTC) + timedelta(seconds=fit.acts.end_s)
    return {
        "cause_kind": _same("user", n), "cause": people.ids.take(pa.array(fit.ties.source)),
        "effect_kind": _same("user", n), "effect": people.ids.take(pa.array(fit.ties.target)),
        "unit": _same("actions", n), "assumptions": _same(ASSUMPTIONS, n),
        "horizon_s": pa.array(np.full(n, fit.kernel.quantile(0.95))),
        "as_of": pa.array([as_of] * n, pa.timestamp("us", tz="UTC")),
    }  # fmt: skip


def _numbers(estimate: Floats, low: Floats, high: Floats, p_value: Floats) -> dict[str, pa.Array]:
    return {
        name: pa.array(values, pa.float64(), from_pandas=True)
        for name, values in (("estimate", estimate), ("ci_low", low), ("ci_high", high), ("p_value", p_value))
    }


def _same(word: str, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(word, pa.string()), n)


def _table(columns: dict[str, Any], n: int) -> pa.Table:
    return pa.table([columns.get(field.name, pa.nulls(n, field.type)) for field in SCHEMA], schema=SCHEMA)
