"""What a comparison of episodes reads of the log, and what is told of it before any estimate."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.identify.graph import adjust, read_graph
from swayline.core import names
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.influence.effects.episode_rows import early_words
from swayline.influence.effects.episodes import EARLY_SHARE, Pairs, Timeline
from swayline.influence.effects.placebo import FEWEST_TREATED
from swayline.influence.effects.shared_covariates import Design, Sides

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LogView:
    """The log as every step of :meth:`BehaviorEffects.fit` reads it.

    Attributes
    ----------
    line, pairs : the log in time order, and the first events of its (user, item) pairs
    asked : the treatments
    outcome : the behaviour looked for
    from_us : only episodes that open then or later count; None: all
    sides : what items and people are
    """

    engine: Engine
    line: Timeline
    events: pa.Table
    pairs: Pairs
    asked: tuple[str, ...]
    outcome: str
    from_us: int | None
    sides: Sides


def overlap_of(design: Design, at: Int64s) -> dict[str, Any]:
    """Who is compared, before any estimate."""
    made = design.episodes
    return {
        "treatment": made.treatment, "design": design.label, "rows": len(at), "treated": int(made.treated[at].sum()),
        "outcomes": int(made.outcome[at].sum()), "window_s": made.window_s, "horizon_s": made.horizon_s,
        "share_kept": None, "ess_treated": None, "ess_control": None, "early_share": design.early, **made.counts,
    }  # fmt: skip


def too_few(design: Design, at: Int64s) -> str:
    """Why episodes cannot be compared; empty where they can."""
    made, n = design.episodes, int(design.episodes.treated[at].sum())
    outcomes = int(made.outcome[at].sum())
    if min(n, len(at) - n) >= FEWEST_TREATED and outcomes:
        return ""
    return (
        f"{made.treatment!r} ({design.label}): {n:,} episodes with it, {len(at) - n:,} without, "
        f"{outcomes:,} with the outcome: too few"
    )


def labelled(balance: pa.Table, design: Design) -> pa.Table:
    """A balance table that says of which treatment and design it is."""
    words = {"treatment": design.episodes.treatment, "design": design.label}
    labels = pa.table({name: [word] * len(balance) for name, word in words.items()})
    for name in balance.column_names:
        labels = labels.append_column(name, balance.column(name))
    return labels


def events_and_outcome(log: EventLog, outcome: str | None) -> tuple[pa.Table, str]:
    """Events that say whether they meet the outcome's condition, and the outcome."""
    if names.BEHAVIOR not in log.events.column_names:
        return log.events, outcome or names.INTERACT
    split, name = log.split_by_outcome(outcome)
    return split.events, name


def objections_to(view: LogView, design: Design, graph: Any) -> tuple[tuple[str, ...], str]:
    """Reasons against a design, from early outcomes or a graph, and what the graph says of the controls."""
    early = design.is_landmark and design.early > EARLY_SHARE
    objections: tuple[str, ...] = (early_words(design.early),) if early else ()
    if graph is None:
        return objections, ""
    treatment = design.episodes.treatment
    others = [word for word in view.line.behaviors if word not in (treatment, view.outcome)]
    chosen = adjust(read_graph(graph), treatment, view.outcome, others)
    objections += () if chosen.controls is not None else (chosen.why,)
    return objections, f"{chosen.why} (as each behaviour was counted before t0)"
