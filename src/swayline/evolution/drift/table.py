"""Drift of a log: one table of changes, claimed or the likeliest that was not."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from swayline.core.names import KIND, SCORE, TIME
from swayline.core.rng import generator
from swayline.core.types import Floats
from swayline.evolution.acts import Acts
from swayline.evolution.drift.calendar import LEAST_DAYS, Calendar, calendar
from swayline.evolution.drift.follow import followed, met
from swayline.evolution.drift.groups import LEAST_BINS, LEAST_PEOPLE, Found, Marks, changes, changes_against_rest
from swayline.evolution.drift.persons import changes_of_people, interests
from swayline.numerics.multiple_testing import q_values

POPULATION, USER, ITEM, CATEGORY = "population", "user", "item", "category"
KINDS = (POPULATION, USER, ITEM, CATEGORY)
FALSE_ALARMS = 0.05
"""The chance of any alarm in a log where nothing changes; the four kinds share it, and so do the claims of each."""
MOST_PEOPLE = 20_000
"""Of more people, so many are drawn."""
ID, P_VALUE, CHANGED, BEFORE, AFTER = "id", "p_value", "changed", "before", "after"
DRIFT = pa.schema([
    (KIND, pa.string()), (ID, pa.string()), (TIME, pa.timestamp("us", "UTC")), (SCORE, pa.float64()),
    (P_VALUE, pa.float64()), (CHANGED, pa.bool_()), (BEFORE, pa.float64()), (AFTER, pa.float64()),
])  # fmt: skip
DRIFT_COLUMNS = tuple(DRIFT.names)
ACTIVITY, BEHAVIORS, CATEGORIES, ITEMS = "activity", "behaviors", "categories", "items"


@dataclass(frozen=True)
class Effort:
    """How much is looked at.

    Attributes
    ----------
    people : the most active people whose interests are followed
    items : the most frequent items that are followed
    shuffles : orders of a person's days that are tried
    """

    people: int = 5_000
    items: int = 5_000
    shuffles: int = 200


QUICK = Effort(people=400, items=400, shuffles=60)
"""What a run affords."""


@dataclass(frozen=True)
class Drift:
    """Changes found.

    Attributes
    ----------
    table : ``kind``, ``id``, ``time``, ``score`` (standard deviations, with the sign of the change), ``p_value``,
        ``changed``, ``before`` and ``after`` (against 1 expected, were nothing changed; of a person: the share of the
        interest that moved most)
    left_out : questions that this log cannot answer, a sentence each
    asked : kind → how many were asked
    """

    table: pa.Table
    left_out: list[str] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)


def find_drift(acts: Acts, effort: Effort = Effort(), seed: int = 0) -> Drift:
    """Changes of all, of people, of items and of categories.

    Of all, a change is a step: a steady trend has a small p-value and is not claimed to have changed at a moment. Items
    and categories that rise or fade steadily are claimed, at the moment that divides them best.

    Nothing is claimed of the first and last tenth of the log. In a log where nothing changes, the chance of any claim
    is :data:`FALSE_ALARMS`, shared evenly among the four kinds.
    """
    why = _too_little(acts)
    if why:
        return Drift(DRIFT.empty_table(), [why])
    left_out: list[str] = []
    cal = calendar(acts)
    drawn = _drawn(acts, seed, left_out)
    rows: list[dict[str, object]] = []
    asked = {}
    for kind, made in (
        (POPULATION, _population(drawn, cal, left_out)),
        (USER, _people(acts, effort, seed, left_out)),
        (ITEM, _named(drawn, cal, ITEM, effort.items, left_out)),
        (CATEGORY, _named(drawn, cal, CATEGORY, effort.items, left_out)),
    ):
        asked[kind] = len({one[ID] for one in made})
        rows += made
    return Drift(pa.Table.from_pylist(rows, DRIFT), left_out, asked)


def _too_little(acts: Acts) -> str:
    if acts.ordered:
        return "Whether behaviour changed is not asked: the log has an order and no times."
    if acts.n_days < LEAST_DAYS:
        return (
            f"Whether behaviour changed is not asked: the log spans {acts.n_days} days, and in fewer than {LEAST_DAYS} "
            "a weekday cannot be distinguished from a change."
        )
    if len(np.unique(acts.user)) < LEAST_PEOPLE:
        return f"Whether behaviour changed for all is not asked: fewer than {LEAST_PEOPLE} people are in the log."
    return ""


def _drawn(acts: Acts, seed: int, left_out: list[str]) -> Acts:
    """The events of at most :data:`MOST_PEOPLE` people, who are numbered anew."""
    people = np.unique(acts.user)
    if len(people) > MOST_PEOPLE:
        left_out.append(f"Changes for all rest on {MOST_PEOPLE:,} of {len(people):,} people, drawn by the seed.")
        people = np.sort(generator(seed, "drift").permutation(people)[:MOST_PEOPLE])
    place = np.full(len(acts.users), -1, np.int64)
    place[people] = np.arange(len(people))
    kept = acts.take(place[acts.user] >= 0)
    return Acts(**{**vars(kept), "user": place[kept.user]})


def _population(acts: Acts, cal: Calendar, left_out: list[str]) -> list[dict[str, object]]:
    """How much is done, what follows when an item is met, in which categories: each a question about everybody."""
    mixed = (CATEGORIES, acts.category) if acts.categories else (ITEMS, acts.item)
    level = FALSE_ALARMS / len(KINDS) / 3
    named: list[tuple[str, int, Found]] = []
    begun, marks = met(acts, cal)
    if cal.has_gaps:
        left_out.append(f"How much is done over time is not asked: {cal.empty:.0%} of the days are empty.")
    else:
        named += [(ACTIVITY, begun, one) for one in changes(marks, np.array([0]), level, steps_alone=True)]
    follow = followed(acts, cal)
    if follow is not None:
        begun, marks, meetings = follow
        named += [(BEHAVIORS, begun, one) for one in _mix(marks, level, meetings)]
    everything = Marks.of(mixed[1], acts.user, cal.bins(acts.day), cal.season)
    named += [(mixed[0], 0, one) for one in _mix(everything, level)]
    return [_row(POPULATION, name, cal, acts, replace(one, bin=one.bin + begun)) for name, begun, one in named]


def _mix(marks: Marks, level: float, against: Floats | None = None) -> list[Found]:
    """Changes of a mix: those of the part that changed most surely, at the price of having asked every part."""
    asked = np.flatnonzero(marks.people_of_groups() >= LEAST_PEOPLE)
    if len(asked) < 2:
        return []
    most = np.argsort(-np.bincount(marks.group, minlength=marks.n_groups)[asked], kind="stable")[:200]
    found = changes(marks, np.sort(asked[most]), level, against, steps_alone=True)
    sure = sorted((one for one in found if one.changed), key=lambda one: one.p_value)
    chosen: list[Found] = []
    for one in sure:
        if all(abs(one.bin - other.bin) >= LEAST_BINS for other in chosen):
            chosen.append(one)
    chosen = chosen or [min(found, key=lambda one: one.p_value)]
    return [replace(one, p_value=min(1.0, one.p_value * len(most))) for one in chosen]


def _named(acts: Acts, cal: Calendar, kind: str, most: int, left_out: list[str]) -> list[dict[str, object]]:
    """Items or categories that rise and fade."""
    group, names = (acts.item, acts.items) if kind == ITEM else (acts.category, acts.categories)
    if not names:
        return []
    marks = Marks.of(group, acts.user, cal.bins(acts.day), cal.season)
    people = marks.people_of_groups()
    asked = np.flatnonzero(people >= LEAST_PEOPLE)
    if len(asked) > most:
        left_out.append(
            f"Of {len(asked):,} {kind} names with {LEAST_PEOPLE} people, the {most:,} of most are followed."
        )
        asked = np.sort(asked[np.argsort(-people[asked], kind="stable")][:most])
    found = changes_against_rest(marks, asked, FALSE_ALARMS / len(KINDS))
    return [_row(kind, names[one.group], cal, acts, one) for one in found]


def _people(acts: Acts, effort: Effort, seed: int, left_out: list[str]) -> list[dict[str, object]]:
    if not (interests(acts) >= 0).any():
        left_out.append("What people turn to over time is not asked: no event names an item or a category.")
        return []
    found = changes_of_people(acts, effort.people, effort.shuffles, seed)
    if not found:
        left_out.append("Nobody has events on days enough for a change of their interests to be seen.")
        return []
    sure = q_values(np.array([one.p_value for one in found])) <= FALSE_ALARMS / len(KINDS)
    return [
        {
            KIND: USER, ID: acts.users[one.person], TIME: acts.moment(one.day), SCORE: one.score, P_VALUE: one.p_value,
            CHANGED: bool(is_sure), BEFORE: one.before, AFTER: one.after,
        }
        for one, is_sure in zip(found, sure, strict=True)
    ]  # fmt: skip


def _row(kind: str, name: str, cal: Calendar, acts: Acts, one: Found) -> dict[str, object]:
    when: datetime = cal.start(acts, one.bin)
    return {
        KIND: kind, ID: name, TIME: when, SCORE: one.score, P_VALUE: one.p_value, CHANGED: one.changed,
        BEFORE: one.before, AFTER: one.after,
    }  # fmt: skip
