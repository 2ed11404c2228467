"""Beside lists: the tables that a scenario asks for, and what the report says of them.

::

    bundles    what is bought together                      rising   what many take now
    playlists  how lists that people made go on             due      what is due within a day, by rhythm
    follow     people to follow                             posts    whose acts to show first
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.errors import DataError, UsageError
from swayline.core.names import BEHAVIOR, ITEM, RANK, RELATED_FOLDER, SESSION, TIME, USER
from swayline.core.run_folder.registry import RELATED_FILE
from swayline.core.storage.files import whole, write_json
from swayline.core.words import noun
from swayline.pipeline.workspace import Workspace
from swayline.recommend import Context
from swayline.recommend.related import (
    Baskets,
    Continuation,
    Due,
    GoesTogether,
    continued,
    held_out,
    people_to_follow,
    whose_posts,
)
from swayline.recommend.steps.charts import decayed

_BASKETS, _OWNERS = 5, 3
_SHOWN, _BUNDLES, _LISTS, _PEOPLE = 15, 200, 5_000, 20_000
_HALF_LIFE_DAYS = 2.0
Told = dict[str, Any]
"""``title``, ``says`` (a sentence), ``head`` and ``rows`` of text: no id of a person stands in it."""


def write_tables(work: Workspace, context: Context) -> None:
    """Write ``related/``: a table each, and ``summary.json``; nothing where no scenario is asked for."""
    folder, scenario = work.folder / RELATED_FOLDER, work.settings.scenario
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    if scenario is None:
        return
    folder.mkdir()
    told: list[Told] = []
    for name in scenario.tables:
        try:
            table, about = _MAKERS[name](work, context)
        except (DataError, UsageError) as error:
            work.say("recommend", f"{name} cannot be told: {error}")
            continue
        with whole(folder / f"{name}.parquet") as temporary:
            pq.write_table(table, temporary)
        told.append({"name": name, "file": f"{RELATED_FOLDER}/{name}.parquet", **about})
    write_json(work.folder / RELATED_FILE, {
        "scenario": scenario.name, "about": scenario.about, "words": scenario.words.model_dump(),
        "limits": list(scenario.limits), "tables": told,
    })  # fmt: skip


def _labels(context: Context) -> dict[str, str]:
    return dict(zip(context.bundle.dataset.items.names, context.bundle.labels, strict=True))


def _baskets(events: pa.Table, days: int = 1) -> tuple[Baskets, str]:
    """Baskets by session where the log has them, else of a person's day; of a person's week where that is asked."""
    if days > 1:
        return Baskets.of(events, window_days=days), "week"
    if SESSION in events.column_names and events[SESSION].null_count < len(events):
        return Baskets.of(events), "session"
    return Baskets.of(events, window_days=1), "day"


def _bundles(work: Workspace, context: Context) -> tuple[pa.Table, Told]:
    """Pairs that stood together more often than by chance, in baskets of three people or more.

    Baskets are of acts of the outcome where that says something, else of any act, else of a person's week.
    """
    scenario, events = work.settings.scenario, work.log.events
    deepest = next((one for one in (() if scenario is None else scenario.outcomes) if one in work.log.behaviors), None)
    reached = events if deepest is None else events.filter(pc.equal(events[BEHAVIOR].cast(pa.string()), deepest))
    what = "events" if deepest is None else noun(deepest, 2)
    for some, named, days in ((reached, what, 1), (reached, what, 7), (events, "events", 1), (events, "events", 7)):  # noqa: B007
        baskets, of = _baskets(some, days)
        table = GoesTogether().fit(baskets).bundles(_BUNDLES, _BASKETS, _OWNERS)
        if len(table) >= _BASKETS:
            break
    if not len(table):
        raise DataError(f"no two items stood together in {_BASKETS} baskets of {_OWNERS} people or more")
    labels = _labels(context)
    rows = [
        [
            labels.get(one[ITEM], one[ITEM]),
            labels.get(one["with"], one["with"]),
            str(one["pairs"]),
            f"{one['lift']:.1f}",
        ]
        for one in table.slice(0, _SHOWN).to_pylist()
    ]
    says = (
        f"{len(table):,} pairs stood together in at least {_BASKETS} baskets of {_OWNERS} people or more (a basket: "
        f"the {named} of one person in one {of}); lift is how many times more often than by chance. Standing together "
        "is an association: whether one brings the other about is not told here."
    )
    return table, {"title": "Bundles", "says": says, "head": ["Item", "With", "Baskets", "Lift"], "rows": rows}


def _playlists(work: Workspace, context: Context) -> tuple[pa.Table, Told]:
    """How the lists that people made go on, and how well held-out halves of them are found."""
    baskets, of = _baskets(work.log.events)
    judged = held_out(baskets, work.settings.k, seed=work.settings.seed)
    long = np.flatnonzero(np.asarray(baskets.held.sum(axis=1)).ravel() >= 2)[-_LISTS:]
    table = continued(GoesTogether().fit(baskets), baskets, long, work.settings.k)
    labels, held = _labels(context), baskets.held
    rows = []
    for row in dict.fromkeys(table["playlist"].to_pylist()[: _SHOWN * work.settings.k]):
        own = baskets.items.ids.take(pa.array(held.indices[held.indptr[row] : held.indptr[row + 1]][:4])).to_pylist()
        more = table.filter(pc.and_(pc.equal(table["playlist"], row), pc.less_equal(table[RANK], 3)))[ITEM].to_pylist()
        rows.append([", ".join(labels.get(one, one) for one in some) for some in (own, more)])
    says = (
        f"Half of {judged.lists:,} lists was hidden (a list: what one person took in one {of}): "
        f"{judged.recall:.1%} of the hidden items are among the first {judged.k}, against {judged.popular:.1%} for "
        f"what stands in most lists (difference {_difference(judged)})."
    )
    return table, {
        "title": "Playlists continued",
        "says": says,
        "head": ["Begins with", "Goes on with"],
        "rows": rows[:8],
    }


def _difference(judged: Continuation) -> str:
    difference = 100 * (judged.recall - judged.popular)
    return f"{difference:+.1f} points [{100 * judged.ci_low:.1f}, {100 * judged.ci_high:.1f}]"


def _follow(work: Workspace, context: Context) -> tuple[pa.Table, Told]:
    people = context.bundle.dataset.users.names[:_PEOPLE]
    table = people_to_follow(context, people, work.settings.k)
    served = len(table[USER].unique())
    tied = (
        "those followed already left out" if context.has_ties else "the log came without ties, so likeness alone tells"
    )
    says = f"{served:,} of {len(people):,} people are told whom to follow, {tied}."
    return table, {"title": "Whom to follow", "says": says, "head": [], "rows": []}


def _posts(work: Workspace, context: Context) -> tuple[pa.Table, Told]:
    people = context.bundle.dataset.users.names[:_PEOPLE]
    table = whose_posts(context, people, work.settings.k)
    served = len(table[USER].unique())
    says = (
        f"{served:,} of {len(people):,} people know somebody; theirs stand first whose acts are most like their own. "
        "What ties measurably bring about stands under Who sways whom."
    )
    return table, {"title": "Whose posts to show", "says": says, "head": [], "rows": []}


def _due(work: Workspace, context: Context) -> tuple[pa.Table, Told]:
    """What is due within a day of the log's end, and how good reminders were over its last fifth."""
    events, zone = work.log.events, work.settings.reading.timezone
    rhythms = Due(zone).fit(events)
    micros = events[TIME].cast(pa.int64()).to_numpy()
    cut, end = np.quantile(micros, 0.8), datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros.max()))
    judged = Due(zone).fit(events.filter(pa.array(micros < cut))).judged(events.filter(pa.array(micros >= cut)))
    table = rhythms.within_a_day(end)
    if not rhythms.rhythms_:
        raise DataError("no person did one thing on five days or more, so that no rhythm can be told")
    labels = _labels(context)
    counts: dict[tuple[str, str], list[int]] = {}
    for one in table.to_pylist():
        counts.setdefault((one[ITEM], one[BEHAVIOR]), []).append(one["hour"])
    rows = [
        [labels.get(item, item), behavior, str(len(hours)), f"{int(np.median(hours)):02d}:00"]
        for (item, behavior), hours in sorted(counts.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:_SHOWN]
    ]
    how = (
        f"over the last fifth of the log {judged['precision']:.0%} of {judged['reminders']:,} reminders were right, "
        f"and {judged['recall']:.0%} of {judged['acts']:,} acts with a rhythm were reminded of"
        if judged["reminders"]
        else "over the last fifth of the log nothing was likely enough for a reminder"
    )
    says = f"{len(table):,} of {len(rhythms.rhythms_):,} rhythms are due within a day; {how}."
    return table, {
        "title": "Due within a day",
        "says": says,
        "head": ["Item", "What", "People", "Usually from"],
        "rows": rows,
    }


def _rising(work: Workspace, context: Context) -> tuple[pa.Table, Told]:
    """The chart of everybody: what many take now."""
    now = decayed(context, None, _HALF_LIFE_DAYS)
    order = np.argsort(-now, kind="stable")[:100]
    table = pa.table({
        ITEM: context.bundle.dataset.items.ids.cast(pa.string()).take(pa.array(order)),
        RANK: pa.array(np.arange(1, len(order) + 1)), "weight": pa.array(np.expm1(now[order])),
    })  # fmt: skip
    rows = [[context.bundle.labels[at], f"{np.expm1(now[at]):.1f}"] for at in order[:_SHOWN].tolist()]
    first = ", ".join(context.bundle.labels[at] for at in order[:3].tolist())
    says = f"Most taken at the end of the log: {first} (an event of {_HALF_LIFE_DAYS:g} days ago counts half)."
    return table, {"title": "What many take now", "says": says, "head": ["Item", "Events, decayed"], "rows": rows}


_MAKERS: dict[str, Callable[[Workspace, Context], tuple[pa.Table, Told]]] = {
    "bundles": _bundles, "playlists": _playlists, "follow": _follow, "posts": _posts, "due": _due, "rising": _rising,
}  # fmt: skip
