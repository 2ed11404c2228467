"""Neighbours sampled a second beside PyTorch Geometric's LastNeighborLoader, and a graph of 10^7 events.

python benchmarks/temporal/neighbours.py [--events 10000000] [--questions 1000000]

Wiki: the 157,474 edits of tgbl-wiki, both ends of each asked for their ten latest neighbours, 200 events at a time, as
training a temporal graph network would; the peer's loader does the same in the same run. Big: users drawn with a heavy
tail, a billion seconds of time.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from swayline.dataset.adjacency import NeighbourStream, NodeKind, from_edges, growth, neighbours_before

WIKI = Path(__file__).parents[2] / "../shared/data/tgbl-wiki/ml_wikipedia.txt"
K, BATCH = 10, 200


def timed(work):
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def wiki() -> None:
    users, pages, times = np.loadtxt(WIKI, dtype=np.int64).T
    n = int(max(users.max(), pages.max())) + 1
    graph = from_edges(users, pages, times, (NodeKind("node", 0, n),))
    ends, moments = np.stack([users, pages], 1).ravel(), np.repeat(times, 2)
    for order in ("latest", "uniform", "recency"):
        half_life = 86_400.0 if order == "recency" else None
        ask = lambda: neighbours_before(graph, ends, moments, K, order=order, half_life=half_life)  # noqa: B023, E731
        ask()
        seconds, found = timed(ask)
        n_found = int((found.edges >= 0).sum())
        print(
            f"wiki {order:8s} all at once   {n_found:>10,} neighbours {seconds:7.3f} s {n_found / seconds / 1e6:8.1f} M a second"
        )

    def stream():
        ring, total = NeighbourStream(n, K), 0
        for at in range(0, len(users), BATCH):
            part = slice(at, at + BATCH)
            asked = np.concatenate([users[part], pages[part]])
            total += int((ring.before(asked, np.repeat(times[at], len(asked)), K).edges >= 0).sum())
            ring.append(users[part], pages[part], times[part])
        return total

    stream()
    seconds, total = timed(stream)
    print(
        f"wiki ring, {BATCH} events a step  {total:>10,} neighbours {seconds:7.3f} s {total / seconds / 1e6:8.1f} M a second"
    )
    try:
        import torch
        from torch_geometric.nn.models.tgn import LastNeighborLoader
    except ImportError as error:
        print(f"peer: {error}")
        return
    loader = LastNeighborLoader(n, size=K)
    src, dst = torch.from_numpy(users), torch.from_numpy(pages)

    def peer():
        total = 0
        loader.reset_state()
        for at in range(0, len(users), BATCH):
            part = slice(at, at + BATCH)
            _, edges, _ = loader(torch.cat([src[part], dst[part]]).unique())
            total += edges.shape[1]
            loader.insert(src[part], dst[part])
        return total

    seconds, total = timed(peer)
    print(
        f"wiki LastNeighborLoader      {total:>10,} neighbours {seconds:7.3f} s {total / seconds / 1e6:8.1f} M a second (each node once a step)"
    )


def big(n_events: int, n_questions: int) -> None:
    rng = np.random.default_rng(0)
    n_users, n_items = max(100, n_events // 50), max(100, n_events // 200)
    users = (n_users * rng.random(n_events) ** 2).astype(np.int32)
    items = (n_users + n_items * rng.random(n_events) ** 3).astype(np.int32)
    times = np.sort(rng.integers(0, 10**15, n_events))
    nodes = (NodeKind("user", 0, n_users), NodeKind("item", n_users, n_users + n_items))
    weights = rng.random(n_events).astype(np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, graph = timed(lambda: from_edges(users, items, times, nodes, None, weights))
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / n_events
    print(
        f"{n_events:,} events: built in {seconds:.2f} s, {graph.bytes_per_edge:.1f} bytes an event held, {peak:.1f} more at the peak than the columns"
    )
    sliced, part = timed(lambda: graph.between(4 * 10**14, 5 * 10**14))
    grown, table = timed(lambda: growth(graph, 10**13))
    print(
        f"  a tenth sliced in {sliced:.2f} s ({len(part):,} events), growth in {table.num_rows} steps in {grown:.2f} s"
    )
    asked, moments = rng.integers(0, graph.n_nodes, n_questions), rng.integers(0, 10**15, n_questions)
    for order in ("latest", "uniform", "recency"):
        half_life = 1e13 if order == "recency" else None
        seconds, found = timed(lambda: neighbours_before(graph, asked, moments, K, order=order, half_life=half_life))  # noqa: B023
        n_found = int((found.edges >= 0).sum())
        print(f"  {order:8s} {n_found:>10,} neighbours {seconds:7.3f} s {n_found / seconds / 1e6:8.1f} M a second")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--questions", type=int, default=1_000_000)
    arguments = parser.parse_args()
    wiki()
    for size in arguments.events:
        big(size, arguments.questions)
