"""The share of likeness that a placebo shows to be left is taken off, with what is not known of it in the interval."""

import numpy as np
import pytest

from swayline.causal.inference.intervals import interval
from swayline.influence.contagion.calibration import calibrated
from swayline.influence.contagion.measure import Measured


def placebo(naive, adjusted, naive_se=0.005, adjusted_se=0.005):
    return Measured(interval(naive, naive_se), interval(adjusted, adjusted_se), 900, 300)


def test_a_known_share_of_likeness_is_taken_off():
    effect, likeness, share = 0.03, 0.02, 0.25
    one = calibrated(
        interval(effect + share * likeness, 0.004), interval(effect + likeness, 0.004), placebo(0.1, 0.025)
    )
    assert one.value == pytest.approx(effect)
    assert one.low < effect < one.high


def test_intervals_cover_and_are_wider_the_less_is_known_of_the_share():
    rng = np.random.default_rng(0)
    effect, likeness, share, inside = 0.03, 0.02, 0.3, []
    for _ in range(400):
        adjusted = effect + share * likeness + 0.004 * rng.normal()
        naive = effect + likeness + 0.004 * rng.normal()
        shown = placebo(0.1 + 0.015 * rng.normal(), share * 0.1 + 0.015 * rng.normal(), 0.015, 0.015)
        one = calibrated(interval(adjusted, 0.004), interval(naive, 0.004), shown)
        inside.append(True if one is None else one.low <= effect <= one.high)
    assert 0.92 <= np.mean(inside) <= 1.0
    figures = interval(0.036, 0.004), interval(0.05, 0.004)
    sure, unsure = (calibrated(*figures, placebo(0.1, 0.03, 0.005, se)) for se in (0.002, 0.03))
    assert unsure.se > 1.5 * sure.se


@pytest.mark.parametrize(
    ("adjusted", "naive", "shown"),
    [
        (0.03, 0.05, placebo(0.01, 0.01)),  # the placebo shows no likeness to calibrate by
        (0.05, 0.03, placebo(0.1, 0.03)),  # adjusting raised the figure: there is no likeness to take off
    ],
)
def test_nothing_is_taken_off_where_there_is_nothing_to_calibrate_by(adjusted, naive, shown):
    assert calibrated(interval(adjusted, 0.004), interval(naive, 0.004), shown) is None


def test_controls_that_leave_nothing_leave_the_figure_as_it_is():
    one = calibrated(interval(0.03, 0.004), interval(0.05, 0.004), placebo(0.1, -0.02))
    assert one.value == pytest.approx(0.03)
    assert one.se > 0.004
