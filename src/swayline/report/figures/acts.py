"""Figures of what people do: how far they get, what follows what."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from swayline.core.names import BEHAVIOR
from swayline.report import theme
from swayline.report.figures.frame import Rows, blank, error_bars, plain, rows_height
from swayline.report.wording import words

MAX_FLOW = 8


def funnel(steps: Rows, unit: str) -> go.Figure:
    """How many units (pairs, people) reach each behaviour: rows of ``behavior, n``, shallow to deep."""
    names = [plain(words.noun(one[BEHAVIOR], 2)) for one in steps]
    counts = [one["n"] for one in steps]
    figure = blank(rows_height(len(names)))
    figure.add_bar(
        x=counts,
        y=names,
        orientation="h",
        marker={"color": [theme.hue(index) for index in range(len(names))]},
        text=[words.number(count) for count in counts],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,} " + unit + "<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text=unit, range=[0, max(counts, default=1) * 1.16], nticks=5)
    return figure


def shares(rows: Rows, axis: str) -> go.Figure:
    """Shares with their intervals: rows of ``label, value, ci_low, ci_high``, as dots on a line from zero."""
    names = [plain(one["label"]) for one in rows]
    figure = blank(rows_height(len(names)))
    figure.add_scatter(
        x=[one["value"] for one in rows],
        y=names,
        mode="markers",
        error_x=error_bars(rows, theme.hue(0)),
        marker={"size": 11, "color": theme.hue(0)},
        customdata=[words.between(one["ci_low"], one["ci_high"], "percent") for one in rows],
        hovertemplate="%{y}: %{x:.2%}<br>95% interval %{customdata}<extra></extra>",
    )
    top = max([one["ci_high"] or one["value"] for one in rows], default=1.0)
    figure.update_xaxes(title_text=axis, tickformat=".1~%", range=[0, top * 1.12 or 1.0], nticks=6)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def flow(steps: Rows, behaviors: Sequence[str], ends: Mapping[str, int], end_word: str) -> go.Figure:
    """What comes directly after what, as ribbons: rows of ``source, target, n``; repeats of one behaviour left out.

    ``ends`` counts how often each behaviour was the last one; ``end_word`` names that ending.
    """
    kept = list(behaviors)[:MAX_FLOW]
    place = {name: index for index, name in enumerate(kept)}
    links = [
        one for one in steps if one["source"] in place and one["target"] in place and one["source"] != one["target"]
    ]
    closing = [{"source": name, "target": None, "n": ends.get(name, 0)} for name in kept if ends.get(name)]
    nouns = [plain(words.noun(name)) for name in kept]
    figure = blank(120 + 62 * len(kept))
    colors = [theme.hue(index) for index in range(len(kept))]
    rows = [*links, *closing]
    figure.add_sankey(
        node={
            "label": [*(f"after {noun}" for noun in nouns), *(f"then {noun}" for noun in nouns), end_word],
            "color": [*colors, *colors, theme.token("zero")],
            "pad": 18,
            "thickness": 12,
            "line": {"width": 0},
            "hovertemplate": "%{label}: %{value:,}<extra></extra>",
        },
        link={
            "source": [place[one["source"]] for one in rows],
            "target": [len(kept) + (len(kept) if one["target"] is None else place[one["target"]]) for one in rows],
            "value": [one["n"] for one in rows],
            "color": [theme.veil(colors[place[one["source"]]]) for one in rows],
            "hovertemplate": "%{source.label} → %{target.label}: %{value:,}<extra></extra>",
        },
        textfont={"color": theme.token("ink"), "size": 12, "shadow": "none"},
    )
    figure.update_layout(margin={"l": 8, "r": 8, "t": 12, "b": 16})
    return figure
