"""How much each part counts: coordinate search on validation questions, zero among the choices of every part.

Shapes: P parts, Q questions, I items.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from swayline.core.progress import task
from swayline.dataset import Sequences
from swayline.models.validation import ValidationScorer, candidates, ndcg_of

Parts = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float32]
_GRID = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
_IDS = (1.0, 0.5, 0.25, 0.0, 2.0)
_UNMET = (-8.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
_ROUNDS = 2
_KEPT = 0.5
_ENOUGH_UNMET = 20
_MOST_NUMBERS = 1 << 27


def first_weights(parts: Sequence[str]) -> Weights:
    """What is taken without validation questions: ids, and a little of everything else."""
    return np.array([1.0, 0.3, *[0.2] * (len(parts) - 2)], np.float32)


def weigh(
    parts_of: Callable[[Sequences], Parts], names: Sequence[str], judge: ValidationScorer, met: npt.NDArray[np.bool_]
) -> tuple[Weights, float]:
    """The weights and what is added for items nobody met."""
    most = max(64, _MOST_NUMBERS // max(1, len(names) * len(met)))
    questions = judge.questions.take(np.arange(min(len(judge.questions), most)))
    parts = parts_of(questions.history)
    answered = met[questions.items]

    def found(weights: Weights, unmet: float) -> npt.NDArray[np.float64]:
        scores = np.tensordot(weights, parts, 1)
        scores[:, ~met] += np.float32(unmet)
        return ndcg_of(candidates(scores, questions, judge.hides_seen), questions)

    best = first_weights(names)
    alone = np.zeros_like(best)
    alone[0] = 1.0
    low = _UNMET[0]
    if answered.any():
        best = _searched(best, lambda weights: float(found(weights, low)[answered].mean()))
    if (~answered).sum() < _ENOUGH_UNMET or not answered.any():
        return best, 0.0
    ids_alone, whole = (float(found(weights, low)[answered].mean()) for weights in (alone, best))
    least = ids_alone + _KEPT * max(0.0, whole - ids_alone)
    values = [found(best, unmet) for unmet in _UNMET]
    fair = [value[answered].mean() >= least for value in values]
    fair[0] = True
    cold = [value[~answered].mean() if ok else -1.0 for value, ok in zip(values, fair, strict=True)]
    return best, _UNMET[int(np.argmax(cold))]


def _searched(first: Weights, quality: Callable[[Weights], float]) -> Weights:
    """One weight at a time, around the best found so far."""
    best, best_found = first, quality(first)
    seen = {first.tobytes()}
    with task("weigh content", total=_ROUNDS * len(first)) as bar:
        for part in [*range(len(first))] * _ROUNDS:
            bar.advance()
            for value in _IDS if part == 0 else _GRID:
                trial = best.copy()
                trial[part] = value
                if trial.tobytes() in seen or not trial.any():
                    continue
                seen.add(trial.tobytes())
                if (now := quality(trial)) > best_found:
                    best, best_found = trial, now
    return best
