"""One fit, top-down: the data decides what was left open, a network is built, started, trained and calibrated.

::

    histories → for_data → sizes → network → first weights → training → share of texts → neighbours → calibration

Shapes: Q validation questions, B behaviours.
"""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from swayline.core.errors import EmptyLogError
from swayline.core.rng import generator
from swayline.dataset import Sequences, Targets, sample
from swayline.dataset.attributes import attribute_codes
from swayline.models.sequence.continued import Carried, carry
from swayline.models.sequence.device import device_of
from swayline.models.sequence.for_data import OPEN, for_data, max_length_for
from swayline.models.sequence.fusion.text_fusion import Texts
from swayline.models.sequence.network import INITIAL_STD, Network
from swayline.models.sequence.optimize.epochs import Epoch, Watch
from swayline.models.sequence.optimize.training import train
from swayline.models.sequence.optimize.warm_start import first_items
from swayline.models.sequence.serving.int8 import round_weights
from swayline.models.sequence.serving.returns_gate import GateLikelihood
from swayline.models.sequence.serving.scorer import Scorer
from swayline.models.sequence.serving.value_predictions import calibrate_values
from swayline.models.sequence.settings import MIXING, TransformerSettings
from swayline.models.sequence.sizes import Sizes
from swayline.models.text.features import told_features
from swayline.models.validation import K, ValidationScorer

_GATE_STEPS, _GATE_END = (2.0, 0.5), 12.0
"""Log-odds by which the gate of returns is moved while validation gains, and how far at most."""
_TEXT_SHARES = (1.0, 0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 1.4, 1.6, 2.0, 3.0)
"""Of the strength that texts beside ids are measured to have, what validation may choose; the first where all serve."""
_CALIBRATING = 20_000
"""Validation questions that behaviour probabilities are calibrated on."""


@dataclass(frozen=True)
class Fitted:
    """What training leaves behind."""

    scorer: Scorer
    chosen: dict[str, object]
    """What the data decided."""
    history: tuple[Epoch, ...]
    best_epoch: int


@dataclass(frozen=True)
class _Read:
    """What is read of a log besides its events."""

    sizes: Sizes
    codes: np.ndarray
    """(I, C) attributes of the items."""
    texts: Texts | None


def fit_network(
    histories: Sequences, settings: TransformerSettings, judge: ValidationScorer | None, checkpoint: Path | None,
    watch: Watch | None,
) -> Fitted:  # fmt: skip
    """Train a network on histories; with a ``judge`` the epoch that validation likes best is kept.

    Raises
    ------
    EmptyLogError
        There is no event to learn from.
    """
    if not len(histories.items):
        raise EmptyLogError("no event is left to train on: give a log with events")
    decided = for_data(settings, histories)
    read = _read(histories, decided)
    network = _started(histories, decided, read)
    rows_at_start = None if read.texts is None else network.items.weight[:-1].detach().clone()
    network.codes[:-1] = torch.from_numpy(read.codes)
    network.to(device_of(decided))
    if decided.compile:
        for block in network.blocks:
            block.compile()
    scorer = Scorer(settings, read.sizes, network)
    scorer.moving = True
    few = decided.loss in MIXING and read.sizes.n_items <= K
    asked = (lambda: (judge(scorer), judge.likelihood(scorer) if few else None)) if judge else None
    known = scorer.scaled_values(histories)
    trained = train(network, known, decided, read.sizes.max_length, asked, checkpoint, watch)
    if rows_at_start is not None:
        met = np.bincount(histories.items, minlength=len(rows_at_start)) > 0
        network.place_unmet(rows_at_start, torch.from_numpy(met))
    if judge is not None and network.n_text_dims:
        _weigh_texts(scorer, judge)
    if judge is not None:
        weigh_returns(scorer, judge)
    if decided.weights == "int8":
        round_weights(network)
    scorer.moving = False
    chosen = {name: getattr(decided, name) for name in OPEN if getattr(settings, name) is None}
    return Fitted(scorer, chosen, trained.history, trained.best_epoch)


def continue_network(
    before: Scorer, histories: Sequences, part: Sequences, settings: TransformerSettings,
    judge: ValidationScorer | None, carried: Carried, watch: Watch | None,
) -> tuple[Fitted, Counter[str]]:  # fmt: skip
    """Train on from a network's weights on a ``part`` of the histories; how many newcomers started from what.

    Parameters
    ----------
    before : Scorer
        What was fitted; it stays as it is.
    histories : Sequences
        All that is known, in the numbers of now.
    settings : TransformerSettings
        Those of the earlier fit with what the data decided then.
    """
    read = _read(histories, settings)
    network = _started(histories, dataclasses.replace(settings, warm_start=False), read)
    network.codes[:-1] = torch.from_numpy(read.codes)
    told = carry(before.network, network, histories, carried)
    network.to(device_of(settings))
    scorer = Scorer(settings, read.sizes, network)
    scorer.moving = True
    asked = (lambda: (judge(scorer), None)) if judge else None
    history: tuple[Epoch, ...] = ()
    if len(part.items):
        known = scorer.scaled_values(part)
        history = train(network, known, settings, read.sizes.max_length, asked, None, watch).history
    if settings.weights == "int8":
        round_weights(network)
    scorer.moving = False
    return Fitted(scorer, {}, history, 0), told


def begun(histories: Sequences, settings: TransformerSettings) -> Scorer:
    """A network with its first weights and no training, for a loop of another room (private, federated).

    ``settings`` leave nothing to the data; of ``histories`` only the sizes and the catalogue are read, so that they may
    be empty.
    """
    read = _read(histories, settings)
    network = _started(histories, settings, read)
    network.codes[:-1] = torch.from_numpy(read.codes)
    return Scorer(settings, read.sizes, network.to(device_of(settings)).eval())


def _read(histories: Sequences, settings: TransformerSettings) -> _Read:
    """Sizes, attributes and texts."""
    codes, n_values = attribute_codes(histories.catalogue if settings.attributes else None, histories.n_items)
    texts = None
    if settings.fusion != "none":
        features, pairs = told_features(histories, settings.text_model)
        texts = Texts(torch.from_numpy(features), torch.from_numpy(pairs))
    profiles = histories.profiles if settings.profiles else None
    sizes = Sizes(
        histories.n_items, histories.n_behaviors, settings.max_length or max_length_for(histories), histories.timed,
        codes.shape[1], n_values, 0 if profiles is None else int(profiles.max()) + 1,
        0 if texts is None else texts.features.shape[1], histories.valued,
    )  # fmt: skip
    return _Read(sizes, codes, texts)


def _started(histories: Sequences, settings: TransformerSettings, read: _Read) -> Network:
    """A network with its first weights."""
    with torch.random.fork_rng(devices=[]):  # PyTorch's layers draw weights as they are made; ours are drawn next
        network = Network(settings, read.sizes)
    factors, dim = None, settings.width
    if settings.warm_start:
        factors = first_items(histories, dim, INITIAL_STD * dim**0.5, settings.seed)
    first = None if factors is None else torch.from_numpy(factors)
    network.start(torch.Generator().manual_seed(settings.seed), first, read.texts)
    if network.head is not None:
        network.head.start(histories.behaviors)
    if network.values is not None:
        network.values.start(histories)
    return network


def _weigh_texts(scorer: Scorer, judge: ValidationScorer) -> None:
    """How much texts beside the ids count, none at all among the choices, so that validation is served best."""
    texts = scorer.network.told
    assert texts is not None
    found = []
    for share in _TEXT_SHARES:
        texts.share.fill_(share)
        found.append(judge(scorer))
    texts.share.fill_(_TEXT_SHARES[int(np.argmax(found))])


def weigh_returns(scorer: Scorer, judge: ValidationScorer) -> None:
    """How likely returns are at all, so that validation answers are likeliest: training shows what was, not what is.

    Asked of the network, and again once neighbours stand beside it: what they add to new items they take from returns.
    """
    repeats = scorer.network.repeats
    if repeats is None:
        return

    best = start = repeats.log_odds
    with torch.no_grad():
        likelihood = GateLikelihood.of(scorer, judge.questions.history, judge.questions.items)
    reached = likelihood(0.0)
    for step in _GATE_STEPS:
        for way in (-step, step):
            while abs(best + way) <= _GATE_END and (found := likelihood(best + way - start)) > reached:
                best, reached = best + way, found
    repeats.set_log_odds(best)


def calibrate(scorer: Scorer, questions: Targets, seed: int) -> None:
    """Fit what turns logits into probabilities and predicted values into values, on validation questions."""
    head = scorer.network.head
    if head is not None:
        asked = sample(questions, _CALIBRATING, generator(seed, "calibrate"))
        head.calibrate(scorer.behavior_logits(head, asked.history, asked.items), asked.behaviors)
    calibrate_values(scorer, sample(questions, _CALIBRATING, generator(seed, "calibrate values")))


def carry_calibration(before: Network, after: Network) -> None:
    """Give a network trained again what validation taught the earlier one."""
    if after.head is not None and before.head is not None:
        after.head.scale.copy_(before.head.scale)
        after.head.shift.copy_(before.head.shift)
    if before.values is not None and before.values.foretells and after.values is not None:
        after.values.shrink.copy_(before.values.shrink)
        after.values.left.copy_(before.values.left)
    if before.repeats is not None and after.repeats is not None:
        after.repeats.set_log_odds(before.repeats.log_odds)
    if before.told is not None and before.told.beside and after.told is not None:
        after.told.share.copy_(before.told.share)


def again(settings: TransformerSettings, n_epochs: int) -> TransformerSettings:
    """The settings for a fit of exactly so many epochs."""
    return dataclasses.replace(settings, max_epochs=n_epochs)
