"""Scores of a network that stands: of every item, of the best few, of one item a row.

From histories to scores in one direction::

    histories (Q)  →  batches  →  states (Q, D), returns  →  logits (Q, I)  →  + neighbours, where they are blended in

Shapes: Q histories, B behaviours, I items, D width.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from swayline.core.types import Ints, ItemRows
from swayline.dataset import Sequences
from swayline.models.protocol import Scores
from swayline.models.sequence.batching.layout import bin_width, place
from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.device import kind_of
from swayline.models.sequence.heads.behavior_head import BehaviorHead
from swayline.models.sequence.heads.repeat_head import Returns
from swayline.models.sequence.knn_blend import KnnBlend
from swayline.models.sequence.network import Network
from swayline.models.sequence.objectives import OBJECTIVES
from swayline.models.sequence.serving.blocked import best_of
from swayline.models.sequence.serving.int8 import Rounded
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.sizes import Sizes

_AT_ONCE = {"cpu": (512, 8192), "gpu": (4096, 1 << 17)}
"""Histories and tokens of a batch of questions at most: on a CPU so few that states stay in its cache."""


_LOGITS_AT_ONCE = {"cpu": 1 << 19, "gpu": 1 << 27}
"""Logits held at a time where they are only added up."""


class Scorer:
    """A network and what is blended with it.

    ``moving`` says that the weights still change, so that nothing made of them is kept.
    """

    def __init__(
        self, settings: TransformerSettings, sizes: Sizes, network: Network, blend: KnnBlend | None = None
    ) -> None:
        self.settings, self.sizes, self.network, self.blend = settings, sizes, network, blend
        self.moving = False
        self._answers: Tensor | Rounded | None = None

    @property
    def device(self) -> torch.device:
        """Where the network stands."""
        return next(self.network.parameters()).device

    def score(self, history: Sequences) -> Scores:
        """(Q, I) logits of every item as the next one."""
        scores = np.empty((len(history), self.sizes.n_items), np.float32)
        for rows, states, returns in self.states(history):
            scores[rows] = self.logits(states, returns).cpu().numpy()
        if self.blend is not None:
            self.blend.join(scores, history)
        return scores

    def best_items(self, history: Sequences, k: int, exclude_seen: bool) -> tuple[ItemRows, Scores]:
        """(Q, k) the best items of each history and their scores, holding no row of scores as long as the catalogue."""
        items, values = np.empty((len(history), k), np.int32), np.empty((len(history), k), np.float32)
        for rows, states, returns in self.states(history):
            seen = history.take(rows) if exclude_seen else None
            with torch.no_grad():
                more = None if self.blend is None else self.blend.added(history.take(rows))
                items[rows], values[rows] = best_of(states, self.catalogue(), returns, k, seen, more)
        return items, values if self.blend is None else values * np.float32(self.blend.chosen.scale)

    def score_items(self, history: Sequences, items: np.ndarray) -> Scores:
        """(Q,) the logit of one item a row, without scoring the whole catalogue."""
        scores = np.empty(len(history), np.float32)
        for rows, states, returns in self.states(history):
            wanted = torch.from_numpy(items[rows].astype(np.int64)).to(states.device)
            scores[rows] = self.pairs(states, returns, torch.arange(len(rows), device=states.device), wanted).cpu()
        if self.blend is None:
            return scores
        return (scores + self.blend.of_items(history, items)) * np.float32(self.blend.chosen.scale)

    def score_pairs(self, history: Sequences, rows: Ints, items: Ints) -> Scores:
        """(R,) the logits of ``items`` (R,) after the histories ``rows`` (R,); each history is read once."""
        scores = np.empty(len(rows), np.float32)
        order = np.argsort(rows, kind="stable")
        bounds = np.searchsorted(rows[order], np.arange(len(history) + 1))
        for some, states, returns in self.states(history):
            asked = np.concatenate([order[bounds[row] : bounds[row + 1]] for row in some])
            at = torch.from_numpy(np.repeat(np.arange(len(some)), bounds[some + 1] - bounds[some])).to(states.device)
            wanted = torch.from_numpy(items[asked].astype(np.int64)).to(states.device)
            scores[asked] = self.pairs(states, returns, at, wanted).cpu()
        return scores if self.blend is None else self.blend.of_pairs(scores, history, rows, items)

    def behavior_logits(self, head: BehaviorHead, history: Sequences, items: np.ndarray) -> npt.NDArray[np.float32]:
        """(Q, B) as learned, not yet calibrated, of one item a row."""
        found = np.empty((len(history), self.sizes.n_behaviors), np.float32)
        for rows, batch in self.batches(history):
            with torch.no_grad():
                asked = torch.zeros_like(batch.items)  # (T,)
                asked[batch.last] = torch.from_numpy(items[rows].astype(np.int64)).to(asked.device)
                answers = self.network.answers(asked[batch.last])
                states = self.network(batch, last_only=True)
                found[rows] = head(states, answers, batch, asked, batch.last).cpu().numpy()
        return found

    def logits(self, states: Tensor, returns: Returns | None) -> Tensor:
        """(Q, I) of (Q, D) states, in eight bits where the settings say so, returns mixed in where there are any."""
        with torch.no_grad():
            catalogue = self.catalogue()
            logits = catalogue.scores(states) if isinstance(catalogue, Rounded) else states @ catalogue.T  # (Q, I)
            return logits if returns is None else returns.mixed(logits)

    def pairs(self, states: Tensor, returns: Returns | None, at: Tensor, wanted: Tensor) -> Tensor:
        """(R,) logits of the items ``wanted`` (R,) after the histories ``at`` (R,) of (Q, D) states.

        With returns mixed in a logit is a share of the whole catalogue, which is walked without being written down.
        """
        with torch.no_grad():
            if returns is None:
                return (states[at] * self.network.answers(wanted)).sum(1)
            catalogue = self.catalogue()
            if isinstance(catalogue, Rounded):
                return returns.mixed(catalogue.scores(states))[at, wanted]
            own = (states[at] * catalogue[wanted]).sum(1).float()
            return returns.mixed_pairs(own, log_sum_exp(states, catalogue), at, wanted)

    def catalogue(self) -> Tensor | Rounded:
        """All items as answers, made once for a network whose weights no longer move."""
        if self._answers is not None:
            return self._answers
        answers = self.network.answers()
        found = answers if self.settings.weights == "fp32" else Rounded.of(answers)
        if not self.moving:
            self._answers = found
        return found

    def forget_catalogue(self) -> None:
        """Make the answers anew at the next question: weights were changed."""
        self._answers = None

    def states(self, history: Sequences) -> Iterator[tuple[Ints, Tensor, Returns | None]]:
        """Rows, their (rows, D) states and what they may return to."""
        repeats = self.network.repeats
        for rows, batch in self.batches(history):
            with torch.no_grad():
                states = self.network(batch, last_only=repeats is None)
                returns = None if repeats is None else repeats.returns(states, batch, self.network.codes)
            yield rows, states if repeats is None else states[batch.last], returns

    def batches(self, history: Sequences) -> Iterator[tuple[Ints, Packed]]:
        """Rows and their questions; longest histories first."""
        self.network.eval()
        most_rows, most_tokens = _AT_ONCE[kind_of(self.device)]
        tokens = np.minimum(history.lengths, self.sizes.max_length) + 1
        order = np.argsort(-tokens, kind="stable")
        while len(order):
            fit = int(np.searchsorted(np.cumsum(tokens[order[:most_rows]]), most_tokens, side="right"))
            rows, order = np.split(order, [max(1, fit)])
            yield rows, self._arranged(history.take(rows))

    def _arranged(self, history: Sequences) -> Packed:
        """Histories as a batch of questions."""
        history, longest = self.scaled_values(history), self.sizes.max_length
        layout, _ = place(np.minimum(history.lengths, longest) + 1, bin_width(longest))
        arrange = OBJECTIVES[self.settings.objective]
        return arrange(history, layout, longest, self.settings.positions == "end", self.device, None)

    def scaled_values(self, history: Sequences) -> Sequences:
        """Histories with values on the network's scale; without values where it reads and predicts none."""
        values = self.network.values
        return dataclasses.replace(history, values=None) if values is None else values.scaled(history)


def log_sum_exp(states: Tensor, catalogue: Tensor) -> Tensor:
    """(Q,) log of the sum of exp of all logits of (Q, D) states, in pieces that stay in the processor's cache."""
    step = max(1, _LOGITS_AT_ONCE[kind_of(states.device)] // max(1, len(states)))
    total = torch.full((len(states),), -torch.inf, device=states.device)
    for start in range(0, len(catalogue), step):
        logits = (states @ catalogue[start : start + step].T).float()
        total = torch.logaddexp(total, logits.logsumexp(1))
    return total
