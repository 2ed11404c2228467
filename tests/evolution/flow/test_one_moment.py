"""Events of one moment have no order: neither passages nor memory are claimed of the order of a file."""

import numpy as np
import pytest

from swayline.evolution import evolve
from swayline.evolution.acts import read_acts
from swayline.evolution.flow import find_transitions, markov_order
from swayline.evolution.flow.steps import steps_of
from swayline.evolution.returns import by_bin, is_return

MONTH_H = 24 * 31


def sorted_by_item(people=60, seed=0):
    """Everybody takes six random items of twelve in each of four months, written in order of the items' numbers."""
    rng = np.random.default_rng(seed)
    return [
        (f"u{who}", f"i{item:02d}", "tag", hours)
        for who in range(people)
        for hours in (0, MONTH_H, 2 * MONTH_H, 3 * MONTH_H)
        for item in sorted(rng.integers(0, 12, 6))
    ]


def spaced(rows):
    """The same with an hour between the acts: now the order is what people do."""
    return [(*row[:3], row[3] + 0.1 * (at % 6)) for at, row in enumerate(rows)]


@pytest.mark.parametrize("is_spaced", [False, True])
def test_the_order_of_a_file_is_no_passage(log_of, is_spaced):
    rows = sorted_by_item()
    acts = read_acts(log_of(spaced(rows) if is_spaced else rows))
    flow = find_transitions(acts)
    to_items = flow.table.filter([target is not None for target in flow.table["target"].to_pylist()])
    assert any(to_items["claimed"].to_pylist()) == is_spaced
    order = markov_order(steps_of(acts, "item", collapse=False), shuffles=20)
    assert (order.order > 0) == is_spaced


def test_rows_that_repeat_a_moment_are_neither_returns_nor_discoveries(log_of):
    rows = [
        ("u", "a", "tag", 0),
        ("u", "a", "tag", 0),
        ("u", "b", "tag", 0),
        ("u", "a", "tag", 5),
        ("u", "a", "tag", 5),
    ]
    acts = read_acts(log_of(rows))
    assert is_return(acts).tolist() == [False, False, False, True, False]
    assert by_bin(acts, np.zeros(5, np.int64), 1) == ([1], [2])


def test_a_log_of_dates_says_that_it_tells_no_order(log_of):
    days = [(f"u{at % 9}", f"i{at % 5}", "tag", 24 * (at % 40)) for at in range(400)]
    assert any("good to the day" in note for note in evolve(log_of(days), quick=True).notes)
    hours = [(*row[:3], row[3] + at * 0.37) for at, row in enumerate(days)]
    assert not any("good to the" in note for note in evolve(log_of(hours), quick=True).notes)
