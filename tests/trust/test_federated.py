"""Secure sums equal plain ones whoever vanishes; federated averaging learns; broken updates are refused."""

import itertools

import numpy as np
import pytest
import torch

from swayline.core.errors import DataError, UsageError
from swayline.dataset import from_lists
from swayline.trust.federated import Client, FederatedPlan, fit_federated, secure_sum
from swayline.trust.federated.secure_sum import encoded, expanded
from swayline.trust.federated.shares import PRIME, join, split

N_ITEMS = 30
SMALL = {"embedding_dim": 8, "max_length": 8}


def test_any_threshold_of_shares_gives_the_secret_and_fewer_do_not():
    secret = bytes(range(7, 39))
    parts = split(secret, 5, 3)
    for chosen in itertools.combinations(parts, 3):
        assert join({x: parts[x] for x in chosen}) == secret
    assert join(parts) == secret
    for chosen in itertools.combinations(parts, 2):
        with pytest.raises(UsageError, match="2 shares give no secret"):
            join({x: parts[x] for x in chosen})
    with pytest.raises(UsageError, match="give no secret"):
        join({1: parts[1], 2: parts[2], 3: (parts[3] + 2**500) % PRIME})
    with pytest.raises(UsageError, match="threshold must be from 1"):
        split(secret, 3, 4)
    with pytest.raises(UsageError, match="32 bytes"):
        split(b"short", 3, 2)


def _vectors(n=9, size=200, seed=0):
    return np.random.default_rng(seed).normal(0, 3, (n, size))


@pytest.mark.parametrize("early", [(), (2,), (1, 5, 9)])
@pytest.mark.parametrize("late", [(), (4,)])
def test_a_secure_sum_is_the_plain_sum_of_who_sent(early, late):
    vectors = _vectors()
    clients = [Client(name, vector) for name, vector in enumerate(vectors, start=1)]
    total, sent = secure_sum(clients, 5, before_sending=early, before_unmasking=late)
    assert sent == [name for name in range(1, 10) if name not in early]
    wanted = vectors[np.array(sent) - 1].sum(axis=0)
    assert np.abs(total - wanted).max() < 1e-6


def test_names_need_not_be_a_row_of_numbers():
    vectors = _vectors(4)
    clients = [Client(name, vector) for name, vector in zip((30, 7, 19, 4), vectors, strict=True)]
    total, sent = secure_sum(clients, 3, before_sending=[7])
    assert sent == [4, 19, 30]
    assert np.abs(total - vectors[[0, 2, 3]].sum(axis=0)).max() < 1e-6


def test_what_is_sent_looks_random_and_says_nothing_of_the_vector():
    zeros = [Client(name, np.zeros(4000)) for name in (1, 2, 3)]
    public = {one.name: one.keys() for one in zeros}
    sealed = {one.name: one.sealed_shares(public, 2) for one in zeros}
    for one in zeros:
        one.take_shares({other: sealed[other][one.name] for other in public if other != one.name})
    masked = zeros[0].masked().astype(np.float64) / 2.0**64
    counts, _ = np.histogram(masked, 20, (0, 1))
    assert counts.sum() == 4000
    assert ((counts - 200.0) ** 2 / 200).sum() < 45  # chi-squared, 19 degrees of freedom: above in 7 of 10,000


def test_no_client_opens_both_shares_of_another():
    clients = [Client(name, vector) for name, vector in enumerate(_vectors(3), start=1)]
    public = {one.name: one.keys() for one in clients}
    sealed = {one.name: one.sealed_shares(public, 2) for one in clients}
    clients[0].take_shares({2: sealed[2][1], 3: sealed[3][1]})
    with pytest.raises(UsageError, match="never both"):
        clients[0].opened_shares([1, 2], [2])
    clients[0].opened_shares([1, 2], [3])
    with pytest.raises(UsageError, match="opened once"):
        clients[0].opened_shares([1, 3], [2])
    with pytest.raises(UsageError, match="1 clients are left of at least 2"):
        clients[0].opened_shares([1], [])


def test_shares_that_were_changed_on_the_way_end_the_round():
    clients = [Client(name, vector) for name, vector in enumerate(_vectors(3), start=1)]
    public = {one.name: one.keys() for one in clients}
    sealed = clients[1].sealed_shares(public, 2)[1]
    clients[0].sealed_shares(public, 2)
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(UsageError, match="client 2 sent cannot be opened"):
        clients[0].take_shares({2: broken})
    with pytest.raises(UsageError, match="client 3 sent cannot be opened"):
        clients[0].take_shares({3: sealed})  # another's


def test_too_few_left_is_no_sum_and_bad_rounds_are_refused():
    clients = [Client(name, vector) for name, vector in enumerate(_vectors(6), start=1)]
    with pytest.raises(DataError, match="3 of 6 clients are left, fewer than 4"):
        secure_sum(clients, 4, before_sending=[1, 2], before_unmasking=[3])
    with pytest.raises(UsageError, match="above half of 6"):
        secure_sum(clients, 3)
    with pytest.raises(UsageError, match="from 2 to"):
        secure_sum(clients[:1], 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 5.1, -5.1])
def test_an_update_that_is_no_number_or_too_large_is_not_sent(bad):
    vector = np.zeros(10)
    vector[3] = bad
    with pytest.raises(UsageError, match="it is not sent"):
        Client(1, vector, most=5.0)


def test_numbers_are_held_to_a_billionth_and_masks_follow_their_seed():
    vector = np.array([0.1, -0.3, 1e-9, 1048576.0])
    assert np.abs(encoded(vector).astype(np.int64) * 2.0**-32 - vector).max() <= 2.0**-33
    assert np.array_equal(expanded(b"a" * 32, 5), expanded(b"a" * 32, 9)[:5])
    assert not np.array_equal(expanded(b"a" * 32, 5), expanded(b"b" * 32, 5))


def _chains(n_people=60, length=9, seed=0):
    """Everybody walks on to the next item, so that what comes next can be learned."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, N_ITEMS, n_people)
    return from_lists([[(start + step) % N_ITEMS for step in range(length)] for start in starts], n_items=N_ITEMS)


def _right(model):
    history = from_lists([[item, (item + 1) % N_ITEMS] for item in range(N_ITEMS)], n_items=N_ITEMS)
    return float((model.score(history).argmax(axis=1) == (np.arange(N_ITEMS) + 2) % N_ITEMS).mean())


def test_federated_averaging_learns_what_people_do_next_though_some_vanish():
    settings = {"max_length": 8, "embedding_dim": 16, "learning_rate": 0.05}
    plan = FederatedPlan(rounds=60, clients=8, local_steps=1, vanish=0.25, settings=settings)
    done = fit_federated(_chains(), plan)
    untrained = fit_federated(_chains(), FederatedPlan(rounds=1, clients=3, local_rate=1e-9, settings=SMALL))
    assert _right(untrained.model) < 0.2
    assert _right(done.model) > 0.7
    assert done.vanished == 60 * 2
    assert done.summed == 60 * 6


def test_the_server_steps_along_the_mean_of_a_round_s_updates(monkeypatch):
    seen, caught = {}, []

    def watch(person, update):
        seen[person] = update
        return update

    def step(self, closure=None):
        caught.append([one.grad.double().numpy().ravel() for group in self.param_groups for one in group["params"]])

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    fit_federated(_chains(8), FederatedPlan(rounds=1, clients=8, settings=SMALL), watch)
    assert len(seen) == 8
    wanted = -np.mean(list(seen.values()), axis=0)
    assert np.abs(wanted).max() > 1e-5
    assert np.abs(np.concatenate(caught[0]) - wanted).max() < 1e-6


def test_broken_clients_are_refused_and_the_others_go_on():
    def tamper(person, update):
        if person == 0:
            return update * np.nan
        return update * 1e9 if person == 1 else update

    plan = FederatedPlan(rounds=3, clients=8, settings=SMALL)
    done = fit_federated(_chains(8), plan, tamper)
    assert (done.refused, done.summed) == (6, 18)
    assert np.isfinite(done.model.score(_chains(4))).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rounds": 0}, "rounds"), ({"clients": 2}, "clients"), ({"local_rate": float("nan")}, "local rate"),
        ({"vanish": 0.5}, "a third"), ({"settings": {"warm_start": True}}, "reads people's events"),
    ],
)  # fmt: skip
def test_plans_that_cannot_be_are_refused(change, says):
    with pytest.raises(UsageError, match=says):
        FederatedPlan(**change)


def test_more_people_a_round_than_there_are_is_refused():
    with pytest.raises(UsageError, match="8 people have events, fewer than the 20"):
        fit_federated(_chains(8), FederatedPlan(settings=SMALL))
