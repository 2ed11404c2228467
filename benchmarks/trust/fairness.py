"""How often groups that are served alike are said to differ, and how often a planted gap is found and held.

python benchmarks/trust/fairness.py [--logs 200]
"""

import argparse

import numpy as np

from swayline.trust.fairness.chance import draw_groups, gap_of

SIZES = ((60, 60), (30, 400), (30, 60, 200, 400), (270, 670))
RATES = (0.03, 0.1, 0.3)
GAINS = 1 / np.log2(np.arange(1, 11) + 1)


def asked(sizes, rate, more, logs, seed):
    """Shares of logs in which a difference is claimed, and in which the interval holds the true one."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    chance = np.where(np.arange(len(sizes)) == 0, rate + more, rate)
    claimed = held = 0
    for log in range(logs):
        rng = np.random.default_rng([seed, log])
        hit = rng.random(len(groups)) < chance[groups]
        values = np.where(hit, GAINS[rng.integers(0, 10, len(groups))], 0.0)
        gap = gap_of(draw_groups(values, groups, values > 0, rng), values, groups, rng)
        truth = (chance[gap.best] - chance[gap.worst]) * GAINS.mean()
        held += gap.interval.ci_low <= truth <= gap.interval.ci_high
        claimed += not gap.interval.holds_zero and gap.p_value <= 0.05
    return claimed / logs, held / logs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=200)
    logs = parser.parse_args().logs
    for sizes in SIZES:
        for rate in RATES:
            claimed, held = asked(sizes, rate, 0.0, logs, 1)
            print(f"alike, {sizes}, hit rate {rate}: claimed {claimed:.3f}, held {held:.3f}", flush=True)
    claimed, held = asked((270, 670), 0.15, 0.15, logs // 2, 2)
    print(f"planted +.15 on .15, (270, 670): claimed {claimed:.3f}, held {held:.3f}")


if __name__ == "__main__":
    main()
