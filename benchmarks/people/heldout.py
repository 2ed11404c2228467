"""Held-out log-likelihood per act on real logs: Poisson, seasonal Poisson, Hawkes without and with ties, and tick.

python benchmarks/people/heldout.py --data ../shared/data
python benchmarks/people/heldout.py --top 100 --peer-python PATH    (a Python with tick and numpydoc)

The last fifth of each span is held out; everything is learned from the first four fifths, histories run on. Nats per
act, time in hours. Several items of a person at one moment are one act. People with five acts and more before the cut.
tick's learners know nothing of ties and take all pairs, which is more than they can do for hundreds of people: with
``--top`` everybody is left out but the most active. Its ExpKern and ADM4 are fitted with three delays and two penalties each, and
the best *on the held-out part* is shown, which favours it; intensities of zero are lifted to a hundredth of the mean rate.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from swayline.influence.network.acts import Acts, make_acts, make_ties
from swayline.influence.network.fit.goodness import held_out_log_likelihood
from swayline.influence.network.fit.hawkes import Solving, fit_hawkes
from swayline.influence.network.fit.kernels import exponential
from swayline.influence.network.fit.model import HawkesFit

NONE = np.zeros(0, np.int64)
PEER = """
import json, sys
import numpy as np
from tick.hawkes import HawkesADM4, HawkesExpKern
data = np.load(sys.argv[1])
n = int(data["n"])
events = [data["time"][data["person"] == i] for i in range(n)]
for delay in (1.0, 24.0, 168.0):
    for name, C in (("ExpKern", 1e2), ("ExpKern", 1e4), ("ADM4", 1e2), ("ADM4", 1e4)):
        if name == "ADM4":
            learner = HawkesADM4(1 / delay, C=C, lasso_nuclear_ratio=1.0)
        else:
            learner = HawkesExpKern(1 / delay, penalty="l1", C=C, solver="agd")
        try:
            learner.fit(events)
        except ZeroDivisionError:  # its accelerated descent divides by an objective of zero on some logs
            continue
        row = {"name": name, "delay": delay, "C": C, "mu": learner.baseline.tolist(), "a": learner.adjacency.tolist()}
        print(json.dumps(row), flush=True)
"""


def ciao(data: Path):
    rows, trust = np.loadtxt(data / "ciao/ratings.txt"), np.loadtxt(data / "ciao/trust.txt").astype(int)
    return rows[:, 0].astype(int), rows[:, 5], trust[:, 1], trust[:, 0]


def gowalla(data: Path):
    rows, friends = np.loadtxt(data / "gowalla/checkins.txt"), np.loadtxt(data / "gowalla/friends.txt").astype(int)
    both = np.concatenate([friends, friends[:, ::-1]])
    return rows[:, 0].astype(int), rows[:, 2], both[:, 0], both[:, 1]


def lastfm(data: Path):
    rows = np.loadtxt(data / "lastfm-2k/user_taggedartists.dat", skiprows=1, dtype=int)
    rows = rows[rows[:, 5] >= 2005]
    months = (rows[:, 5] - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (rows[:, 4] - 1)
    friends = np.loadtxt(data / "lastfm-2k/user_friends.dat", skiprows=1, dtype=int)
    return rows[:, 0], months.astype("datetime64[s]").astype(np.int64).astype(float), friends[:, 0], friends[:, 1]


def prepare(person, time_s, source, target, share: float):
    """Acts of people with five and more before the cut, their ties, and the cut."""
    moments = np.unique(np.stack([person.astype(float), time_s]), axis=1)
    person, time_s = moments[0].astype(int), moments[1]
    cut = np.floor((time_s.min() + share * np.ptp(time_s)) / 86400) * 86400
    counts = np.bincount(person[time_s < cut], minlength=max(person.max(), source.max(), target.max()) + 1)
    row = np.full(len(counts), -1)
    row[counts >= 5] = np.arange((counts >= 5).sum())
    kept, tied = row[person] >= 0, (row[source] >= 0) & (row[target] >= 0)
    people = int((counts >= 5).sum())
    acts = make_acts(row[person[kept]], time_s[kept], people)
    return acts, make_ties(row[source[tied]], row[target[tied]], people), cut


def busiest(acts: Acts, ties, cut: float, top: int):
    """The log of the most active people alone."""
    before = np.bincount(acts.person[acts.times < cut - acts.start_s], minlength=acts.people)
    chosen = np.sort(np.argsort(-before, kind="stable")[:top])
    row = np.full(acts.people, -1)
    row[chosen] = np.arange(len(chosen))
    kept, tied = row[acts.person] >= 0, (row[ties.source] >= 0) & (row[ties.target] >= 0)
    few = make_acts(row[acts.person[kept]], acts.times[kept] + acts.start_s, len(chosen), acts.start_s, acts.end_s)
    return few, make_ties(row[ties.source[tied]], row[ties.target[tied]], len(chosen)), cut


def tick(python: str, train: Acts, acts: Acts) -> tuple[float, str]:
    """The best held-out log-likelihood of tick's fits, and which it was."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.npz"
        np.savez(path, person=train.person, time=train.times / 3600, n=train.people)
        command = [python, "-W", "ignore", "-c", PEER, str(path)]
        try:
            told = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False).stdout
        except subprocess.TimeoutExpired as error:
            told = (error.stdout or b"").decode()
    found = [(peer_likelihood(json.loads(line), train, acts), line) for line in told.splitlines() if line[:1] == "{"]
    if not found:
        return float("nan"), "no result in 300 s"
    best, line = max(found)
    row = json.loads(line)
    return best, f"tick {row['name']}, {row['delay']:.0f} h, C {row['C']:.0f}"


def peer_likelihood(peer: dict, train: Acts, acts: Acts) -> float:
    """tick's constant baselines and matrix in our exact likelihood."""
    nobody = make_ties(NONE, NONE, train.people)
    constant: HawkesFit = fit_hawkes(train, nobody, rhythm=False, own_past=False, rounds=1)
    matrix = np.array(peer["a"])
    target, source = np.nonzero((matrix > 0) & ~np.eye(len(matrix), dtype=bool))
    ties, delay = make_ties(source, target, train.people), exponential(peer["delay"] * 3600)
    level = np.maximum(np.array(peer["mu"]) * train.span_s / 3600, 0.01 * np.maximum(train.counts, 1))
    fit = replace(
        constant,
        ties=ties,
        kernel=delay,
        own=delay.compiled(),
        x_base=np.stack([level, np.maximum(np.diag(matrix), 0)], axis=1),
        x_tie=matrix[ties.target, ties.source],
    )
    return held_out_log_likelihood(fit, acts)[0]


def poisson(train: Acts, acts: Acts) -> float:
    """Each person's mean rate, with one act of everybody's beside it."""
    mean = train.counts.mean()
    rate = (train.counts + 1.0) / (1.0 + 1.0 / mean) / train.span_s
    later = acts.times >= train.span_s
    return float(np.log(rate[acts.person[later]]).sum() - rate.sum() * (acts.span_s - train.span_s))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--only", nargs="*", default=["ciao", "gowalla", "lastfm-2k"])
    parser.add_argument("--top", type=int, help="only so many people, the most active")
    parser.add_argument("--peer-python", default=os.environ.get("SWAYLINE_PEER_PYTHON"))
    options = parser.parse_args()
    print(f"{'log':<10}{'people':>7}{'ties':>8}{'held out':>9}  {'model':<30}{'nats/act':>9}{'s':>7}")
    for name, read in (("ciao", ciao), ("gowalla", gowalla), ("lastfm-2k", lastfm)):
        if name in options.only:
            acts, ties, cut = prepare(*read(options.data), 0.8)
            if options.top:
                acts, ties, cut = busiest(acts, ties, cut, options.top)
            compare(name, acts, ties, cut, options.peer_python if options.top else None)


def compare(name: str, acts: Acts, ties, cut: float, peer: str | None) -> None:
    train = acts.until(cut)
    hours = np.log(3600.0)
    n = int((acts.times >= train.span_s).sum())
    nobody = make_ties(NONE, NONE, acts.people)
    print(
        f"{name:<10}{acts.people:>7}{len(ties):>8}{n:>9}  {'Poisson':<30}{poisson(train, acts) / n + hours:>9.3f}",
        flush=True,
    )
    for label, edges, settings in (
        ("seasonal Poisson (ours)", nobody, {"own_past": False, "rounds": 1}),
        ("+ own past", nobody, {"rounds": 2}),
        ("+ ties, maximum likelihood", ties, {"rounds": 2}),
        ("+ ties, sparsity 5", ties, {"rounds": 2, "solving": Solving(sparsity=5.0)}),
        ("+ ties, sparsity 100", ties, {"rounds": 2, "solving": Solving(sparsity=100.0)}),
    ):
        start = time.perf_counter()
        fit = fit_hawkes(train, edges, **settings)
        total, seen = held_out_log_likelihood(fit, acts)
        print(f"{'':<34}  {label:<30}{total / seen + hours:>9.3f}{time.perf_counter() - start:>7.1f}", flush=True)
    if peer:
        start = time.perf_counter()
        total, label = tick(peer, train, acts)
        print(f"{'':<34}  {label:<30}{total / n + hours:>9.3f}{time.perf_counter() - start:>7.1f}", flush=True)


if __name__ == "__main__":
    main()
