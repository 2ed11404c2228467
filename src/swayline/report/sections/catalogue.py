"""The page about items: the long tail, what rises and fades, what people are most active on."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import BEHAVIOR, DESCRIBE_FILE
from swayline.core.run_folder.registry import PROFILES_FILE
from swayline.metrics.intervals import wilson
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table
from swayline.report.wording import words

_N_ITEMS = 8
_LEAST_PEOPLE = 20
"""People from which an item's share with the outcome is worth a rank."""


def catalogue_section(run: Artifacts) -> Section:
    """What people are active on."""
    found = run.describe
    blocks: list[Any] = []
    told = ""
    if found is None:
        blocks.append(Missing(run.why_missing(DESCRIBE_FILE)))
    else:
        tail = _tail_panel(found)
        blocks.append(tail)
        told = f"{tail.title}." if tail is not None else ""
    if run.profiles is None or run.things is None:
        blocks.append(Missing(run.why_missing(PROFILES_FILE)))
    else:
        blocks.append(_stage_panel(run.profiles))
        blocks += _moving_tables(run.things)
        if len(run.profiles["weights"]) > 1:
            blocks.append(_converting_table(run.things, run.profiles["outcome"]))
    if found is not None:
        blocks += [_top_table(found, "top_items", "items"), _top_table(found, "top_categories", "categories")]
    lead = "What people are active on, and what of it is on its way up or down."
    return Section("catalogue", "The items", lead, [block for block in blocks if block is not None], told)


def _stage_panel(profiles: Mapping[str, Any]) -> Panel | Note | None:
    """Items by where they stand; those with too few acts are counted in the note."""
    stages = dict(profiles["item_stages"])
    sparse = stages.pop("too few visits to tell", 0)
    total = sum(stages.values())
    if not total:
        return None
    if stages.get("steady") == total:
        still = f"All {words.number(total)} items with visits enough to tell are steady: none rises or fades"
        return Note(f"{still}. {words.number(sparse)} items have too few visits to tell.")
    rows = [{"label": name, "value": stages.get(name, 0)} for name in ("new", "rising", "steady", "fading")]
    moving = stages.get("rising", 0) + stages.get("fading", 0)
    title = f"{words.number(moving)} of {words.number(total)} items with visits enough to tell are on the move"
    note = (
        "Rising and fading: the item's share of all visits (a visit is a person's day on it) in the last third of the "
        "log is clearly above or below its share before; at most one in twenty of them is expected to be so by "
        "chance. New: first seen in that third. "
        f"{words.number(sparse)} items have too few visits to tell."
    )
    return Panel(
        "item-stages",
        title,
        figures.bars(rows, "items", 3),
        _bars_table("Items by where they stand", ("Stage", "Items"), rows),
        "Bars of items that are new, rising, steady and fading.",
        note,
        half=True,
    )


def _bars_table(caption: str, head: tuple[str, str], rows: list[dict[str, Any]]) -> Table:
    return Table(
        caption, head, [(words.capital(one["label"]), words.number(one["value"])) for one in rows], frozenset({1})
    )


def _moving_tables(things: pa.Table) -> list[Table]:
    if "stage" not in things.column_names:
        return []
    tables = []
    for stage in ("rising", "fading"):
        rows = things.filter(pc.equal(things["stage"], stage)).slice(0, _N_ITEMS).to_pylist()
        if rows:
            tables.append(
                Table(
                    f"Largest {stage} items",
                    ("Item", "Events", "People"),
                    [
                        (words.label(one["label"], 44), words.number(one["events"]), words.number(one["users"]))
                        for one in rows
                    ],
                    frozenset({1, 2}),
                    half=True,
                )
            )
    return tables


def _converting_table(things: pa.Table, outcome: str) -> Table | None:
    """Items whose people come to the outcome most, among those with people enough."""
    seen = things.filter(pc.greater_equal(things["users"], _LEAST_PEOPLE))
    seen = seen.filter(pc.greater(seen["reached"], 0))
    if not len(seen):
        return None
    rows = seen.select(["label", "users", "reached", "conversion"]).to_pylist()
    # By what the share is at least, so that luck with a few people does not lead the list.
    bounds = [wilson(one["conversion"], one["users"]) for one in rows]
    best = sorted(zip(rows, bounds, strict=True), key=lambda pair: -pair[1][0])[:_N_ITEMS]
    return Table(
        f"Items that end in {words.a(outcome)} most often, of those with {_LEAST_PEOPLE} people or more",
        ("Item", "People", f"Come to {words.a(outcome)}", "Share", "95% interval"),
        [
            (
                words.label(one["label"], 60),
                words.number(one["users"]),
                words.number(one["reached"]),
                words.percent(one["conversion"]),
                words.between(*bound, "percent"),
            )
            for one, bound in best
        ],
        frozenset({1, 2, 3, 4}),
    )


def _tail_panel(found: Mapping[str, Any]) -> Panel | None:
    parts = found["long_tail"]
    if parts is None or len(parts["curve"]) < 2:
        return None
    share = next((one for one in parts["curve"] if one["items_share"] == 0.01), None) or parts["curve"][0]
    once = parts["once"] / parts["items"]
    title = (
        f"The top {words.percent(share['items_share'])} of items hold {words.percent(share['events_share'])} of "
        f"events" + (f"; {words.percent(once)} of items were seen once" if once >= 0.005 else "")
    )
    table = Table(
        "Share of events by the most frequent items",
        ("Most frequent items", "Share of events"),
        [(words.percent(one["items_share"]), words.percent(one["events_share"])) for one in parts["curve"]],
        frozenset({0, 1}),
    )
    few = parts["five_or_more"] < parts["items"]
    note = f"{words.number(parts['five_or_more'])} of {words.number(parts['items'])} items have five events or more" + (
        ": the rest is hard to learn from alone." if few else "."
    )
    return Panel(
        "long-tail",
        title,
        figures.long_tail(parts["curve"]),
        table,
        "A curve of events held by the most frequent items.",
        note,
        half=True,
    )


def _top_table(found: Mapping[str, Any], key: str, what: str) -> Table | None:
    rows = found[key]
    if not rows:
        return None
    names = [one[BEHAVIOR] for one in sorted(found["behaviors"], key=lambda one: -one["events"])][:4]
    shown = [one[BEHAVIOR] for one in found["behaviors"] if one[BEHAVIOR] in names or one[BEHAVIOR] == found["outcome"]]
    return Table(
        f"Most active {what}",
        (words.capital(what), "Events", "People", *(words.capital(words.noun(name, 2)) for name in shown)),
        [
            (
                words.label(one["label"]),
                words.number(one["events"]),
                words.number(one["users"]),
                *(words.number(one["by"].get(name, 0)) for name in shown),
            )
            for one in rows[:10]
        ],
        frozenset(range(1, 3 + len(shown))),
    )
