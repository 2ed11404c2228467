"""Figures: tables in, Plotly figures out. The report and the dashboard draw with these alone.

A table is a list of rows (mappings), as ``pyarrow.Table.to_pylist`` gives it. A figure carries no title: the finding
is written above it as text, where it wraps, prints and is read aloud. Outside text goes through :func:`plain`, since
Plotly reads a little HTML in labels.
"""

import html
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from swayline.core.names import BEHAVIOR
from swayline.report import theme, words

Rows = Sequence[Mapping[str, Any]]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MAX_SERIES = 6
MAX_FLOW = 8
_BAR_PX, _FRAME_PX = 34, 74


def plain(text: object, limit: int = 28) -> str:
    """Outside text as a label of a figure: short, one line, nothing of it read as markup.

    >>> plain("<b>Lamp</b>")
    '&lt;b&gt;Lamp&lt;/b&gt;'
    """
    return html.escape(words.label(text, limit), quote=False)


def _figure(height: int, figure: go.Figure | None = None) -> go.Figure:
    figure = go.Figure() if figure is None else figure
    ink, soft, line = theme.token("ink"), theme.token("soft"), theme.token("line")
    axis = {
        "gridcolor": line,
        "zerolinecolor": theme.token("zero"),
        "linecolor": line,
        "automargin": True,
        "fixedrange": True,
        "ticks": "",
        "tickfont": {"color": soft, "size": 12},
        "title": {"font": {"color": soft, "size": 12}, "standoff": 12},
    }
    figure.update_layout(
        template=go.layout.Template(),
        height=height,
        autosize=True,
        dragmode=False,
        hovermode="closest",
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": theme.FONT, "size": 13, "color": ink},
        margin={"l": 8, "r": 16, "t": 12, "b": 44},
        bargap=0.42,
        hoverlabel={
            "bgcolor": theme.token("card"),
            "bordercolor": line,
            "font": {"color": ink, "family": theme.FONT, "size": 13},
        },
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": soft}},
    )
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def _height(n: int) -> int:
    return _FRAME_PX + _BAR_PX * max(n, 1)


def funnel(steps: Rows, unit: str) -> go.Figure:
    """How many units (pairs, people) reach each behaviour: rows of ``behavior, n``, shallow to deep."""
    names = [plain(words.noun(one[BEHAVIOR], 2)) for one in steps]
    counts = [one["n"] for one in steps]
    figure = _figure(_height(len(names)))
    figure.add_bar(
        x=counts,
        y=names,
        orientation="h",
        marker={"color": [theme.hue(index) for index in range(len(names))]},
        text=[words.number(count) for count in counts],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,} " + unit + "<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text=unit, range=[0, max(counts, default=1) * 1.16], nticks=5)
    return figure


def shares(rows: Rows, axis: str) -> go.Figure:
    """Shares with their intervals: rows of ``label, value, ci_low, ci_high``, as dots on a line from zero."""
    names = [plain(one["label"]) for one in rows]
    figure = _figure(_height(len(names)))
    figure.add_scatter(
        x=[one["value"] for one in rows],
        y=names,
        mode="markers",
        error_x=_errors(rows, theme.hue(0)),
        marker={"size": 11, "color": theme.hue(0)},
        customdata=[words.between(one["ci_low"], one["ci_high"], "percent") for one in rows],
        hovertemplate="%{y}: %{x:.2%}<br>95% interval %{customdata}<extra></extra>",
    )
    top = max([one["ci_high"] or one["value"] for one in rows], default=1.0)
    figure.update_xaxes(title_text=axis, tickformat=".1~%", range=[0, top * 1.12 or 1.0], nticks=6)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def _errors(rows: Rows, color: str, value: str = "value") -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "color": color,
        "thickness": 2,
        "width": 0,
        "array": [_gap(one["ci_high"], one[value]) for one in rows],
        "arrayminus": [_gap(one[value], one["ci_low"]) for one in rows],
    }


def _gap(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else max(0.0, high - low)


def flow(steps: Rows, behaviors: Sequence[str], ends: Mapping[str, int], end_word: str) -> go.Figure:
    """What comes directly after what, as ribbons: rows of ``source, target, n``; repeats of one behaviour left out.

    ``ends`` counts how often each behaviour was the last one; ``end_word`` names that ending.
    """
    kept = list(behaviors)[:MAX_FLOW]
    place = {name: index for index, name in enumerate(kept)}
    links = [
        one for one in steps if one["source"] in place and one["target"] in place and one["source"] != one["target"]
    ]
    closing = [{"source": name, "target": None, "n": ends.get(name, 0)} for name in kept if ends.get(name)]
    nouns = [plain(words.noun(name)) for name in kept]
    figure = _figure(120 + 62 * len(kept))
    colors = [theme.hue(index) for index in range(len(kept))]
    rows = [*links, *closing]
    figure.add_sankey(
        node={
            "label": [*(f"after {noun}" for noun in nouns), *(f"then {noun}" for noun in nouns), end_word],
            "color": [*colors, *colors, theme.token("zero")],
            "pad": 18,
            "thickness": 12,
            "line": {"width": 0},
            "hovertemplate": "%{label}: %{value:,}<extra></extra>",
        },
        link={
            "source": [place[one["source"]] for one in rows],
            "target": [len(kept) + (len(kept) if one["target"] is None else place[one["target"]]) for one in rows],
            "value": [one["n"] for one in rows],
            "color": [theme.veil(colors[place[one["source"]]]) for one in rows],
            "hovertemplate": "%{source.label} → %{target.label}: %{value:,}<extra></extra>",
        },
        textfont={"color": theme.token("ink"), "size": 12, "shadow": "none"},
    )
    figure.update_layout(margin={"l": 8, "r": 8, "t": 12, "b": 16})
    return figure


def activity(starts: Sequence[str], series: Mapping[str, Sequence[int]], window: str) -> go.Figure:
    """Events of each behaviour in each window of time, one small panel a behaviour on a shared clock."""
    names = list(series)[:MAX_SERIES]
    sheet = make_subplots(rows=len(names), cols=1, shared_xaxes=True, vertical_spacing=0.3 / max(len(names), 1))
    figure = _figure(60 + 122 * len(names), sheet)
    for index, name in enumerate(names):
        color = theme.hue(index)
        figure.add_scatter(
            x=list(starts),
            y=list(series[name]),
            mode="lines",
            fill="tozeroy",
            fillcolor=theme.veil(color),
            row=index + 1,
            col=1,
            line={"color": color, "width": 1.6},
            name=plain(words.noun(name, 2)),
            hovertemplate="%{x|%a %d %b %Y, %H:%M}: %{y:,}<extra>%{fullData.name}</extra>",
        )
        figure.add_annotation(
            text=plain(words.noun(name, 2)),
            xref="paper",
            x=0,
            yref=f"y{index + 1 if index else ''} domain",
            y=1.02,
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            font={"color": color, "size": 13},
        )
    figure.update_yaxes(rangemode="tozero", nticks=4, tickformat="~s")
    figure.update_layout(margin={"l": 8, "r": 16, "t": 28, "b": 44})
    figure.update_xaxes(nticks=6)
    figure.update_xaxes(title_text=window, row=len(names), col=1)
    return figure


def hour_of_week(counts: Sequence[Sequence[int]], seen: Sequence[Sequence[int]], noun: str) -> go.Figure:
    """(7, 24) events an hour, Monday first, averaged over the weeks seen; an hour never seen stays blank."""
    mean = [[n / k if k else None for n, k in zip(*rows, strict=True)] for rows in zip(counts, seen, strict=True)]
    figure = _figure(300)
    figure.add_heatmap(
        z=mean,
        x=list(range(24)),
        y=list(WEEKDAYS),
        colorscale=theme.colorscale(),
        zmin=0,
        xgap=2,
        ygap=2,
        colorbar={
            "thickness": 8,
            "outlinewidth": 0,
            "tickfont": {"color": theme.token("soft"), "size": 11},
            "nticks": 4,
            "title": {"text": "an hour", "font": {"color": theme.token("soft"), "size": 11}},
        },
        hovertemplate="%{y} %{x}:00: %{z:,.1f} " + plain(noun) + " an hour<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text="hour of the day", tickvals=[0, 6, 12, 18, 23], showgrid=False, zeroline=False)
    return figure


def per_user(edges: Sequence[int], counts: Sequence[int]) -> go.Figure:
    """How many people have how many events, on bins that grow."""
    names = [bin_words(low, high) if high - low == 1 else f"{low:,}+" for low, high in pairwise(edges)]
    figure = _figure(300)
    figure.add_bar(
        x=names,
        y=list(counts),
        customdata=[bin_words(low, high) for low, high in pairwise(edges)],
        marker={"color": theme.hue(2)},
        text=[words.number(n) for n in counts],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{customdata} events: %{y:,} people<extra></extra>",
    )
    figure.update_layout(bargap=0.12)
    figure.update_xaxes(title_text="events a person, from", type="category", tickangle=0, showgrid=False)
    figure.update_yaxes(title_text="people", range=[0, max(counts, default=1) * 1.15], nticks=5)
    return figure


def bin_words(low: int, high: int) -> str:
    """A bin of whole numbers, its upper edge left out.

    >>> bin_words(1, 2), bin_words(2, 5)
    ('1', '2–4')
    """
    return str(low) if high - low == 1 else f"{low:,}–{high - 1:,}"


def long_tail(curve: Rows) -> go.Figure:
    """The share of events that the most frequent items hold: rows of ``items_share, events_share``."""
    figure = _figure(300)
    figure.add_scatter(
        x=[one["items_share"] for one in curve],
        y=[one["events_share"] for one in curve],
        mode="lines+markers",
        line={"color": theme.hue(3), "width": 2.5},
        marker={"size": 6, "color": theme.hue(3)},
        fill="tozeroy",
        fillcolor=theme.veil(theme.hue(3)),
        hovertemplate="the top %{x:.3~%} of items hold %{y:.1%} of events<extra></extra>",
    )
    figure.update_xaxes(
        title_text="most frequent items (share of all, log scale)", type="log", tickformat=".3~%", nticks=5
    )
    figure.update_yaxes(title_text="share of events", tickformat=".0%", range=[0, 1.04], nticks=5)
    return figure


def model_scores(rows: Rows, axis: str) -> go.Figure:
    """One metric of each model with its interval: rows of ``label, value, ci_low, ci_high, best``."""
    names = [plain(one["label"]) for one in rows]
    figure = _figure(_height(len(names)))
    for best, color in ((False, theme.hue(7)), (True, theme.hue(0))):
        part = [one for one in rows if bool(one["best"]) is best]
        figure.add_scatter(
            x=[one["value"] for one in part],
            y=[plain(one["label"]) for one in part],
            mode="markers",
            error_x=_errors(part, color),
            marker={"size": 12 if best else 10, "color": color, "symbol": "diamond" if best else "circle"},
            customdata=[words.between(one["ci_low"], one["ci_high"]) or "not given" for one in part],
            hovertemplate="%{y}: %{x:.4f}<br>95% interval %{customdata}<extra></extra>",
        )
    top = max([one["ci_high"] or one["value"] for one in rows], default=1.0)
    figure.update_xaxes(title_text=axis, range=[0, top * 1.12 or 1.0], nticks=6)
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], showgrid=False)
    return figure


def learning_curve(history: Rows) -> go.Figure:
    """Validation NDCG after each pass over the data: rows of ``epoch, ndcg`` (rows without one are left out)."""
    points = [one for one in history if one.get("ndcg") is not None]
    figure = _figure(300)
    figure.add_scatter(
        x=[one["epoch"] for one in points],
        y=[one["ndcg"] for one in points],
        mode="lines+markers",
        line={"color": theme.hue(0), "width": 2},
        marker={"size": 7, "color": theme.hue(0)},
        hovertemplate="pass %{x}: %{y:.4f}<extra></extra>",
    )
    figure.update_xaxes(title_text="passes over the training data", tickformat=",d", nticks=8)
    figure.update_yaxes(title_text="validation NDCG", nticks=5, rangemode="tozero")
    return figure


def forest(rows: Rows, unit_axis: str, probability: bool = False) -> go.Figure:
    """Estimates with intervals around zero: rows of ``label, kind, estimate, ci_low, ci_high``.

    ``kind`` (such as association or effect) gives mark and colour, and stands in the legend where there are several.
    """
    names = list(dict.fromkeys(plain(one["label"], 34) for one in rows))
    kinds = list(dict.fromkeys(one["kind"] for one in rows))
    figure = _figure(_height(len(names)) + (22 * len(names) + 26 if len(kinds) > 1 else 0))
    for index, kind in enumerate(kinds):
        part = [one for one in rows if one["kind"] == kind and one["estimate"] is not None]
        color, symbol = _KINDS.get(kind, (theme.hue(index), "circle"))
        spread = (index - (len(kinds) - 1) / 2) * 0.26
        figure.add_scatter(
            x=[one["estimate"] for one in part],
            y=[names.index(plain(one["label"], 34)) + spread for one in part],
            mode="markers",
            name=kind,
            error_x=_errors(part, color, "estimate"),
            marker={"size": 11, "color": color, "symbol": symbol, "line": {"width": 2, "color": color}},
            customdata=[_hover(one, probability) for one in part],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": theme.token("zero"), "width": 1.5, "dash": "dot"})
    figure.update_layout(showlegend=len(kinds) > 1, margin={"t": 40 if len(kinds) > 1 else 12})
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False, zeroline=False
    )
    figure.update_xaxes(title_text=unit_axis, tickformat=".1~%" if probability else ".3~f", nticks=6)
    return figure


_KINDS = {"association": (theme.hue(7), "circle-open"), "effect": (theme.hue(0), "diamond")}


def _hover(one: Mapping[str, Any], probability: bool) -> str:
    unit = "probability" if probability else one.get("unit", "")
    interval = words.between(one["ci_low"], one["ci_high"], unit, sign=True)
    return f"{plain(one['label'], 60)}, {one['kind']}: {words.signed(one['estimate'], unit)}" + (
        f"<br>95% interval {interval}" if interval else ""
    )


def window_words(window_s: int, timezone: str) -> str:
    """What one point of the time picture stands for.

    >>> window_words(3600, "UTC")
    'one point an hour (UTC clock)'
    """
    unit = {3600: "an hour", 86400: "a day"}.get(window_s, "a week")
    return f"one point {unit} ({plain(timezone, 40)} clock)"


def peak(starts: Sequence[str], counts: Sequence[int]) -> tuple[datetime, int]:
    """The window with most events, and how many."""
    index = max(range(len(counts)), key=counts.__getitem__)
    return datetime.fromisoformat(starts[index]), counts[index]
