"""Figures of estimates around zero."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.figures.frame import Rows, blank, error_bars, inside, plain, rows_height, sane_range
from swayline.report.wording import words

_KINDS = {"association": (theme.hue(7), "circle-open"), "effect": (theme.hue(0), "diamond")}


def forest(rows: Rows, unit_axis: str, probability: bool = False) -> go.Figure:
    """Estimates with intervals around zero: rows of ``label, kind, estimate, ci_low, ci_high``.

    ``kind`` (such as association or effect) gives mark and colour, and stands in the legend where there are several.
    A figure far beyond all others does not stretch the axis: its mark points on from the frame, its hover says it.
    """
    names = list(dict.fromkeys(plain(one["label"], 34) for one in rows))
    kinds = list(dict.fromkeys(one["kind"] for one in rows))
    limits = sane_range([one for one in rows if one["estimate"] is not None])
    figure = blank(rows_height(len(names)) + (22 * len(names) + 26 if len(kinds) > 1 else 0))
    for index, kind in enumerate(kinds):
        part = [one for one in rows if one["kind"] == kind and one["estimate"] is not None]
        shown = inside(part, limits)
        color, symbol = _KINDS.get(kind, (theme.hue(index), "circle"))
        spread = (index - (len(kinds) - 1) / 2) * 0.26
        figure.add_scatter(
            x=[one["estimate"] for one in shown],
            y=[names.index(plain(one["label"], 34)) + spread for one in part],
            mode="markers",
            name=kind,
            error_x=error_bars(shown, color, "estimate"),
            marker={
                "size": 11,
                "color": color,
                "line": {"width": 2, "color": color},
                "symbol": [_edge(one, symbol) for one in shown] if any(one["cut"] for one in shown) else symbol,
            },
            customdata=[_hover(one, probability) for one in part],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.add_vline(x=0, line={"color": theme.token("zero"), "width": 1.5, "dash": "dot"})
    figure.update_layout(showlegend=len(kinds) > 1, margin={"t": 40 if len(kinds) > 1 else 12})
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False, zeroline=False
    )
    form = ".1~%" if probability else ".3~f" if max(map(abs, limits)) < 1e4 else ".3~s"
    figure.update_xaxes(title_text=unit_axis, tickformat=form, nticks=6, range=list(limits))
    return figure


def _edge(one: Mapping[str, Any], symbol: str) -> str:
    """A mark that points on where the estimate lies beyond the axis."""
    if not one["cut"]:
        return symbol
    return "triangle-right" if one["estimate"] > 0 else "triangle-left"


def _hover(one: Mapping[str, Any], probability: bool) -> str:
    unit = "probability" if probability else one.get("unit", "")
    interval = words.between(one["ci_low"], one["ci_high"], unit, sign=True)
    return f"{plain(one['label'], 60)}, {one['kind']}: {words.signed(one['estimate'], unit)}" + (
        f"<br>95% interval {interval}" if interval else ""
    )
