"""The sequence model: a causal Transformer that reads a history and scores every item as the next one.

This file is its face. What it does stands in one file a step: :mod:`~swayline.models.sequence.fitting` (a fit),
:mod:`~swayline.models.sequence.network` (events to states), :mod:`~swayline.models.sequence.serving.scorer` (states to
scores), :mod:`~swayline.models.sequence.stored` (the folder).

Shapes: Q histories, I items, B behaviours.

References
----------
Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018.
Klenitskiy and Vasilev, "Turning Dross Into Gold Loss: is BERT4Rec really better than SASRec?", RecSys 2023.
"""

import copy
import dataclasses
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset import Sequences, Targets
from swayline.models.protocol import Scores
from swayline.models.sequence.continued import Carried
from swayline.models.sequence.distil import SmallSize, distilled
from swayline.models.sequence.export import write_browser, write_onnx
from swayline.models.sequence.fitting import (
    Fitted,
    again,
    calibrate,
    carry_calibration,
    continue_network,
    fit_network,
    weigh_returns,
)
from swayline.models.sequence.knn_blend import KnnBlend, choose_blend
from swayline.models.sequence.network import Network
from swayline.models.sequence.optimize.epochs import Watch
from swayline.models.sequence.serving.approximations import attention_rollout, input_gradients
from swayline.models.sequence.serving.behavior_predictions import behavior_probabilities
from swayline.models.sequence.serving.int8 import round_weights
from swayline.models.sequence.serving.removals import scores_without, shares_prefix
from swayline.models.sequence.serving.scorer import Scorer
from swayline.models.sequence.serving.stream import Stream
from swayline.models.sequence.serving.tracin import gradient_products
from swayline.models.sequence.serving.value_predictions import liked_scores, predicted_values
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.sizes import Sizes
from swayline.models.sequence.stored import StoredModel, read_folder, write_folder
from swayline.models.validation import ValidationScorer

_GENTLER = 0.3
"""Of the learning rate of a first fit, what a fitted network goes on with."""


class Transformer:
    """Who does what next, from the order of what they did.

    With a ``checkpoint`` file (and ``….refit`` beside it), training that was cut off goes on from its last whole
    epoch. Under ``torchrun`` every process trains its share and all end with the same weights. ``watch`` is told of
    every epoch as it ends. After :meth:`fit`, ``history_`` holds a line an epoch (loss, validation NDCG@10, seconds,
    samples a second), ``best_epoch_`` the epoch whose weights were kept, ``chosen_`` what the data decided, ``sizes_``
    the sizes of the network and ``knn_blend_`` the item neighbours that count beside it (None: none).
    """

    name: ClassVar[str] = "transformer"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[TransformerSettings]] = TransformerSettings

    def __init__(
        self,
        settings: TransformerSettings | None = None,
        checkpoint: Path | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.settings = settings or TransformerSettings()
        self.checkpoint, self.watch = checkpoint, watch
        self.newcomers_: dict[str, int] = {}

    @property
    def serves_unmet(self) -> bool:
        """Whether items of the items table that no event names belong to its catalogue: their texts speak for them."""
        return self.settings.fusion != "none"

    @property
    def sizes_(self) -> Sizes:
        """The sizes of the network."""
        return self._scorer.sizes

    @property
    def decided(self) -> TransformerSettings:
        """The settings, with what the data decided where nobody did."""
        return dataclasses.replace(self.settings, **self.chosen_)  # type: ignore[arg-type]

    @property
    def n_items_(self) -> int:
        """Items it scores."""
        return self._scorer.sizes.n_items

    @property
    def max_length_(self) -> int:
        """Events of a history that it reads."""
        return self._scorer.sizes.max_length

    @property
    def knn_blend_(self) -> KnnBlend | None:
        """Item neighbours that count beside the network."""
        return self._scorer.blend

    @knn_blend_.setter
    def knn_blend_(self, blend: KnnBlend | None) -> None:
        self._scorer.blend = blend

    @property
    def _network(self) -> Network:
        return self._scorer.network

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn from histories; with ``valid``, stop when its NDCG@10 no longer rises.

        Where a list of ten holds the whole catalogue (behaviours), NDCG@10 feels little, so the answers' likelihood
        decides instead.

        Raises
        ------
        EmptyLogError
            There is no event to learn from.
        """
        judge = ValidationScorer(valid, self.settings.seed) if valid is not None and len(valid) else None
        self._become(fit_network(train, self.settings, judge, self.checkpoint, self.watch))
        if judge is not None and self.settings.counts_neighbours:
            self.knn_blend_ = choose_blend(train, judge, self._scorer.score)
            if self.knn_blend_ is not None:
                weigh_returns(self._scorer, judge)
        if valid is not None and len(valid):
            calibrate(self._scorer, valid, self.settings.seed)
        return self

    def refit(self, train: Sequences) -> Self:
        """Learn again from (more) histories for as many epochs as :meth:`fit` found best."""
        before = self._scorer
        checkpoint = self.checkpoint and self.checkpoint.with_name(f"{self.checkpoint.name}.refit")
        self._become(fit_network(train, again(self.settings, self.best_epoch_), None, checkpoint, self.watch))
        self.knn_blend_ = before.blend and KnnBlend.counted(train, before.blend.chosen)
        carry_calibration(before.network, self._scorer.network)
        return self

    def continued(self, train: Sequences, part: Sequences, valid: Targets, carried: Carried, epochs: int) -> Self:
        """Another model that goes on from this one's weights; ``newcomers_`` says what first rows came from.

        Parameters
        ----------
        train : Sequences
            All that is known now: neighbours are counted on it.
        part : Sequences
            What is trained on: histories with what is new, and some of the others.
        valid : Targets
            Questions by which the best epoch is kept; may be none.
        epochs : int
            At most; 0 for the weights as they are carried.
        """
        judge = ValidationScorer(valid, self.settings.seed) if len(valid) else None
        rate = self.decided.learning_rate * _GENTLER
        settings = dataclasses.replace(self.decided, max_epochs=max(epochs, 1), learning_rate=rate)
        before = Scorer(self.decided, self.sizes_, self._network)
        none = part.take(np.zeros(0, np.int64))
        fitted, told = continue_network(before, train, part if epochs else none, settings, judge, carried, self.watch)
        model = type(self)(self.settings)
        model._become(dataclasses.replace(fitted, chosen=self.chosen_, best_epoch=self.best_epoch_))
        model._scorer.settings = self._scorer.settings
        model.newcomers_ = dict(told)
        model.knn_blend_ = self.knn_blend_ and KnnBlend.counted(train, self.knn_blend_.chosen)
        carry_calibration(self._network, model._network)
        return model

    @classmethod
    def of_network(cls, settings: TransformerSettings, scorer: Scorer, n_epochs: int) -> Self:
        """A model whose network another loop has trained (private, federated); no loss of its training is kept."""
        model = cls(settings)
        scorer.forget_catalogue()
        model._become(Fitted(scorer, {}, (), n_epochs))
        return model

    def distilled(self, train: Sequences, valid: Targets, size: SmallSize) -> Self:
        """A smaller model, cut out of this one and taught by its scores (see :mod:`swayline.models.sequence.distil`).

        Item neighbours that count beside this one count beside the smaller one too, ``size.n_neighbours`` an item.
        """
        judge = ValidationScorer(valid, self.settings.seed) if len(valid) else None
        teacher = Scorer(self.decided, self.sizes_, self._network)
        small = type(self)()
        small._become(distilled(teacher, train, size, judge, self.watch))
        small.settings = small._scorer.settings
        if judge is not None and self.knn_blend_ is not None:
            small.knn_blend_ = choose_blend(train, judge, small.score, size.n_neighbours)
        if judge is not None:
            weigh_returns(small._scorer, judge)
            calibrate(small._scorer, valid, self.settings.seed)
        return small

    def in_eight_bits(self) -> Self:
        """The same model with its matrices in eight bits; what learns later learns in full numbers."""
        small = type(self)(dataclasses.replace(self.settings, weights="int8"))
        network = copy.deepcopy(self._network)
        round_weights(network)
        settings = dataclasses.replace(self._scorer.settings, weights="int8")
        small._scorer = Scorer(settings, self.sizes_, network, self.knn_blend_)
        small.chosen_, small.best_epoch_, small.history_ = self.chosen_, self.best_epoch_, self.history_
        return small

    def _become(self, fitted: Fitted) -> None:
        self._scorer: Scorer = fitted.scorer
        self.chosen_, self.best_epoch_ = fitted.chosen, fitted.best_epoch
        self.history_ = [epoch.as_dict() for epoch in fitted.history]

    def score(self, history: Sequences) -> Scores:
        """(Q, I) logits of every item as the next one."""
        return self._scorer.score(history)

    def best_items(self, history: Sequences, k: int, exclude_seen: bool) -> tuple[ItemRows, Scores]:
        """(Q, k) the best items of each history and their scores, holding no row of scores as long as the catalogue."""
        return self._scorer.best_items(history, k, exclude_seen)

    def score_items(self, history: Sequences, items: np.ndarray) -> Scores:
        """(Q,) the logit of one item a row, without scoring the whole catalogue."""
        return self._scorer.score_items(history, items)

    def score_pairs(self, history: Sequences, rows: Ints, items: Ints) -> Scores:
        """(R,) the logits of ``items`` (R,) after the histories ``rows`` (R,); each history is read once."""
        return self._scorer.score_pairs(history, rows, items)

    def shares_prefix(self, histories: Sequences) -> np.ndarray:
        """(H,) whether :meth:`scores_without` can answer for each history."""
        return shares_prefix(self._scorer, histories)

    def scores_without(self, histories: Sequences, position: Ints, removal: Ints, items: Ints) -> Floats:
        """(R,) logits of ``items`` after histories that lack one event each (flat ``position[removal]``)."""
        return scores_without(self._scorer, histories, position, removal, items)

    def input_gradients(self, history: Sequences, rows: Ints, items: Ints, steps: int = 1) -> Floats:
        """(P,) what each event adds to the network's logit of ``items`` after histories ``rows``, by its gradient.

        Raises
        ------
        UsageError
            The objective hides events from their own place, so that there is no one gradient.
        """
        return input_gradients(self._scorer, history, rows, items, steps)

    def attention_rollout(self, history: Sequences, rows: Ints) -> Floats:
        """(P,) the share of each event in what the last token of histories ``rows`` attends to, layer on layer.

        Raises
        ------
        UsageError
            The block has no softmax of attention to roll out.
        """
        return attention_rollout(self._scorer, history, rows)

    def gradient_products(self, train: Sequences, history: Sequences, items: Ints) -> Floats:
        """(U, Q) how much each training history pulled at ``items`` (Q,) after histories (Q), by TracIn's last layer.

        Raises
        ------
        UsageError
            The objective does not predict each event from those before it.
        """
        return gradient_products(self._scorer, train, history, items)

    def stream(self, history: Sequences) -> Stream:
        """A few histories that grow event by event, scored after each without being read again.

        Raises
        ------
        UsageError
            The block or the objective looks ahead, so that every event changes what was read before.
        """
        return Stream(self._scorer, history)

    def behavior_probabilities(self, history: Sequences, items: np.ndarray) -> npt.NDArray[np.float32]:
        """(Q, B) how likely each behaviour is, were the next event of a history on this item (one item a row).

        Each behaviour has its own probability, calibrated on validation questions where :meth:`fit` had them.

        Raises
        ------
        UsageError
            The model was trained without ``behavior_loss``, or on a log with one behaviour.
        """
        return behavior_probabilities(self._scorer, history, items)

    def values(self, history: Sequences, items: np.ndarray, behaviors: np.ndarray | None = None) -> Floats:
        """(Q,) what one item a row would be worth to the person, in the log's own units (stars, seconds).

        ``behaviors`` (Q,) says of which behaviour; by default the one that most events with a value show.

        Raises
        ------
        UsageError
            The model was trained without ``value_loss``, or on a log without values.
        """
        return predicted_values(self._scorer, history, items, behaviors)

    def score_liked(self, history: Sequences, at_least: float, behavior: int | None = None) -> Scores:
        """(Q, I) scores that rank what comes next and is worth at least so much: log of both chances together.

        Raises
        ------
        UsageError
            As :meth:`values`.
        """
        return liked_scores(self._scorer, history, at_least, behavior)

    def write_onnx(self, path: Path, exclude_seen: bool) -> None:
        """Write the serving form as ONNX (see :mod:`swayline.models.sequence.export.onnx_file`).

        Raises
        ------
        MissingExtraError
            onnx is not installed.
        UsageError
            The model reads more than items and behaviours in their order.
        """
        write_onnx(path, self._scorer, exclude_seen)

    def write_browser(self, folder: Path, exclude_seen: bool, items: list[str], behaviors: list[str]) -> None:
        """Write a folder that scores sessions in a browser (see :mod:`swayline.models.sequence.export.browser`).

        Raises
        ------
        UsageError
            The model is not in eight bits, or reads more than items and behaviours in their order.
        """
        write_browser(folder, self._scorer, exclude_seen, items, behaviors)

    def save(self, folder: Path) -> None:
        """Write weights, settings and the training history."""
        held = StoredModel(self.settings, self._scorer, self.chosen_, self.history_, self.best_epoch_)
        write_folder(folder, self.name, held)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        held = read_folder(folder, cls.name)
        model = cls(held.settings)
        model._scorer, model.chosen_ = held.scorer, held.chosen
        model.history_, model.best_epoch_ = held.history, held.best_epoch
        return model
