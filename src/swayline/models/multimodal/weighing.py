"""How much each part counts: coordinate search on validation questions, zero among the choices of every part.

Shapes: P parts, Q questions, I items.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Weighing:
    """How much each part counts.

    Parameters
    ----------
    met : (P,) for items that somebody met
    cold : (P,) for items that nobody met, whose ids say nothing: the first is 0
    unmet : what is added for these
    """

    met: Weights
    cold: Weights
    unmet: float = 0.0

    @classmethod
    def first(cls, names: Sequence[str], tower: bool) -> "Weighing":
        """What is taken without validation questions: ids and a little of everything else."""
        rest = [0.3 if tower else 0.0, *[0.2] * (len(names) - 2)]
        return cls(np.array([1.0, *rest], np.float32), np.array([0.0, *rest], np.float32))

    def scores(self, parts: Parts, met: npt.NDArray[np.bool_]) -> Parts:
        """(Q, I) of (P, Q, I) parts."""
        scores = np.tensordot(self.met, parts, 1)
        if not met.all():
            scores[:, ~met] = np.tensordot(self.cold, parts[:, :, ~met], 1) + np.float32(self.unmet)
        return scores


def weigh(
    parts_of: Callable[[Sequences], Parts], names: Sequence[str], judge: ValidationScorer, met: npt.NDArray[np.bool_]
) -> Weighing:
    """The weights that rank validation answers best; those of unmet items as if met ones had no ids."""
    most = max(64, _MOST_NUMBERS // max(1, len(names) * len(met)))
    questions = judge.questions.take(np.arange(min(len(judge.questions), most)))
    parts = parts_of(questions.history)
    answered = met[questions.items]
    nothing = np.zeros(len(names), np.float32)
    first = Weighing.first(names, bool(parts[1].any()))
    if not answered.any():
        return first

    def found(weighing: Weighing) -> npt.NDArray[np.float64]:
        return ndcg_of(candidates(weighing.scores(parts, met), questions, judge.hides_seen), questions)

    def of_met(weights: Weights) -> npt.NDArray[np.float64]:
        return found(Weighing(weights, nothing, _UNMET[0]))[answered]

    alone = np.eye(len(names), dtype=np.float32)
    best = _searched(alone[0], of_met, [*range(len(names))])
    content = [part for part in range(1, len(names)) if parts[part].any()]
    if not content:
        return Weighing(best, nothing)
    single = max(content, key=lambda part: float(of_met(alone[part]).mean()))
    cold = _searched(alone[single], of_met, [part for part in content if part != single])
    cold /= cold.sum()
    if (~answered).sum() < _ENOUGH_UNMET:
        return Weighing(best, cold)
    least = of_met(alone[0]).mean()
    least += _KEPT * max(0.0, float(of_met(best).mean()) - least)
    trials = [Weighing(best, cold, unmet) for unmet in _UNMET]
    values = [found(trial) for trial in trials]
    fair = [value[answered].mean() >= least for value in values]
    fair[0] = True
    gained = [value[~answered].mean() if ok else -1.0 for value, ok in zip(values, fair, strict=True)]
    return trials[int(np.argmax(gained))]


def _searched(first: Weights, quality: Callable[[Weights], npt.NDArray[np.float64]], parts: list[int]) -> Weights:
    """One weight at a time, around the best found so far; a gain below its own standard error is none."""
    best, best_found = first, quality(first)
    seen = {first.tobytes()}
    with task("weigh content", total=_ROUNDS * len(parts)) as bar:
        for part in parts * _ROUNDS:
            bar.advance()
            for value in _IDS if part == 0 else _GRID:
                trial = best.copy()
                trial[part] = value
                if trial.tobytes() in seen or not trial.any():
                    continue
                seen.add(trial.tobytes())
                gain = (now := quality(trial)) - best_found
                if gain.mean() > gain.std() / np.sqrt(len(gain)):
                    best, best_found = trial, now
    return best
