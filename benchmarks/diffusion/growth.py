"""How large a cascade will grow, on cascades-android, from its first 5, 10 and 20 members.

python benchmarks/diffusion/growth.py --data ../shared/data

Cascades in order of their start; learned from the first 80%, asked on the rest. Beside it what knows only how many have
joined: the median of the training cascades that got so far (Szabo and Huberman's constant factor). Error: mean absolute
error of the logarithm of the size, and the rank correlation with it.
"""

import argparse
import importlib.util
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from swayline.influence.diffusion.growth import CascadeGrowth

_PATH = Path(__file__).with_name("next_adopter.py")
_SPEC = importlib.util.spec_from_file_location("android", _PATH)
android = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(android)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    options = parser.parse_args()
    cascades, times, people, ties = android.read(options.data)
    a = int(0.8 * len(cascades))
    print(f"{'seen':>5}{'asked':>7}{'error':>8}{'constant':>10}{'rank':>7}{'covered':>9}{'width':>8}")
    for seen in (5, 10, 20):
        fitted = CascadeGrowth(seen).fit(cascades[:a], times[:a], people, ties)
        asked = [c for c in range(a, len(cascades)) if len(cascades[c]) >= seen]
        sizes = np.array([len(cascades[c]) for c in asked])
        found = np.array([fitted.predict(cascades[c][:seen], times[c][:seen]) for c in asked])
        median = np.median([len(one) for one in cascades[:a] if len(one) >= seen])
        error, constant = np.abs(np.log(found[:, 0] / sizes)).mean(), np.abs(np.log(median / sizes)).mean()
        covered = ((found[:, 1] <= sizes) & (sizes <= found[:, 2])).mean()
        print(
            f"{seen:>5}{len(asked):>7}{error:>8.3f}{constant:>10.3f}{spearmanr(found[:, 0], sizes)[0]:>7.2f}"
            f"{covered:>9.3f}{np.median(found[:, 2] / found[:, 1]):>8.1f}"
        )


if __name__ == "__main__":
    main()
