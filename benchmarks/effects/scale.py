"""1,000,000 rows × 3 treatments × 200 controls, cross-fitted, clustered, beside econml's LinearDML.

python benchmarks/effects/scale.py [--rows 100000 1000000] [--peer-rows 20000 100000]
"""

import argparse
import resource
import time

import numpy as np

from swayline.causal.estimate.linear_moments import shared_effects
from swayline.causal.nuisance.cross_fitting import folds

TRUTH = (0.5, 0.0, -0.3)


def world(n: int, p: int = 200, seed: int = 0):
    """Three yes/no treatments that six of the controls push towards, as they do the outcome; four rows a person."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p), dtype=np.float32)
    push = x[:, :6].reshape(n, 3, 2).sum(axis=2) * 0.5
    t = (rng.random((n, 3)) < 1 / (1 + np.exp(-push))).astype(np.float32)
    person = np.arange(n) // 4
    taste = rng.standard_normal(n // 4 + 1)[person]
    y = t @ np.array(TRUTH) + push.sum(axis=1) + taste + rng.standard_normal(n)
    return x, t, y[:, None].astype(np.float32), person


def ours(n: int) -> None:
    x, t, y, person = world(n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    found = shared_effects(x, t, y, folds(n, 5, person, np.random.default_rng(0)), person)
    seconds = time.perf_counter() - start
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    naive = [float(y[t[:, k] == 1].mean() - y[t[:, k] == 0].mean()) for k in range(3)]
    told = " ".join(f"{one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}]" for one in found.together[0])
    print(
        f"swayline  {n:>9,} rows  {seconds:8.1f} s  {more:7.0f} MB above the data  {told}  naive {np.round(naive, 3)}",
        flush=True,
    )


def peer(n: int) -> None:
    from econml.dml import LinearDML
    from sklearn.linear_model import RidgeCV

    x, t, y, person = world(n)
    start = time.perf_counter()
    model = LinearDML(model_y=RidgeCV(), model_t=RidgeCV(), discrete_treatment=False, cv=5, random_state=0)
    model.fit(y[:, 0], t, X=None, W=x, groups=person)
    low, high = model.const_marginal_effect_interval()
    seconds = time.perf_counter() - start
    told = " ".join(
        f"{v:+.4f} [{a:+.4f}, {b:+.4f}]"
        for v, a, b in zip(model.const_marginal_effect().ravel(), low.ravel(), high.ravel(), strict=True)
    )
    print(f"econml    {n:>9,} rows  {seconds:8.1f} s  {told}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--peer-rows", type=int, nargs="*", default=[20_000, 100_000])
    asked = parser.parse_args()
    for n in asked.rows:
        ours(n)
    for n in asked.peer_rows:
        peer(n)
