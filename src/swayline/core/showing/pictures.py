"""Figures of results, in Plotly, for a notebook: what ``.plot()`` returns."""

import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LAYOUT = {"template": "plotly_white", "margin": {"l": 10, "r": 10, "t": 40, "b": 10}, "font": {"size": 13}}
_COLORS = ("#2563eb", "#ea580c", "#16a34a", "#9333ea", "#dc2626", "#0891b2")


def _go() -> Any:
    """Plotly, imported when a picture is asked for: it takes a second."""
    import plotly.graph_objects

    return plotly.graph_objects


def models_picture(table: pa.Table) -> "go.Figure":
    """A panel of points with intervals: metrics along the side, a colour a model."""
    figure = _go().Figure()
    rows = table.to_pylist()
    for at, model in enumerate(dict.fromkeys(row["model"] for row in rows)):
        own = [row for row in rows if row["model"] == model and row["value"] is not None]
        figure.add_scatter(
            x=[row["value"] for row in own], y=[row["metric"] for row in own], mode="markers", name=model,
            marker={"size": 10, "color": _COLORS[at % len(_COLORS)]}, error_x=_between(own, "value"),
        )  # fmt: skip
    return figure.update_layout(**_LAYOUT, title="Models on held-out events, 95% intervals", yaxis_autorange="reversed")


def effects_picture(table: pa.Table) -> "go.Figure":
    """Effects to quote with their intervals, each beside its association; zero is a line."""
    rows = [
        row for row in table.to_pylist()
        if row["estimate"] is not None and (row["primary"] or row["estimand"] == "association")
        and row["estimand"] not in ("cate", "excitation", "excitation_part")
    ]  # fmt: skip
    figure = _go().Figure()
    for name, color, association in (("effect", _COLORS[0], False), ("association", "#94a3b8", True)):
        own = [row for row in rows if (row["estimand"] == "association") is association]
        figure.add_scatter(
            x=[row["estimate"] for row in own], y=[f"{row['cause']} → {row['effect']}" for row in own], mode="markers",
            name=name, marker={"size": 10, "color": color}, error_x=_between(own, "estimate"),
            customdata=[f"{row['method']}, identified: {row['identified']}" for row in own],
            hovertemplate="%{x:.4f} (%{customdata})",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": "#64748b", "dash": "dot"})
    return figure.update_layout(
        **_LAYOUT, title="Effects beside associations, 95% intervals", yaxis_autorange="reversed"
    )


def ties_picture(table: pa.Table) -> "go.Figure":
    """The thirty strongest ties with their intervals."""
    rows = [row for row in table.to_pylist() if row["estimate"] is not None and row["estimand"] == "excitation"]
    first = sorted(rows, key=lambda row: -row["estimate"])[:30]
    figure = _go().Figure()
    figure.add_scatter(
        x=[row["estimate"] for row in first], y=[f"{row['cause']} → {row['effect']}" for row in first], mode="markers",
        marker={"size": 9, "color": _COLORS[0]}, error_x=_between(first, "estimate"),
    )  # fmt: skip
    return figure.update_layout(**_LAYOUT, title="Acts of the target per act of the source", yaxis_autorange="reversed")


def graph_picture(table: pa.Table) -> "go.Figure":
    """Edges as arrows among nodes on a circle; a thicker line is a surer edge."""
    rows = table.to_pylist()
    nodes = sorted({row[side] for row in rows for side in ("source", "target")})
    turn = {name: 2 * math.pi * at / max(1, len(nodes)) for at, name in enumerate(nodes)}
    place = {name: (math.cos(angle), math.sin(angle)) for name, angle in turn.items()}
    figure = _go().Figure(
        _go().Scatter(
            x=[place[name][0] for name in nodes], y=[place[name][1] for name in nodes], text=nodes, mode="markers+text",
            textposition="top center", marker={"size": 14, "color": _COLORS[0]},
        )
    )  # fmt: skip
    for row in rows:
        (x0, y0), (x1, y1) = place[row["source"]], place[row["target"]]
        directed = row["oriented"] is None or row["oriented"] > 0.5
        figure.add_annotation(
            x=x1, y=y1, ax=x0, ay=y0, xref="x", yref="y", axref="x", ayref="y", text="", standoff=10,
            startstandoff=10, arrowhead=3 if directed else 0, showarrow=True, arrowcolor="#64748b",
            arrowwidth=0.5 + 2.5 * float(row["confidence"] or 0),
        )  # fmt: skip
    hidden = {"visible": False, "range": [-1.4, 1.4]}
    return figure.update_layout(**_LAYOUT, xaxis=hidden, yaxis=hidden, title="Which may drive which (hypotheses)")


def spread_picture(table: pa.Table) -> "go.Figure":
    """Expected people reached by the first 1, 2, … seeds."""
    figure = _go().Figure(
        _go().Scatter(
            x=table["rank"].to_pylist(),
            y=table["spread"].to_pylist(),
            text=table["user"].to_pylist(),
            mode="lines+markers",
        )
    )
    return figure.update_layout(**_LAYOUT, title="People reached", xaxis_title="seeds", yaxis_title="expected reach")


def trials_picture(table: pa.Table) -> "go.Figure":
    """Every trial's validation figure and the best so far."""
    rows = [row for row in table.to_pylist() if row["valid_ndcg"] is not None]
    best, so_far = 0.0, []
    for row in rows:
        best = max(best, row["valid_ndcg"])
        so_far.append(best)
    numbers = [row["trial"] for row in rows]
    figure = _go().Figure(_go().Scatter(x=numbers, y=[row["valid_ndcg"] for row in rows], mode="markers", name="trial"))
    figure.add_scatter(x=numbers, y=so_far, mode="lines", name="best so far")
    return figure.update_layout(**_LAYOUT, title="Validation NDCG@10 by trial", xaxis_title="trial")


def lists_picture(table: pa.Table) -> "go.Figure":
    """How often each item stands in the lists, the thirty most frequent."""
    counts = table.group_by("item").aggregate([("item", "count")]).sort_by([("item_count", "descending")]).slice(0, 30)
    figure = _go().Figure(_go().Bar(y=counts["item"].to_pylist(), x=counts["item_count"].to_pylist(), orientation="h"))
    return figure.update_layout(**_LAYOUT, title="Items in most lists", yaxis_autorange="reversed")


def _between(rows: list[dict[str, Any]], value: str) -> dict[str, Any]:
    up = [max(0.0, (row["ci_high"] if row["ci_high"] is not None else row[value]) - row[value]) for row in rows]
    down = [max(0.0, row[value] - (row["ci_low"] if row["ci_low"] is not None else row[value])) for row in rows]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down}
