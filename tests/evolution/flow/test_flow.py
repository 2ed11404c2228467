import numpy as np
import pytest

from swayline.evolution.acts import read_acts
from swayline.evolution.flow import find_transitions, markov_order
from swayline.evolution.flow.steps import Steps, steps_of


def _chain(order, people=40, length=40, seed=0):
    """Steps whose next depends on so many before."""
    rng = np.random.default_rng(seed)
    states = []
    for _ in range(people):
        walk = list(rng.integers(0, 3, 3))
        while len(walk) < length:
            follows = rng.integers(0, 3) if order == 0 or rng.random() < 0.4 else (walk[-order] + 1) % 3
            walk.append(int(follows))
        states += walk
    visit = np.repeat(np.arange(people), length)
    return Steps(np.array(states), visit, visit, np.arange(people * length), list("abc"), False)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_the_order_of_a_chain_is_found(order):
    assert markov_order(_chain(order), shuffles=40).order == order


def test_people_who_differ_are_no_memory():
    rng = np.random.default_rng(0)
    own = rng.dirichlet(np.full(3, 0.4), 60)
    states = np.concatenate([rng.choice(3, 30, p=one) for one in own])
    visit = np.repeat(np.arange(60), 30)
    steps = Steps(states, visit, visit, np.arange(1800), list("abc"), False)
    assert markov_order(steps, shuffles=40).order == 0


def test_visits_too_short_are_not_asked():
    visit = np.arange(50)
    assert markov_order(Steps(np.zeros(50, int), visit, visit, visit, ["a"], False)) is None


def test_counts_shares_times_and_endings_are_those_of_the_log(log_of):
    rows = []
    for person in range(12):
        rows += [(f"u{person}", "x", "view", 10 * person), (f"u{person}", "x", "cart", 10 * person + 1)]
        rows += [(f"u{person}", "x", "purchase", 10 * person + 1.5)]
    table = find_transitions(read_acts(log_of(rows))).table.to_pylist()
    found = {(one["source"], one["target"]): one for one in table if one["level"] == "behavior"}
    assert set(found) == {("view", "cart"), ("cart", "purchase"), ("purchase", None)}
    step = found["view", "cart"]
    assert (step["n"], step["people"], step["share"], step["seconds_median"]) == (12, 12, 1.0, 3600.0)
    assert step["expected"] == pytest.approx(12 * 1 / 3)
    assert step["claimed"]
    assert found["purchase", None]["seconds_median"] is None


def test_a_shuffled_log_claims_nearly_nothing(log_of):
    rng = np.random.default_rng(3)
    rows = [
        (f"u{p}", f"i{rng.integers(20)}", str(rng.choice(["view", "cart", "like"])), k)
        for p in range(40)
        for k in range(25)
    ]
    flow = find_transitions(read_acts(log_of(rows)))
    assert sum(one["claimed"] for one in flow.checks.values()) <= 2


def test_an_item_twice_in_a_row_is_one_step(log_of):
    acts = read_acts(log_of([("a", "x", "view", 0), ("a", "x", "cart", 1), ("a", "y", "view", 2)]))
    assert [steps_of(acts, "item").names[one] for one in steps_of(acts, "item").state] == ["x", "y"]


def test_sessions_of_one_name_of_two_people_are_two_visits(log_of):
    rows = [("a", "x", "view", 0), ("b", "y", "view", 1), ("a", "z", "view", 2)]
    acts = read_acts(log_of(rows, session=["s", "s", "s"]))
    assert acts.visit.tolist() == [0, 1, 0]
