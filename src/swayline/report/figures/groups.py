"""Figures of groups: how large they are, in what they differ, when they act."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from swayline.report import theme
from swayline.report.figures.frame import Rows, blank, plain, rows_height
from swayline.report.wording import words

MAX_GROUPS = 8


def bars(rows: Rows, axis: str, color: int = 0) -> go.Figure:
    """Sizes as bars: rows of ``label, value``, in their order; the share of all stands beside each."""
    names = [plain(one["label"], 34) for one in rows]
    values = [one["value"] for one in rows]
    total = max(sum(values), 1)
    figure = blank(rows_height(len(names)))
    figure.add_bar(
        x=values,
        y=names,
        orientation="h",
        marker={"color": theme.hue(color)},
        text=[f"{words.number(value)} ({words.percent(value / total)})" for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,} " + plain(axis) + "<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text=axis, range=[0, max(values, default=1) * 1.32], nticks=5)
    return figure


def differences(names: Sequence[str], features: Sequence[str], centers: Sequence[Sequence[float]]) -> go.Figure:
    """In what groups differ: (groups, features) means in standard deviations from everybody's, one column a group."""
    shown = list(names)[:MAX_GROUPS]
    cells = [[center[at] for center in list(centers)[:MAX_GROUPS]] for at in range(len(features))]
    largest = max((abs(value) for row in cells for value in row), default=1.0)
    figure = blank(rows_height(len(features)) + 34)
    figure.add_heatmap(
        z=cells,
        x=[plain(name, 60).replace(", ", ",<br>") for name in shown],
        y=[plain(name, 34) for name in features],
        colorscale=theme.divergingscale(),
        zmid=0,
        zmin=-max(largest, 1.0),
        zmax=max(largest, 1.0),
        xgap=3,
        ygap=3,
        colorbar={
            "thickness": 8,
            "outlinewidth": 0,
            "tickfont": {"color": theme.token("soft"), "size": 11},
            "tickvals": [-max(largest, 1.0), 0, max(largest, 1.0)],
            "ticktext": ["less", "as all", "more"],
        },
        hovertemplate="%{x}<br>%{y}: %{z:+.2f} standard deviations from everybody<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(side="top", showgrid=False, tickangle=0)
    figure.update_layout(margin={"b": 12})
    return figure


def day_rhythm(hours: Mapping[str, Sequence[float]]) -> go.Figure:
    """When in the day each group acts: name → 24 shares of its acts."""
    figure = blank(320)
    for index, (name, shares) in enumerate(list(hours.items())[:MAX_GROUPS]):
        figure.add_scatter(
            x=list(range(24)),
            y=list(shares),
            mode="lines",
            name=plain(name, 44),
            line={"color": theme.hue(index), "width": 2.5, "shape": "spline", "smoothing": 0.6},
            hovertemplate="%{x}:00: %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(showlegend=len(hours) > 1, margin={"t": 34 if len(hours) > 1 else 12}, hovermode="x unified")
    figure.update_xaxes(title_text="hour of the day", tickvals=[0, 6, 12, 18, 23], showgrid=False)
    figure.update_yaxes(title_text="share of the group's acts", tickformat=".0%", rangemode="tozero", nticks=5)
    return figure
