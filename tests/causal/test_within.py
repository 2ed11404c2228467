"""Slopes within levels, and products across people and along their time, against plain loops."""

import numpy as np
import pytest

from swayline.causal.estimate.within import hold, slope_within, within
from swayline.causal.refute.shared_causes import across_people, lasting, shared_cause
from swayline.causal.table.shared import OwnPast


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    n = 400
    person, item, day = rng.integers(40, size=n), rng.integers(12, size=n), rng.integers(9, size=n)
    return rng, person, item, day, rng.normal(size=n), rng.normal(size=n)


def test_within_two_levels_is_least_squares_on_their_dummies(rows):
    _, _, item, day, d, y = rows
    dummies = np.column_stack([item[:, None] == np.arange(12), day[:, None] == np.arange(9)]).astype(float)
    want = np.linalg.lstsq(np.column_stack([d, dummies]), y, rcond=None)[0][0]
    found = slope_within(d, y, np.column_stack([item, day]), None)
    assert found.estimate.value == pytest.approx(want, abs=1e-3)
    assert found.lost == 12 + 9 - 1
    left = within(y[:, None], np.column_stack([item, day]))[:, 0]
    assert np.abs(np.bincount(item, left)).max() < 0.05


def test_levels_are_held_only_where_the_treatment_varies_within_them(rows):
    _, person, item, day, d, y = rows
    alone = np.arange(len(d))[:, None]
    assert hold(d, y, {"each": alone, "item, day": np.column_stack([item, day])}, person).words == "item, day"
    assert hold(d, y, {"each": alone}, person).words == ""
    decided = np.bincount(item, d)[item]  # the item all but decides the treatment
    assert hold(decided + 0.01 * d, y, {"item": item[:, None]}, person).words == ""


def test_products_across_people_are_those_of_a_plain_loop(rows):
    _, person, item, _, d, y = rows
    pairs = [
        (d[i] * y[j]) for i in range(len(d)) for j in range(len(d)) if item[i] == item[j] and person[i] != person[j]
    ]
    found = across_people(d, y, item, person)
    assert found.pairs == len(pairs)
    assert found.value == pytest.approx(np.mean(pairs))


def test_what_an_item_adds_to_both_is_found_and_measured(rows):
    rng, person, item, _, d, y = rows
    n = 6_000
    person, item = rng.integers(600, size=n), rng.integers(300, size=n)
    shared = rng.normal(size=300)[item]
    d, y = rng.normal(size=n) + 0.5 * shared, rng.normal(size=n) + 0.4 * shared
    slope = slope_within(d, y, None, person)
    check = shared_cause(slope.d, slope.left, item, person, "one item", slope.estimate.se)
    assert not check.passed
    # Nothing but the item makes the slope; what is left of the outcome lacks the part that the slope has taken.
    assert check.figure == pytest.approx((0.2 - 0.25 * slope.estimate.value) / 1.25, abs=0.02)


def test_nothing_shared_fails_about_as_often_as_chance_says():
    failed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        person, cell, d, y = rng.integers(100, size=800), rng.integers(60, size=800), *rng.normal(size=(2, 800))
        failed += across_people(d, y, cell, person).p < 0.05
    assert 2 <= failed <= 20


def test_products_along_time_are_those_of_a_plain_loop(rows):
    rng, person, item, _, d, y = rows
    time, span = rng.permutation(np.arange(400)) * 10, 900
    found = lasting(OwnPast(time, span, item, np.empty((400, 0)), d, y), d, y, person)
    back, near = [], []
    for i in range(400):
        for j in np.flatnonzero((person == person[i]) & (item != item[i])):
            if time[j] + span <= time[i]:
                back.append(d[i] * y[j])
            if abs(time[j] - time[i]) < span:
                near.append(d[i] * y[j])
    assert (found.back.pairs, found.near.pairs) == (len(back), len(near))
    assert found.back.value == pytest.approx(np.mean(back))
    assert found.near.value == pytest.approx(np.mean(near))
    assert found.spread.value == pytest.approx(np.mean(near) - np.mean(back))


def test_too_few_pairs_say_nothing():
    assert across_people(np.ones(4), np.ones(4), np.zeros(4, int), np.arange(4)).p == 1.0
    assert across_people(np.ones(3), np.ones(3), np.arange(3), np.arange(3)).pairs == 0
