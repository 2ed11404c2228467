"""What every figure shares: its frame in the page's light colours, safe labels, error bars."""

import html
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.wording import words

Rows = Sequence[Mapping[str, Any]]
_BAR_PX, _FRAME_PX = 34, 74
_FAR, _MOST = 200.0, 0.6


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


def sane_range(rows: Rows, value: str = "estimate") -> tuple[float, float]:
    """The range of an axis through zero that estimates and intervals share, whatever one of them may be.

    A bound over :data:`_FAR` times what most bounds are does not stretch the axis: its bar ends at the frame.

    >>> rows = [{"estimate": 0.2, "ci_low": 0.1, "ci_high": 0.4}] * 3
    >>> rows += [{"estimate": 2, "ci_low": 0.3, "ci_high": 5e24}]
    >>> tuple(round(end, 2) for end in sane_range(rows))
    (-0.16, 2.16)
    """
    ends = [float(one[key]) for one in rows for key in (value, "ci_low", "ci_high") if one[key] is not None]
    sizes = sorted(abs(end) for end in ends if end and isfinite(end))
    if not sizes:
        return -1.0, 1.0
    limit = _FAR * sizes[int(_MOST * (len(sizes) - 1))]
    kept = [0.0, *(end for end in ends if abs(end) <= limit)]
    low, high = min(kept), max(kept)
    pad = 0.08 * (high - low)
    return low - pad, high + pad


def inside(rows: Rows, limits: tuple[float, float], value: str = "estimate") -> list[dict[str, Any]]:
    """Rows whose estimate and interval are cut at the ends of an axis; ``cut`` says whether the estimate itself was."""
    low, high = limits

    def clipped(end: float | None) -> float | None:
        return None if end is None else min(max(end, low), high)

    return [
        {
            **one,
            **{key: clipped(one[key]) for key in (value, "ci_low", "ci_high")},
            "cut": not low <= one[value] <= high,
        }
        for one in rows
    ]


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
