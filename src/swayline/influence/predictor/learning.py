"""A network learned from examples: reach by squared error, influencers by log-loss, stopped on people held out."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.core.types import Ints
from swayline.influence.contagion.reading import Floats
from swayline.influence.predictor.encoders import InfluenceNetwork
from swayline.influence.predictor.examples import Examples
from swayline.metrics.prediction import auc
from swayline.numerics.training_loop import Descent, Limits, train

TOP = 0.1
"""Influencers are those whose acts bring more than those of this share of the people at the date do not."""
_BATCH, _RATE, _DECAY, _EPOCHS, _PATIENCE = 256, 2e-3, 1e-2, 40, 6


@dataclass(frozen=True)
class Scale:
    """Means and spreads of the numbers, (F,); spread of the label; where an influencer begins."""

    mean: Floats
    spread: Floats
    label: float
    bar: float


@dataclass(frozen=True)
class Learned:
    """A network, its scale, and the line that takes its answers to acts.

    ``slope``, ``shift``: reach = shift + slope · answer; ``margin``: what 95% of held-out people stay within.
    """

    network: InfluenceNetwork
    scale: Scale
    slope: float = 1.0
    shift: float = 0.0
    margin: tuple[float, float] = (0.0, 0.0)
    cut: float = 0.5

    def answers(self, examples: Examples) -> tuple[Floats, Floats]:
        """(N,) raw reach in acts, and (N,) chance of being an influencer."""
        parts = []
        self.network.eval()
        with torch.no_grad():
            for start in range(0, len(examples), 4 * _BATCH):
                rows = np.arange(start, min(start + 4 * _BATCH, len(examples)))
                reach, logit = self.network(*_batch(examples, rows, self.scale))
                parts.append(torch.stack([reach * self.scale.label, torch.sigmoid(logit)]).double().numpy())
        found = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0))
        return found[0], found[1]

    def predict(self, examples: Examples) -> tuple[Floats, Floats]:
        """(N,) calibrated reach, and (N,) chance of being an influencer."""
        reach, chance = self.answers(examples)
        return self.shift + self.slope * reach, chance


def scale_of(examples: Examples) -> Scale:
    """How numbers and labels are standardised; where influencers begin."""
    spread = examples.numbers.std(axis=0)
    return Scale(
        examples.numbers.mean(axis=0), np.where(spread > 1e-9, spread, 1.0),
        max(float(examples.label.std()), 1e-6), bar_of(examples.label),
    )  # fmt: skip


def bar_of(label: Floats) -> float:
    """What influencers' acts bring at least: the tenth highest of a hundred, and more than nothing."""
    return max(float(np.quantile(label, 1 - TOP)), float(np.nextafter(0, 1)))


def learn(head: str, examples: Examples, held: Examples, sizes: tuple[int, int], seed: int) -> Learned:
    """Learn a head.

    Parameters
    ----------
    examples, held : to learn from; of other people, to stop and to calibrate by
    sizes : behaviours and categories, one more each for none
    """
    torch.manual_seed(seed)
    scale = scale_of(examples)
    network = InfluenceNetwork(head, *sizes, examples.numbers.shape[1])
    found = Learned(network, scale)
    order = np.random.default_rng(seed)

    def losses(_: int):  # type: ignore[no-untyped-def]
        mixed = order.permutation(len(examples))
        for start in range(0, len(mixed), _BATCH):
            rows = mixed[start : start + _BATCH]
            yield _loss(network, examples, rows, scale), len(rows)

    def judge() -> float:
        reach, chance = found.answers(held)
        truth = (held.label >= scale.bar).astype(np.int64)
        error = float(np.mean((reach - held.label) ** 2)) / max(float(held.label.var()), 1e-9)
        return (auc(truth, chance) if 0 < truth.sum() < len(truth) else 0.5) - 0.5 * min(error, 2.0)

    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    train(network, losses, Descent(optimizer, 1.0), Limits(_EPOCHS, _PATIENCE), f"influence by {head}", judge=judge)
    return calibrated(found, held)


def calibrated(found: Learned, held: Examples) -> Learned:
    """Answers taken to acts on people held out, the margin that 95% of them keep, the cut of the best F1."""
    reach, chance = found.answers(held)
    centred = reach - reach.mean()
    square = float(centred @ centred)
    slope = max(float(centred @ held.label) / square, 0.0) if square > 1e-12 else 0.0
    shift = float(held.label.mean()) - slope * float(reach.mean())
    left = held.label - shift - slope * reach
    # Split conformal: the quantile with its correction for few people (Vovk 2005).
    n = len(left)
    level = min(1.0, np.ceil((n + 1) * 0.975) / n)
    margin = (float(np.quantile(left, 1 - level)), float(np.quantile(left, level)))
    cut = best_cut((held.label >= found.scale.bar).astype(np.int64), chance)
    return Learned(found.network, found.scale, slope, shift, margin, cut)


def best_cut(truth: Ints, chance: Floats) -> float:
    """The chance from which people are called influencers: where F1 is best.

    >>> best_cut(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.9]))
    0.6
    """
    order = np.argsort(-chance, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + max(int(truth.sum()), 1))
    return float(chance[order][int(np.argmax(f1))])


def _loss(network: InfluenceNetwork, examples: Examples, rows: Ints, scale: Scale) -> Tensor:
    reach, logit = network(*_batch(examples, rows, scale))
    label = torch.from_numpy(examples.label[rows] / scale.label).float()
    truth = torch.from_numpy(examples.label[rows] >= scale.bar).float()
    found: Tensor = F.smooth_l1_loss(reach, label, beta=2.0) + F.binary_cross_entropy_with_logits(logit, truth)
    return found


def _batch(examples: Examples, rows: Ints, scale: Scale) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    told = np.stack([examples.ago[rows], examples.age[rows]], axis=2)
    numbers = (examples.numbers[rows] - scale.mean) / scale.spread
    return (
        torch.from_numpy(examples.behavior[rows]), torch.from_numpy(examples.category[rows]),
        torch.from_numpy(told).float(), torch.from_numpy(numbers).float(),
    )  # fmt: skip
