"""One person moves a step by at most the clip, the noise is of the stated size, the accountant is the library's."""

import numpy as np
import pytest
import torch

from swayline.core.errors import UsageError
from swayline.dataset import from_lists
from swayline.models.sequence.fitting import begun
from swayline.models.sequence.optimize.one_person import PersonLoss
from swayline.training.private.accounting import ORDERS, Steps, epsilon_of, noise_for
from swayline.training.private.mechanism import Secret, clipped, gradient_of
from swayline.training.private.plan import PrivatePlan
from swayline.training.private.sequence import fit_sequence, private_settings, summed
from swayline.training.private.sums import counts_of, noisy_pairs, pairs_of

N_ITEMS = 40
CLIP = 0.7


def _histories(n_people=12, seed=0):
    rng = np.random.default_rng(seed)
    return from_lists(
        [rng.integers(0, N_ITEMS, rng.integers(1, 30)).tolist() for _ in range(n_people)], n_items=N_ITEMS
    )


def _asked(histories, **settings):
    plan = PrivatePlan(3.0, settings={"embedding_dim": 8, "max_length": 10, **settings})
    made = private_settings(plan)
    empty = histories.take(np.zeros(0, np.int64))
    scorer = begun(empty, made)
    parameters = [one for one in scorer.network.parameters() if one.requires_grad]
    return PersonLoss(scorer.network, made, scorer.sizes.max_length), parameters


def _distance(one, other):
    return float(torch.sqrt(sum((a.double() - b.double()).square().sum() for a, b in zip(one, other, strict=True))))


@pytest.mark.parametrize("settings", [{}, {"loss": "sampled-softmax", "n_negatives": 7}])
def test_one_person_moves_the_sum_by_at_most_the_clip(settings):
    histories = _histories()
    loss, parameters = _asked(histories, **settings)
    everybody = list(range(len(histories)))
    whole = summed(loss, histories, everybody, parameters, CLIP)
    for person in everybody:
        without = summed(loss, histories, [one for one in everybody if one != person], parameters, CLIP)
        moved = _distance(whole, without)
        # Single precision sums of twelve people; the gradient of each is far longer than the clip.
        assert 0.9 * CLIP < moved <= CLIP * (1 + 1e-5)
        assert clipped(gradient_of(loss(histories, person), parameters), CLIP)[1] > CLIP


def test_a_person_s_gradient_does_not_depend_on_who_else_is_there():
    histories = _histories()
    loss, parameters = _asked(histories)
    alone = gradient_of(loss(histories, 3), parameters)
    others = histories.take(np.array([3, 0, 1]))
    assert _distance(alone, gradient_of(loss(others, 0), parameters)) == 0.0


def test_a_short_gradient_is_left_as_it_is_and_a_broken_one_counts_as_none():
    small = [torch.tensor([0.1, -0.2])]
    assert torch.equal(clipped(small, 1.0)[0][0], small[0])
    broken, length = clipped([torch.tensor([float("nan"), 1.0])], 1.0)
    assert not np.isfinite(length)
    assert float(broken[0].abs().sum()) == 0.0


@pytest.mark.parametrize("make", [counts_of, pairs_of])
def test_one_person_moves_a_sum_of_counts_by_at_most_the_clip(make):
    histories = _histories()
    whole = make(histories, CLIP)
    for person in range(len(histories)):
        others = np.delete(np.arange(len(histories)), person)
        moved = np.linalg.norm(whole - make(histories.take(others), CLIP))
        assert 0.99 * CLIP <= moved <= CLIP * (1 + 1e-9)


def test_noise_is_of_the_stated_size_and_never_the_same():
    secret = Secret()
    drawn = secret.noise(torch.zeros(200, 200), 2.5)
    assert 2.45 < float(drawn.std()) < 2.55
    assert abs(float(drawn.mean())) < 0.06
    assert not torch.equal(drawn, Secret().noise(torch.zeros(200, 200), 2.5))
    pairs = noisy_pairs(np.zeros((150, 150)), 3.0, secret)
    assert np.array_equal(pairs, pairs.T)
    assert 2.9 < pairs[np.triu_indices(150)].std() < 3.1


def test_people_of_a_step_are_drawn_independently_at_the_rate():
    drawn = [len(Secret().poisson(1000, 0.2)) for _ in range(200)]
    assert 195 < np.mean(drawn) < 205
    assert 10 < np.std(drawn) < 16  # binomial: 12.6


def test_the_noise_reaches_the_step(monkeypatch):
    """What moves the weights is the clipped sum and the noise over the expected people: caught at the optimiser."""
    histories = _histories()
    plan = PrivatePlan(3.0, steps=1, people_share=1.0, clip=CLIP, settings={"embedding_dim": 8, "max_length": 10})
    seen = []

    class Zero(Secret):
        def noise(self, like, scale):
            seen.append(scale)
            return torch.zeros_like(like)

    caught = []

    def caught_step(self, closure=None):
        caught.append([one.grad.clone() for group in self.param_groups for one in group["params"]])

    monkeypatch.setattr(torch.optim.AdamW, "step", caught_step)
    fit_sequence(histories, plan, Steps(1.7, 1.0, 1), Zero())
    assert seen
    assert all(scale == pytest.approx(1.7 * CLIP) for scale in seen)
    loss, parameters = _asked(histories)
    wanted = summed(loss, histories, range(len(histories)), parameters, CLIP)
    assert _distance(caught[0], [one / len(histories) for one in wanted]) < 1e-6


def test_the_accountant_is_the_library_s_and_steps_add_up():
    from opacus.accountants import RDPAccountant

    steps = [Steps(1.3, 0.2, 50), Steps(2.0, 1.0, 1)]
    theirs = RDPAccountant()
    for one in steps:
        for _ in range(one.n_steps):  # the library adds equal steps up
            theirs.step(noise_multiplier=one.noise_multiplier, sample_rate=one.sampling_rate)
    assert epsilon_of(steps, 1e-3) == pytest.approx(theirs.get_epsilon(delta=1e-3, alphas=ORDERS), rel=1e-9)
    assert epsilon_of([], 1e-3) == 0.0
    assert epsilon_of(steps, 1e-3) > epsilon_of(steps[:1], 1e-3)


def test_the_bound_of_one_step_is_above_the_exact_one():
    """The Gaussian mechanism's exact δ (Balle and Wang 2018) at the accountant's ε is below the δ it was asked for."""
    from scipy.stats import norm

    for sigma in (0.7, 2.0, 10.0):
        epsilon = epsilon_of([Steps(sigma, 1.0, 1)], 1e-3)
        exact = norm.cdf(0.5 / sigma - epsilon * sigma) - np.exp(epsilon) * norm.cdf(-0.5 / sigma - epsilon * sigma)
        assert 0 < exact <= 1e-3


@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_noise_is_chosen_for_the_epsilon_asked(epsilon):
    steps = noise_for(epsilon, 1e-3, 0.2, 30)
    assert 0.97 * epsilon < epsilon_of([steps], 1e-3) <= epsilon


def test_an_epsilon_that_no_noise_reaches_is_refused():
    with pytest.raises(UsageError, match="raise --epsilon"):
        noise_for(1e-4, 1e-3, 0.5, 1)


def test_settings_are_all_decided_without_the_log():
    from swayline.models.sequence.for_data import OPEN

    settings = private_settings(PrivatePlan(1.0))
    assert [name for name in OPEN if getattr(settings, name) is None] == []
    assert settings.max_length is not None
    with pytest.raises(UsageError, match="warm_start = True reads the log"):
        PrivatePlan(1.0, settings={"warm_start": True})
