from collections import defaultdict
from itertools import combinations, pairwise
from math import factorial

import numpy as np
import pytest

from swayline.core.errors import OutcomeError, UsageError
from swayline.influence.attribution.credit import Rules, credit_rows
from swayline.influence.attribution.paths import Journeys, journeys, shown_paths
from swayline.ledger import EffectRow, Figure, ledger

DAY = 86_400.0


def shares(rule, paths):
    rules = Rules(Journeys.of_counts(paths))
    return dict(zip(rules.taken.words, rules.shares(rule).tolist(), strict=True))


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
    assert shares("shapley", PATHS) == pytest.approx(by_definition(PATHS))


def test_last_touch_credits_the_last_step():
    assert shares("last touch", PATHS) == pytest.approx({"cart": 9 / 11, "view": 2 / 11, "share": 0.0})
    assert shares("first touch", PATHS) == pytest.approx({"cart": 0.0, "view": 1.0, "share": 0.0})


def test_markov_removal_credits_a_step_without_which_nobody_converts():
    found = shares("markov removal", {("view", "cart"): (10, 10), ("view",): (10, 0)})
    assert found == pytest.approx({"view": 0.5, "cart": 0.5})
    assert shares("markov removal", {("view",): (10, 5), ("share",): (10, 0)})["share"] == 0


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
    assert shown_paths(journeys(engine, log, "purchase")) == [("view", 1, 0), ("view → cart", 1, 1)]


def test_time_decay_halves_the_credit_every_half_life_before_the_outcome(engine, make_log):
    log = make_log([
        ("a", "x", "view", 0.0), ("a", "x", "view", DAY), ("a", "x", "cart", 3 * DAY), ("a", "x", "purchase", 3 * DAY),
        ("b", "x", "view", 0.0),
    ])  # fmt: skip
    rules = Rules(
        journeys(engine, log, "purchase", half_life_s=2 * DAY)
    )  # the second view is the step: two days before
    assert dict(zip(rules.taken.words, rules.shares("time decay"), strict=True)) == pytest.approx(
        {"view": 1 / 3, "cart": 2 / 3}
    )


def test_steps_so_old_that_nothing_is_left_of_them_leave_the_credit_to_the_last(engine, make_log):
    log = make_log([("a", "x", "view", 0.0), ("a", "x", "cart", DAY), ("a", "x", "purchase", 9_000 * DAY)])
    rules = Rules(journeys(engine, log, "purchase", half_life_s=1.0))
    assert dict(zip(rules.taken.words, rules.shares("time decay"), strict=True)) == {"view": 0.0, "cart": 1.0}


def test_rows_of_rules_are_never_called_effects(engine, make_log):
    log = make_log([("a", "x", "view", 0.0), ("a", "x", "purchase", 3.0), ("b", "x", "view", 0.0)])
    rows = credit_rows(journeys(engine, log, "purchase"), "purchase").to_pylist()
    assert {row["identified"] for row in rows} == {"no"}
    assert {row["method"] for row in rows} == {"first touch", "last touch", "time decay", "shapley", "markov removal"}


def test_intervals_hold_the_share_of_a_rule_in_the_world_that_the_people_came_from():
    """Half of the outcomes end in a cart: 40 samples of 200 people each, last touch."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        carts = int(rng.binomial(200, 0.5))
        taken = Journeys.of_counts({("view", "cart"): (carts, carts), ("view",): (200 - carts, 200 - carts)})
        (row,) = [
            row for row in credit_rows(taken, "purchase", seed=seed).to_pylist()
            if (row["cause"], row["method"]) == ("cart", "last touch")
        ]  # fmt: skip
        held += row["ci_low"] <= 0.5 <= row["ci_high"]
    assert held >= 35


def test_the_causal_share_is_the_effect_times_who_did_it_over_the_outcomes():
    taken = Journeys.of_counts({("view", "cart"): (30, 12), ("view",): (60, 8), ("cart",): (10, 0)})
    effect = EffectRow(
        cause_kind="behavior", cause="cart", effect="purchase", channel="own", estimand="ate", unit="probability",
        method="aipw", evidence="adjusted", identified="assumed", figure=Figure(0.2, 0.1, 0.3), n=100, primary=True,
    )  # fmt: skip
    rows = credit_rows(taken, "purchase", ledger([effect])).to_pylist()
    (causal,) = [row for row in rows if row["method"] == "causal share, aipw"]
    assert [causal[name] for name in ("estimate", "ci_low", "ci_high")] == pytest.approx([0.3, 0.15, 0.45])
    assert causal["identified"] == "assumed"
    other = [row for row in credit_rows(taken, "share", ledger([effect])).to_pylist() if "causal" in row["method"]]
    assert other == []  # an effect on another outcome says nothing of this one


def test_an_outcome_that_nothing_precedes_is_refused(engine, make_log):
    log = make_log([("a", "x", "purchase", 0.0), ("b", "x", "view", 0.0)])
    with pytest.raises(OutcomeError, match="no credit"):
        journeys(engine, log, "purchase")


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
    assert shares("markov removal", paths) == pytest.approx(
        {word: one / sum(fall.values()) for word, one in fall.items()}
    )


def test_a_chain_of_too_many_behaviors_is_refused_with_their_number():
    with pytest.raises(UsageError, match=r"3,001 behaviours"):
        shares("markov removal", {(f"b{k}",): (1, 1) for k in range(3001)})
