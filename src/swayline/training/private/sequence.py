"""The sequence model in noisy steps.

Shapes: P parameters of any shape.
"""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.settings import build
from swayline.dataset import Sequences
from swayline.models import Transformer, TransformerSettings
from swayline.models.sequence.fitting import begun
from swayline.models.sequence.optimize.one_person import PersonLoss
from swayline.numerics.training_loop import Descent
from swayline.numerics.weight_average import Average
from swayline.training.private.accounting import Steps
from swayline.training.private.mechanism import Secret, clipped, gradient_of
from swayline.training.private.plan import OUTSIDE, PUBLIC, PrivatePlan


def private_settings(plan: PrivatePlan) -> TransformerSettings:
    """The settings with nothing left to the data.

    Raises
    ------
    ConfigError
        A setting is unknown or cannot be used.
    """
    return build(TransformerSettings, {"seed": plan.seed, **PUBLIC, **plan.settings, **OUTSIDE})


def fit_sequence(histories: Sequences, plan: PrivatePlan, steps: Steps, secret: Secret) -> Transformer:
    """Train by noisy steps alone: no validation, no early stopping, no figure of the training is kept."""
    settings = private_settings(plan)
    scorer = begun(_nobody(histories), settings)
    network = scorer.network
    network.train()
    parameters = [one for one in network.parameters() if one.requires_grad]
    loss = PersonLoss(network, settings, scorer.sizes.max_length)
    average = Average(network, settings.averaging)
    optimizer = torch.optim.AdamW(
        parameters, settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay
    )
    descent = Descent(optimizer, None, parameters, average)
    expected = max(1.0, steps.sampling_rate * len(histories))
    seeds = generator(plan.seed, "private candidates").integers(2**62, size=steps.n_steps)
    with torch.random.fork_rng(devices=[]), task("train privately", steps.n_steps) as bar:
        for seed in seeds.tolist():
            loss.step(seed)
            people = secret.poisson(len(histories), steps.sampling_rate)
            total = summed(loss, histories, people.tolist(), parameters, plan.clip)
            for parameter, one in zip(parameters, total, strict=True):
                parameter.grad = (one + secret.noise(one, steps.noise_multiplier * plan.clip)) / expected
            descent.move()
            bar.advance()
    average.settle()
    network.eval()
    return Transformer.of_network(settings, scorer, steps.n_steps)


def summed(
    loss: PersonLoss, histories: Sequences, people: Sequence[int], parameters: Sequence[Tensor], clip: float
) -> list[Tensor]:
    """The sum over people of their clipped gradients: one person's presence moves it by at most ``clip``."""
    total = [torch.zeros_like(one) for one in parameters]
    for person in people:
        if histories.lengths[person]:
            own, _ = clipped(gradient_of(loss(histories, person), parameters), clip)
            torch._foreach_add_(total, own)
    return total


def _nobody(histories: Sequences) -> Sequences:
    """The same catalogue and sizes, and nobody's events."""
    empty = histories.take(histories.users[:0])
    return dataclasses.replace(empty, values=None, profiles=None)
