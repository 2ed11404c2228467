"""The section about people: what it draws from a network, and that outside names stay text."""

import json

from swayline.report.figures.people import network, network_data, tie_acts
from swayline.report.page import inert

NODES = {
    "user": ["a", "<b>b</b>", "c"], "x": [0.0, 1.0, 0.5], "y": [0.0, 0.0, 1.0], "acts": [10, 20, 30],
    "given": [0.5, None, 0.1], "given_low": [0.3, None, 0.0], "given_high": [0.7, None, 0.3], "community": [0, 0, 1],
}  # fmt: skip
EDGES = {
    "source": ["a", "c"], "target": ["<b>b</b>", "a"], "estimate": [0.5, 0.1], "ci_low": [0.3, 0.0],
    "ci_high": [0.7, 0.3], "brought": [[3.0, 0.0], [2.0, 1.0]],
    "channels": {"social": [0.4, 0.1], "consumption": [0.1, 0.0], "content": [0.0, 0.0]},
}  # fmt: skip
PERIODS = ["first half", "second half"]


def test_a_menu_names_every_channel_and_period_that_has_something():
    figure = network(NODES, EDGES, PERIODS)
    names = [one.label for one in figure.layout.updatemenus[0].buttons]
    assert names == [
        "All channels, whole log", "Channel: social", "Channel: consumption", "first half", "second half",
    ]  # fmt: skip


def test_each_view_shows_its_own_lines_and_always_the_people():
    figure = network(NODES, EDGES, PERIODS)
    shown = [one.args[1] for one in figure.layout.updatemenus[0].buttons]
    assert all(len(one) == len(figure.data) and one[-2:] == (True, True) for one in map(tuple, shown))
    assert [sum(column) for column in zip(*shown, strict=True)][:-2] == [1] * (len(figure.data) - 2)
    drawn = [sum(len(trace.x) // 3 for trace in figure.data[4 * k : 4 * k + 3]) for k in range(5)]
    assert drawn == [2, 2, 1, 1, 2]


def test_draws_by_webgl_only_when_asked():
    assert {trace.type for trace in network(NODES, EDGES, PERIODS).data} == {"scatter"}
    assert "scattergl" in {trace.type for trace in network(NODES, EDGES, PERIODS, webgl=True).data}


def test_the_page_draws_the_same_views_from_plain_lists():
    data = network_data(NODES, EDGES, PERIODS)
    drawn = network(NODES, EDGES, PERIODS).layout.updatemenus[0].buttons
    assert [one["name"] for one in data["views"]] == [one.label for one in drawn]
    assert data["from"] == [0, 2]
    assert data["to"] == [1, 0]
    assert data["views"][-1]["weight"] == [2.0, 1.0]
    assert data["said"][1] == "<b>b</b>: never acted"
    assert data["said"][0] == "a: 0.500 (0.300 to 0.700) actions of others per action"
    assert data["color"] == [0, 0, 1]
    assert "<" not in inert(json.dumps(data))


def test_names_from_outside_are_never_markup():
    text = network(NODES, EDGES, PERIODS).to_json()
    assert "<b>b" not in text.replace("\\u003c", "<")


def test_a_tie_has_its_own_three_traces():
    act = {
        "source_time": "2026-01-01T00:00:00+00:00",
        "target_time": "2026-01-01T02:00:00+00:00",
        "lag_s": 7200.0,
        "probability": 0.9,
    }
    tie = {"source": "a", "target": "c", "estimate": 0.5, "ci_low": 0.3, "ci_high": 0.7, "acts": [act]}
    figure = tie_acts([tie, tie | {"source": "d"}])
    assert [one.label for one in figure.layout.updatemenus[0].buttons] == ["a → c", "d → c"]
    assert len(figure.data) == 6
    assert "followed after 2 h" in figure.data[0].customdata[0]
    assert list(figure.data[0].y)[:2] == [1, 0]
