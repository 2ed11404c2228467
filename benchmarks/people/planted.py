"""Planted worlds of influence and likeness: edge AUC, error, false calls and coverage over many seeds.

python benchmarks/people/planted.py --seeds 50
"""

import argparse
import importlib.util
import time
from pathlib import Path

import numpy as np

_PATH = Path(__file__).resolve().parents[2] / "tests" / "truth" / "test_people_recovery.py"
_SPEC = importlib.util.spec_from_file_location("people_worlds", _PATH)
worlds = importlib.util.module_from_spec(_SPEC)
import sys  # noqa: E402

sys.modules["people_worlds"] = worlds
_SPEC.loader.exec_module(worlds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--constant", type=int, default=10, help="seeds on which a constant baseline is fitted beside")
    parser.add_argument("--null", type=int, default=10, help="worlds without any influence")
    options = parser.parse_args()
    print(f"{'world':<28}{'seeds':>6}{'AUC':>8}{'Frob.':>8}{'false %':>9}{'cover %':>9}{'delay h':>9}{'s/fit':>7}")
    report("influence and likeness", options.seeds, {}, 1.0)
    report("no influence at all", options.null, {}, 0.0)
    report("constant baseline", options.constant, {"rhythm": False, "own_past": False, "rounds": 1}, 1.0)


def report(name: str, seeds: int, settings: dict, dial: float) -> None:
    rows, delays, seconds = [], [], []
    for seed in range(seeds):
        world = worlds.planted_world(seed, dial=dial)
        start = time.perf_counter()
        fit, ties, truth = worlds.measure(world, **settings)
        seconds.append(time.perf_counter() - start)
        rows.append(worlds.scores(ties, truth, truth > 0))
        delays.append(fit.kernel.mean_s() / 3600)
    mean = {key: np.nanmean([row[key] for row in rows]) if dial or key == "false" else np.nan for key in rows[0]}
    print(
        f"{name:<28}{seeds:>6}{mean['auc']:>8.3f}{mean['frobenius']:>8.3f}{100 * mean['false']:>9.1f}"
        f"{100 * mean['covered']:>9.1f}{np.mean(delays):>9.2f}{np.median(seconds):>7.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
