"""Seeds and cascades: NetHEPT's spread by independent simulations, a graph of a million arcs, cascades a second.

python benchmarks/diffusion/seeds.py --data ../shared/data --peer-python PATH   (a Python with cynetdiff, ndlib, six)
"""

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from swayline.influence.diffusion import choose_seeds, make_graph, simulate

CYNETDIFF = """
import sys, time, numpy as np, networkx as nx
from cynetdiff.utils import networkx_to_ic_model
a = np.load(sys.argv[1]); seeds = a["seeds"].tolist(); g = nx.DiGraph(); g.add_nodes_from(range(int(a["n"])))
g.add_weighted_edges_from(zip(a["source"].tolist(), a["target"].tolist(), a["p"].tolist()), weight="activation_prob")
model, *_ = networkx_to_ic_model(g)
model.set_seeds(seeds)
runs, total, start, cpu = 2000, 0, time.perf_counter(), time.process_time()
for _ in range(runs):
    model.reset_model(); model.advance_until_completion(); total += model.get_num_activated_nodes()
wall, cpu = time.perf_counter() - start, time.process_time() - cpu
print(f"cynetdiff {runs / wall:.0f} {runs / cpu:.0f} {total / runs:.1f}")
"""
NDLIB = """
import sys, time, numpy as np, networkx as nx
import ndlib.models.ModelConfig as mc, ndlib.models.epidemics as ep
a = np.load(sys.argv[1]); seeds = a["seeds"].tolist(); g = nx.DiGraph(); g.add_nodes_from(range(int(a["n"])))
g.add_edges_from(zip(a["source"].tolist(), a["target"].tolist()))
runs, total, start, cpu = 10, 0, time.perf_counter(), time.process_time()
for _ in range(runs):
    model = ep.IndependentCascadesModel(g); config = mc.Configuration()
    config.add_model_initial_configuration("Infected", seeds)
    for e, p in zip(zip(a["source"].tolist(), a["target"].tolist()), a["p"].tolist()):
        config.add_edge_configuration("threshold", e, p)
    model.set_initial_status(config)
    while True:
        step = model.iteration()
        if step["node_count"][1] == 0: break
    total += step["node_count"][2]
print(f"ndlib {runs / (time.perf_counter() - start):.1f} {runs / (time.process_time() - cpu):.1f} {total / runs:.1f}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--peer-python", default=os.environ.get("SWAYLINE_PEER_PYTHON"))
    options = parser.parse_args()
    rows = np.loadtxt(options.data / "nethept/graph.txt", skiprows=1)
    source, target, p = rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, 2]
    graph = make_graph(source, target, p, 15233)
    choose_seeds(graph, 1, max_sets=1000)
    simulate(graph, np.array([0]), runs=10)
    for seed in range(3):
        seeds, wall, cpu = timed(lambda seed=seed: choose_seeds(graph, 50, seed=seed))
        reach, _, _ = timed(lambda seeds=seeds: simulate(graph, seeds.nodes, runs=100_000, seed=1000))
        low, high = reach.interval
        print(
            f"nethept k=50 seed {seed}: {wall:.2f} s wall, {cpu:.2f} s CPU, {seeds.n_sets:,} sets; "
            f"spread {reach.mean:.1f} ({low:.1f} to {high:.1f}) by 100,000 simulations; "
            f"surely at least {seeds.low:.0f} and {seeds.guarantee:.3f} of the best",
            flush=True,
        )
    reach, wall, cpu = timed(lambda: simulate(graph, seeds.nodes, runs=20_000))
    print(
        f"cascades from those seeds: swayline {20_000 / wall:.0f} a second wall, "
        f"{20_000 / cpu:.0f} a CPU second, mean {reach.mean:.1f}"
    )
    if options.peer_python:
        peers(options.peer_python, graph, seeds.nodes)
    million()


def timed(step):
    wall, cpu = time.perf_counter(), time.process_time()
    result = step()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def peers(python: str, graph, seeds: np.ndarray) -> None:
    source, target = graph.sources_and_targets()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.npz"
        np.savez(path, source=source, target=target, p=graph.out_p.astype(float), n=graph.n, seeds=seeds)
        for code in (CYNETDIFF, NDLIB):
            done = subprocess.run(
                [python, "-W", "ignore", "-c", code, str(path)], capture_output=True, text=True, timeout=300
            )
            print(f"peer (a second wall, a CPU second, mean): {done.stdout.strip() or done.stderr[-200:]}", flush=True)


def million() -> None:
    """200,000 people, a million arcs with skewed degrees, weighted cascade (one over the arcs in)."""
    rng = np.random.default_rng(0)
    n, arcs = 200_000, 1_000_000
    source = (n * rng.random(arcs) ** 2.5).astype(int)
    target = rng.integers(0, n, arcs)
    graph = make_graph(source, target, 1.0 / np.bincount(target, minlength=n)[target], n)
    seeds, wall, cpu = timed(lambda: choose_seeds(graph, 50))
    print(
        f"{graph.arcs:,} arcs, k=50: {wall:.1f} s wall, {cpu:.1f} s CPU, {seeds.n_sets:,} sets, "
        f"spread {seeds.spread[-1]:.0f}, surely {seeds.guarantee:.3f} of the best"
    )


if __name__ == "__main__":
    main()
