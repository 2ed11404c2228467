import itertools

import numpy as np
import pytest

from swayline.causal.effect import estimate_effect
from swayline.causal.identify.discover import EDGES
from swayline.causal.identify.graph import CausalGraph, adjust, read_graph
from swayline.core.errors import UsageError


@pytest.mark.parametrize(
    "written",
    [
        "age -> cart -> purchase\nage -> purchase",
        "age -> cart; cart -> purchase; purchase <- age",
        'digraph g { age [shape=box]; "age" -> cart [label="x"]; cart -> purchase; age -> purchase; }',
        [("age", "cart"), ("cart", "purchase"), ("age", "purchase")],
    ],
)
def test_a_graph_is_read_from_text_dot_and_pairs_alike(written):
    edges = {("age", "cart"), ("cart", "purchase"), ("age", "purchase")}
    assert read_graph(written).edges == edges


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("age cart", "no edge"),
        ("", "no edge"),
        ("a -> b; b -> a", "cycle"),
        ("a -> a", "cannot cause itself"),
        (7, "a graph is text"),
        ([("a",)], "a graph is text"),
    ],
)
def test_what_is_no_graph_is_refused(written, words):
    with pytest.raises(UsageError, match=words):
        read_graph(written)


def test_a_common_cause_is_adjusted_for_and_a_mediator_or_a_collider_is_not():
    graph = read_graph("age -> t -> m -> y; age -> y; t -> c; y -> c; far -> y")
    found = adjust(graph, "t", "y", ["age", "m", "c", "far", "other"])
    assert found.controls == ("age", "far")
    assert found.mediators == ("m",)


def test_an_unmeasured_common_cause_leaves_the_door_open():
    for written in ("u -> t; u -> y; t -> y; x -> t", "t <-> y; t -> y; x -> t"):
        found = adjust(read_graph(written), "t", "y", ["x"])
        assert found.controls is None
        assert "no measured columns close every back door" in found.why
        assert dict(found.instruments) == {"x": ()}


def test_an_instrument_may_need_controls_and_must_not_reach_the_outcome_otherwise():
    graph = read_graph("w -> z; w -> y; z -> t -> y; t <-> y; bad -> t; bad -> y")
    assert dict(adjust(graph, "t", "y", ["w", "z", "bad"]).instruments) == {"z": ("bad", "w")}


def test_a_proxy_closes_a_door_that_its_cause_would():
    found = adjust(read_graph("u -> p -> t; u -> y; t -> y"), "t", "y", ["p"])
    assert found.controls == ("p",)


def test_open_directions_are_tried_both_ways():
    safe = read_graph([("a", "t"), ("a", "y"), ("t", "y")])
    loose = CausalGraph(safe.edges, frozenset({("b", "a")}))
    assert adjust(loose, "t", "y", ["a", "b"]).controls == ("a",)
    either = CausalGraph(frozenset({("c", "y"), ("t", "y")}), frozenset({("c", "t")}))
    assert adjust(either, "t", "y", ["c"]).controls is None


def test_separation_agrees_with_networkx():
    networkx = pytest.importorskip("networkx", reason="needs the causal extra")
    rng = np.random.default_rng(0)
    names = list("abcdef")
    for _ in range(60):
        order = rng.permutation(names)
        edges = [(a, b) for a, b in itertools.combinations(order, 2) if rng.random() < 0.4]
        if not edges:
            continue
        graph = CausalGraph(frozenset((str(a), str(b)) for a, b in edges))
        theirs = networkx.DiGraph()
        theirs.add_nodes_from(names)
        theirs.add_edges_from(edges)
        given = {str(v) for v in rng.choice(order[2:], size=2, replace=False)}
        left, right = str(order[0]), str(order[1])
        assert graph.separated([left], [right], given) == networkx.is_d_separator(theirs, {left}, {right}, given)


def world(seed, n=2000):
    rng = np.random.default_rng(seed)
    age, noise = rng.normal(size=(2, n))
    t = rng.random(n) < 1 / (1 + np.exp(-age))
    m = t + rng.normal(size=n)
    y = m + age + rng.normal(size=n)
    return {"age": age, "t": t, "m": m, "y": y, "after": y + t + rng.normal(size=n), "noise": noise}


def test_the_graph_keeps_mediators_and_what_comes_after_out_of_the_controls():
    graph = "age -> t; age -> y; t -> m -> y; t -> after; y -> after"
    table = world(0)
    by_graph = estimate_effect(table, "t", "y", graph=graph, learner="linear")
    blind = estimate_effect(table, "t", "y", learner="linear")
    assert abs(by_graph.estimate.value - 1) < 0.3
    assert abs(blind.estimate.value - 1) > 0.5
    assert by_graph.identified == "assumed"
    assert "adjusting for age closes every back door" in by_graph.ledger.to_pylist()[-2]["assumptions"]


def test_a_door_that_stays_open_makes_the_verdict_no():
    found = estimate_effect(
        world(1), "t", "y", ["noise"], graph="age -> t; age -> y; t -> y; noise -> y", learner="linear"
    )
    assert found.identified == "no"
    assert "not measured: age" in found.arms[0].reason


def test_a_discovered_graph_serves_as_a_declared_one():
    import pyarrow as pa

    rows = [("age", "t"), ("age", "y"), ("t", "m"), ("m", "y")]
    table = pa.Table.from_pylist(
        [{"source": a, "target": b, "lag": 0, "confidence": 1.0, "oriented": 0.9} for a, b in rows], schema=EDGES
    )
    found = estimate_effect(world(2), "t", "y", ["age", "m"], graph=table, learner="linear")
    assert found.encoder.controls == ("age",)


def test_the_chosen_set_is_valid_by_the_rule_of_paths():
    """In random graphs: given the set, no path into the treatment connects it to the outcome; none exists where None."""
    networkx = pytest.importorskip("networkx", reason="needs the causal extra")
    rng = np.random.default_rng(1)
    names, found = list("abcdefg"), 0
    for _ in range(120):
        order = [str(v) for v in rng.permutation(names)]
        edges = {(a, b) for a, b in itertools.combinations(order, 2) if rng.random() < 0.35}
        treatment, outcome = order[2], order[5]
        measured = [name for name in names if name not in (treatment, outcome) and rng.random() < 0.7]
        graph = CausalGraph(frozenset(edges))
        if not {treatment, outcome} <= graph.nodes or outcome not in graph.descendants([treatment]):
            continue
        chosen = adjust(graph, treatment, outcome, measured).controls
        after = graph.descendants([treatment])
        theirs = networkx.DiGraph([edge for edge in edges if edge[0] != treatment])
        theirs.add_nodes_from(names)
        safe = [name for name in measured if name not in after]
        possible = any(
            networkx.is_d_separator(theirs, {treatment}, {outcome}, set(some))
            for size in range(len(safe) + 1)
            for some in itertools.combinations(safe, size)
        )
        assert (chosen is not None) == possible
        if chosen is not None:
            assert networkx.is_d_separator(theirs, {treatment}, {outcome}, set(chosen))
            found += 1
    assert found > 20
