"""A graph of who may cause whom, in columns of time."""

from collections.abc import Mapping

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.figures.frame import Rows, blank, plain, rows_height

_ASIDE = 0.16
SURE = 2 / 3
"""An edge whose direction fewer samples agree on is drawn without a head."""


def causes(edges: Rows, tiers: Mapping[str, int]) -> go.Figure:
    """Edges ``source, target, confidence, oriented`` between names that stand in columns by their place in time."""
    columns: dict[int, list[str]] = {}
    for name in dict.fromkeys(name for one in edges for name in (one["source"], one["target"])):
        columns.setdefault(tiers.get(name, 0), []).append(name)
    last = len(columns) - 1
    place, side = {}, {}
    for x, (_, names) in enumerate(sorted(columns.items())):
        for k, name in enumerate(names):  # from side to side, so that a link inside the column misses the others' names
            place[name] = (x + _ASIDE * (k % 2), (k + 1) / (len(names) + 1) + 0.03 * (x % 2))
            inside = "top center" if k else "bottom center"
            side[name] = "middle left" if x == 0 else "middle right" if x == last else inside
    tallest = max(len(names) for names in columns.values())
    figure = blank(2 * rows_height(tallest))
    for one in edges:
        (x0, y0), (x1, y1) = place[one["source"]], place[one["target"]]
        figure.add_annotation(
            x=x1, y=y1, ax=x0, ay=y0, xref="x", yref="y", axref="x", ayref="y", text="", showarrow=True,
            arrowhead=2 if one["oriented"] >= SURE else 0, arrowsize=1.2, standoff=16, startstandoff=16,
            arrowwidth=0.8 + 2.4 * one["confidence"], arrowcolor=theme.token("soft"),
        )  # fmt: skip
    figure.add_scatter(
        x=[place[name][0] for name in place],
        y=[place[name][1] for name in place],
        mode="markers+text",
        text=[plain(name, 30) for name in place],
        textposition=[side[name] for name in place],
        cliponaxis=False,
        marker={"size": 16, "color": theme.hue(0), "line": {"width": 2, "color": theme.token("card")}},
        hovertemplate="%{text}<extra></extra>",
    )
    figure.update_xaxes(visible=False, range=[-0.6, max(last, 1) + 0.6])
    figure.update_yaxes(visible=False, range=[0.5 / (tallest + 1), 1.03 - 0.3 / (tallest + 1)])
    return figure
