"""Section about people and items: how activity spreads over them."""

from collections.abc import Mapping
from typing import Any

from swayline.core.names import BEHAVIOR, DESCRIBE_FILE
from swayline.report import figures, words
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Panel, Section, Table


def audience_section(run: Artifacts) -> Section:
    """How activity spreads over people and items."""
    found = run.describe
    if found is None:
        return Section("people-items", "People and items", "", [Missing(run.why_missing(DESCRIBE_FILE))])
    blocks = [
        _per_user_panel(found),
        _tail_panel(found),
        _top_table(found, "top_items", "items"),
        _top_table(found, "top_categories", "categories"),
    ]
    lead = "Who is active, and what they are active on."
    return Section("people-items", "People and items", lead, [block for block in blocks if block is not None])


def _per_user_panel(found: Mapping[str, Any]) -> Panel:
    parts = found["per_user"]
    title = (
        f"Half of the people have {words.number(parts['median'])} events or fewer; the most active tenth make "
        f"{words.percent(parts['top_tenth_share'])} of all"
    )
    edges, counts = parts["edges"], parts["counts"]
    table = Table(
        "People by number of events",
        ("Events", "People"),
        [
            (figures.bin_words(low, high), words.number(n))
            for low, high, n in zip(edges, edges[1:], counts, strict=False)
        ],
        frozenset({1}),
    )
    note = (
        f"Mean {words.number(round(parts['mean'], 1))}, ninth tenth from {words.number(parts['p90'])}, most "
        f"{words.number(parts['max'])} events."
    )
    return Panel(
        "per-user",
        title,
        figures.per_user(edges, counts),
        table,
        "Bars of people by their number of events.",
        note,
        half=True,
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
    note = (
        f"{words.number(parts['five_or_more'])} of {words.number(parts['items'])} items have five events or more: "
        "the rest is hard to learn from alone."
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
