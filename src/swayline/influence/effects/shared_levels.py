"""What episodes share: an item, a day, a person; and what each person did before, told apart in time.

Shapes: n episodes that are compared.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.estimate.within import LEAST_WITHIN, within
from swayline.causal.nuisance.cross_fitting import crossfit_all, default_learners, folds
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.frame import learn_encoder
from swayline.causal.table.shared import OwnPast, Shared
from swayline.core.rng import generator
from swayline.features.history import DAY_US, HOUR_US
from swayline.influence.effects.episodes import Episodes, Int64s, Pairs, Timeline

Floats = npt.NDArray[np.float64]
FEWEST_PEOPLE = 20
MOST_EXPANDED = 50_000
"""Rows up to which the controls' squares and products are tried, too."""
_OWN = ("own: ", "own in category: ", "own on item: ")


@dataclass(frozen=True)
class Compared:
    """Episodes that are compared: a choice ``at`` of ``made``, (n,), and their controls as of t0."""

    line: Timeline
    made: Episodes
    at: Int64s
    controls: pa.Table
    clusters: Int64s
    outcome: str


def shared_of(some: Compared, with_past: bool, seed: int) -> Shared:
    """The levels that episodes share, and the persons' own pasts where ``with_past``."""
    line, made, at = some.line, some.made, some.at
    unit, time = made.unit[at], line.column("t")[made.order[at]]
    thing = "item" if line.is_by_item else "category"
    day, hour = time // DAY_US, time // HOUR_US
    kinds, category = _packed(unit), line.column("c")[made.order[at]]
    days, both = _packed(day), _packed(unit * (int(day.max() - day.min()) + 2) + day - day.min())
    held = {
        f"{thing} and day": both[:, None], f"{thing}, day": np.column_stack([kinds, days]),
        "day": days[:, None], thing: kinds[:, None],
    }  # fmt: skip
    cells = {thing: kinds, f"{thing} and day": both, "hour": _packed(hour)}
    if line.is_by_item and (category >= 0).any() and len(np.unique(category)) > 1:
        cells["category and day"] = _packed(category * (int(day.max() - day.min()) + 2) + day - day.min())
    past = None
    if with_past and int(some.clusters.max()) >= FEWEST_PEOPLE:
        past = _past(some, time, kinds, seed)
    return Shared(held, cells, some.clusters, past)


def within_shared(left: Floats, unit: Int64s, time: Int64s) -> tuple[Floats, int]:
    """Residuals (n, t) within items and days where rows are enough, else within days; and how many rows that costs."""
    days, kinds = _packed(time // DAY_US), _packed(unit)
    for codes in (np.column_stack([kinds, days]), days[:, None]):
        lost = int(codes.max(axis=0).sum()) + 1
        if len(left) - lost >= LEAST_WITHIN * len(left):
            return within(left, codes), lost
    return left, 0


def _packed(values: Int64s) -> Int64s:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _past(some: Compared, time: Int64s, unit: Int64s, seed: int) -> OwnPast:
    """Residuals on controls that say nothing of the person's own treatments and outcomes before t0.

    Those would take out of a row what the person's earlier rows have to tell.
    """
    made, at = some.made, some.at
    table = some.controls.select(
        [name for name in some.controls.column_names if not _tells(name, made.treatment, some.outcome, some.line)]
    )
    encoder, x = learn_encoder(table, table.column_names)
    targets = np.column_stack([made.treated[at], made.outcome[at]]).astype(np.float64)
    fold = folds(len(at), 5, some.clusters, generator(seed, "own past"))
    learners = default_learners(x, encoder.groups, False, "linear", seed)[0]
    learners = learners if len(at) <= MOST_EXPANDED else learners[:1]
    left = targets - crossfit_all(FoldedDesign(x, fold), targets, learners)[0]
    span = int((made.window_s + made.horizon_s) * 1e6)
    return OwnPast(time, span, unit, x, left[:, 0], left[:, 1])


def _tells(control: str, treatment: str, outcome: str, line: Timeline) -> bool:
    """Whether a control is of the person's own treatments or outcomes, alone or among all events."""
    prefix = next((one for one in _OWN if control.startswith(one)), None)
    if prefix is None:
        return False
    about = control.removeprefix(prefix).removeprefix("time since ")
    return about in (treatment, outcome) or about not in line.behaviors


def own_rates(line: Timeline, found: Pairs, some: Int64s, controls: pa.Table, behaviors: tuple[str, ...]) -> pa.Table:
    """Controls with each person's own rate of behaviours per pair opened before t0, drawn to everybody's.

    Parameters
    ----------
    some : order numbers of the moments, (n,)
    controls : a row a moment, with counts of the person's own events

    Notes
    -----
    (events + k · mean) / (pairs + k), with k from the spread of people's rates (beta-binomial moments).

    References
    ----------
    Efron & Morris (1975), Data analysis using Stein's estimator and its generalizations.
    """
    time, user = line.column("t"), line.column("u")[some]
    width = line.end_us - line.start_us + 2
    opened = np.sort(found.user * width + time[found.opened] - line.start_us)
    begin = np.searchsorted(opened, user * width)
    before = np.searchsorted(opened, user * width + time[some] - line.start_us) - begin
    people = np.bincount(found.user, minlength=len(line.users))
    for behavior in behaviors:
        if f"own: {behavior}" not in controls.column_names:
            continue
        count = np.expm1(controls.column(f"own: {behavior}").to_numpy())
        acts = np.bincount(line.column("u")[line.column("b") == line.code(behavior)], minlength=len(people))
        mean, weight = _prior(acts[people > 0], people[people > 0])
        rate = (count + weight * mean) / (before + weight)
        controls = controls.append_column(f"own: rate of {behavior}", pa.array(rate))
    return controls


def _prior(acts: Int64s, pairs: Int64s) -> tuple[float, float]:
    """Everybody's rate, and how many pairs it is worth beside a person's own."""
    mean = float(acts.sum() / pairs.sum())
    rates, noise = acts / pairs, mean / pairs
    spread = float(np.average((rates - mean) ** 2 - noise, weights=pairs))
    return mean, float(np.clip(mean / max(spread, 1e-9), 1.0, 100.0))
