"""The sequence model: a causal Transformer that reads a history and scores every item as the next one.

Shapes: Q histories, I items, D width.

References
----------
Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018.
Klenitskiy and Vasilev, "Turning Dross Into Gold Loss: is BERT4Rec really better than SASRec?", RecSys 2023.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch

from swayline.core.errors import ArtifactError, EmptyLogError, UsageError
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset import Sequences, Targets, sample
from swayline.dataset.attributes import attribute_codes
from swayline.models import artifact
from swayline.models.protocol import Scores
from swayline.models.sequence.batching.batches import Packed, bin_width, place
from swayline.models.sequence.for_data import OPEN, for_data
from swayline.models.sequence.fusion.text_fusion import Texts
from swayline.models.sequence.heads.behavior_head import BehaviorHead
from swayline.models.sequence.heads.repeat_head import Returns
from swayline.models.sequence.knn_blend import Beside, beside
from swayline.models.sequence.layers.network import INITIAL_STD, Network
from swayline.models.sequence.objectives import OBJECTIVES
from swayline.models.sequence.optimize.distributed import own_gpu
from swayline.models.sequence.optimize.prefetch import kind_of
from swayline.models.sequence.optimize.training import Watch, train
from swayline.models.sequence.optimize.warm_start import first_items
from swayline.models.sequence.serving.blocked import best_of
from swayline.models.sequence.serving.int8 import Rounded, grown, round_weights, shrunk, shrunk_shapes
from swayline.models.sequence.serving.stream import Stream
from swayline.models.sequence.serving.value_predictions import calibrate_values, foretold, liked_scores
from swayline.models.sequence.settings import MIXING, TransformerSettings
from swayline.models.text.features import told_features
from swayline.models.validation import Judge, K

_SHORT, _LONG = 50, 200
_AT_ONCE = {"cpu": (512, 8192), "gpu": (4096, 1 << 17)}
"""Histories and tokens of a batch of questions at most: on a CPU so few that states stay in its cache."""
_SHARES = (1.0, 0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 1.4, 1.6, 2.0, 3.0)
"""Of the strength that texts beside ids are measured to have, what validation may choose; the first where all serve."""
_CALIBRATING = 20_000
"""Validation questions that behaviour probabilities are calibrated on."""

_SIZES = (
    "n_items",
    "n_behaviors",
    "max_length",
    "best_epoch",
    "timed",
    "n_columns",
    "n_values",
    "n_known",
    "n_told",
    "valued",
)


class Transformer:
    """Who does what next, from the order of what they did.

    With a ``checkpoint`` file (and ``….refit`` beside it), training that was cut off goes on from its last whole
    epoch. Under ``torchrun`` every process trains its share and all end with the same weights. ``watch`` is told of
    every epoch as it ends. After :meth:`fit`, ``history_`` holds a line an epoch (loss, validation NDCG@10, seconds,
    samples a second), ``best_epoch_`` the epoch whose weights were kept, ``chosen_`` what the data decided and
    ``beside_`` the item neighbours that count beside the network (None: none).
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
        self._answers: torch.Tensor | Rounded | None = None
        self.beside_: Beside | None = None
        self._moving = False

    @property
    def serves_unmet(self) -> bool:
        """Whether items of the items table that no event names belong to its catalogue: their texts speak for them."""
        return self.settings.fusion != "none"

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn from histories; with ``valid``, stop when its NDCG@10 no longer rises.

        Where a list of ten holds the whole catalogue (behaviours), NDCG@10 feels little, so the answers' likelihood
        decides instead.

        Raises
        ------
        EmptyLogError
            There is no event to learn from.
        """
        judge = Judge(valid, self.settings.seed) if valid is not None and len(valid) else None
        self._train(train, self.settings, judge, self.checkpoint)
        if judge is not None and self.settings.counts_neighbours:
            self.beside_ = beside(train, judge, self.score)
        if self._network.head is not None and valid is not None and len(valid):
            self._calibrate(self._network.head, sample(valid, _CALIBRATING, generator(self.settings.seed, "calibrate")))
        if valid is not None and len(valid):
            calibrate_values(self, sample(valid, _CALIBRATING, generator(self.settings.seed, "calibrate values")))
        return self

    def refit(self, train: Sequences) -> Self:
        """Learn again from (more) histories for as many epochs as :meth:`fit` found best."""
        calibrated, weighed, counted = self._network.head, self._network.told, self.beside_
        valued = self._network.values
        again = self.checkpoint and self.checkpoint.with_name(f"{self.checkpoint.name}.refit")
        self._train(train, dataclasses.replace(self.settings, max_epochs=self.best_epoch_), None, again)
        self.beside_ = counted and Beside.counted(train, counted.chosen)
        if self._network.head is not None and calibrated is not None:
            self._network.head.scale.copy_(calibrated.scale)
            self._network.head.shift.copy_(calibrated.shift)
        if valued is not None and valued.foretells and self._network.values is not None:
            self._network.values.shrink.copy_(valued.shrink)
            self._network.values.left.copy_(valued.left)
        if weighed is not None and weighed.beside and self._network.told is not None:
            self._network.told.share.copy_(weighed.share)
            self._answers = None
        return self

    def _train(
        self, histories: Sequences, settings: TransformerSettings, judge: Judge | None, checkpoint: Path | None
    ) -> Self:
        if not len(histories.items):
            raise EmptyLogError("no event is left to train on: give a log with events")
        settings = for_data(settings, histories)
        self.chosen_ = {name: getattr(settings, name) for name in OPEN if getattr(self.settings, name) is None}
        longest = int(np.quantile(histories.lengths[histories.lengths > 0], 0.9))
        self.max_length_ = settings.max_length or min(_LONG, max(_SHORT, longest))
        self.n_items_, self.n_behaviors_ = histories.n_items, histories.n_behaviors
        self.timed_, self.valued_ = histories.timed, histories.valued
        codes, self.n_values_ = attribute_codes(histories.catalogue if settings.attributes else None, self.n_items_)
        self.n_columns_ = codes.shape[1]
        told = None if settings.fusion == "none" else _told(histories, settings.text_model)
        self.n_told_ = 0 if told is None else told.features.shape[1]
        self.n_known_ = 0 if histories.profiles is None or not settings.profiles else int(histories.profiles.max()) + 1
        with torch.random.fork_rng(devices=[]):  # PyTorch's layers draw weights as they are made; ours are drawn next
            self._network = self._build(settings)
        factors = self._first_items(histories, settings.width)
        self._network.start(torch.Generator().manual_seed(settings.seed), factors, told)
        first = None if told is None else self._network.items.weight[:-1].detach().clone()
        self._network.codes[:-1] = torch.from_numpy(codes)
        if self._network.head is not None:
            self._network.head.start(histories.behaviors)
        if self._network.values is not None:
            self._network.values.start(histories)
        self._network.to(_device(settings))
        if settings.compile:
            for block in self._network.blocks:
                block.compile()
        self._answers, self.beside_, self._moving = None, None, True
        few = settings.loss in MIXING and self.n_items_ <= K
        asked = (lambda: (judge(self), judge.likelihood(self) if few else None)) if judge else None
        trained = train(self._network, self.worth(histories), settings, self.max_length_, asked, checkpoint, self.watch)
        if first is not None:
            self._network.place_unmet(first, torch.from_numpy(np.bincount(histories.items, minlength=len(first)) > 0))
        if judge is not None and self._network.n_beside:
            self._weigh(judge)
        if settings.weights == "int8":
            round_weights(self._network)
        self._moving = False
        self.history_ = [epoch.as_dict() for epoch in trained.history]
        self.best_epoch_ = trained.best_epoch
        return self

    def _weigh(self, judge: Judge) -> None:
        """How much texts beside the ids count, none at all among the choices, so that validation is served best."""
        told = self._network.told
        assert told is not None
        found = []
        for share in _SHARES:
            told.share.fill_(share)
            found.append(judge(self))
        told.share.fill_(_SHARES[int(np.argmax(found))])

    def _first_items(self, histories: Sequences, dim: int) -> torch.Tensor | None:
        if not self.settings.warm_start:
            return None
        factors = first_items(histories, dim, INITIAL_STD * dim**0.5, self.settings.seed)
        return None if factors is None else torch.from_numpy(factors)

    def _build(self, settings: TransformerSettings) -> Network:
        return Network(
            settings,
            self.n_items_,
            self.n_behaviors_,
            self.max_length_,
            self.timed_,
            self.n_columns_,
            self.n_values_,
            self.n_known_,
            self.n_told_,
            self.valued_,
        )

    def worth(self, history: Sequences) -> Sequences:
        """Histories with values on the model's scale; without values where the model reads and foretells none."""
        values = self._network.values
        return dataclasses.replace(history, values=None) if values is None else values.scaled(history)

    def _calibrate(self, head: BehaviorHead, questions: Targets) -> None:
        head.calibrate(self._behavior_logits(head, questions.history, questions.items), questions.behaviors)

    def _behavior_logits(self, head: BehaviorHead, history: Sequences, items: np.ndarray) -> npt.NDArray[np.float32]:
        """(Q, B) as learned, not yet calibrated, of one item a row."""
        found = np.empty((len(history), self.n_behaviors_), np.float32)
        for rows, batch in self._batches(history):
            with torch.no_grad():
                asked = torch.zeros_like(batch.items)
                asked[batch.last] = torch.from_numpy(items[rows].astype(np.int64)).to(asked.device)
                answers = self._network.answers(asked[batch.last])
                found[rows] = (
                    head(self._network(batch, last_only=True), answers, batch, asked, batch.last).cpu().numpy()
                )
        return found

    def score(self, history: Sequences) -> Scores:
        """(Q, I) logits of every item as the next one."""
        scores = np.empty((len(history), self.n_items_), np.float32)
        for rows, states, returns in self._states(history):
            scores[rows] = self._logits(states, returns).cpu().numpy()
        if self.beside_ is not None:
            self.beside_.join(scores, history)
        return scores

    def _logits(self, states: torch.Tensor, returns: Returns | None) -> torch.Tensor:
        """(Q, I) of (Q, D) states, in eight bits where the settings say so, returns mixed in where there are any."""
        with torch.no_grad():
            catalogue = self._catalogue()
            logits = catalogue.scores(states) if isinstance(catalogue, Rounded) else states @ catalogue.T
            return logits if returns is None else returns.mixed(logits)

    def _catalogue(self) -> torch.Tensor | Rounded:
        """All items as answers, made once for a model whose weights no longer move."""
        if self._answers is not None:
            return self._answers
        answers = self._network.answers()
        found = answers if self.settings.weights == "fp32" else Rounded.of(answers)
        if not self._moving:
            self._answers = found
        return found

    def best_items(self, history: Sequences, k: int, exclude_seen: bool) -> tuple[ItemRows, Scores]:
        """(Q, k) the best items of each history and their scores, holding no row of scores as long as the catalogue."""
        items, values = np.empty((len(history), k), np.int32), np.empty((len(history), k), np.float32)
        for rows, states, returns in self._states(history):
            seen = history.take(rows) if exclude_seen else None
            with torch.no_grad():
                more = None if self.beside_ is None else self.beside_.added(history.take(rows))
                items[rows], values[rows] = best_of(states, self._catalogue(), returns, k, seen, more)
        return items, values if self.beside_ is None else values * np.float32(self.beside_.chosen.scale)

    def stream(self, history: Sequences) -> Stream:
        """A few histories that grow event by event, scored after each without being read again.

        Raises
        ------
        UsageError
            The block or the objective looks ahead, so that every event changes what was read before.
        """
        return Stream(self, history, self._network, self._logits, self.beside_)

    def score_items(self, history: Sequences, items: np.ndarray) -> Scores:
        """(Q,) the logit of one item a row, without scoring the whole catalogue."""
        scores = np.empty(len(history), np.float32)
        for rows, states, returns in self._states(history):
            if returns is not None:  # a share of the whole, so the whole is needed
                scores[rows] = self._logits(states, returns).cpu().numpy()[np.arange(len(rows)), items[rows]]
                continue
            with torch.no_grad():
                wanted = self._network.answers(torch.from_numpy(items[rows].astype(np.int64)).to(states.device))
                scores[rows] = (states * wanted).sum(1).cpu().numpy()
        if self.beside_ is None:
            return scores
        return (scores + self.beside_.of_items(history, items)) * np.float32(self.beside_.chosen.scale)

    def behavior_probabilities(self, history: Sequences, items: np.ndarray) -> npt.NDArray[np.float32]:
        """(Q, B) how likely each behaviour is, were the next event of a history on this item (one item a row).

        Each behaviour has its own probability, calibrated on validation questions where :meth:`fit` had them.

        Raises
        ------
        UsageError
            The model was trained without ``behavior_loss``, or on a log with one behaviour.
        """
        head = self._network.head
        if head is None:
            raise UsageError(
                "this model knows no behaviours: fit it with behavior_loss=0.1 on a log with more than one behaviour"
            )
        logits = torch.from_numpy(self._behavior_logits(head, history, items))
        return head.calibrated(logits.to(head.scale.device)).sigmoid().cpu().numpy()

    def values(self, history: Sequences, items: np.ndarray, behaviors: np.ndarray | None = None) -> Floats:
        """(Q,) what one item a row would be worth to the person, in the log's own units (stars, seconds).

        ``behaviors`` (Q,) says of which behaviour; by default the one that most events with a value show.

        Raises
        ------
        UsageError
            The model was trained without ``value_loss``, or on a log without values.
        """
        return foretold(self, history, items, behaviors)

    def score_liked(self, history: Sequences, at_least: float, behavior: int | None = None) -> Scores:
        """(Q, I) scores that rank what comes next and is worth at least so much: log of both chances together.

        Raises
        ------
        UsageError
            As :meth:`values`.
        """
        return liked_scores(self, history, at_least, behavior)

    def _arranged(self, history: Sequences) -> Packed:
        """Histories as a batch of questions."""
        settings, history = self.settings, self.worth(history)
        layout, _ = place(np.minimum(history.lengths, self.max_length_) + 1, bin_width(self.max_length_))
        device = next(self._network.parameters()).device
        arrange = OBJECTIVES[settings.objective]
        return arrange(history, layout, self.max_length_, settings.positions == "end", device, None)

    def _batches(self, history: Sequences) -> Iterator[tuple[Ints, Packed]]:
        """Rows and their questions; longest histories first."""
        self._network.eval()
        most_rows, most_tokens = _AT_ONCE[kind_of(next(self._network.parameters()).device)]
        tokens = np.minimum(history.lengths, self.max_length_) + 1
        order = np.argsort(-tokens, kind="stable")
        while len(order):
            fit = int(np.searchsorted(np.cumsum(tokens[order[:most_rows]]), most_tokens, side="right"))
            rows, order = np.split(order, [max(1, fit)])
            yield rows, self._arranged(history.take(rows))

    def _states(self, history: Sequences) -> Iterator[tuple[Ints, torch.Tensor, Returns | None]]:
        """Rows, their (rows, D) states and what they may return to."""
        repeats = self._network.repeats
        for rows, batch in self._batches(history):
            with torch.no_grad():
                states = self._network(batch, last_only=repeats is None)
                returns = None if repeats is None else repeats.returns(states, batch, self._network.codes)
            yield rows, states if repeats is None else states[batch.last], returns

    def save(self, folder: Path) -> None:
        """Write weights, settings and the training history."""
        learned = {
            "n_items": self.n_items_, "n_behaviors": self.n_behaviors_, "max_length": self.max_length_,
            "best_epoch": self.best_epoch_, "history": self.history_, "timed": int(self.timed_),
            "n_columns": self.n_columns_, "n_values": self.n_values_, "n_known": self.n_known_,
            "n_told": self.n_told_, "valued": int(self.valued_), "chosen": self.chosen_,
        }  # fmt: skip
        arrays = {name: value.detach().cpu().numpy() for name, value in self._network.state_dict().items()}
        if self.settings.weights == "int8":
            arrays = shrunk(arrays)
        if self.beside_ is not None:
            learned["neighbours"], counted = self.beside_.learned()
            arrays |= {f"neighbours.{name}": array for name, array in counted.items()}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        model = cls(artifact.settings_of(folder, stored, TransformerSettings))
        if "neighbours" in stored.learned:
            stored, counted = artifact.apart(folder, stored, "neighbours")
            model.beside_ = Beside.restored(folder, counted)
        sizes = artifact.sizes_of(folder, stored, *_SIZES)
        model.n_items_, model.n_behaviors_, model.max_length_, model.best_epoch_, timed = sizes[:5]
        model.n_columns_, model.n_values_, model.n_known_, model.n_told_, valued = sizes[5:]
        if bool(model.n_told_) != (model.settings.fusion != "none"):
            raise ArtifactError(
                f"{folder / artifact.MODEL_FILE}: fusion is {model.settings.fusion!r} with {model.n_told_} features"
            )
        model.timed_, model.valued_ = bool(timed), bool(valued)
        model.chosen_ = _chosen_of(folder, stored)
        as_trained = dataclasses.replace(stored, settings=stored.settings | model.chosen_)
        model.history_ = _history_of(folder, stored)
        with torch.device("meta"):  # sizes are only believed once the arrays on disk agree with them
            model._network = model._build(artifact.settings_of(folder, as_trained, TransformerSettings))
        shapes = {
            name: (tuple(value.shape), str(value.dtype).removeprefix("torch."))
            for name, value in model._network.state_dict().items()
        }
        small = model.settings.weights == "int8"
        artifact.check_arrays(folder, stored, shrunk_shapes(shapes) if small else shapes)
        arrays = grown(stored.arrays) if small else stored.arrays
        _check_codes(folder, arrays["codes"], model.n_values_)
        model._network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()}, assign=True)
        model._network.to(_device(model.settings)).eval()
        return model


def _told(histories: Sequences, text_model: str) -> Texts:
    features, pairs = told_features(histories, text_model)
    return Texts(torch.from_numpy(features), torch.from_numpy(pairs))


def _history_of(folder: Path, stored: artifact.Stored) -> list[dict[str, float | int | None]]:
    lines = stored.learned.get("history")
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise ArtifactError(f"{folder / artifact.MODEL_FILE}: the training history is not a list of epochs")
    return lines


def _chosen_of(folder: Path, stored: artifact.Stored) -> dict[str, object]:
    chosen = stored.learned.get("chosen")
    if not isinstance(chosen, dict) or sorted(chosen) != sorted(n for n in OPEN if stored.settings.get(n) is None):
        raise ArtifactError(f"{folder / artifact.MODEL_FILE}: what the data decided is not told, or not all of it")
    return chosen


def _check_codes(folder: Path, codes: np.ndarray, n_values: int) -> None:
    if codes.size and not (codes.min() >= 0 and codes.max() < n_values):
        raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: an attribute is outside its table of {n_values} values")


def _device(settings: TransformerSettings) -> torch.device:
    if settings.device in ("auto", "cuda") and torch.cuda.is_available():
        return own_gpu()
    return torch.device("cpu" if settings.device == "auto" else settings.device)
