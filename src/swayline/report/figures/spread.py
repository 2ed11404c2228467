"""Figures of how activity spreads over people and items."""

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.figures.frame import Rows, blank
from swayline.report.wording import words


def per_user(edges: Sequence[int], counts: Sequence[int]) -> go.Figure:
    """How many people have how many events, on bins that grow."""
    names = [bin_words(low, high) if high - low == 1 else f"{low:,}+" for low, high in pairwise(edges)]
    figure = blank(300)
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
    figure = blank(300)
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
