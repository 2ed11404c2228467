"""How alike two arms are, control by control, before and after weighting."""

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.figures.frame import Rows, blank, plain, rows_height

ALIKE = 0.1
"""Standardised differences below this are usually let pass."""
_ROW_PX = 22


def love(rows: Rows) -> go.Figure:
    """A love plot: rows of ``control, before, after`` (standardised differences), the largest first."""
    names = [plain(one["control"], 40) for one in rows]
    figure = blank(rows_height(1) + _ROW_PX * len(rows) + 26)
    for kind, color, symbol in (("before", theme.hue(7), "circle-open"), ("after", theme.hue(0), "diamond")):
        figure.add_scatter(
            x=[abs(one[kind]) for one in rows],
            y=list(range(len(rows))),
            mode="markers",
            name=f"{kind} weighting",
            marker={"size": 10, "color": color, "symbol": symbol, "line": {"width": 2, "color": color}},
            customdata=names,
            hovertemplate=f"%{{customdata}}, {kind} weighting: %{{x:.2f}}<extra></extra>",
        )
    figure.add_vline(x=ALIKE, line={"color": theme.token("zero"), "width": 1.5, "dash": "dot"})
    figure.update_layout(showlegend=True, margin={"t": 40})
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False, zeroline=False
    )
    figure.update_xaxes(title_text="difference between the arms (standard deviations)", rangemode="tozero", nticks=6)
    return figure
