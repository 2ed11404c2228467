from collections import defaultdict
from itertools import combinations, pairwise
from math import factorial

import numpy as np
import pytest

from swayline.core.errors import OutcomeError, UsageError
from swayline.influence.attribution.paths import attribution_rows, count_paths, last_touch, markov_removal, shapley

PATHS = {("view", "cart"): (10, 6), ("view",): (50, 2), ("view", "share", "cart"): (4, 3), ("share",): (6, 0)}


def by_definition(paths):
    words = sorted({word for path in paths for word in path})
    n = len(words)

    def worth(group):
        return sum(converted for path, (_, converted) in paths.items() if set(path) <= set(group))

    credit = {
        word: sum(
            factorial(size) * factorial(n - size - 1) / factorial(n) * (worth({*group, word}) - worth(group))
            for size in range(n)
            for group in combinations([other for other in words if other != word], size)
        )
        for word in words
    }
    return {word: value / sum(credit.values()) for word, value in credit.items()}


def test_shapley_equals_its_definition_over_subsets():
    assert shapley(PATHS) == pytest.approx(by_definition(PATHS))


def test_last_touch_credits_the_last_step():
    assert last_touch(PATHS) == pytest.approx({"cart": 9 / 11, "view": 2 / 11, "share": 0.0})


def test_markov_removal_credits_a_step_without_which_nobody_converts():
    shares = markov_removal({("view", "cart"): (10, 10), ("view",): (10, 0)})
    assert shares == pytest.approx({"view": 0.5, "cart": 0.5})
    assert markov_removal({("view",): (10, 5), ("share",): (10, 0)})["share"] == 0


def test_paths_end_at_the_outcome_and_join_repeats(engine, make_log):
    log = make_log(
        [
            ("a", "x", "view", 0.0),
            ("a", "x", "view", 1.0),
            ("a", "x", "cart", 2.0),
            ("a", "x", "purchase", 3.0),
            ("a", "x", "view", 4.0),
            ("b", "x", "view", 0.0),
            ("c", None, "search", 0.0),
        ]
    )
    assert count_paths(engine, log, "purchase") == {("view", "cart"): (1, 1), ("view",): (1, 0)}


def test_rows_of_rules_are_never_called_effects(engine, make_log):
    log = make_log([("a", "x", "view", 0.0), ("a", "x", "purchase", 3.0), ("b", "x", "view", 0.0)])
    rows = attribution_rows(engine, log, "purchase").to_pylist()
    assert {row["identified"] for row in rows} == {"no"}
    assert {row["method"] for row in rows} == {"last touch", "shapley", "markov removal"}


def test_an_outcome_that_nothing_precedes_is_refused(engine, make_log):
    log = make_log([("a", "x", "purchase", 0.0), ("b", "x", "view", 0.0)])
    with pytest.raises(OutcomeError, match="no credit"):
        attribution_rows(engine, log, "purchase")


def test_markov_removal_is_the_fall_in_conversion_without_each_behavior():
    rng = np.random.default_rng(0)
    paths = {tuple(rng.choice(list("abcde"), 4).tolist()): (10, int(rng.integers(0, 10))) for _ in range(30)}

    def conversion(without):
        moves = defaultdict(lambda: defaultdict(float))
        for path, (n, converted) in paths.items():
            for a, b in pairwise(["(start)", *path]):
                moves[a][b] += n
            moves[path[-1]]["(converted)"] += converted
            moves[path[-1]]["(lost)"] += n - converted
        at, arrived = {"(start)": 1.0}, 0.0
        for _ in range(500):
            then = defaultdict(float)
            for state, chance in at.items():
                total = sum(moves[state].values())
                for to, n in moves[state].items():
                    if to == "(converted)":
                        arrived += chance * n / total
                    elif to not in ("(lost)", without):
                        then[to] += chance * n / total
            at = then
        return arrived

    whole = conversion(None)
    fall = {word: 1 - conversion(word) / whole for word in "abcde"}
    assert markov_removal(paths) == pytest.approx({word: one / sum(fall.values()) for word, one in fall.items()})


def test_a_chain_of_too_many_behaviors_is_refused_with_their_number():
    with pytest.raises(UsageError, match=r"3,001 behaviours"):
        markov_removal({(f"b{k}",): (1, 1) for k in range(3001)})
