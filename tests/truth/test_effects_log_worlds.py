"""What is concluded from logs on the default path, in every world of ``testing/log_worlds.py``. Run by ``make truth``."""

import numpy as np
import pytest

from swayline.influence.effects import BehaviorEffects
from swayline.testing.log_worlds import WORLDS, log_world

pytestmark = pytest.mark.truth
SEEDS = 20
FEWEST_RIGHT = 0.8


def ask(name, seed, effect):
    made = log_world(name, seed, effect)
    found = BehaviorEffects(["cart"], "purchase", seed=seed).fit(made.log)
    row = next(one for one in found.ledger_.to_pylist() if one["estimand"] == "ate" and one["primary"])
    truth = made.truth(row["window_s"], row["horizon_s"])
    known = row["estimate"] is not None
    holds = known and row["ci_low"] <= truth <= row["ci_high"]
    return (row["estimate"] - truth if known else np.nan), holds, row["identified"]


@pytest.mark.parametrize("effect", [0.0, 0.2])
@pytest.mark.parametrize("name", WORLDS)
def test_the_interval_holds_the_truth_or_the_verdict_is_no(name, effect):
    found = [ask(name, 1_000 + seed, effect) for seed in range(SEEDS)]
    holds, said_no = np.array([one[1] for one in found]), np.array([one[2] == "no" for one in found])
    bias, claimed = np.nanmean([one[0] for one in found]), ~said_no & ~holds
    print(
        f"{name}, planted {effect}: bias {bias:+.4f}, covered {holds.mean():.2f}, called no {said_no.mean():.2f}, "
        f"neither {claimed.mean():.2f}"
    )
    assert np.mean(holds | said_no) >= FEWEST_RIGHT
    if name in ("random carts", "own views"):
        assert said_no.mean() <= 1 - FEWEST_RIGHT
