"""Figures of models: their scores side by side, their training."""

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.figures.frame import Rows, blank, error_bars, plain, rows_height
from swayline.report.wording import words


def model_scores(rows: Rows, axis: str, percent: bool = False) -> go.Figure:
    """One metric of each model with its interval: rows of ``label, value, ci_low, ci_high, best``; maybe a share."""
    names = [plain(one["label"]) for one in rows]
    form, shown = ("percent", ".2%") if percent else ("", ".4f")
    figure = blank(rows_height(len(names)))
    for best, color in ((False, theme.hue(7)), (True, theme.hue(0))):
        part = [one for one in rows if bool(one["best"]) is best]
        figure.add_scatter(
            x=[one["value"] for one in part],
            y=[plain(one["label"]) for one in part],
            mode="markers",
            error_x=error_bars(part, color),
            marker={"size": 12 if best else 10, "color": color, "symbol": "diamond" if best else "circle"},
            customdata=[words.between(one["ci_low"], one["ci_high"], form) or "not given" for one in part],
            cliponaxis=False,
            hovertemplate=f"%{{y}}: %{{x:{shown}}}<br>95% interval %{{customdata}}<extra></extra>",
        )
    top = max([one["ci_high"] or one["value"] for one in rows], default=1.0) or 1.0
    # A little room left of zero, where the worst models stand.
    figure.update_xaxes(
        title_text=axis, range=[-0.02 * top, top * 1.12], nticks=6, tickformat=".1~%" if percent else "", zeroline=True
    )
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], showgrid=False)
    return figure


def learning_curve(history: Rows) -> go.Figure:
    """Validation NDCG after each pass over the data: rows of ``epoch, ndcg`` (rows without one are left out)."""
    points = [one for one in history if one.get("ndcg") is not None]
    figure = blank(300)
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
