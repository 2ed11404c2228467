"""Held-out log-likelihood per act on real logs: Poisson, seasonal Poisson, Hawkes without and with ties.

python benchmarks/people_heldout.py --data ../shared/data

The last fifth of each span is held out; everything is learned from the first four fifths, histories run on. Nats per
act, time in hours. Several items of a person at one moment are one act. People with five acts and more before the cut.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from swayline.influence.people.acts import Acts, make_acts, make_ties
from swayline.influence.people.goodness import held_out_log_likelihood
from swayline.influence.people.hawkes import fit_hawkes

NONE = np.zeros(0, np.int64)


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


def poisson(train: Acts, acts: Acts) -> float:
    """Each person's mean rate, with one act of everybody's beside it."""
    mean = train.counts.mean()
    rate = (train.counts + 1.0) / (1.0 + 1.0 / mean) / train.span_s
    later = acts.times >= train.span_s
    return float(np.log(rate[acts.person[later]]).sum() - rate.sum() * (acts.span_s - train.span_s))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--only", nargs="*", default=["ciao", "gowalla", "lastfm-2k"])
    options = parser.parse_args()
    print(f"{'log':<10}{'people':>7}{'ties':>8}{'held out':>9}  {'model':<30}{'nats/act':>9}{'s':>7}")
    for name, read in (("ciao", ciao), ("gowalla", gowalla), ("lastfm-2k", lastfm)):
        if name in options.only:
            compare(name, *prepare(*read(options.data), 0.8))


def compare(name: str, acts: Acts, ties, cut: float) -> None:
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
        ("+ ties, sparsity 5", ties, {"rounds": 2, "sparsity": 5.0}),
        ("+ ties, sparsity 20", ties, {"rounds": 2, "sparsity": 20.0}),
    ):
        start = time.perf_counter()
        fit = fit_hawkes(train, edges, **settings)
        total, seen = held_out_log_likelihood(fit, acts)
        print(f"{'':<34}  {label:<30}{total / seen + hours:>9.3f}{time.perf_counter() - start:>7.1f}", flush=True)


if __name__ == "__main__":
    main()
