"""Neighbours before a moment against brute force, equal times included; rings, views and exports."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swayline.core.errors import SchemaError, UsageError
from swayline.dataset import Catalogue, from_lists
from swayline.dataset.adjacency import (
    NeighbourStream,
    NodeKind,
    as_tensors,
    behavior_graph,
    event_chain,
    from_edges,
    growth,
    neighbours_before,
    snapshots,
    to_networkx,
    to_temporal_data,
)

pytest.importorskip("numba", reason="the extra 'people' is not installed")
N = 6
NODES = (NodeKind("user", 0, 3), NodeKind("item", 3, N))
EDGES = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.integers(0, 5), st.integers(0, 2)), max_size=40
)


def made(rows):
    columns = [np.array([row[at] for row in rows], np.int64) for at in range(4)]
    return from_edges(*columns[:3], NODES, columns[3].astype(np.int16))


def brute(rows, node, time, kind=None, window=None):
    """(other end, time) of every edge at a node before a moment, newest first; equal times by the order given."""
    ordered = sorted(range(len(rows)), key=lambda at: (rows[at][2], at))
    found = []
    for source, target, moment, of_kind in (rows[at] for at in ordered):
        if moment >= time or (kind is not None and of_kind != kind) or (window is not None and moment < time - window):
            continue
        if source == node:
            found.append((target, moment))
        elif target == node:
            found.append((source, moment))
    return found[::-1]


def answers(found, row):
    kept = found.edges[row] >= 0
    return list(zip(found.nodes[row][kept].tolist(), found.times[row][kept].tolist(), strict=True))


QUESTIONS = [(node, time) for node in range(N) for time in range(7)]
ASKED = tuple(np.array(one) for one in zip(*QUESTIONS, strict=True))


@settings(max_examples=60, deadline=None)
@given(rows=EDGES, k=st.integers(1, 5), kind=st.none() | st.integers(0, 2), window=st.none() | st.integers(1, 4))
def test_the_latest_neighbours_are_those_of_brute_force(rows, k, kind, window):
    found = neighbours_before(made(rows), *ASKED, k, kind=kind, window=window)
    for row, (node, time) in enumerate(QUESTIONS):
        assert answers(found, row) == brute(rows, node, time, kind, window)[:k]


@settings(max_examples=40, deadline=None)
@given(
    rows=EDGES, k=st.integers(1, 5), kind=st.none() | st.integers(0, 2), order=st.sampled_from(["uniform", "recency"])
)
def test_drawn_neighbours_are_some_of_brute_force_and_none_twice(rows, k, kind, order):
    half_life = 2.0 if order == "recency" else None
    found = neighbours_before(made(rows), *ASKED, k, kind=kind, order=order, half_life=half_life, seed=3)
    for row, (node, time) in enumerate(QUESTIONS):
        able = brute(rows, node, time, kind)
        drawn = answers(found, row)
        kept = found.edges[row][found.edges[row] >= 0]
        assert len(drawn) == min(k, len(able))
        assert len(set(kept.tolist())) == len(kept)
        assert all(drawn.count(one) <= able.count(one) for one in drawn)


@settings(max_examples=40, deadline=None)
@given(rows=EDGES, size=st.integers(1, 6))
def test_a_stream_answers_as_the_whole_graph_does(rows, size):
    rows = sorted(rows, key=lambda row: row[2])
    stream = NeighbourStream(N, size)
    for time in range(6):
        part = np.array([row[:3] for row in rows if row[2] == time], np.int64).reshape(-1, 3)
        asked = np.arange(N), np.full(N, time)
        found = stream.before(*asked, k=size)
        whole = neighbours_before(made(rows), *asked, size)
        for one in ("nodes", "times", "edges"):
            np.testing.assert_array_equal(getattr(found, one), getattr(whole, one))
        stream.append(part[:, 0], part[:, 1], part[:, 2])


def test_uniform_draws_are_even_and_recent_ones_follow_the_half_life():
    graph = from_edges(np.zeros(4, int), np.arange(1, 5), np.arange(4), (NodeKind("node", 0, 5),))
    asked = np.zeros(20_000, int), np.full(20_000, 4)
    even = np.bincount(neighbours_before(graph, *asked, 1, order="uniform").nodes[:, 0], minlength=5)[1:]
    assert abs(even / 20_000 - 0.25).max() < 0.02
    recent = np.bincount(neighbours_before(graph, *asked, 1, order="recency", half_life=1.0).nodes[:, 0], minlength=5)[
        1:
    ]
    np.testing.assert_allclose(recent / 20_000, np.array([1, 2, 4, 8]) / 15, atol=0.02)


def test_a_draw_depends_on_the_seed_and_its_row_alone():
    rng = np.random.default_rng(0)
    graph = from_edges(rng.integers(0, 5, 500), rng.integers(5, 20, 500), np.arange(500), (NodeKind("node", 0, 20),))
    asked = rng.integers(0, 20, 9000), rng.integers(0, 500, 9000)
    many, few = (
        neighbours_before(graph, *asked, 3, order="uniform"),
        neighbours_before(graph, asked[0][:100], asked[1][:100], 3, order="uniform"),
    )
    np.testing.assert_array_equal(many.edges[:100], few.edges)
    other = neighbours_before(graph, *asked, 3, order="uniform", seed=1)
    assert (many.edges != other.edges).any()


def test_a_log_becomes_users_items_categories_and_places():
    catalogue = Catalogue(pa.table({
        "category": ["a", "a", None], "lat": [1.0, 1.0, None], "lon": [2.0, 3.0, None],
    }))  # fmt: skip
    from dataclasses import replace

    log = replace(from_lists([[0, 1, 0], [2]], 3, times=[[5, 9, 12], [7]], behaviors=[[0, 1, 0], [1]], n_behaviors=2),
                  catalogue=catalogue)  # fmt: skip
    graph = behavior_graph(log, to=("item", "category", "place"))
    assert [(one.name, one.start, one.stop) for one in graph.nodes] == [
        ("user", 0, 2), ("item", 2, 5), ("category", 5, 6), ("place", 6, 8),
    ]  # fmt: skip
    assert len(graph) == 4 + 3 + 3
    assert behavior_graph(log).kinds.tolist() == [0, 1, 1, 0]
    found = neighbours_before(graph, np.array([0]), np.array([12]), 9)
    assert sorted(found.nodes[0][found.nodes[0] >= 0].tolist()) == [2, 3, 5, 5, 6, 7]
    with pytest.raises(SchemaError, match="no category of any item"):
        behavior_graph(replace(log, catalogue=None), to=("category",))
    with pytest.raises(UsageError, match="'item'"):
        behavior_graph(log, to=("itm",))


def test_an_ordered_log_is_a_graph_of_places_in_histories():
    graph = behavior_graph(from_lists([[0, 1], [1]], 2))
    assert graph.times.tolist() == [0, 0, 1]


def test_slices_and_snapshots_hold_every_edge_once():
    rng = np.random.default_rng(1)
    graph = from_edges(rng.integers(0, 3, 60), rng.integers(3, 6, 60), rng.integers(0, 20, 60), NODES)
    parts = list(snapshots(graph, 7))
    assert sum(len(part) for _, part in parts) == 60
    assert all(start <= part.times.min() and part.times.max() < start + 7 for start, part in parts)
    table = growth(graph, 7).to_pydict()
    assert sum(table["edges"]) == 60
    assert table["nodes"][-1] == len(set(graph.sources.tolist()) | set(graph.targets.tolist()))
    assert table["pairs"][-1] == len(set(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)))
    assert growth(graph.between(99, 100), 7).num_rows == 0


def test_events_follow_each_other_at_the_nodes_they_share():
    graph = from_edges(np.array([0, 1, 0]), np.array([3, 3, 4]), np.array([1, 2, 3]), NODES)
    assert sorted(zip(*(one.tolist() for one in event_chain(graph)), strict=True)) == [(0, 1), (0, 2)]


def test_exports_hold_the_same_edges():
    weights = np.array([np.nan, 2.5], np.float32)
    graph = from_edges(np.array([0, 1]), np.array([3, 4]), np.array([9, 4]), NODES, np.array([1, 0]), weights)
    tensors = as_tensors(graph)
    assert tensors["src"].tolist() == [1, 0]
    assert tensors["t"].tolist() == [4, 9]
    assert tensors["msg"][0].tolist() == [0.0, 2.5]
    networkx = pytest.importorskip("networkx", reason="the extra 'graphs' is not installed")
    made = to_networkx(graph)
    assert isinstance(made, networkx.MultiDiGraph)
    assert sorted(made.edges(data=True)) == [
        (0, 3, {"time": 9, "type": 1}), (1, 4, {"time": 4, "type": 0, "weight": 2.5}),
    ]  # fmt: skip
    assert made.nodes[4]["kind"] == "item"


def test_pytorch_geometric_takes_the_graph():
    pytest.importorskip("torch_geometric", reason="the extra 'graphs' is not installed")
    graph = from_edges(np.array([0, 1]), np.array([3, 4]), np.array([9, 4]), NODES)
    data = to_temporal_data(graph)
    assert (data.num_events, data.dst.tolist(), data.t.tolist()) == (2, [4, 3], [4, 9])


def test_memory_stays_within_64_bytes_an_event():
    rng = np.random.default_rng(0)
    n = 50_000
    graph = from_edges(
        rng.integers(0, 500, n), rng.integers(500, 900, n), np.arange(n), (NodeKind("node", 0, 900),), None,
        rng.random(n).astype(np.float32),
    )  # fmt: skip
    assert graph.bytes_per_edge <= 64


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda g: neighbours_before(g, np.array([9]), np.array([1]), 2), "node 9"),
        (lambda g: neighbours_before(g, np.array([0]), np.array([1]), 0), "k must be at least 1"),
        (lambda g: neighbours_before(g, np.array([0]), np.array([1, 2]), 2), "as many nodes as times"),
        (lambda g: neighbours_before(g, np.array([0]), np.array([1]), 2, order="latst"), "latest"),
        (lambda g: neighbours_before(g, np.array([0]), np.array([1]), 2, order="recency"), "half_life"),
        (lambda g: neighbours_before(g, np.array([0]), np.array([1]), 2, window=0), "window"),
        (lambda g: from_edges(np.array([0]), np.array([7]), np.array([0]), NODES), "number 7"),
        (lambda g: from_edges(np.array([0]), np.array([3, 4]), np.array([0]), NODES), "1, 2, 1"),
        (lambda g: g.kind("itm"), "'item'"),
        (lambda g: growth(g, 0), "width"),
        (lambda g: NeighbourStream(2, 0), "at least 1 node"),
        (lambda g: NeighbourStream(2, 1).append([0], [1], [5]).append([0], [1], [4]), "forward in time"),
        (lambda g: NeighbourStream(2, 1).append([0], [2], [5]), "node 2"),
        (lambda g: NeighbourStream(2, 1).before([0], [2], 2), "size of a ring"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(call, said):
    with pytest.raises(UsageError, match=said):
        call(made([(0, 3, 1, 0)]))
