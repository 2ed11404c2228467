"""What is left out of a history at once, a behaviour, a category, an item, a session or a set of these, as rows."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.influence.attribution import ASSUMPTIONS, Partition, categories, moment, partition, score_and_rank
from swayline.ledger import Figure, ModelRow, ledger, recommendation_id
from swayline.recommend.why.questions import Questions

SETS = ("behavior", "category", "item")
"""What a set can be named by: ``behavior=view``."""


def left_out_rows(asked: Questions, without: Sequence[str]) -> pa.Table:
    """Two rows for everything left out and every recommendation it may move: ``score_change`` and ``rank_change``.

    Raises
    ------
    UsageError
        A word or a name is unknown, or kinds of things and named things are mixed.
    """
    named = [one for one in without if "=" in one]
    if named and len(named) < len(without):
        raise UsageError(
            f"--without {without[0]} takes each in turn and --without {named[0]} takes out a set: ask one at a time"
        )
    if named:
        groups, name = _named(asked, named), " + ".join(named)
        kinds = {one.split("=", 1)[0] for one in named}
        kind, label = (kinds.pop() if len(kinds) == 1 else "event"), name.split("=", 1)[1]
        words = {0: label if len(named) == 1 else name}
        return ledger(_rows(asked, groups, kind, words))
    rows: list[ModelRow] = []
    for by in dict.fromkeys(without):
        groups = partition(asked.fitted.dataset, asked.histories, by)
        rows += _rows(asked, groups, "event" if by == "session" else by, None)
    return ledger(rows)


def _named(asked: Questions, named: Sequence[str]) -> Partition:
    """The events that are any of some named things, as the one group 0."""
    taken = np.zeros(len(asked.histories.items), bool)
    for one in named:
        by, value = one.split("=", 1)
        if by not in SETS:
            raise UsageError(f"--without {shown(one)}: {nearest(by, SETS)}")
        names, codes = _codes(asked, by)
        if value not in names:
            raise UsageError(f"--without {shown(one)}: no such {by} in this log; {nearest(value, names[:2000])}")
        taken |= codes == names.index(value)
    if not taken.any():
        raise UsageError(f"nobody who is asked about has an event of {' or '.join(named)}: nothing is left out")
    return Partition("set", np.where(taken, 0, -1))


def _codes(asked: Questions, by: str) -> tuple[list[str], Ints]:
    dataset, histories = asked.fitted.dataset, asked.histories
    if by == "behavior":
        return list(dataset.behaviors.names), histories.behaviors.astype(np.int64)
    if by == "item":
        return list(dataset.items.names), histories.items.astype(np.int64)
    codes, names = categories(dataset)
    return names, codes[histories.items]


def _rows(asked: Questions, groups: Partition, kind: str, words: dict[int, str] | None) -> list[ModelRow]:
    """Rows of every pair of a group and a recommendation of its person."""
    owner, group = groups.pairs(asked.histories)
    if not len(owner):
        return []
    edited = groups.without(asked.histories, owner, group)
    order = np.argsort(asked.rows, kind="stable")
    bounds = np.searchsorted(asked.rows[order], np.arange(len(asked.histories) + 1))
    question = np.concatenate([order[bounds[person] : bounds[person + 1]] for person in owner])
    edit = np.repeat(np.arange(len(owner)), bounds[owner + 1] - bounds[owner])
    score, rank = ranked(asked, asked.histories, asked.rows, asked.items, np.arange(len(asked.histories)))
    now, place = ranked(asked, edited, edit, asked.items[question], owner)
    names = _names(asked, groups, owner, group) if words is None else [words[int(one)] for one in group]
    rows: list[ModelRow] = []
    figures: tuple[tuple[str, str, Floats], ...] = (
        ("score_change", "logit", score[question] - now), ("rank_change", "rank", place - rank[question]),
    )  # fmt: skip
    for at, (one, of) in enumerate(zip(question, edit, strict=True)):
        effect = recommendation_id(
            asked.people[asked.rows[one]], asked.fitted.dataset.items.names[int(asked.items[one])]
        )
        for estimand, unit, values in figures:
            rows.append(ModelRow(
                cause_kind=kind, cause=names[of], estimand=estimand, unit=unit, method="removal", effect=effect,
                figure=Figure(float(values[at])), n=1, assumptions=ASSUMPTIONS,
            ))  # fmt: skip
    return rows


def ranked(
    asked: Questions, histories: Sequences, rows: Ints, items: Ints, owner: Ints
) -> tuple[Floats, Floats]:  # fmt: skip
    """(Q,) scores, and ranks from 1 in lists that hold nothing the people ``owner`` (of the histories) had."""
    hidden = asked.hidden.take(owner)
    scores, above = score_and_rank(asked.fitted.model, histories, rows, items, hidden)
    return scores, above + 1


def _names(asked: Questions, groups: Partition, owner: Ints, group: Ints) -> list[str]:
    """What each group is called in the ledger."""
    dataset, histories = asked.fitted.dataset, asked.histories
    if groups.by == "session":
        starts = [
            histories.times[histories.of(int(person))][groups.group[histories.of(int(person))] == one]
            for person, one in zip(owner, group, strict=True)
        ]
        return [f"session of {moment(times[0])} ({len(times)} events)" for times in starts]
    if groups.by == "event":
        from swayline.influence.attribution import event_name

        return [event_name(dataset, histories, int(one), asked.fitted.event_ids) for one in group]
    names = {"behavior": dataset.behaviors.names, "item": dataset.items.names}.get(groups.by)
    found = categories(dataset)[1] if names is None else names
    return [found[int(one)] for one in group]
