"""How a model judges itself on validation questions: full ranking, NDCG@10.

Items already seen are left out exactly where the data says that nobody repeats: in a log of films watched once a seen
item is never the answer, in a shop's log it often is.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from swayline.core.rng import generator
from swayline.dataset import Targets, sample, seen_leave
from swayline.metrics import ndcg, ranks
from swayline.models.protocol import Recommender, Scores
from swayline.models.topk import mask_seen

QUESTIONS = 2048
K = 10


def quality(scores: Scores, targets: Targets, hide_seen: bool) -> float:
    """NDCG@10 of a score matrix (changed in place where seen items are hidden)."""
    if not len(targets):
        return 0.0
    if hide_seen:
        mask_seen(scores, targets.history)
    return float(ndcg(*ranks(scores, targets.items), k=K).mean())


class Judge:
    """A fixed draw of validation questions and the rule about seen items."""

    def __init__(self, valid: Targets, seed: int = 0, n_questions: int = QUESTIONS) -> None:
        self.questions = sample(valid, n_questions, generator(seed, "validation"))
        self.hides_seen = seen_leave(self.questions.history)

    def __call__(self, model: Recommender, batch: int = 512) -> float:
        """NDCG@10 of a model, in bounded memory."""
        return self._mean(lambda part: quality(model.score(part.history), part, self.hides_seen), batch)

    def each(self, model: Recommender, batch: int = 512) -> npt.NDArray[np.float64]:
        """(Q,) NDCG@10 of each question."""
        found = []
        for start in range(0, len(self.questions), batch):
            part = self.questions.take(np.arange(start, min(start + batch, len(self.questions))))
            scores = model.score(part.history)
            if self.hides_seen:
                mask_seen(scores, part.history)
            found.append(ndcg(*ranks(scores, part.items), k=K))
        return np.concatenate(found)

    def likelihood(self, model: Recommender, batch: int = 512) -> float:
        """Geometric mean probability of the answers, for models whose scores are log-probabilities up to a constant."""
        return math.exp(self._mean(lambda part: _log_probability(model.score(part.history), part), batch))

    def _mean(self, found: Callable[[Targets], float], batch: int) -> float:
        total = 0.0
        for start in range(0, len(self.questions), batch):
            part = self.questions.take(np.arange(start, min(start + batch, len(self.questions))))
            total += found(part) * len(part)
        return total / max(1, len(self.questions))


def _log_probability(scores: Scores, targets: Targets) -> float:
    """Mean log softmax of the answers."""
    scores = scores - scores.max(axis=1, keepdims=True)
    whole = np.log(np.exp(scores.astype(np.float64)).sum(axis=1))
    return float((scores[np.arange(len(targets)), targets.items] - whole).mean())
