"""What follows what, against what would follow were the order of each visit chance.

::

    visit          a b a c                        pairs a→b, b→a, a→c; the visit ends after c
    expected a→b   over all orders of the visit   n_a · n_b / n

A pair is claimed where people do it more (or less) often than the orders of their own visits would, at most one claim
in twenty false in expectation, and where a log whose visits were shuffled does not claim it too.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from swayline.core.names import SOURCE, TARGET
from swayline.core.rng import generator
from swayline.core.types import Bools, Floats, Ints
from swayline.evolution.acts import Acts
from swayline.evolution.flow.steps import LEVELS, Steps, steps_of
from swayline.numerics.multiple_testing import q_values

FALSE_SHARE = 0.05
LEAST, LEAST_PEOPLE = 5, 5
"""Pairs seen less often, or of fewer people, are told and never claimed."""
_QUARTILES = (0.25, 0.5, 0.75)
TRANSITIONS = pa.schema([
    ("level", pa.string()), (SOURCE, pa.string()), (TARGET, pa.string()), ("n", pa.int64()), ("people", pa.int64()),
    ("share", pa.float64()), ("expected", pa.float64()), ("z", pa.float64()), ("p_value", pa.float64()),
    ("claimed", pa.bool_()), ("seconds_q25", pa.float64()), ("seconds_median", pa.float64()),
    ("seconds_q75", pa.float64()),
])  # fmt: skip
"""``target`` is null where the visit ended; ``share`` is of all that came after the source."""


@dataclass(frozen=True)
class Flow:
    """What follows what.

    Attributes
    ----------
    table : columns of :data:`TRANSITIONS`, of each level the pairs seen most often
    checks : level → pairs looked at, claimed, and claimed in the same log with its visits shuffled
    """

    table: pa.Table
    checks: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Pairs:
    """(K,) pairs: how often, of how many people, how often expected, and how far people stray from that."""

    source: Ints
    target: Ints
    n: Ints
    people: Ints
    expected: Floats
    z: Floats


def find_transitions(acts: Acts, most: int = 1_000, seed: int = 0) -> Flow:
    """Pairs of behaviours, categories and items in a row.

    Parameters
    ----------
    most : of so many pairs of a level, those seen most often
    """
    rng = generator(seed, "transitions")
    tables, checks = [], {}
    for level in LEVELS:
        steps = steps_of(acts, level, seed=seed)
        if len(np.unique(steps.state)) < 2:
            continue
        pairs = _measured(steps, most)
        sure = _sure(pairs)
        shuffled = _measured(steps.shuffled(rng), most)
        also = _sure(shuffled)
        width = len(steps.names) + 1
        taken = set((shuffled.source[also] * width + shuffled.target[also] + 1).tolist())
        sure &= np.array([key not in taken for key in (pairs.source * width + pairs.target + 1).tolist()], bool)
        checks[level] = {"asked": len(pairs.n), "claimed": int(sure.sum()), "claimed_when_shuffled": int(also.sum())}
        tables.append(_table(level, steps, pairs, sure, acts.ordered))
    return Flow(pa.concat_tables(tables) if tables else TRANSITIONS.empty_table(), checks)


def _measured(steps: Steps, most: int) -> _Pairs:
    """Counts of the most frequent pairs and of every ending, and how far people stray from chance."""
    after, width = np.flatnonzero(steps.follows), len(steps.names) + 1
    last = np.ones(len(steps), bool)
    last[:-1] = steps.visit[1:] != steps.visit[:-1]
    ends = np.flatnonzero(last)
    key = np.concatenate([steps.state[after - 1] * width + steps.state[after] + 1, steps.state[ends] * width])
    at = np.concatenate([after, ends])
    names, code, n = np.unique(key, return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-n, kind="stable")[:most])
    place = np.full(len(names), -1)
    place[kept] = np.arange(len(kept))
    chosen = place[code] >= 0
    source, target = np.divmod(names[kept], width)
    seen = _by_person(place[code][chosen], steps.person[at][chosen], len(kept), steps)
    expected = _expectations(steps, source, target - 1)
    z, gap = np.zeros(len(kept)), np.zeros(int(steps.person.max(initial=0)) + 1)
    for k, (did, could) in enumerate(zip(seen, expected, strict=True)):
        gap[could[0]] = -could[1]
        gap[did[0]] += did[1]
        spread = float(np.sqrt((gap[could[0]] ** 2).sum()))
        z[k] = float(gap[could[0]].sum()) / spread if spread > 1e-9 else 0.0
        gap[could[0]] = 0.0
    people = np.array([len(did[0]) for did in seen], np.int64)
    return _Pairs(source, target - 1, n[kept], people, np.array([float(one[1].sum()) for one in expected]), z)


def _by_person(pair: Ints, person: Ints, n_pairs: int, steps: Steps) -> list[tuple[Ints, Floats]]:
    """(K) people who did each pair, and how often."""
    n_people = int(steps.person.max(initial=0)) + 1
    keys, counts = np.unique(pair * n_people + person, return_counts=True)
    of, who = np.divmod(keys, n_people)
    cuts = np.searchsorted(of, np.arange(n_pairs + 1))
    return [(who[low:high], counts[low:high].astype(float)) for low, high in pairwise(cuts)]


def _expectations(steps: Steps, source: Ints, target: Ints) -> list[tuple[Ints, Floats]]:
    """(K) people who could do each pair, and how often all orders of their visits would on average."""
    n_visits, n_states = int(steps.visit.max(initial=0)) + 1, len(steps.names)
    keys, counts = np.unique(steps.state * n_visits + steps.visit, return_counts=True)
    state, visit = np.divmod(keys, n_visits)
    cuts = np.searchsorted(state, np.arange(n_states + 1))
    length = np.bincount(steps.visit, minlength=n_visits).astype(float)
    squares = np.bincount(visit, counts.astype(float) ** 2, minlength=n_visits)
    person = np.zeros(n_visits, np.int64)
    person[steps.visit] = steps.person
    found = []
    for a, b in zip(source.tolist(), target.tolist(), strict=True):
        rows, n_a = visit[cuts[a] : cuts[a + 1]], counts[cuts[a] : cuts[a + 1]].astype(float)
        if b < 0:
            expected = n_a / length[rows]
        elif a == b:
            expected = n_a * (n_a - 1) / length[rows]
        else:
            other = visit[cuts[b] : cuts[b + 1]]
            rows, left, right = np.intersect1d(rows, other, assume_unique=True, return_indices=True)
            both = n_a[left] * counts[cuts[b] : cuts[b + 1]][right]
            n = length[rows]
            expected = both * (n - 1) / (n**2 - squares[rows]) if steps.collapsed else both / n
        who = person[rows]  # visits are numbered person by person, so that these ascend
        starts = np.flatnonzero(np.concatenate([[True], who[1:] != who[:-1]])) if len(who) else np.zeros(0, np.int64)
        found.append((who[starts], np.add.reduceat(expected, starts) if len(who) else expected))
    return found


def _sure(pairs: _Pairs) -> Bools:
    """(K,) which pairs are claimed."""
    able = (pairs.n >= LEAST) & (pairs.people >= LEAST_PEOPLE)
    p = np.where(able, 2 * stats.norm.sf(np.abs(pairs.z)), 1.0)
    return np.asarray((q_values(p) <= FALSE_SHARE) & able)


def _table(level: str, steps: Steps, pairs: _Pairs, sure: Bools, ordered: bool) -> pa.Table:
    names = pa.array([*steps.names, None], pa.string())
    came = np.bincount(steps.state, minlength=len(steps.names))
    seconds = _seconds(steps, pairs) if not ordered else np.full((3, len(pairs.n)), np.nan)
    order = np.lexsort((pairs.target, pairs.source, -pairs.n))
    columns: dict[str, Any] = {
        "level": pa.array([level] * len(pairs.n)), SOURCE: names.take(pa.array(pairs.source)),
        TARGET: names.take(pa.array(np.where(pairs.target < 0, len(steps.names), pairs.target))), "n": pairs.n,
        "people": pairs.people, "share": pairs.n / came[pairs.source], "expected": pairs.expected, "z": pairs.z,
        "p_value": 2 * stats.norm.sf(np.abs(pairs.z)), "claimed": sure,
    }  # fmt: skip
    for name, values in zip(("seconds_q25", "seconds_median", "seconds_q75"), seconds, strict=True):
        columns[name] = pa.array(values, pa.float64(), mask=np.isnan(values))
    return pa.table(columns).cast(TRANSITIONS).take(pa.array(order))


def _seconds(steps: Steps, pairs: _Pairs) -> Floats:
    """(3, K) quartiles of the seconds from a step to the next; NaN where the visit ends."""
    after, width = np.flatnonzero(steps.follows), len(steps.names) + 1
    key = steps.state[after - 1] * width + steps.state[after] + 1
    lag = (steps.time_us[after] - steps.time_us[after - 1]) / 1e6
    order = np.lexsort((lag, key))
    key, lag = key[order], lag[order]
    wanted = pairs.source * width + pairs.target + 1
    low, high = np.searchsorted(key, wanted), np.searchsorted(key, wanted, side="right")
    found = np.full((3, len(wanted)), np.nan)
    has = (high > low) & (pairs.target >= 0)
    for row, share in enumerate(_QUARTILES):
        found[row, has] = lag[(low + np.floor(share * (high - low - 1) + 0.5).astype(np.int64))[has]]
    return found
