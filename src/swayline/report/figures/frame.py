"""What every figure shares: its frame in the page's light colours, safe labels, error bars."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from swayline.report import theme, words

Rows = Sequence[Mapping[str, Any]]
_BAR_PX, _FRAME_PX = 34, 74


def plain(text: object, limit: int = 28) -> str:
    """Outside text as a label of a figure: short, one line, nothing of it read as markup.

    >>> plain("<b>Lamp</b>")
    '&lt;b&gt;Lamp&lt;/b&gt;'
    """
    return html.escape(words.label(text, limit), quote=False)


def blank(height: int, figure: go.Figure | None = None) -> go.Figure:
    """An empty figure of a height in pixels, framed as all are; ``figure`` is one with panels laid out."""
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


def rows_height(n: int) -> int:
    """Pixels of a figure with ``n`` rows."""
    return _FRAME_PX + _BAR_PX * max(n, 1)


def error_bars(rows: Rows, color: str, value: str = "value") -> dict[str, Any]:
    """Intervals of ``ci_low`` to ``ci_high`` around ``value`` as Plotly takes them."""
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
