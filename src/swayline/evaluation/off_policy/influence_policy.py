"""A policy that ranks with measured influence: an item is shown in proportion to interest × influence.

::

    π(i | u, t)  ∝  predicted outcome of i  ×  ( 1 + Σ_b effect(b) / largest · [u did b on i before t]
                                                   + Σ_s excitation(s → u) · [s acted on i before t] )

Only what happened strictly before a choice counts for it, predictions come from other folds, and the draw stays near
the log's own choices, so that its value can be told where a hard ranking's could not.

Shapes: n choices, I items, E acts.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError
from swayline.core.names import BEHAVIOR, EXPOSED, ITEM, PROPENSITY, TIME, USER
from swayline.evaluation.off_policy.from_log import LoggedChoices
from swayline.events import EventLog
from swayline.ledger.usable import usable_effects

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
INFLUENCE = "interest × influence"
MOST_CELLS = 40_000_000


def influence_policy(choices: LoggedChoices, log: EventLog, ledger: pa.Table) -> Floats:
    """(n, I) how likely each item is to be shown at each choice.

    Raises
    ------
    DataError
        The log has no times, nothing was measured, or choices × items are too many to hold.
    """
    if len(choices) * len(choices.items) > MOST_CELLS:
        raise DataError(f"{len(choices):,} choices of {len(choices.items):,} items are too many to weigh by influence")
    if choices.moment is None:
        raise DataError("the log has no times, so what came before a choice cannot be told")
    effects, ties = usable_effects(ledger), _ties(choices, ledger)
    if not any(effects.values()) and not ties:
        raise DataError("no influence was measured in this log that could weigh in a ranking")
    weight = np.ones((len(choices), len(choices.items)))
    largest = max(effects.values(), default=0.0)
    for behavior, effect in effects.items():
        if effect > 0:
            for row, first in _own_firsts(choices, _acts(choices, log, behavior)):
                weight[row] += effect / largest * (first < choices.moment[row][:, None])
    if ties:
        firsts = dict(_firsts_of(choices, _acts(choices, log, None)))
        for target, source, excitation in ties:
            if source in firsts:
                row = np.flatnonzero(choices.user == target)
                weight[row] += excitation * (firsts[source] < choices.moment[row][:, None])
    worth = np.maximum(choices.predicted(), 1e-12) * weight
    return np.asarray(worth / worth.sum(axis=1, keepdims=True))


def _acts(choices: LoggedChoices, log: EventLog, behavior: str | None) -> tuple[Ints, Ints, Ints]:
    """Person (by id's place among all who act), item and moment of acts on items that the log shows."""
    events = log.events
    keep = pc.is_valid(events[ITEM])
    if behavior is not None:
        keep = pc.and_(keep, pc.equal(events[BEHAVIOR].cast(pa.string()), behavior))
    if EXPOSED in events.column_names:
        keep = pc.and_(keep, pc.invert(pc.fill_null(events[EXPOSED], False)))
    else:
        keep = pc.and_(keep, pc.is_null(events[PROPENSITY]))
    some = events.filter(keep)
    item = pc.index_in(some[ITEM].cast(pa.string()), value_set=pa.array(choices.items))
    user = pc.index_in(some[USER].cast(pa.string()), value_set=pa.array(choices.users))
    codes = [np.asarray(pc.fill_null(one, -1), dtype=np.int64) for one in (user, item)]
    known = (codes[0] >= 0) & (codes[1] >= 0)
    moment = np.asarray(some[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64()), dtype=np.int64)
    return codes[0][known], codes[1][known], moment[known]


def _firsts_of(choices: LoggedChoices, acts: tuple[Ints, Ints, Ints]) -> Iterator[tuple[int, Ints]]:
    """Each person who acts, and (I,) when they first acted on each item; the far future where never."""
    user, item, moment = acts
    order = np.argsort(user, kind="stable")
    people, starts = np.unique(user[order], return_index=True)
    for person, part in zip(people.tolist(), np.split(order, starts[1:]), strict=True):
        first = np.full(len(choices.items), np.iinfo(np.int64).max)
        np.minimum.at(first, item[part], moment[part])
        yield person, first


def _own_firsts(choices: LoggedChoices, acts: tuple[Ints, Ints, Ints]) -> Iterator[tuple[Ints, Ints]]:
    """The choices of each person who acts, and when they first acted on each item."""
    if not len(acts[0]):
        return
    order = np.argsort(choices.user, kind="stable")
    ends = np.cumsum(np.bincount(choices.user, minlength=len(choices.users)))
    for person, first in _firsts_of(choices, acts):
        yield order[ends[person - 1] if person else 0 : ends[person]], first


def _ties(choices: LoggedChoices, ledger: pa.Table) -> list[tuple[int, int, float]]:
    """Target, source and excitation of the ties that the ledger measured, among people of the choices."""
    place = {name: at for at, name in enumerate(choices.users)}
    return [
        (place[row["effect"]], place[row["cause"]], float(row["estimate"]))
        for row in ledger.filter(pc.equal(ledger["estimand"], "excitation")).to_pylist()
        if row["estimate"] and row["estimate"] > 0 and row["effect"] in place and row["cause"] in place
    ]
