"""Figures of people: the network of influence by channel and period, and the acts behind one tie after another."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from swayline.core.time import format_duration
from swayline.report import theme
from swayline.report.figures.frame import blank, plain
from swayline.report.wording import words

Columns = Mapping[str, Any]
_WIDTHS = (0.6, 1.4, 3.0)
_NAMED, _COLORED, _ARROWS = 10, 7, 600


def network(nodes: Columns, edges: Columns, periods: Sequence[str], webgl: bool = False) -> go.Figure:
    """The surest ties and the people they join; a menu chooses channel or period.

    Lines of one width are one path, so that thousands of ties stay quick without WebGL.

    Parameters
    ----------
    nodes : mapping of lists
        ``user, x, y, given, given_low, given_high, community``.
    edges : mapping of lists
        ``source, target, estimate, ci_low, ci_high``, ``brought`` (a list a period) and, where measured,
        ``channels`` (name → estimates).
    periods : sequence of str
    webgl : bool
        Whether to draw by WebGL: quicker from about ten thousand people, but its script compiles code as it runs,
        which a strict Content-Security-Policy such as the report's forbids.
    """
    figure = blank(640)
    kind = go.Scattergl if webgl else go.Scatter
    views = _views(edges, periods)
    place = {user: k for k, user in enumerate(nodes["user"])}
    x, y = np.round(np.array(nodes["x"], float), 3), np.round(np.array(nodes["y"], float), 3)
    ends = np.array([[place[one] for one in edges["source"]], [place[one] for one in edges["target"]]])
    spans = []
    for index, (_, weight, unit) in enumerate(views):
        first = len(figure.data)
        figure.add_traces(_lines(kind, x, y, ends, weight, index == 0))
        figure.add_trace(_heads(kind, x, y, ends, weight, edges, unit, index == 0))
        spans.append((first, len(figure.data)))
    figure.add_traces(_people(kind, x, y, nodes))
    total = len(figure.data)
    buttons = [
        {
            "label": name,
            "method": "restyle",
            "args": ["visible", [first <= k < last or k >= spans[-1][1] for k in range(total)]],
        }
        for (name, _, _), (first, last) in zip(views, spans, strict=True)
    ]
    figure.update_layout(updatemenus=[_menu(buttons)], margin={"l": 8, "r": 8, "t": 44, "b": 8})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    return figure


def network_data(nodes: Columns, edges: Columns, periods: Sequence[str]) -> dict[str, Any]:
    """What the page's own script draws the same network from; parameters as in :func:`network`.

    Returns
    -------
    dict
        By person ``names, said, x, y, given, color``; ``hues`` as (light, dark); by tie ``from, to, estimate``; and
        ``views``, each with ``name, unit, weight``. Text is text: nothing in it is ever read as HTML.
    """
    place = {user: k for k, user in enumerate(nodes["user"])}
    labels = [words.label(user, 80) for user in nodes["user"]]
    shown = zip(labels, nodes["given"], nodes["given_low"], nodes["given_high"], strict=True)
    return {
        "names": labels,
        "said": [f"{name}: {_given(value, low, high)}" for name, value, low, high in shown],
        "x": np.round(np.array(nodes["x"], float), 3).tolist(),
        "y": np.round(np.array(nodes["y"], float), 3).tolist(),
        "given": [round(one or 0.0, 5) for one in nodes["given"]],
        "color": _colors(nodes["community"]),
        "hues": [list(pair) for pair in theme.HUES],
        "from": [place[one] for one in edges["source"]],
        "to": [place[one] for one in edges["target"]],
        "estimate": [
            words.estimate(value, low, high, "", sign=False)
            for value, low, high in zip(edges["estimate"], edges["ci_low"], edges["ci_high"], strict=True)
        ],
        "views": [
            {"name": name, "unit": unit, "weight": np.round(weight, 5).tolist()}
            for name, weight, unit in _views(edges, periods)
        ],
    }


def _given(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "never acted"
    return words.estimate(value, low, high, "", sign=False) + " actions of others per action"


def _colors(community: Sequence[int]) -> list[int]:
    """The hue of each person's community: the commonest have their own, all others share the last."""
    common = sorted(set(community), key=lambda one: (-community.count(one), one))[:_COLORED]
    rank = {one: k for k, one in enumerate(common)}
    return [rank.get(one, _COLORED) for one in community]


def _views(edges: Columns, periods: Sequence[str]) -> list[tuple[str, Any, str]]:
    """(name, weight of every tie, unit) of everything that can be looked at."""
    views = [("All channels, whole log", np.array(edges["estimate"], float), "actions caused per action")]
    for name, values in edges.get("channels", {}).items():
        if any(values):
            views.append((f"Channel: {name}", np.array(values, float), "actions caused per action"))
    for name, values in zip(periods, edges["brought"], strict=True):
        views.append((name, np.array(values, float), "actions brought in the period"))
    return views


def _lines(kind: Any, x: Any, y: Any, ends: Any, weight: Any, shown: bool) -> list[Any]:
    """Lines in three widths: a trace has one width."""
    traces = []
    used = weight > 0
    cuts = np.quantile(weight[used], [1 / 3, 2 / 3]) if used.any() else np.zeros(2)
    size = np.searchsorted(cuts, weight, side="right")
    for k, width in enumerate(_WIDTHS):
        some = ends[:, used & (size == k)]
        gap = np.full(some.shape[1], np.nan)
        traces.append(
            kind(
                x=np.stack([x[some[0]], x[some[1]], gap], axis=1).ravel(),
                y=np.stack([y[some[0]], y[some[1]], gap], axis=1).ravel(),
                mode="lines",
                line={"color": theme.token("zero"), "width": width},
                opacity=(0.35, 0.55, 0.8)[k],
                hoverinfo="skip",
                visible=shown,
            )
        )
    return traces


def _heads(kind: Any, x: Any, y: Any, ends: Any, weight: Any, edges: Columns, unit: str, shown: bool) -> Any:
    """A head on each of the strongest lines, two thirds of the way: it says whither, and tells the figures."""
    best = [k for k in np.argsort(-weight, kind="stable")[:_ARROWS] if weight[k] > 0]
    a, b = ends[:, best]
    return kind(
        x=np.round(x[a] + (x[b] - x[a]) * 0.66, 3),
        y=np.round(y[a] + (y[b] - y[a]) * 0.66, 3),
        mode="markers",
        marker={
            "symbol": "triangle-up",
            "size": 6,
            "color": theme.token("soft"),
            "angle": np.round(np.degrees(np.arctan2(x[b] - x[a], y[b] - y[a])), 1),
        },
        customdata=[
            f"{plain(edges['source'][k])} → {plain(edges['target'][k])}: {words.number(float(weight[k]))} {unit}<br>"
            f"over all {words.estimate(edges['estimate'][k], edges['ci_low'][k], edges['ci_high'][k], '', sign=False)}"
            for k in best
        ],
        hovertemplate="%{customdata}<extra></extra>",
        visible=shown,
    )


def _people(kind: Any, x: Any, y: Any, nodes: Columns) -> list[Any]:
    given = np.array([one or 0.0 for one in nodes["given"]], float)
    largest = float(given.max(initial=0.0)) or 1.0
    dots = kind(
        x=x,
        y=y,
        mode="markers",
        marker={
            "size": 5 + 17 * np.sqrt(given / largest),
            "color": [theme.hue(one) for one in _colors(nodes["community"])],
            "line": {"width": 1, "color": theme.token("card")},
        },
        customdata=[
            f"{plain(user)}: {_given(value, low, high)}"
            for user, value, low, high in zip(
                nodes["user"], nodes["given"], nodes["given_low"], nodes["given_high"], strict=True
            )
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    named = np.argsort(-given, kind="stable")[:_NAMED]
    names = go.Scatter(
        x=x[named],
        y=y[named],
        mode="text",
        text=[plain(nodes["user"][k], 18) for k in named],
        textposition="top center",
        textfont={"size": 12, "color": theme.token("ink")},
        hoverinfo="skip",
        cliponaxis=False,
    )
    return [dots, names]


def tie_acts(ties: Sequence[Columns]) -> go.Figure:
    """The acts behind each of the surest ties, one at a time: above who sways, below who follows, a line a likely pair.

    Parameters
    ----------
    ties : sequence of mappings
        ``source, target, estimate, ci_low, ci_high`` and ``acts`` of ``source_time, target_time, lag_s, probability``.
    """
    figure = blank(280)
    for index, tie in enumerate(ties):
        for low, high, opacity in ((0.5, 1.1, 0.9), (0.1, 0.5, 0.45), (0.0, 0.1, 0.15)):
            some = [one for one in tie["acts"] if low <= one["probability"] < high]
            figure.add_scatter(
                x=[at for one in some for at in (one["source_time"], one["target_time"], None)],
                y=[at for _ in some for at in (1, 0, None)],
                mode="lines+markers",
                line={"color": theme.hue(0), "width": 1.6},
                marker={"size": 7, "color": theme.hue(0)},
                opacity=opacity,
                customdata=[text for one in some for text in (_pair(one), _pair(one), "")],
                hovertemplate="%{customdata}<extra></extra>",
                visible=index == 0,
            )
    buttons = [
        {
            "label": f"{plain(tie['source'], 20)} → {plain(tie['target'], 20)}",
            "method": "restyle",
            "args": ["visible", [k // 3 == index for k in range(3 * len(ties))]],
        }
        for index, tie in enumerate(ties)
    ]
    figure.update_layout(updatemenus=[_menu(buttons)], margin={"t": 56})
    figure.update_yaxes(
        tickvals=[0, 1], ticktext=["who follows", "who sways"], range=[-0.35, 1.35], showgrid=False, zeroline=False
    )
    figure.update_xaxes(type="date")
    return figure


def _pair(one: Columns) -> str:
    return (
        f"{words.moment(one['source_time'])}, followed after {format_duration(one['lag_s'])}: "
        f"brought with probability {words.percent(one['probability'])}"
    )


def _menu(buttons: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "buttons": buttons,
        "type": "dropdown",
        "x": 0,
        "xanchor": "left",
        "y": 1.0,
        "yanchor": "bottom",
        "pad": {"b": 8, "l": 8},
        "bgcolor": theme.token("card"),
        "bordercolor": theme.token("line"),
        "font": {"color": theme.token("soft"), "size": 12},
    }
