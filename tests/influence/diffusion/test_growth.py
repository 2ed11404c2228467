import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.influence.diffusion.growth import CascadeGrowth


def cascades(n, seed, telling=1.0):
    """Cascades whose early pace tells their size, as far as ``telling`` says."""
    rng = np.random.default_rng(seed)
    made, times = [], []
    for _ in range(n):
        heat = rng.normal()
        size = 5 + int(np.exp(3 + telling * heat + 0.5 * rng.normal()))
        made.append(rng.choice(4000, size, replace=False))
        times.append(np.cumsum(rng.exponential(3600 * np.exp(-heat), size)))
    return made, times


def judged(telling):
    made, times = cascades(900, 0, telling)
    fitted = CascadeGrowth().fit(made[:500], times[:500], 4000)
    found = np.array([fitted.predict(c[:5], t[:5]) for c, t in zip(made[500:], times[500:], strict=True)])
    return found, np.array([len(c) for c in made[500:]])


def test_predicts_the_size_that_the_pace_tells_and_covers_it():
    found, sizes = judged(1.0)
    error = np.abs(np.log(found[:, 0]) - np.log(sizes)).mean()
    constant = np.abs(np.log(np.median(sizes)) - np.log(sizes)).mean()
    assert error < 0.8 * constant
    assert 0.92 <= ((found[:, 1] <= sizes) & (sizes <= found[:, 2])).mean() <= 0.98


def test_tells_nothing_where_nothing_tells_and_covers_all_the_same():
    found, sizes = judged(0.0)
    assert np.log(found[:, 0]).std() < 0.25 * np.log(sizes).std()
    assert 0.92 <= ((found[:, 1] <= sizes) & (sizes <= found[:, 2])).mean() <= 0.98


def test_looks_at_the_first_members_alone():
    made, times = cascades(60, 1)
    fitted = CascadeGrowth().fit(made, times, 4000, ties=(np.array([0, 1]), np.array([1, 2])))
    assert fitted.predict(made[0][:5], times[0][:5]) == fitted.predict(made[0], times[0])
    low, high = fitted.predict(made[0], times[0])[1:]
    assert 5 <= low < high


def test_refuses_misuse():
    made, times = cascades(60, 1)
    with pytest.raises(UsageError, match="at least 20"):
        CascadeGrowth().fit(made[:5], times[:5], 4000)
    with pytest.raises(UsageError, match="seen"):
        CascadeGrowth(seen=1).fit(made, times, 4000)
    with pytest.raises(UsageError, match="first 5"):
        CascadeGrowth().fit(made, times, 4000).predict(made[0][:3], times[0][:3])
