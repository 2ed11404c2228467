import json
import re

import plotly.graph_objects as go
import pytest

from swayline.report import figures, theme

HOSTILE = "<b>bold</b><a href='javascript:alert(1)'>x</a>"
SHARES = [
    {"label": HOSTILE, "value": 0.02, "ci_low": 0.01, "ci_high": 0.04},
    {"label": "carts", "value": 0.1, "ci_low": None, "ci_high": None},
]
EFFECTS = [
    {"label": "carts", "kind": "association", "estimate": 0.2, "ci_low": 0.1, "ci_high": 0.3, "unit": "probability"},
    {"label": "carts", "kind": "effect", "estimate": 0.05, "ci_low": 0.01, "ci_high": 0.09, "unit": "probability"},
]
STEPS = [
    {"source": "view", "target": "view", "n": 90},
    {"source": "view", "target": "cart", "n": 9},
    {"source": "cart", "target": "view", "n": 4},
]
COHORT = [{"cohort": "2026-01-01T00:00:00Z", "age": age, "people": 9, "retention": 1 / (1 + age)} for age in range(3)]
WEEK = [[1] * 24 for _ in range(7)]


def all_figures() -> dict[str, go.Figure]:
    return {
        "funnel": figures.funnel([{"behavior": HOSTILE, "n": 9}, {"behavior": "cart", "n": 3}], "people"),
        "shares": figures.shares(SHARES, "share"),
        "flow": figures.flow(STEPS, ["view", "cart"], {"view": 3}, "session ends"),
        "activity": figures.activity(
            ["2026-01-01T00:00:00", "2026-01-01T01:00:00"], {"view": [1, 2], HOSTILE: [0, 1]}, "one point an hour"
        ),
        "hour_of_week": figures.hour_of_week(WEEK, WEEK, HOSTILE),
        "per_user": figures.per_user([1, 2, 5, 10], [3, 2, 1]),
        "long_tail": figures.long_tail(
            [{"items_share": 0.01, "events_share": 0.3}, {"items_share": 1.0, "events_share": 1.0}]
        ),
        "model_scores": figures.model_scores([{**one, "best": one is SHARES[0]} for one in SHARES], "NDCG@10"),
        "model_shares": figures.model_scores([{**one, "best": one is SHARES[0]} for one in SHARES], "Hit rate", True),
        "bars": figures.bars([{"label": HOSTILE, "value": 3}, {"label": "active", "value": 0}], "people"),
        "differences": figures.differences([HOSTILE, "others"], ["acts", HOSTILE], [[1.0, -0.2], [-1.5, 0.1]]),
        "day_rhythm": figures.day_rhythm({HOSTILE: [1 / 24] * 24, "others": [0.0] * 23 + [1.0]}),
        "learning_curve": figures.learning_curve([{"epoch": 1, "ndcg": 0.1}, {"epoch": 2, "ndcg": None}]),
        "stream": figures.stream(["2026-01-01", "2026-01-08"], {HOSTILE: [1, 2], "others": [0, 1]}, 7),
        "days": figures.days("2026-01-01", [1, 0, 3] * 10),
        "cohorts": figures.cohorts(COHORT, "week"),
        "returns": figures.returns(["2026-01-01", "2026-01-08"], [0, 3], [5, 2]),
        "changes": figures.changes([{"label": HOSTILE, "before": 0.8, "after": 1.2}]),
        "passages": figures.passages(
            [{"source": HOSTILE, "target": "b", "n": 3}, {"source": "b", "target": "c", "n": 1}]
        ),
        "forest": figures.forest(EFFECTS, "points", probability=True),
    }


@pytest.fixture(params=all_figures())
def figure(request) -> go.Figure:
    return all_figures()[request.param]


def test_every_figure_is_a_plotly_figure_with_data(figure):
    assert isinstance(figure, go.Figure)
    assert figure.data
    assert figure.layout.height >= 100


def test_outside_text_is_never_markup(figure):
    text = figure.to_json().replace("\\u003c", "<")
    assert "<a " not in text
    assert "<b>bold" not in text


def test_every_color_has_its_dark_one(figure):
    known = theme.swaps()
    colors = set(re.findall(r"#[0-9a-fA-F]{6}|rgba\([^)]*\)", json.dumps(figure.to_plotly_json())))
    assert colors - set(known) <= {"rgba(0,0,0,0)"}


def test_axes_say_what_they_count(figure):
    titles = [figure.layout[name].title.text for name in figure.to_dict()["layout"] if name.startswith("xaxis")]
    says_itself = isinstance(figure.data[0], go.Sankey) or figure.layout.xaxis.side == "top"  # groups by name
    assert any(titles) or says_itself


def test_flow_leaves_repeats_out_and_keeps_endings():
    sankey = all_figures()["flow"].data[0]
    assert sorted(sankey.link.value) == [3, 4, 9]


def test_forest_sets_association_and_effect_apart():
    figure = all_figures()["forest"]
    assert [trace.name for trace in figure.data] == ["association", "effect"]
    assert len({trace.marker.symbol for trace in figure.data}) == 2
    assert list(figure.data[1].error_x.array) == pytest.approx([0.04])


def test_an_hour_never_seen_is_blank_and_not_zero():
    seen = [[0] * 24, *WEEK[1:]]
    z = figures.hour_of_week(WEEK, seen, "events").data[0].z
    assert z[0][0] is None
    assert z[1][0] == 1


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_colors_can_be_read_on_their_background(side):
    for pair in theme.HUES:
        assert contrast(pair[side], theme.TOKENS["card"][side]) >= 3
    for name, ground in (
        ("ink", "paper"),
        ("soft", "paper"),
        ("soft", "card"),
        ("accent", "paper"),
        ("accent", "tint"),
        ("warn", "warn_tint"),
    ):
        assert contrast(theme.TOKENS[name][side], theme.TOKENS[ground][side]) >= 4.5, name
