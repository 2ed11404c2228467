"""What is known of each person strictly before a moment: how much, how lately, how regularly, of what.

Shapes: P people known at the moment, F features.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.types import Floats, Ints
from swayline.evolution.acts import DAY_US, Acts

_WINDOWS_DAYS = (7, 30, 90)


@dataclass(frozen=True)
class State:
    """People at a moment.

    Attributes
    ----------
    people : (P,) numbers of those with an event before it
    x : (P, F) what is known of them
    """

    people: Ints
    x: Floats


def state_at(acts: Acts, cut_us: int, behaviors: Ints) -> State:
    """Everybody with an event before a moment.

    Parameters
    ----------
    behaviors : those that have features of their own
    """
    past = acts.before(cut_us)
    people, row = np.unique(past.user, return_inverse=True)
    n, age = len(people), (cut_us - past.time_us) / DAY_US
    columns: list[Floats] = []
    for kept in [np.ones(len(past), bool), *(past.behavior == one for one in behaviors)]:
        columns += [
            np.log1p(_count(row[kept], n)),
            np.log1p(_least(row[kept], age[kept], n, float(age.max(initial=0)))),
        ]
        columns += [np.log1p(_count(row[kept & (age <= days)], n)) for days in _WINDOWS_DAYS]
    columns += _rhythm(past, row, age, n)
    return State(people, np.asarray(np.stack(columns, axis=1), np.float64))


def _rhythm(past: Acts, row: Ints, age: Floats, n: int) -> list[Floats]:
    """Days active, time since the first event, and how overdue the next one is."""
    days = np.unique(row * 1_000_000 + (past.day - past.first_day))
    of = days // 1_000_000
    active = _count(of, n)
    tenure = _most(row, age, n)
    last = _least(row, age, n, 0.0)
    gap = (tenure - last) / np.maximum(active - 1, 1)
    overdue = last / np.maximum(gap, 0.5)
    items = np.unique(row * (len(past.items) + 1) + past.item + 1) // (len(past.items) + 1)
    recent = _count(np.unique((row * 1_000_000 + (past.day - past.first_day))[age <= 30]) // 1_000_000, n)
    return [
        np.log1p(active), np.log1p(recent), np.log1p(tenure), np.log1p(gap), np.log1p(overdue),
        (active == 1).astype(float), np.log1p(_count(items, n)), active / np.maximum(tenure, 1.0),
        np.exp(-last / np.maximum(gap, 0.5)), np.exp(-last / 7), np.exp(-last / 30),
    ]  # fmt: skip


def happens(acts: Acts, people: Ints, cut_us: int, horizon_us: int, behavior: int | None) -> Floats:
    """(P,) 1 where a person does a behaviour (None: anything) from a moment on, within a horizon; else 0."""
    kept = (acts.time_us >= cut_us) & (acts.time_us < cut_us + horizon_us)
    if behavior is not None:
        kept &= acts.behavior == behavior
    did = np.zeros(len(acts.users), bool)
    did[acts.user[kept]] = True
    return did[people].astype(np.float64)


def _count(row: Ints, n: int) -> Floats:
    return np.bincount(row, minlength=n).astype(np.float64)


def _least(row: Ints, values: Floats, n: int, without: float) -> Floats:
    found = np.full(n, np.inf)
    np.minimum.at(found, row, values)
    return np.where(np.isfinite(found), found, without)


def _most(row: Ints, values: Floats, n: int) -> Floats:
    found = np.zeros(n)
    np.maximum.at(found, row, values)
    return found
