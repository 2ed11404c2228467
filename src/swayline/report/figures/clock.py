"""Figures on a clock: activity over time and over the week."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from swayline.report import theme
from swayline.report.figures.frame import blank, plain
from swayline.report.wording import words

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MAX_SERIES = 6


def activity(starts: Sequence[str], series: Mapping[str, Sequence[int]], window: str) -> go.Figure:
    """Events of each behaviour in each window of time, one small panel a behaviour on a shared clock."""
    names = list(series)[:MAX_SERIES]
    sheet = make_subplots(rows=len(names), cols=1, shared_xaxes=True, vertical_spacing=0.3 / max(len(names), 1))
    figure = blank(60 + 122 * len(names), sheet)
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
    figure = blank(300)
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


def window_words(window_s: int, timezone: str) -> str:
    """What one point of the time picture stands for.

    >>> window_words(3600, "UTC")
    'one point an hour (UTC clock)'
    """
    unit = window_unit(window_s)
    return f"one point {'an' if unit == 'hour' else 'a'} {unit} ({plain(timezone, 40)} clock)"


def window_unit(window_s: int) -> str:
    """The window's name.

    >>> window_unit(86400), window_unit(2_629_746)
    ('day', 'month')
    """
    return {3600: "hour", 86400: "day", 604800: "week"}.get(window_s, "month")


def peak(starts: Sequence[str], counts: Sequence[int]) -> tuple[datetime, int]:
    """The window with most events, and how many."""
    index = max(range(len(counts)), key=counts.__getitem__)
    return datetime.fromisoformat(starts[index]), counts[index]
