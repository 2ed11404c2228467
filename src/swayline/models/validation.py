"""A model asked questions over the whole catalogue, block by block, and how a model judges itself: NDCG@10.

Whoever ranks questions asks here: a model that chooses its settings, a training that chooses a model, an evaluation.
Items already seen are left out exactly where the data says that nobody repeats: in a log of films watched once a seen
item is never the answer, in a shop's log it often is.

Shapes: Q questions, I items.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from swayline.core.rng import generator
from swayline.dataset import Sequences, Targets, sample, seen_leave
from swayline.metrics import ndcg, ranks, sparse_ranks
from swayline.models.protocol import Scores
from swayline.models.topk import mask_seen
from swayline.numerics.cores import each_part

QUESTIONS = 2048
K = 10
_AT_ONCE = 2048
_SCORES_AT_ONCE = 1 << 25
"""Scores held at a time: 128 MiB of float32."""


class Scoring(Protocol):
    """Whatever scores items after histories."""

    def score(self, history: Sequences) -> Scores:
        """(Q, I) scores of every item as the next one."""


@runtime_checkable
class SparseScoring(Protocol):
    """Whatever names the items whose score is not 0."""

    def found(self, history: Sequences) -> sparse.csr_array:
        """(Q, I) the scores that are not zero."""


@dataclass(frozen=True)
class Scored:
    """Some questions with the model's scores."""

    questions: Targets
    scores: Scores
    """(Q, I); -inf where an item may not come."""
    seconds: float
    """Time that the model took."""


def ask(model: Scoring, targets: Targets, exclude_seen: bool, batch: int | None = None) -> Iterator[Scored]:
    """Every question's scores of the whole catalogue, a block of questions at a time.

    Parameters
    ----------
    exclude_seen : bool
        Leave out items of the history (the papers' protocol where nothing repeats): a return is then a miss.
    batch : int, optional
        Questions a block; by default as many as 128 MiB of scores hold.
    """
    step = batch or max(1, min(_AT_ONCE, _SCORES_AT_ONCE // max(1, targets.history.n_items)))
    for start in range(0, len(targets), step):
        part = targets.take(np.arange(start, min(start + step, len(targets))))
        started = time.perf_counter()
        scores = model.score(part.history)
        seconds = time.perf_counter() - started
        yield Scored(part, candidates(scores, part, exclude_seen), seconds)


def candidates(scores: Scores, targets: Targets, exclude_seen: bool) -> Scores:
    """Scores with what cannot be recommended at -inf: all seen items alike, the answer too where it is a return.

    An answer that stayed while every other seen item left would be ranked first for free.
    """
    return mask_seen(scores, targets.history) if exclude_seen else scores


def ndcg_of(scores: Scores, targets: Targets) -> npt.NDArray[np.float64]:
    """(Q,) NDCG@10 of each question among the candidates."""
    return ndcg(*ranks(scores, targets.items), k=K)


def quality(scores: Scores, targets: Targets, hide_seen: bool) -> float:
    """NDCG@10 of a score matrix (changed in place where seen items are hidden)."""
    return float(ndcg_of(candidates(scores, targets, hide_seen), targets).mean()) if len(targets) else 0.0


class ValidationScorer:
    """A fixed draw of validation questions and the rule about seen items."""

    def __init__(self, valid: Targets, seed: int = 0, n_questions: int = QUESTIONS) -> None:
        self.questions = sample(valid, n_questions, generator(seed, "validation"))
        self.hides_seen = seen_leave(self.questions.history)

    def __call__(self, model: Scoring, batch: int = 512) -> float:
        """NDCG@10 of a model, in bounded memory."""
        if isinstance(model, SparseScoring):
            return self._of_sparse(model, batch)
        return self._mean(
            model, self.hides_seen, lambda part: float(ndcg_of(part.scores, part.questions).mean()), batch
        )

    def _of_sparse(self, model: "SparseScoring", batch: int) -> float:
        """The same of a model that names few items: no score that is 0 is written."""
        starts = range(0, len(self.questions), batch)
        return sum(each_part(lambda start: self._sum_of_sparse(model, start, batch), starts)) / max(
            1, len(self.questions)
        )

    def _sum_of_sparse(self, model: "SparseScoring", start: int, batch: int) -> float:
        """NDCG@10 of some questions, added up."""
        part = self.questions.take(np.arange(start, min(start + batch, len(self.questions))))
        history = part.history
        seen = history.items if self.hides_seen else history.items[:0]
        ends = history.offsets if self.hides_seen else np.zeros_like(history.offsets)
        shape = (len(part), history.n_items)
        hidden = sparse.csr_array((np.ones(len(seen), bool), seen.copy(), ends.copy()), shape=shape)
        return float(ndcg(*sparse_ranks(model.found(history), part.items, hidden), k=K).sum())

    def each(self, model: Scoring, batch: int = 512) -> npt.NDArray[np.float64]:
        """(Q,) NDCG@10 of each question."""
        parts = ask(model, self.questions, self.hides_seen, batch)
        return np.concatenate([ndcg_of(part.scores, part.questions) for part in parts])

    def likelihood(self, model: Scoring, batch: int = 512) -> float:
        """Geometric mean probability of the answers, for models whose scores are log-probabilities up to a constant."""
        return math.exp(self._mean(model, False, lambda part: _log_probability(part.scores, part.questions), batch))

    def _mean(self, model: Scoring, hides_seen: bool, found: Callable[[Scored], float], batch: int) -> float:
        parts = ask(model, self.questions, hides_seen, batch)
        return sum(float(found(part)) * len(part.questions) for part in parts) / max(1, len(self.questions))


def _log_probability(scores: Scores, targets: Targets) -> float:
    """Mean log softmax of the answers."""
    scores = scores - scores.max(axis=1, keepdims=True)
    whole = np.log(np.exp(scores.astype(np.float64)).sum(axis=1))
    return float((scores[np.arange(len(targets)), targets.items] - whole).mean())
