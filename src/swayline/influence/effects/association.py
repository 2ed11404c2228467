"""How much more often the outcome follows where a behaviour occurred: associations, not effects."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from swayline.causal.inference.intervals import difference_in_means
from swayline.core import names
from swayline.core.time import format_duration
from swayline.engine import Engine
from swayline.influence.effects.episodes import (
    EARLY_SHARE,
    Episodes,
    Pairs,
    Timeline,
    choose_horizon_s,
    choose_window_s,
    landmark,
    pairs,
    present,
    timeline,
    trials,
)
from swayline.ledger import AssociationRow, Figure, ledger, no_rows


def associations(
    engine: Engine, events: pa.Table, outcome: str, *, window_s: float | None = None, horizon_s: float | None = None
) -> pa.Table:
    """The difference in the outcome's rate between episodes with and without each other behaviour.

    Parameters
    ----------
    engine : where the tables are computed
    events : the house's event table
    outcome : the behaviour looked for after the landmark
    window_s, horizon_s : seconds; None lets the log choose (see :mod:`.episodes`)

    Returns
    -------
    Ledger rows, one a behaviour other than the outcome; ``estimand`` association, ``identified`` no. A table without
    rows says why under ``reason`` in its schema's metadata.

    Notes
    -----
    Where more than a fifth of the outcomes come before the landmark, the row compares sequential trials instead, and
    says so in ``method``. Episodes opened by the behaviour itself are not in its comparison.
    """
    reason = _why_not(events, outcome)
    if reason:
        return no_rows(reason)
    log = timeline(events)
    if (log.column("i") < 0).all():
        return no_rows("no event names an item, so there is no (user, item) pair to follow")
    found = pairs(engine, log)
    horizon = choose_horizon_s(log) if horizon_s is None else horizon_s
    rows = []
    for behavior in present(log, outcome):
        window = choose_window_s(log, found, behavior) if window_s is None else window_s
        rows.append(_row(log, _episodes(engine, log, found, behavior, outcome, window, horizon), behavior, outcome))
    return ledger(rows) if rows else no_rows(f"the log has no behavior besides the outcome {outcome!r}")


def _why_not(events: pa.Table, outcome: str) -> str | None:
    if events.num_rows == 0:
        return "the log is empty"
    if names.TIME not in events.column_names or events.column(names.TIME).null_count == events.num_rows:
        return "the log has an order but no times, so no window or horizon can be drawn"
    if names.BEHAVIOR not in events.column_names:
        return "the log names no behaviors, so there is nothing to compare"
    words = set(events.column(names.BEHAVIOR).unique().to_pylist())
    if outcome not in words:
        return f"the outcome {outcome!r} never occurs in the log"
    return None


def _episodes(
    engine: Engine, log: Timeline, found: Pairs, behavior: str, outcome: str, window_s: float, horizon_s: float
) -> Episodes:
    """Landmark episodes, or trials where too many outcomes come before the landmark."""
    rows = landmark(log, found, behavior, outcome, window_s, horizon_s)
    if rows.early_share <= EARLY_SHARE:
        return rows
    return trials(engine, log, found, behavior, outcome, horizon_s)


def _row(log: Timeline, rows: Episodes, behavior: str, outcome: str) -> AssociationRow:
    compared = np.ones(len(rows.order), dtype=bool)
    if rows.kind == "landmark":
        compared = rows.opening != log.code(behavior)
    treated, happened = rows.treated[compared], rows.outcome[compared].astype(np.float64)
    n_treated, n = int(treated.sum()), len(treated)
    if n_treated in (0, n):
        which = "with" if n_treated == 0 else "without"
        figure = Figure()
        words = f"Not measured: among {n:,} comparable episodes there is none {which} {behavior!r}."
    else:
        figure = difference_in_means(treated, happened, rows.user[compared]).figure
        within = f"within {format_duration(rows.horizon_s)} after " + (
            "it" if rows.kind == "trials" else f"the {format_duration(rows.window_s)} in which it may come"
        )
        words = (
            f"An association, not an effect: nothing is adjusted for. {outcome!r} followed {within} in "
            f"{int(happened[treated].sum()):,} of {n_treated:,} episodes with {behavior!r} and in "
            f"{int(happened[~treated].sum()):,} of {n - n_treated:,} without. "
            "Who already wants to convert does more of both."
        )
    return AssociationRow(
        cause_kind="behavior", cause=behavior, effect=outcome, channel="own", unit="probability", n=n,
        window_s=rows.window_s, horizon_s=rows.horizon_s, as_of=datetime.fromtimestamp(log.end_us / 1e6, UTC),
        method=f"difference in means, {'sequential trials' if rows.kind == 'trials' else 'landmark episodes'}",
        primary=True, figure=figure, assumptions=words,
    )  # fmt: skip
