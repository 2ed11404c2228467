"""How a log is cut into what is learned from and what is asked, once or several times.

::

    last-out   one fold: each user's last event is asked, the one before it validates
    time       one fold: each user's first event after a date is asked
    rolling    several dates, one after the other; every fold learns from all that came before its date
    k-fold     several parts of the users; each part's last events are asked of a model that never saw these users

References
----------
Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 2021, 5.10 (rolling origin).
Liang et al., "Variational Autoencoders for Collaborative Filtering", WWW 2018 (asking about users held out whole).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.rng import generator
from swayline.core.types import Ints, ItemRows
from swayline.dataset import (
    Sequences,
    Split,
    Targets,
    as_training_knows,
    check_leakage,
    parse_cut,
    split_by_name,
    targets_at,
    time_cut,
)

PROTOCOLS = ("last-out", "time", "rolling", "k-fold")
_FIRST_ORIGIN = 0.7
_VALIDATION_SHARE = 0.1
LATEST_US = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Fold:
    """One cut: a split, its name, and the time from which nothing more is asked."""

    name: str
    split: Split
    until_us: int = LATEST_US


def folds(
    sequences: Sequences, protocol: str, *, cut: str | None = None, n_folds: int = 3, seed: int = 0
) -> Iterator[Fold]:
    """The folds of a protocol, one after the other.

    Parameters
    ----------
    cut : str, optional
        For ``time`` a date or the share of events before the test (0.9), for ``rolling`` before the first origin (0.7).
    n_folds : int
        How many, for ``rolling`` and ``k-fold``.
    seed : int
        Decides which users are in which part.

    Raises
    ------
    UsageError
        The protocol, the cut or the number of folds cannot be used with this log.
    """
    check_protocol(protocol, cut, n_folds)
    if protocol == "k-fold":
        return _user_folds(sequences, n_folds, seed)
    if protocol == "rolling":
        return _rolling(sequences, cut, n_folds)
    return iter([Fold(protocol, split_by_name(sequences, protocol, cut))])


def check_protocol(protocol: str, cut: str | None, n_folds: int) -> None:
    """Refuse what no log could be cut by.

    Raises
    ------
    UsageError
        The protocol is unknown, or the cut or the number of folds is not one of it.
    """
    if protocol not in PROTOCOLS:
        raise UsageError(f"split {shown(protocol)} is unknown: {nearest(protocol, PROTOCOLS)}")
    if protocol in ("rolling", "k-fold") and not 2 <= n_folds <= 50:
        raise UsageError(f"--folds must be from 2 to 50, not {n_folds}")
    if cut is not None:
        if protocol not in ("time", "rolling"):
            raise UsageError("--cut belongs to --split time and --split rolling")
        parse_cut(cut)


def _rolling(sequences: Sequences, cut: str | None, n_folds: int) -> Iterator[Fold]:
    """Origins that cut the events after the first one into equal parts; each asks about its own part alone."""
    first = split_by_name(sequences, "time", cut or str(_FIRST_ORIGIN))
    start_us = _origin_us(sequences, first)
    later = np.sort(sequences.times[sequences.times >= start_us])
    origins = np.unique([int(later[len(later) * at // n_folds]) for at in range(n_folds)])
    for origin, until in zip(origins, [*origins[1:], LATEST_US], strict=True):
        split = time_cut(sequences, int(origin))
        asked = split.test.take(np.flatnonzero(split.test.times < until))
        yield Fold(_day(int(origin)), Split(split.train, split.valid, asked, split.cut_us), int(until))


def _origin_us(sequences: Sequences, split: Split) -> int:
    """When a time split's test begins: its earliest question."""
    if len(split.test) == 0:
        raise UsageError("nobody acts both before and after the first origin: say an earlier --cut")
    return int(split.test.times.min())


def _day(moment_us: int) -> str:
    return str(np.datetime64(moment_us, "us").astype("datetime64[s]")) + "Z"


def _user_folds(sequences: Sequences, n_folds: int, seed: int) -> Iterator[Fold]:
    """Users in parts of about equal size; a tenth of the others' last events validates."""
    rng = generator(seed, "folds")
    able = np.flatnonzero(sequences.lengths >= 2)
    if len(able) < n_folds:
        raise UsageError(f"{len(able)} users have two events or more: too few for {n_folds} folds")
    ends = sequences.offsets[1:] - 1
    for number, part in enumerate(np.array_split(rng.permutation(able), n_folds), 1):
        asked = np.sort(part)
        others = np.setdiff1d(able, asked)
        lent = np.sort(rng.permutation(others)[: max(1, int(len(others) * _VALIDATION_SHARE))])
        kept = ~np.isin(sequences.users, asked)
        kept[ends[lent]] = False
        valid, test = (targets_at(sequences, ends[users], users) for users in (lent, asked))
        yield Fold(f"part {number}", check_leakage(as_training_knows(Split(sequences.keep(kept), valid, test))))


def later_items(sequences: Sequences, targets: Targets, until_us: int = LATEST_US) -> tuple[Ints, ItemRows]:
    """All items that each question's user acts on from the answer on: offsets (Q + 1,) and items.

    Parameters
    ----------
    until_us : int
        Events at or after this time no longer count.
    """
    place = positions(sequences, targets)
    ends = sequences.offsets[targets.users + 1]
    lengths = ends - place
    flat = np.repeat(place - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
    within = sequences.times[flat] < until_us
    kept = np.bincount(np.repeat(np.arange(len(targets)), lengths)[within], minlength=len(targets))
    return np.concatenate([[0], np.cumsum(kept)]).astype(np.int64), sequences.items[flat[within]]


def positions(sequences: Sequences, targets: Targets) -> Ints:
    """(Q,) where each answer stands in the flat arrays of the histories it was taken from."""
    order = np.argsort(sequences.events, kind="stable")
    return order[np.searchsorted(sequences.events, targets.events, sorter=order)].astype(np.int64)
