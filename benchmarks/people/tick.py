"""Recovering a sparse network from events alone, beside tick's Hawkes learners, on tick's own kind of data.

python benchmarks/people/tick.py --sizes 10 50 200 2000 --peer-python PATH   (a Python with tick and numpydoc)
python benchmarks/people/tick.py --sizes 50 --rounds 7 --peers SumExp --peer-python PATH

Every round times ours and then each peer, so that a busy machine is busy for all of them; shown are medians. Both get
the same arrays, each person's acts sorted in time, and both have done a small world before the clock starts. Worlds: every person is swayed by 3 others, exponential delays of mean .25, spectral radius .6, immigrants at .5 a
person and unit of time; all learners know the mean delay. CPU seconds are beside wall time, for machines that are not
idle. Error: relative Frobenius distance of the branching matrix.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DELAY = 0.25
PEER = """
import json, sys, time
import numpy as np
from tick.hawkes import HawkesADM4, HawkesExpKern, HawkesSumExpKern
def read(path):
    data = np.load(path)
    return [data["time"][data["person"] == i] for i in range(int(data["n"]))]
for name, path in [(one, file) for one in sys.argv[3:] for file in sys.argv[1:3]]:
    events = read(path)
    start, cpu = time.perf_counter(), time.process_time()
    try:
        if name == "ADM4":
            learner = HawkesADM4(4.0, C=1e3, lasso_nuclear_ratio=1.0, n_threads=2)
            learner.fit(events); matrix = learner.adjacency
        elif name == "ExpKern":
            learner = HawkesExpKern(4.0, penalty="l1", C=1e3, solver="agd")
            learner.fit(events); matrix = learner.adjacency
        else:
            learner = HawkesSumExpKern(np.array([2.0, 4.0, 8.0]), penalty="l1", C=1e3)
            learner.fit(events); matrix = learner.adjacency.sum(axis=2)
        row = {"name": name, "seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
        if path == sys.argv[2]:
            print(json.dumps(row | {"matrix": np.asarray(matrix).tolist()}), flush=True)
    except Exception as error:
        print(json.dumps({"name": name, "failed": f"{type(error).__name__}: {error}"}), flush=True)
"""


def make_world(n: int, per_person: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Person, time, branching matrix (target, source), span."""
    rng = np.random.default_rng(seed)
    matrix = np.zeros((n, n))
    for i in range(n):
        sources = rng.choice([j for j in range(n) if j != i], min(3, n - 1), replace=False)
        matrix[i, sources] = rng.uniform(0.5, 1.5, len(sources))
    matrix *= 0.6 / np.abs(np.linalg.eigvals(matrix)).max() if n <= 500 else 0.6 / 3.0
    span = per_person / (0.5 / 0.4)
    person = np.repeat(np.arange(n), rng.poisson(0.5 * span, n))
    when = rng.uniform(0, span, len(person))
    people, times = [person], [when]
    while len(person):
        children, later = [], []
        for i, j in zip(*np.nonzero(matrix), strict=True):
            parents = when[person == j] if n <= 200 else None
            if parents is None:
                continue
            born = rng.poisson(matrix[i, j], len(parents))
            children.append(np.full(born.sum(), i))
            later.append(np.repeat(parents, born) + rng.exponential(DELAY, born.sum()))
        if n > 200:
            children, later = _children(rng, matrix, person, when)
        person, when = np.concatenate(children), np.concatenate(later)
        person, when = person[when < span], when[when < span]
        people.append(person)
        times.append(when)
    return np.concatenate(people), np.concatenate(times), matrix, span


def _children(rng, matrix, person, when):
    order = np.argsort(person, kind="stable")
    person, when = person[order], when[order]
    edge = np.searchsorted(person, np.arange(len(matrix) + 1))
    children, later = [], []
    for i, j in zip(*np.nonzero(matrix), strict=True):
        parents = when[edge[j] : edge[j + 1]]
        born = rng.poisson(matrix[i, j], len(parents))
        children.append(np.full(born.sum(), i))
        later.append(np.repeat(parents, born) + rng.exponential(DELAY, born.sum()))
    return children, later


def ours(person: np.ndarray, when: np.ndarray, n: int, span: float) -> tuple[float, float, np.ndarray]:
    from swayline.influence.network.acts import make_acts
    from swayline.influence.network.discover import discover_ties
    from swayline.influence.network.fit.kernels import exponential

    def run() -> np.ndarray:
        acts = make_acts(person, when, n, 0.0, span)
        found = discover_ties(
            acts, kernel=exponential(DELAY), rhythm=False, own_past=False, interval="information", placebo=False
        )
        matrix = np.zeros((n, n))
        matrix[found.fit.ties.target, found.fit.ties.source] = found.fit.x_tie
        return matrix

    start, cpu = time.perf_counter(), time.process_time()
    matrix = run()
    return time.perf_counter() - start, time.process_time() - cpu, matrix


def auc(score: np.ndarray, truth: np.ndarray) -> float:
    from scipy.stats import rankdata

    off = ~np.eye(len(truth), dtype=bool)
    rank, sways = rankdata(score[off]), truth[off] > 0
    n, m = sways.sum(), (~sways).sum()
    return float((rank[sways].sum() - n * (n + 1) / 2) / (n * m))


def show(n: int, events: int, name: str, rounds: list[tuple[float, float, np.ndarray]], truth: np.ndarray) -> None:
    seconds, cpu = (float(np.median([one[at] for one in rounds])) for at in (0, 1))
    matrix = rounds[-1][2]
    error = np.linalg.norm(matrix - truth) / np.linalg.norm(truth)
    print(
        f"{n:>6}{events:>9}  {name:<10}{len(rounds):>7}{seconds:>9.3f}{cpu:>9.3f}{error:>8.3f}{auc(matrix, truth):>8.4f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 50, 200, 2000])
    parser.add_argument("--per-person", type=float, default=1300.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peers", nargs="+", default=["SumExp", "ExpKern", "ADM4"])
    parser.add_argument("--peer-python", default=os.environ.get("SWAYLINE_PEER_PYTHON"))
    parser.add_argument("--peer-seconds", type=float, default=120.0)
    options = parser.parse_args()
    small = sorted_world(5, 50.0, 1)
    print(
        f"{'people':>6}{'events':>9}  {'learner':<10}{'rounds':>7}{'seconds':>9}{'cpu s':>9}{'error':>8}{'AUC':>8}",
        flush=True,
    )
    for n in options.sizes:
        person, when, truth, span = sorted_world(n, options.per_person, 0)
        done: dict[str, list[tuple[float, float, np.ndarray]]] = {"swayline": []}
        failed: dict[str, str] = {}
        with tempfile.TemporaryDirectory() as folder:
            for name, world in (("small", small), ("world", (person, when, truth, span))):
                np.savez(Path(folder) / f"{name}.npz", person=world[0], time=world[1], n=len(world[2]))
            for _ in range(options.rounds):
                ours(small[0], small[1], 5, small[3])
                done["swayline"].append(ours(person, when, n, span))
                for name in options.peers if options.peer_python else []:
                    if name not in failed:
                        peer(options, Path(folder), name, done, failed)
        for name, rounds in done.items():
            show(n, len(when), name, rounds, truth)
        for name, why in failed.items():
            print(f"{n:>6}{len(when):>9}  {name:<10} no result: {why[:80]}", flush=True)


def sorted_world(n: int, per_person: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    person, when, truth, span = make_world(n, per_person, seed)
    order = np.lexsort((when, person))
    return person[order], when[order], truth, span


def peer(options: argparse.Namespace, folder: Path, name: str, done: dict, failed: dict[str, str]) -> None:
    """One round of one peer in a process of its own."""
    command = [options.peer_python, "-W", "ignore", "-c", PEER]
    command += [str(folder / "small.npz"), str(folder / "world.npz"), name]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=options.peer_seconds, check=False)
    except subprocess.TimeoutExpired:
        failed[name] = f"stopped after {options.peer_seconds:.0f} s"
        return
    rows = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    if not rows or "failed" in rows[-1]:
        failed[name] = rows[-1]["failed"] if rows else f"exit {ended.returncode} {ended.stderr.strip()[-60:]}"
        return
    done.setdefault(name, []).append((rows[-1]["seconds"], rows[-1]["cpu"], np.array(rows[-1]["matrix"])))


if __name__ == "__main__":
    sys.exit(main())
