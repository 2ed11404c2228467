import itertools

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import DataError, UsageError
from swayline.influence.diffusion import (
    choose_blocks,
    choose_seeds,
    graph_from_ledger,
    make_graph,
    simulate,
    simulate_acts,
    spread_from_ledger,
)
from swayline.ledger import EffectRow, Figure, ledger


def random_graph(n=12, arcs=30, seed=0, high=0.6):
    rng = np.random.default_rng(seed)
    source, target = rng.integers(0, n, arcs), rng.integers(0, n, arcs)
    return make_graph(source, target, rng.uniform(0.05, high, arcs), n)


def exact_spread(graph, seeds, arcs_limit=14):
    """Expected reach by going through every set of live arcs."""
    source, target = graph.sources_and_targets()
    total = 0.0
    for live in itertools.product([False, True], repeat=graph.arcs):
        chance = np.prod(np.where(live, graph.out_p, 1 - graph.out_p.astype(float)))
        reached = set(seeds)
        while True:
            new = {t for s, t, on in zip(source, target, live, strict=True) if on and s in reached} - reached
            if not new:
                break
            reached |= new
        total += chance * len(reached)
    return total


def test_simulated_reach_is_the_exact_one():
    graph = random_graph(n=6, arcs=11, seed=1)
    reach = simulate(graph, np.array([0, 3]), runs=40_000)
    assert reach.mean == pytest.approx(exact_spread(graph, [0, 3]), abs=0.03)
    assert reach.interval[0] < exact_spread(graph, [0, 3]) < reach.interval[1] + 0.02


def test_linear_threshold_simulation_agrees_with_its_live_arc_form():
    # 0 → 2 (.3), 1 → 2 (.4): 2 follows with probability .7; 2 → 3 (.5).
    graph = make_graph(np.array([0, 1, 2]), np.array([2, 2, 3]), np.array([0.3, 0.4, 0.5]), n=4)
    reach = simulate(graph, np.array([0, 1]), model="linear-threshold", runs=40_000)
    assert reach.mean == pytest.approx(2 + 0.7 + 0.35, abs=0.02)
    assert reach.probability[3] == pytest.approx(0.35, abs=0.02)


@pytest.mark.parametrize("model", ["independent-cascade", "linear-threshold"])
def test_reverse_sets_estimate_the_simulated_reach(model):
    graph = random_graph(n=30, arcs=60, seed=2, high=0.2)
    chosen = choose_seeds(graph, 3, model=model, max_sets=200_000, target=1.0)
    assert chosen.spread[-1] == pytest.approx(simulate(graph, chosen.nodes, model=model, runs=100_000).mean, rel=0.02)


def test_greedy_choice_keeps_its_guarantee():
    graph = random_graph(n=6, arcs=11, seed=3)
    chosen = choose_seeds(graph, 2)
    best = max(exact_spread(graph, pair) for pair in itertools.combinations(range(6), 2))
    reached = exact_spread(graph, chosen.nodes.tolist())
    assert reached >= chosen.guarantee * best - 1e-9
    assert reached >= chosen.low
    assert chosen.guarantee >= 0.95


def test_same_seed_same_choice_whatever_the_cores(monkeypatch):
    graph = random_graph(n=40, arcs=120, seed=4)
    one = choose_seeds(graph, 5, seed=7, max_sets=20_000)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    other = choose_seeds(graph, 5, seed=7, max_sets=20_000)
    assert one.nodes.tolist() == other.nodes.tolist()
    assert one.spread.tolist() == other.spread.tolist()


def test_costs_keep_to_the_budget_and_prefer_the_cheap():
    # Two stars: 0 reaches 10 for 10, 1 and 2 reach 6 each for 1.
    source = np.repeat([0, 1, 2], [10, 6, 6])
    graph = make_graph(source, np.arange(3, 25), np.ones(22), n=25)
    costs = np.full(25, 5.0)
    costs[:3] = [10.0, 1.0, 1.0]
    chosen = choose_seeds(graph, 2.0, costs=costs)
    assert sorted(chosen.nodes.tolist()) == [1, 2]
    assert chosen.spread[-1] == pytest.approx(14.0, rel=0.02)


def test_an_audience_changes_whom_to_start_with():
    source = np.repeat([0, 1], [10, 5])
    graph = make_graph(source, np.arange(2, 17), np.ones(15), n=17)
    weights = np.zeros(17)
    weights[12:] = 1.0
    assert choose_seeds(graph, 1).nodes.tolist() == [0]
    assert choose_seeds(graph, 1, weights=weights).nodes.tolist() == [1]
    assert choose_seeds(graph, 1, weights=weights).spread[0] == pytest.approx(5.0)


def test_a_deadline_cuts_long_chains():
    # 0 → 2 → 3 → … → 11 surely but one step at a time; 1 → six at once.
    chain = np.array([0, *range(2, 11)])
    source, target = np.concatenate([chain, np.full(6, 1)]), np.concatenate([np.arange(2, 12), np.arange(12, 18)])
    graph = make_graph(source, target, np.ones(16), n=18)
    assert choose_seeds(graph, 1).nodes.tolist() == [0]
    soon = choose_seeds(graph, 1, mean_delay_s=1.0, deadline_s=1.0, max_sets=100_000)
    assert soon.nodes.tolist() == [1]
    assert soon.spread[0] == pytest.approx(1 + 6 * (1 - np.exp(-1)), rel=0.05)


def test_acts_of_hawkes_cascades_have_the_branching_mean():
    graph = make_graph(np.array([0, 1]), np.array([1, 0]), np.array([0.3, 0.4]), n=2)
    acts, people = simulate_acts(graph, np.array([0.3, 0.4]), np.array([0]), mean_delay_s=1.0, runs=50_000)
    # One act of 0 brings .3 of 1, each of those .4 of 0, and so on.
    assert acts.mean() == pytest.approx(0.3 * 1.4 / (1 - 0.12), abs=0.02)
    assert people.max() <= 2
    within, _ = simulate_acts(graph, np.array([0.3, 0.0]), np.array([0]), mean_delay_s=1.0, deadline_s=1.0, runs=50_000)
    assert within.mean() == pytest.approx(0.3 * (1 - np.exp(-1)), abs=0.01)


def test_blocks_where_all_paths_meet():
    # 0 → 1 → {2, 3, 4} and 0 → 5: 1 spares four.
    graph = make_graph(np.array([0, 1, 1, 1, 0]), np.array([1, 2, 3, 4, 5]), np.ones(5), n=6)
    blocked, spared = choose_blocks(graph, np.array([0]), 2, runs=50)
    assert blocked.tolist() == [1, 5]
    assert spared.tolist() == [4.0, 1.0]
    assert simulate(graph, np.array([0]), blocked=blocked, runs=10).mean == 1.0


def test_blocking_spares_what_simulation_says():
    graph = random_graph(n=25, arcs=80, seed=5, high=0.5)
    blocked, spared = choose_blocks(graph, np.array([0, 1]), 1, runs=20_000)
    before = simulate(graph, np.array([0, 1]), runs=40_000).mean
    after = simulate(graph, np.array([0, 1]), blocked=blocked, runs=40_000).mean
    assert before - after == pytest.approx(spared[0], abs=0.1)
    others = [simulate(graph, np.array([0, 1]), blocked=np.array([node]), runs=4_000).mean for node in range(2, 25)]
    assert after <= min(others) + 0.15


def rows(estimand, triples):
    return ledger(
        EffectRow(
            cause_kind="user", cause=a, effect_kind="user", effect=b, channel="all", estimand=estimand,
            figure=Figure(value), unit="probability" if estimand != "excitation" else "actions", method="m", n=1,
            evidence="adjusted", identified="assumed", horizon_s=3600.0,
        )
        for a, b, value in triples
    )  # fmt: skip


def test_reads_excitation_and_spread_rows():
    graph, ids = graph_from_ledger(rows("excitation", [("a", "b", 0.5), ("a", "c", None), ("b", "a", 0.0)]))
    assert ids.to_pylist() == ["a", "b", "c"]
    assert graph.out_p.tolist() == pytest.approx([1 - np.exp(-0.5)])
    graph, _ = graph_from_ledger(rows("spread", [("a", "b", 0.5)]))
    assert graph.out_p.tolist() == pytest.approx([0.5])
    with pytest.raises(DataError, match="influence people"):
        graph_from_ledger(rows("peer_effect", [("a", "b", 0.5)]))


def test_writes_rank_user_gain_and_spread():
    table = rows("spread", [("hub", f"u{k}", 0.9) for k in range(8)] + [("u0", "u1", 0.1)])
    found = spread_from_ledger(table, budget=3).table
    assert found.column_names == ["rank", "user", "gain", "spread"]
    assert found.schema.field("user").type == pa.string()
    assert found["rank"].to_pylist() == [1, 2, 3]
    assert found["user"][0].as_py() == "hub"
    assert np.cumsum(found["gain"].to_numpy()) == pytest.approx(found["spread"].to_numpy())
    assert len(spread_from_ledger(table, budget=50).table) == 9


def test_refuses_misuse():
    graph = random_graph()
    for settings, word in (
        ({"budget": 0}, "budget"),
        ({"budget": 1, "model": "independent"}, "independent-cascade"),
        ({"budget": 1, "deadline_s": 5.0}, "mean delay"),
        ({"budget": 1, "target": 1.5}, "target"),
        ({"budget": 1, "costs": np.full(12, 9.0)}, "nobody"),
    ):
        with pytest.raises(UsageError, match=word):
            choose_seeds(graph, **settings)
    with pytest.raises(UsageError, match="linear threshold"):
        choose_seeds(
            make_graph(np.array([0, 1]), np.array([2, 2]), np.array([0.9, 0.9]), 3), 1, model="linear-threshold"
        )
    with pytest.raises(UsageError, match="probabilities"):
        make_graph(np.array([0]), np.array([1]), np.array([1.5]), 2)
    with pytest.raises(UsageError, match="nodes outside"):
        make_graph(np.array([0]), np.array([7]), np.array([0.5]), 2)
