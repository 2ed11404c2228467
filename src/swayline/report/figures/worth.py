"""Figures of values: how they lie, and how their mean moves."""

from collections.abc import Sequence

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.figures.frame import Rows, blank, plain
from swayline.report.wording import words


def bar_words(low: float, high: float) -> str:
    """A bar's value, or the step it spans.

    >>> bar_words(4.0, 4.0), bar_words(2.0, 2.25)
    ('4', '2 to 2.25')
    """
    return words.number(low) if low == high else f"{words.number(low)} to {words.number(high)}"


def histogram(rows: Rows, axis: str, counted: str, color: int = 0) -> go.Figure:
    """Counts of values: rows of ``low, high, n``."""
    total = max(sum(one["n"] for one in rows), 1)
    exact = all(one["low"] == one["high"] for one in rows)
    figure = blank(300)
    x: Sequence[object] = [words.number(one["low"]) if exact else (one["low"] + one["high"]) / 2 for one in rows]
    figure.add_bar(
        x=x,
        y=[one["n"] for one in rows],
        marker={"color": theme.hue(color)},
        customdata=[[bar_words(one["low"], one["high"]), words.percent(one["n"] / total)] for one in rows],
        hovertemplate="%{customdata[0]}: %{y:,} " + plain(counted) + " (%{customdata[1]})<extra></extra>",
    )
    figure.update_layout(bargap=0.3 if exact else 0.06)
    figure.update_xaxes(title_text=plain(axis, 60), showgrid=False, type="category" if exact else "linear")
    figure.update_yaxes(title_text=plain(counted), rangemode="tozero", nticks=5)
    return figure


def trend(points: Rows, axis: str) -> go.Figure:
    """A mean over time with its interval: points of ``start, mean, ci_low, ci_high, n``."""
    starts = [one["start"] for one in points]
    figure = blank(300)
    line = theme.hue(0)
    for bound, fill in (("ci_low", None), ("ci_high", "tonexty")):
        figure.add_scatter(
            x=starts,
            y=[one[bound] for one in points],
            mode="lines",
            line={"width": 0, "color": line},
            fill=fill,
            fillcolor="rgba(128,128,128,.25)",
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=starts,
        y=[one["mean"] for one in points],
        mode="lines+markers",
        line={"color": line, "width": 2.5},
        marker={"size": 5, "color": line},
        customdata=[
            [words.between(one["ci_low"], one["ci_high"]), words.number(one["n"])] for one in points
        ],
        hovertemplate="%{x|%d %b %Y}: %{y:.2f} (%{customdata[0]}; %{customdata[1]} events)<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(title_text=plain(axis, 60), nticks=5)
    return figure
