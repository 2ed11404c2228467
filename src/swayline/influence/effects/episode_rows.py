"""Rows of a table of episodes as rows of the ledger about a log: behaviour, outcome, design, who was left out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from swayline.core.time import format_duration
from swayline.influence.effects.episodes import Episodes, Flags, Int64s, Timeline
from swayline.influence.effects.shared_covariates import Design
from swayline.ledger import PersonRows, Row

AnyRow = TypeVar("AnyRow", bound=Row)


def rows_of_episodes(
    rows: Sequence[Row | PersonRows], line: Timeline, design: Design, n: int, outcome: str
) -> list[Row | PersonRows]:
    """A table's rows as those of ``n`` episodes of a design."""
    made, words = design.episodes, _span_words(design, n)
    renamed: list[Row | PersonRows] = []
    for row in rows:
        if isinstance(row, PersonRows):
            of = made.user[np.searchsorted(made.order, row.subjects.cast(pa.int64()).to_numpy())]
            about = _renamed(row.about, line, design, outcome)
            renamed.append(replace(row, about=about, subjects=line.users.take(pa.array(of))))
        else:
            whole = replace(row, assumptions=f"{row.assumptions} {words}")
            renamed.append(_renamed(whole, line, design, outcome))
    return renamed


def _renamed(row: AnyRow, line: Timeline, design: Design, outcome: str) -> AnyRow:
    of_instrument = row.estimand == "reduced_form"
    return replace(
        row, cause_kind=row.cause_kind if of_instrument else "behavior",
        cause=row.cause if of_instrument else design.episodes.treatment, effect=outcome, channel="own",
        method=f"{row.method}, {design.label}", reference=None, primary=row.primary and design.quoted,
        **times_of(line, design.episodes),
    )  # fmt: skip


def _span_words(design: Design, n: int) -> str:
    """When treatment and outcome are looked for, and which episodes are left out."""
    made, left = design.episodes, design.episodes.counts
    horizon = format_duration(made.horizon_s)
    span = (
        f"Treated within {format_duration(made.window_s)} of the opening, outcome in the {horizon} after that"
        if design.is_landmark
        else f"Treated at the event itself, outcome in the {horizon} after it"
    )
    return (
        f"{span}. {design.label.capitalize()}: {n:,} of {len(made.order):,} (left out: "
        f"{left['left_out_end']:,} that the log's end cuts off, {left['left_out_early']:,} with the outcome by the "
        f"landmark, {left['left_out_before']:,} before the start). Assumed: no interference (a treatment moves nobody "
        "else's outcomes, nor the person's on other items)."
    )


def with_opening(controls: pa.Table, line: Timeline, opening: Int64s) -> pa.Table:
    """Controls with the behaviour that opened each episode."""
    return controls.append_column("opened by", pa.array(line.behaviors).take(pa.array(opening)))


def only(made: Episodes, keep: Flags) -> Episodes:
    """Some of the episodes."""
    return Episodes(
        made.kind, made.treatment, made.order[keep], made.user[keep], made.unit[keep], made.opening[keep],
        made.treated[keep], made.outcome[keep], made.lag_s[keep], made.window_s, made.horizon_s, made.counts,
    )  # fmt: skip


def early_words(share: float) -> str:
    """The reason against landmark rows, from outcomes that precede the landmark."""
    return f"{share:.0%} of the outcomes come before the landmark, and are left out"


def times_of(line: Timeline, made: Episodes) -> dict[str, Any]:
    """The columns about time of every row of some episodes."""
    as_of = datetime.fromtimestamp(line.end_us / 1e6, UTC)
    return {"window_s": made.window_s, "horizon_s": made.horizon_s, "as_of": as_of}
