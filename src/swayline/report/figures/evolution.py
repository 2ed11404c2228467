"""Figures of how behaviour evolves: streams of interests, days on a calendar, cohorts, passages, changes."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.figures.clock import WEEKDAYS
from swayline.report.figures.frame import Rows, blank, plain, rows_height
from swayline.report.wording import words

_SMOOTH_DAYS = 7
MAX_PASSAGES = 16


def stream(starts: Sequence[str], series: Mapping[str, Sequence[int]], width_days: int) -> go.Figure:
    """Events of each interest by time, one upon the other around a middle line; days are averaged over a week."""
    figure = blank(360)
    span = _SMOOTH_DAYS if width_days == 1 else 1
    smooth = {name: _mean_around(values, span) for name, values in series.items()}
    floor = [-sum(each) / 2 for each in zip(*smooth.values(), strict=True)]
    figure.add_scatter(x=list(starts), y=floor, mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False)
    for index, (name, values) in enumerate(smooth.items()):
        floor = [low + value for low, value in zip(floor, values, strict=True)]
        color = theme.hue(index)
        figure.add_scatter(
            x=list(starts), y=floor, mode="lines", fill="tonexty", fillcolor=theme.veil(color), name=plain(name),
            line={"width": 1, "color": color}, customdata=list(series[name]), showlegend=True,
            hovertemplate="%{x|%d %b %Y}: %{customdata:,}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.update_layout(showlegend=True, margin={"l": 8, "r": 16, "t": 28, "b": 44})
    figure.update_yaxes(visible=False)
    figure.update_xaxes(title_text="time; wider is more events", showgrid=False, nticks=6)
    return figure


def _mean_around(values: Sequence[int], span: int) -> list[float]:
    half = span // 2
    parts = [values[max(0, at - half) : at + half + 1] for at in range(len(values))]
    return [sum(part) / len(part) for part in parts]


def days(first: str, counts: Sequence[int]) -> go.Figure:
    """Events of each day, a column a week, Monday on top."""
    begun = date.fromisoformat(first)
    shift = begun.weekday()
    n_weeks = -(-(shift + len(counts)) // 7)
    cells: list[list[int | None]] = [[None] * n_weeks for _ in WEEKDAYS]
    texts = [[""] * n_weeks for _ in WEEKDAYS]
    for at, n in enumerate(counts):
        week, day = divmod(shift + at, 7)
        cells[day][week] = n
        texts[day][week] = words.day((begun + timedelta(days=at)).isoformat())
    mondays = [(begun + timedelta(days=7 * week - shift)).isoformat() for week in range(n_weeks)]
    figure = blank(240)
    figure.add_heatmap(
        z=cells, x=mondays, y=list(WEEKDAYS), text=texts, colorscale=theme.colorscale(), zmin=0, xgap=1, ygap=1,
        colorbar=_bar("events"), hovertemplate="%{text}: %{z:,} events<extra></extra>", hoverongaps=False,
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text="week from", showgrid=False, zeroline=False, nticks=8)
    return figure


def cohorts(rows: Rows, period: str) -> go.Figure:
    """The triangle: rows of ``cohort, age, retention, people``; the first period, where all are there, left out."""
    later = [one for one in rows if one["age"] > 0]
    names = sorted({one["cohort"] for one in rows if one["age"] > 0})
    ages = list(range(1, max((one["age"] for one in later), default=1) + 1))
    cells: list[list[float | None]] = [[None] * len(ages) for _ in names]
    people = [[""] * len(ages) for _ in names]
    place = {name: at for at, name in enumerate(names)}
    for one in later:
        cells[place[one["cohort"]]][one["age"] - 1] = one["retention"]
        people[place[one["cohort"]]][one["age"] - 1] = words.number(one["people"])
    figure = blank(90 + 22 * max(len(names), 3))
    figure.add_heatmap(
        z=cells, x=ages, y=[words.day(name) for name in names], customdata=people, colorscale=theme.colorscale(),
        zmin=0, xgap=2, ygap=2, colorbar=_bar("active") | {"tickformat": ".0%"}, hoverongaps=False,
        hovertemplate="from %{y}, " + plain(period) + " %{x}: %{z:.0%} of %{customdata} people<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    figure.update_xaxes(title_text=f"{plain(period)}s after the first event", showgrid=False, zeroline=False, dtick=1)
    return figure


def _bar(title: str) -> dict[str, object]:
    soft = theme.token("soft")
    return {
        "thickness": 8, "outlinewidth": 0, "tickfont": {"color": soft, "size": 11}, "nticks": 4,
        "title": {"text": title, "font": {"color": soft, "size": 11}},
    }  # fmt: skip


def returns(starts: Sequence[str], again: Sequence[int], fresh: Sequence[int]) -> go.Figure:
    """Events that return to an item the person had, and those that discover one."""
    figure = blank(300)
    for index, (name, values) in enumerate((("returns", again), ("discoveries", fresh))):
        color = theme.hue(index)
        figure.add_scatter(
            x=list(starts), y=list(values), mode="lines", stackgroup="all", name=name, showlegend=True,
            line={"width": 1, "color": color}, fillcolor=theme.veil(color),
            hovertemplate="%{x|%d %b %Y}: %{y:,}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title_text="time", showgrid=False, nticks=6)
    figure.update_yaxes(title_text="events", rangemode="tozero", nticks=5)
    return figure


def changes(rows: Rows) -> go.Figure:
    """Before and after each change: rows of ``label, before, after``, where 1 is what no change would have brought."""
    names = [plain(one["label"], 40) for one in rows]
    figure = blank(rows_height(len(names)) + 20)
    for name, one in zip(names, rows, strict=True):
        figure.add_scatter(
            x=[one["before"], one["after"]], y=[name, name], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": theme.token("zero"), "width": 3},
        )  # fmt: skip
    for index, (which, symbol) in enumerate((("before", "circle-open"), ("after", "circle"))):
        figure.add_scatter(
            x=[one[which] for one in rows], y=names, mode="markers", name=which, showlegend=True,
            marker={"size": 11, "color": theme.hue(index), "symbol": symbol, "line": {"width": 2}},
            hovertemplate="%{y}: %{x:.2f} " + which + "<extra></extra>",
        )  # fmt: skip
    figure.update_layout(showlegend=True)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text="events, where 1 is what no change would have brought", rangemode="tozero")
    return figure


def passages(rows: Rows) -> go.Figure:
    """From what to what, as ribbons: rows of ``source, target, n``, those that are taken most."""
    shown = sorted(rows, key=lambda one: -one["n"])[:MAX_PASSAGES]
    kept = list(dict.fromkeys(end for one in shown for end in (one["source"], one["target"])))
    place = {name: at for at, name in enumerate(kept)}
    labels = [plain(name) for name in kept]
    colors = [theme.hue(at % 7) for at in range(len(kept))]
    figure = blank(110 + 30 * max(len(kept), 1))
    figure.add_sankey(
        node={
            "label": [*(f"from {name}" for name in labels), *(f"to {name}" for name in labels)],
            "color": [*colors, *colors], "pad": 14, "thickness": 12, "line": {"width": 0},
            "hovertemplate": "%{label}: %{value:,}<extra></extra>",
        },
        link={
            "source": [place[one["source"]] for one in shown],
            "target": [len(kept) + place[one["target"]] for one in shown], "value": [one["n"] for one in shown],
            "color": [theme.veil(colors[place[one["source"]]]) for one in shown],
            "hovertemplate": "%{source.label} %{target.label}: %{value:,}<extra></extra>",
        },
        textfont={"color": theme.token("ink"), "size": 12, "shadow": "none"},
    )  # fmt: skip
    figure.update_layout(margin={"l": 8, "r": 8, "t": 12, "b": 16})
    return figure
