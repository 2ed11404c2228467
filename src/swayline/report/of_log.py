"""Sections about the log itself: what it holds, funnel and flow, time, people and items."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from swayline.core.names import BEHAVIOR, DESCRIBE_FILE, REASON, REJECTED_FILE, ROW, VALUE
from swayline.report import figures, words
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table, Tiles

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def log_section(run: Artifacts) -> Section:
    """What was read, what was refused and why."""
    found = run.describe
    if found is None:
        return Section("log", "The log", "", [Missing(run.why_missing(DESCRIBE_FILE)), *_refused_alone(run)])
    size, rows, span = found["size"], found["rows"], found["span"]
    when = _when(span)
    finding = (
        f"{words.number(size['events'])} events of {words.number(size['users'])} people on "
        f"{words.number(size['items'])} items"
        f"{when}. {_kept_words(rows)}"
    )
    blocks: list[Any] = [_tiles(found)]
    blocks += [Note(words.label(note, 400)) for note in rows["notes"]]
    if span and span["outside"] and _stretched(span):
        blocks.append(
            Note(
                f"{words.number(span['outside'])} events lie outside {words.moment(span['clock_from'])} to "
                f"{words.moment(span['clock_to'])} ({words.label(found['timezone'])}), "
                f"where 99.8% of the events are; the log's first event is of {words.day(span['first'])}, its last "
                f"of {words.day(span['last'])}. "
                "They count in every number, and are left off the time axes."
            )
        )
    if found["ordered"]:
        blocks.append(
            Note("This log has an order and no times: nothing here depends on a clock, and no time was invented.")
        )
    blocks += [_rejected_table(rows), _behavior_table(found)]
    lead = "What was read, what was kept, and what was refused with the reason."
    return Section("log", "The log", lead, blocks, finding)


def _stretched(span: Mapping[str, Any]) -> bool:
    """Whether stray events would stretch the time axes by a quarter or more."""
    whole = datetime.fromisoformat(span["last"]) - datetime.fromisoformat(span["first"])
    return bool(whole.total_seconds() > 1.25 * 86400 * span["days"])


def _left_off(span: Mapping[str, Any]) -> str:
    return f" {words.number(span['outside'])} events before or after are left off." if span["outside"] else ""


def _when(span: Mapping[str, Any] | None) -> str:
    if span is None:
        return ", in order and without times"
    length = (
        f"{words.number(max(1, round(span['days'])))} days"
        if span["days"] >= 1.5
        else f"{words.number(round(span['days'] * 24))} hours"
    )
    return f" over {length} ({words.day(span['clock_from'])} to {words.day(span['clock_to'])})"


def _kept_words(rows: Mapping[str, Any]) -> str:
    if not rows["rejected"] and not rows["duplicates"]:
        return "Every row that was read could be used."
    parts = []
    if rows["rejected"]:
        parts.append(
            f"{words.number(rows['rejected'])} rows ({words.percent(rows['rejected'] / max(rows['read'], 1))}) were "
            "refused"
        )
    if rows["duplicates"]:
        parts.append(f"{words.number(rows['duplicates'])} repeats were dropped")
    return words.capital(" and ".join(parts)) + "."


def _tiles(found: Mapping[str, Any]) -> Tiles:
    size, rows = found["size"], found["rows"]
    tiles = [
        (words.number(size["events"]), "events kept", f"of {words.number(rows['read'])} rows read"),
        (words.number(size["users"]), "people", f"{words.number(found['per_user']['median'])} events each (median)"),
        (words.number(size["items"]), "items", _density(size)),
        (words.number(rows["rejected"]), "rows refused", f"{words.number(rows['duplicates'])} repeats dropped"),
    ]
    if size["sessions"]:
        tiles.append(
            (
                words.number(size["sessions"]),
                "sessions",
                f"{size['events'] / size['sessions']:.1f} events each",
            )
        )
    if size["categories"]:
        tiles.append((words.number(size["categories"]), "categories", ""))
    return Tiles(tiles)


def _density(size: Mapping[str, Any]) -> str:
    return f"{words.percent(size['density'])} of all person–item pairs seen" if size["density"] is not None else ""


def _rejected_table(rows: Mapping[str, Any]) -> Any:
    if not rows["reasons"]:
        return Note("No row was refused.")
    return Table(
        "Rows refused, by column and reason",
        ("Column", "Reason", "Rows", "For example"),
        [
            (
                words.label(one["column"] or "whole row"),
                words.label(one[REASON], 160),
                words.number(one["n"]),
                _examples(one),
            )
            for one in rows["reasons"]
        ],
        frozenset({2}),
    )


def _examples(one: Mapping[str, Any]) -> str:
    return "; ".join(f"row {each[ROW]}: {words.label(each[VALUE], 40) or 'empty'}" for each in one["examples"])


def _refused_alone(run: Artifacts) -> list[Any]:
    """Rejected rows where the log was not described."""
    if run.rejected is None:
        return [Missing(run.why_missing(REJECTED_FILE))]
    return [Note(f"{words.number(len(run.rejected))} rows were refused; {REJECTED_FILE} lists them.")]


def _behavior_table(found: Mapping[str, Any]) -> Table:
    return Table(
        "Behaviours, shallow to deep",
        ("Behaviour", "Events", "Share", "People", "Items"),
        [
            (
                words.capital(words.noun(one[BEHAVIOR], 2)),
                words.number(one["events"]),
                words.percent(one["events"] / found["size"]["events"]),
                words.number(one["users"]),
                words.number(one["items"]),
            )
            for one in found["behaviors"]
        ],
        frozenset({1, 2, 3, 4}),
    )


def funnel_section(run: Artifacts) -> Section:
    """How far people and pairs get, what follows what."""
    found = run.describe
    if found is None:
        return Section("funnel", "Funnel and flow", "", [Missing(run.why_missing(DESCRIBE_FILE))])
    if len(found["behaviors"]) < 2:
        only = words.noun(found["outcome"], 2)
        return Section(
            "funnel",
            "Funnel and flow",
            "",
            [Note(f"This log knows one behaviour, {only}: there is no funnel to draw.")],
        )
    followed, finding = _followed_panel(found)
    blocks = [followed, _steps_panel(found, "pairs"), _steps_panel(found, "users"), _flow_panel(found)]
    lead = (
        f"How far people get on the way to {words.a(found['outcome'])}, and what they do next. What was observed: "
        "no claim about causes yet."
    )
    return Section("funnel", "Funnel and flow", lead, [block for block in blocks if block is not None], finding)


def _followed_panel(found: Mapping[str, Any]) -> tuple[Any, str]:
    """The outcome's rate after each behaviour, on the same item."""
    outcome = found["outcome"]
    steps = [one for one in found["funnel"]["pairs"]["steps"] if one[BEHAVIOR] != outcome]
    if not steps:
        return None, ""
    rows = [
        {
            "label": words.noun(one[BEHAVIOR], 2),
            "value": one["then_outcome"]["rate"],
            "n": one["n"],
            **one["then_outcome"],
        }
        for one in steps
    ]
    title = _followed_title(steps, outcome)
    table = Table(
        f"{words.capital(words.noun(outcome, 2))} after each behaviour, on the same item",
        ("After", "Person–item pairs", f"then {words.a(outcome)}", "Share", "95% interval"),
        [
            (
                words.capital(one["label"]),
                words.number(one["n"]),
                words.number(one["x"]),
                words.percent(one["value"]),
                words.between(one["ci_low"], one["ci_high"], "percent"),
            )
            for one in rows
        ],
        frozenset({1, 2, 3, 4}),
    )
    figure = figures.shares(rows, f"pairs followed by {words.a(outcome)} of the same item")
    note = (
        f"Of the person–item pairs with the behaviour, the share with {words.a(outcome)} of the same item at any "
        "later point of the log. "
        "Pairs first seen late had less time. Intervals allow for each person's pairs being alike."
    )
    return Panel("followed", title, figure, table, f"Dots with 95% intervals: {title}.", note), title + "."


def _followed_title(steps: Sequence[Mapping[str, Any]], outcome: str) -> str:
    most = max(steps, key=lambda one: one["then_outcome"]["rate"])
    base = max(steps, key=lambda one: one["n"])
    rate, base_rate = most["then_outcome"], base["then_outcome"]
    after = words.noun(outcome, 2)
    if most is base or not base_rate["rate"]:
        return (
            f"{words.capital(words.noun(most[BEHAVIOR], 2))} are followed by {words.a(outcome)} of the same item in "
            f"{words.percent(rate['rate'])} of pairs"
        )
    if rate["ci_low"] <= base_rate["ci_high"]:
        return f"No behaviour is clearly followed by {after} more often than {words.noun(base[BEHAVIOR], 2)}"
    return (
        f"{words.capital(words.noun(most[BEHAVIOR], 2))} are followed by {words.a(outcome)} of the same item "
        f"{words.times(rate['rate'] / base_rate['rate'])} "
        f"as often as {words.noun(base[BEHAVIOR], 2)} ({words.percent(rate['rate'])} against "
        f"{words.percent(base_rate['rate'])})"
    )


def _steps_panel(found: Mapping[str, Any], unit: str) -> Panel:
    steps, outcome = found["funnel"][unit]["steps"], found["outcome"]
    what = "person–item pairs" if unit == "pairs" else "people"
    total = found["size"]["pairs" if unit == "pairs" else "users"]
    reached = next((one["n"] for one in steps if one[BEHAVIOR] == outcome), 0)
    title = (
        f"{words.capital(words.one_in(reached / total)) if total else 'None'} of {what} "
        f"{'show' if unit == 'pairs' else 'come to'} {words.a(outcome)}"
    )
    table = Table(
        f"{words.capital(what)} at each behaviour",
        ("Behaviour", words.capital(what), "Share of all"),
        [
            (words.capital(words.noun(one[BEHAVIOR], 2)), words.number(one["n"]), words.percent(one["n"] / total))
            for one in steps
        ],
        frozenset({1, 2}),
    )
    note = "Not every step passes through the one before it: each bar counts all that show the behaviour."
    return Panel(
        f"funnel-{unit}",
        title,
        figures.funnel(steps, what),
        table,
        f"Bars of {what} at each behaviour.",
        note,
        half=True,
    )


def _flow_panel(found: Mapping[str, Any]) -> Panel | None:
    flow = found["flow"]
    behaviors = [one[BEHAVIOR] for one in found["behaviors"]]
    total: dict[str, int] = {}
    for one in flow["steps"]:
        total[one["source"]] = total.get(one["source"], 0) + one["n"]
    ends = {one[BEHAVIOR]: one["ends"] for one in flow["edges"]}
    if not flow["steps"]:
        return None
    unit = "session" if flow["within"] == "session" else "history"
    kept = sorted(behaviors, key=lambda name: -(total.get(name, 0) + ends.get(name, 0)))[: figures.MAX_FLOW]
    shown = [name for name in behaviors if name in kept]
    return Panel(
        "flow",
        _flow_title(found, total, ends, unit),
        figures.flow(flow["steps"], shown, ends, f"{unit} ends"),
        Table(
            f"What comes directly after what, within a {unit}",
            ("After", "Then", "Times", "Share of what follows"),
            [
                (
                    words.noun(one["source"]),
                    words.noun(one["target"]),
                    words.number(one["n"]),
                    words.percent(one["n"] / (total[one["source"]] + ends.get(one["source"], 0))),
                )
                for one in flow["steps"]
            ],
            frozenset({2, 3}),
        ),
        f"Ribbons from each behaviour to the one that comes directly after it in the {unit}.",
        "Widths are counts. Repeats of the same behaviour are left out of the drawing and stand in the table. A "
        f"{unit} ends where "
        + (
            "the person pauses for half an hour, or where the log's own sessions do."
            if unit == "session"
            else "the person's log ends."
        ),
    )


def _flow_title(found: Mapping[str, Any], total: Mapping[str, int], ends: Mapping[str, int], unit: str) -> str:
    flow, outcome = found["flow"], found["outcome"]
    into = [one for one in flow["steps"] if one["target"] == outcome and one["source"] != outcome]
    if not into:
        return f"What comes directly after what, within a {unit}"
    likely = max(into, key=lambda one: one["n"] / (total[one["source"]] + ends.get(one["source"], 0)))
    usual = max(into, key=lambda one: one["n"])
    following = sum(one["n"] for one in into)
    share = usual["n"] / following
    opening = next((one["starts"] for one in flow["edges"] if one[BEHAVIOR] == outcome), 0)
    if opening > following:
        events = next(one["events"] for one in found["behaviors"] if one[BEHAVIOR] == outcome)
        return (
            f"{words.percent(opening / events)} of {words.noun(outcome, 2)} open a {unit}; those that follow another "
            f"behaviour come most often after {words.a(usual['source'])} ({words.percent(share)})"
        )
    text = (
        f"{words.percent(share)} of the {words.noun(outcome, 2)} that follow another behaviour come directly after "
        f"{words.a(usual['source'])}"
    )
    if likely is usual:
        return text
    rate = likely["n"] / (total[likely["source"]] + ends.get(likely["source"], 0))
    return (
        f"{text}; the likeliest step before one is {words.a(likely['source'])} ({words.percent(rate)} lead straight "
        "to it)"
    )


def time_section(run: Artifacts) -> Section:
    """Activity over time and over the week."""
    found = run.describe
    if found is None:
        return Section("time", "Time", "", [Missing(run.why_missing(DESCRIBE_FILE))])
    if found["span"] is None:
        return Section("time", "Time", "", [Note("This log has an order and no times, so there is no clock to draw.")])
    outcome = found["outcome"]
    blocks: list[Any] = [_activity_panel(found)]
    blocks += [_week_panel(found, "all", "events"), _week_panel(found, "outcome", words.noun(outcome, 2))]
    zone = words.label(found["timezone"])
    return Section(
        "time", "Time", f"When people act, on the clock of {zone}.", [block for block in blocks if block is not None]
    )


def _activity_panel(found: Mapping[str, Any]) -> Panel:
    parts, outcome = found["activity"], found["outcome"]
    names = [one[BEHAVIOR] for one in sorted(found["behaviors"], key=lambda one: -one["events"])][
        : figures.MAX_SERIES - 1
    ]
    shown = [one[BEHAVIOR] for one in found["behaviors"] if one[BEHAVIOR] in names or one[BEHAVIOR] == outcome]
    series = {name: parts["series"][name] for name in shown}
    unit = {3600: "hour", 86400: "day"}.get(parts["window_s"], "week")
    moment, most = figures.peak(parts["starts"], [sum(each) for each in zip(*parts["series"].values(), strict=True)])
    at = f"{moment:%A} {words.day(moment.isoformat())}" + (f", {moment:%H:%M}" if unit == "hour" else "")
    title = f"The busiest {unit} was {'the week of ' if unit == 'week' else ''}{at}, with {words.number(most)} events"
    return Panel(
        "activity",
        title,
        figures.activity(parts["starts"], series, figures.window_words(parts["window_s"], found["timezone"])),
        Table(
            "Events a day" if unit == "hour" else f"Events a {unit}",
            ("From", *(words.capital(words.noun(name, 2)) for name in shown)),
            _activity_rows(parts, shown),
            frozenset(range(1, len(shown) + 1)),
        ),
        f"Lines of events an interval of one {unit}, a panel for each behaviour.",
        f"Each panel has its own scale.{_left_off(found['span'])}",
    )


def _activity_rows(parts: Mapping[str, Any], shown: Sequence[str]) -> list[tuple[str, ...]]:
    """Hours are added up to days, since nobody reads 200 rows."""
    by_day: dict[str, list[int]] = {}
    for index, start in enumerate(parts["starts"]):
        row = by_day.setdefault(start[:10], [0] * len(shown))
        for column, name in enumerate(shown):
            row[column] += parts["series"][name][index]
    return [(words.day(key), *(words.number(n) for n in row)) for key, row in by_day.items()]


def _week_panel(found: Mapping[str, Any], which: str, noun: str) -> Panel | None:
    parts = found["hour_of_week"]
    counts, seen = parts[which], parts["hours_seen"]
    if not sum(map(sum, counts)):
        return None
    hours = [sum(row[hour] for row in counts) / max(sum(row[hour] for row in seen), 1) for hour in range(24)]
    best = max(range(24), key=hours.__getitem__)
    share = hours[best] / max(sum(hours), 1e-12)
    title = (
        f"{words.capital(noun)} peak between {best}:00 and {(best + 1) % 24}:00 ({words.percent(share)} of a day's "
        f"{noun})"
    )
    days = [(sum(row), sum(times)) for row, times in zip(counts, seen, strict=True)]
    table = Table(
        f"{words.capital(noun)} by weekday",
        ("Weekday", words.capital(noun), "Hours seen", "An hour"),
        [
            (day, words.number(n), words.number(times), words.number(n / times) if times else "–")
            for day, (n, times) in zip(_WEEKDAYS, days, strict=True)
        ],
        frozenset({1, 2, 3}),
    )
    return Panel(
        f"week-{which}",
        title,
        figures.hour_of_week(counts, seen, noun),
        table,
        f"A grid of weekdays and hours; darker cells have more {noun} an hour.",
        "Averaged over the weeks seen, so that a weekend seen twice counts once.",
        half=True,
    )


def people_section(run: Artifacts) -> Section:
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
