"""Changes of every item, category, behaviour or of everything: found, then looked for again on either side of each.

::

    days     0 ............ 31 .................. 90
    first                    |                          the likeliest change, claimed or not
    again    0 ..... x ..... |                          on each side of a claimed one, as long as the side is long
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from swayline.core.types import Bools, Floats, Ints
from swayline.evolution.drift.cusum import Change, Paths, likeliest_change
from swayline.numerics.multiple_testing import q_values

LEAST_PEOPLE = 10
"""Fewer people cannot speak for an item, a category or a behaviour."""
LEAST_BINS = 12
_CHUNK = 3_000_000
_DEEPEST, _ROUNDS = 3, 5


@dataclass(frozen=True)
class Marks:
    """What people did, by group and bin.

    Attributes
    ----------
    group, person, bin : (N,) ascending by group, then by person
    n_groups, n_people : how many there are
    season : (G,) number of each bin's season
    is_all : whether the one group is everything that people did
    """

    group: Ints
    person: Ints
    bin: Ints
    n_groups: int
    n_people: int
    season: Ints
    is_all: bool = False

    @classmethod
    def of(cls, group: Ints, person: Ints, bins: Ints, season: Ints, is_all: bool = False) -> "Marks":
        """Events of any order, those without a group left out."""
        n_people = int(person.max(initial=-1)) + 1
        at = np.flatnonzero(group >= 0)
        at = at[np.lexsort((person[at], group[at]))]
        n_groups = int(group.max(initial=-1)) + 1
        return cls(group[at], person[at], bins[at], n_groups, n_people, season, is_all)

    def take(self, kept: Bools) -> "Marks":
        """Some of the events."""
        return replace(self, group=self.group[kept], person=self.person[kept], bin=self.bin[kept])

    def volume(self) -> Floats:
        """(U, G) all events of each person by bin."""
        g = len(self.season)
        counts = np.bincount(self.person * g + self.bin, minlength=self.n_people * g)
        return counts.reshape(self.n_people, g).astype(np.float32)

    def people_of_groups(self) -> Ints:
        """(K,) how many people did something in each group."""
        first = np.concatenate([[True], (self.group[1:] != self.group[:-1]) | (self.person[1:] != self.person[:-1])])
        return np.bincount(self.group[first[: len(self.group)]], minlength=self.n_groups)


@dataclass(frozen=True)
class Found:
    """One change of one group, claimed or the likeliest that was not."""

    group: int
    bin: int
    score: float
    p_value: float
    before: float
    after: float
    changed: bool = False
    is_step: bool = True


def changes(
    marks: Marks, asked: Ints, level: float, against: Floats | None = None, *, steps_alone: bool = False
) -> list[Found]:
    """The likeliest change of every group asked, and further ones of those that changed.

    Parameters
    ----------
    asked : groups with people enough
    level : at most so large a share of the claims is false, in expectation
    against : (U, G) what each person's events in a group are a share of; by default all their events
    steps_alone : whether a steady trend, which a straight line fits better than a step, is no change
    """
    volume = None if marks.is_all else marks.volume() if against is None else against
    whole = (0, len(marks.season))
    found, open_spans = [], [(int(group), whole) for group in asked]
    for depth in range(_DEEPEST + 1):
        if not open_spans:
            break
        rows = _looked_at(marks, volume, open_spans)
        q = q_values(np.array([one.p_value for one in rows]))
        further = []
        for (group, (low, high)), one, is_sure in zip(open_spans, rows, q <= level, strict=True):
            is_sure = bool(is_sure and (one.is_step or not steps_alone))
            if is_sure or depth == 0:
                found.append(replace(one, changed=is_sure))
            if is_sure:
                sides = ((low, one.bin), (one.bin, high))
                further += [(group, side) for side in sides if side[1] - side[0] >= LEAST_BINS]
        open_spans = further
    return sorted(found, key=lambda one: (one.group, one.bin))


def changes_against_rest(marks: Marks, asked: Ints, level: float) -> list[Found]:
    """As :func:`changes`, measured against what did not change, so that one that rises does not make the others fade.

    The surest half of what changed leaves what shares are taken of, until nothing further changes.
    """
    leaders: Ints = np.zeros(0, np.int64)
    against = None
    for _ in range(_ROUNDS):
        found = changes(marks, asked, level, against)
        first = {one.group: one for one in sorted(found, key=lambda one: -one.p_value)}
        new = [one for one in first.values() if one.changed and one.group not in leaders]
        if not new:
            break
        new.sort(key=lambda one: -abs(one.score))
        leaders = np.concatenate([leaders, [one.group for one in new[: -(-len(new) // 2)]]])
        if len(leaders) * 2 > len(asked):
            return changes(marks, asked, level)  # too much moved for the rest to stand for what did not
        rest = ~np.isin(marks.group, leaders)
        against = marks.take(rest).volume()
        lost = against.sum(axis=1) == 0
        against[lost] = marks.volume()[lost]
    return found


def _looked_at(marks: Marks, volume: Floats | None, spans: list[tuple[int, tuple[int, int]]]) -> list[Found]:
    """The likeliest change of each group in its span."""
    found: dict[tuple[int, tuple[int, int]], Found] = {}
    for span in sorted({span for _, span in spans}):
        groups = np.array(sorted(group for group, of in spans if of == span))
        for some in _chunks(marks, groups, span):
            paths = _paths(marks, some, span, volume)
            change = likeliest_change(paths, len(some))
            found |= {(int(group), span): _found(change, k, int(group), span[0]) for k, group in enumerate(some)}
    return [found[one] for one in spans]


def _found(change: Change, k: int, group: int, begun: int) -> Found:
    return Found(
        group, begun + int(change.place[k]), float(change.score[k]), float(change.p_value[k]), float(change.before[k]),
        float(change.after[k]), is_step=bool(change.is_step[k]),
    )  # fmt: skip


def _chunks(marks: Marks, groups: Ints, span: tuple[int, int]) -> Iterator[Ints]:
    """Runs of groups whose pairs of person and group fit into memory together."""
    sizes = marks.people_of_groups()[groups] * (span[1] - span[0])
    number = np.cumsum(sizes) // _CHUNK
    for one in np.unique(number):
        yield groups[number == one]


def _paths(marks: Marks, groups: Ints, span: tuple[int, int], volume: Floats | None) -> Paths:
    """(M, G) what each person did in each group, bins of a span alone."""
    low, high = span
    place = np.full(marks.n_groups, -1, np.int64)
    place[groups] = np.arange(len(groups))
    kept: Bools = (place[marks.group] >= 0) & (marks.bin >= low) & (marks.bin < high)
    group, person, bins = place[marks.group[kept]], marks.person[kept], marks.bin[kept] - low
    pairs, at = np.unique(group * marks.n_people + person, return_inverse=True)
    g = high - low
    seen = np.bincount(at * g + bins, minlength=len(pairs) * g).reshape(len(pairs), g).astype(np.float32)
    of_group, of_person = np.divmod(pairs, marks.n_people)
    return Paths(of_group, of_person, seen, None if volume is None else volume[:, low:high], marks.season[low:high])
