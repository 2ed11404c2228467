import numpy as np

from swayline.causal.estimate.joint import joint_slopes, mediate


def test_each_of_two_treatments_gets_its_own_effect():
    rng = np.random.default_rng(0)
    first = rng.normal(size=5000)
    second = 0.7 * first + rng.normal(size=5000)
    y = 0.5 * first + rng.normal(size=5000)
    slopes = joint_slopes(np.column_stack([first, second]), y)
    one, two = slopes.estimate(0, None), slopes.estimate(1, None)
    assert one.low < 0.5 < one.high
    assert two.low < 0 < two.high


def test_an_effect_splits_into_direct_and_through():
    rng = np.random.default_rng(1)
    d = rng.normal(size=20000)
    m = 0.5 * d + rng.normal(size=20000)
    y = 0.2 * d + 0.6 * m + rng.normal(size=20000)
    found = mediate(d, m, y, None)
    assert found.total.low < 0.5 < found.total.high
    assert found.direct.low < 0.2 < found.direct.high
    assert found.through.low < 0.3 < found.through.high
