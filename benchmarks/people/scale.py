"""How the fit grows with the log: ten ties and a hundred acts a person, 10^5 to 10^7 acts, drawn and fitted.

python benchmarks/people/scale.py --sizes 1000 10000 100000

Worlds: half of everybody's ties sway (branching .02 to .10), half do not; a shared day rhythm; exponential delays of six
hours; half a year. Every cause is drawn: immigrants by rhythm, then generation after generation of what each act
brings. Intervals come from the observed information; peak memory is the process's.
"""

import argparse
import resource
import time

import numpy as np

from swayline.influence.network.acts import make_acts, make_ties
from swayline.influence.network.fit.hawkes import fit_hawkes
from swayline.influence.network.fit.intervals import tie_estimates

HOUR, DELAY = 3600.0, 6 * 3600.0
DAYS = 182
START = 1_600_041_600.0


def make_world(people: int, seed: int = 0):
    """Acts, ties and the branching of each tie."""
    rng = np.random.default_rng(seed)
    ties = make_ties(rng.integers(0, people, 10 * people), np.repeat(np.arange(people), 10), people)
    branching = np.where(rng.random(len(ties)) < 0.5, rng.uniform(0.02, 0.10, len(ties)), 0.0)
    by_source = np.argsort(ties.source, kind="stable")
    ends = np.cumsum(branching[by_source])
    starts = np.concatenate([[0.0], ends])
    first = np.searchsorted(ties.source[by_source], np.arange(people + 1))
    total = starts[first[1:]] - starts[first[:-1]]
    hours = np.exp(-0.5 * ((np.arange(24) - 19) / 4.0) ** 2) + 0.2
    person = np.repeat(np.arange(people), rng.poisson(70, people))
    when = (rng.integers(0, DAYS, len(person)) * 24 + rng.choice(24, len(person), p=hours / hours.sum())) * HOUR
    when += rng.uniform(0, HOUR, len(person))
    everybody, times = [person], [when]
    while len(person):
        born = rng.poisson(total[person])
        parent = np.repeat(person, born)
        then = np.repeat(when, born) + rng.exponential(DELAY, len(parent))
        at = starts[first[parent]] + rng.random(len(parent)) * total[parent]
        along = by_source[np.minimum(np.searchsorted(ends, at, side="right"), len(ends) - 1)]
        kept = then < DAYS * 24 * HOUR
        person, when = ties.target[along][kept], then[kept]
        everybody.append(person)
        times.append(when)
    span = DAYS * 24 * HOUR
    acts = make_acts(np.concatenate(everybody), np.concatenate(times) + START, people, START, START + span)
    return acts, ties, branching


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    options = parser.parse_args()
    acts, ties, _ = make_world(50)
    tie_estimates(fit_hawkes(acts, ties), "information")
    print(
        f"{'people':>8}{'ties':>10}{'acts':>12}{'draw s':>8}{'fit s':>8}{'intervals s':>12}{'CPU us/act':>12}"
        f"{'peak GB':>9}{'bias':>8}{'covered':>9}{'false':>8}{'delay h':>9}"
    )
    for people in options.sizes:
        clock = [time.perf_counter()]
        acts, ties, truth = make_world(people)
        clock.append(time.perf_counter())
        cpu = time.process_time()
        fit = fit_hawkes(acts, ties)
        clock.append(time.perf_counter())
        found = tie_estimates(fit, "information")
        clock.append(time.perf_counter())
        cpu = (time.process_time() - cpu) / len(acts.times) * 1e6
        sways = truth > 0
        covered = ((found.low <= truth) & (truth <= found.high))[sways].mean()
        draw, fitted, measured = np.diff(clock)
        print(
            f"{people:>8}{len(ties):>10}{len(acts.times):>12}{draw:>8.1f}{fitted:>8.1f}{measured:>12.1f}{cpu:>12.2f}"
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:>9.2f}"
            f"{(found.estimate - truth)[sways].mean():>8.3f}{covered:>9.3f}{(found.low > 0)[~sways].mean():>8.3f}"
            f"{fit.kernel.mean_s() / HOUR:>9.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
