"""What an attack gains, what a defence takes back, and what cannot be attacked."""

import numpy as np
import pytest

from swayline.core.errors import DataError, UsageError
from swayline.trust.acts import Acts
from swayline.trust.attack import KINDS, AttackPlan, attacked, defend, measure_attack


@pytest.mark.parametrize("kind", KINDS)
def test_profiles_are_what_their_kind_says(people, kind):
    made = attacked(people, kind, 0.02, seed=3)
    acts = Acts.of(made.log.events)
    assert len(made.attackers) == 6
    assert len(acts.users) == 306
    value = dict(zip(zip(*acts.pairs, strict=True), acts.pair_values, strict=True))
    target = acts.items.index(made.target)
    worst = 1.0 if kind == "reverse" else 5.0
    assert all(value[acts.users.index(name), target] == worst for name in made.attackers)
    if kind == "segment":
        rest = [one for (user, _), one in value.items() if acts.users[user] == made.attackers[0]]
        assert set(rest) == {1.0, 5.0}
    assert made.log.events["time"].to_pylist() == sorted(made.log.events["time"].to_pylist())
    assert len(people) + sum(acts.users[user] in made.attackers for user in acts.user) == len(made.log)


def test_one_seed_makes_one_attack(people):
    first, second = (attacked(people, "average", 0.02, seed=5).log.events for _ in range(2))
    assert first.equals(second)
    assert not first.equals(attacked(people, "average", 0.02, seed=6).log.events)


def test_quarantine_takes_back_what_the_attack_gained(engine, people):
    plan = AttackPlan(model="user-knn", kind="average", share=0.1, targets=1, k=20, settings={"neighbours": 50}, seed=1)
    found = {row["defence"]: row for row in measure_attack(engine, people, plan).table.to_pylist()}
    assert found["none"]["rise"] > 0.02
    assert found["none"]["caught"] == 0
    assert found["quarantine"]["caught"] > 0.7 * found["quarantine"]["attackers"]
    assert found["quarantine"]["rise_cut"] > 0.8
    assert set(found) == {"none", "quarantine", "trimming", "cap"}


def test_a_cap_leaves_nobody_more_than_three_quarters_have(engine, people):
    kept = defend(engine, people, ("cap",))["cap"].log
    before = np.bincount(Acts.of(people.events).user)
    after = np.bincount(Acts.of(kept.events).user)
    assert after.max() == int(np.quantile(before, 0.75))
    assert len(after) == len(before)


def test_a_clean_log_loses_nobody_to_quarantine(engine, people):
    assert defend(engine, people, ("quarantine",))["quarantine"].log is people


def test_impossible_attacks_are_refused_in_one_line(people):
    with pytest.raises(UsageError, match="did you mean 'random'"):
        attacked(people, "randon", 0.03)
    with pytest.raises(UsageError, match="between 0 and 1"):
        attacked(people, "random", 3.0)
    with pytest.raises(UsageError, match="no item of the log"):
        attacked(people, "random", 0.03, target="nothing")
    with pytest.raises(UsageError, match="defence"):
        AttackPlan(defences=("none", "prayer"))
    bare = type(people)(people.events.drop_columns(["value"]))
    with pytest.raises(DataError, match="no ratings"):
        attacked(bare, "reverse", 0.03)
