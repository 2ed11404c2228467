"""The attack finds members of a model that learned them by heart, and none where nothing of them was learned."""

import numpy as np
import pytest

from swayline.core.errors import DataError
from swayline.core.rng import generator
from swayline.dataset import Dataset, Vocabulary, from_lists
from swayline.models import create
from swayline.testing.attacks import attack
from swayline.trust.privacy.membership import area, audit_membership


def _dataset(n_people=180, n_items=400, length=12, seed=0):
    rng = np.random.default_rng(seed)
    histories = from_lists([rng.integers(0, n_items, length).tolist() for _ in range(n_people)], n_items=n_items)
    return Dataset(
        Vocabulary.of([f"p{one}" for one in range(n_people)]), Vocabulary.of([f"i{one}" for one in range(n_items)]),
        Vocabulary.of(["interact"]), histories, True,
    )  # fmt: skip


class Noise:
    """A model that has learned nothing of anybody."""

    def __init__(self, seed):
        self.seed = seed

    def score(self, history):
        return generator(self.seed, "noise", str(len(history.items))).random(
            (len(history), history.n_items), np.float32
        )


def test_a_model_that_learned_by_heart_is_found_out():
    found = audit_membership(_dataset(), lambda people: create("markov-chain").fit(people.sequences))
    assert found.auc > 0.95
    assert found.ci_low > 0.9
    assert "members can be told from others" in found.verdict


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_nothing_is_found_where_nothing_was_learned(seed):
    found = audit_membership(_dataset(seed=seed), lambda people: Noise(int(people.sequences.items[0])), seed)
    assert found.ci_low < 0.5 < found.ci_high


def test_the_interval_covers_chance_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = [area(rng.normal(size=40), rng.normal(size=50))[1:] for _ in range(400)]
    share = np.mean([low <= 0.5 <= high for low, high in held])
    assert 0.92 < share < 0.98


def test_private_counts_show_no_more_than_a_private_model_may():
    from swayline.training.private.accounting import noise_for
    from swayline.training.private.mechanism import Secret
    from swayline.training.private.plan import PrivatePlan
    from swayline.training.private.sums import fit_sum

    plan = PrivatePlan(1.0, model="most-popular")
    steps = noise_for(1.0, 1e-2, 1.0, 1)
    found = audit_membership(_dataset(300), lambda people: fit_sum(people.sequences, plan, steps, Secret()))
    assert found.ci_low < 0.55


def test_too_few_people_are_refused():
    with pytest.raises(DataError, match="20 people have two events"):
        audit_membership(_dataset(20), lambda people: Noise(0))


def test_the_verb_tells_the_attack_beside_the_epsilon(tmp_path):
    dataset = _dataset(90, 60, 6)
    rows = ["user,item,time"]
    for user, item, at in zip(dataset.sequences.users, dataset.sequences.items, range(10**6), strict=False):
        rows.append(f"p{user},i{item},2024-01-01T00:{at // 60 % 60:02d}:{at % 60:02d}Z")
    (tmp_path / "events.csv").write_text("\n".join(rows))
    (tmp_path / "items.csv").write_text("\n".join(["item", *dataset.items.names]))
    words = ["trust", "membership", "events.csv", "--model", "most-popular", "--json"]
    plain = attack(words, tmp_path)
    assert plain.code == 0, plain.err
    assert 0 <= plain.result["ci_low"] <= plain.result["auc"] <= plain.result["ci_high"] <= 1
    private = attack([*words, "--items", "items.csv", "--private", "--epsilon", "2"], tmp_path)
    assert private.code == 0, private.err
    assert 1.9 < private.result["epsilon"] <= 2.0
    assert attack([*words, "--epsilon", "2"], tmp_path).code == 2
    assert attack([*words, "--private"], tmp_path).code == 2
