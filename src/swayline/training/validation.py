"""How good a model is on validation questions: the figure by which one is chosen, and which the bundle keeps.

Shapes: Q questions.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.time import iso
from swayline.dataset import NO_TIME, Targets, sample
from swayline.models import Recommender
from swayline.models.validation import QUESTIONS, K, ask, ndcg_of

METRIC = f"ndcg@{K}"


@dataclass(frozen=True)
class Questions:
    """What every candidate of a training is asked.

    Parameters
    ----------
    targets : Targets
        At most 2,048 validation questions, drawn by the seed.
    exclude_seen : bool
        Whether seen items leave the ranking.
    split : str
        How they were held out.
    """

    targets: Targets
    exclude_seen: bool
    split: str

    @classmethod
    def of(cls, valid: Targets, exclude_seen: bool, split: str, seed: int) -> "Questions":
        """Draw the questions."""
        return cls(sample(valid, QUESTIONS, generator(seed, "choice")), exclude_seen, split)

    def measure(self, model: Recommender) -> "MeasuredQuality | None":
        """NDCG@10 of a model among the whole catalogue; None where there is no question."""
        if not len(self.targets):
            return None
        with task(f"validate {model.name}", total=len(self.targets)) as bar:
            found = []
            for part in ask(model, self.targets, self.exclude_seen):
                found.append(ndcg_of(part.scores, part.questions))
                bar.advance(len(part.questions))
        times = self.targets.times[self.targets.times != NO_TIME]
        first, last = (_moment(times.min()), _moment(times.max())) if len(times) else (None, None)
        return MeasuredQuality(
            METRIC, float(np.concatenate(found).mean()), len(self.targets), self.targets.history.n_items, self.split,
            self.exclude_seen, first, last,
        )  # fmt: skip


@dataclass(frozen=True)
class MeasuredQuality:
    """A figure measured on held-out events, with how it was asked.

    Parameters
    ----------
    metric : str
        ``ndcg@10``.
    value : float
        The mean over the questions, of the model before it learned again from everything.
    n_questions, n_items : int
        How many were asked, and how many candidates each time.
    split : str
        ``none`` (last events of at most 5% of users), ``last-out`` or ``time``.
    exclude_seen : bool
        Whether seen items left the ranking.
    asked_from, asked_until : str, optional
        Moments of the first and the last answer (UTC); None in logs without times.
    """

    metric: str
    value: float
    n_questions: int
    n_items: int
    split: str
    exclude_seen: bool
    asked_from: str | None = None
    asked_until: str | None = None

    def as_json(self) -> dict[str, Any]:
        """A JSON object; :meth:`from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Any) -> "MeasuredQuality":
        """Read what :meth:`as_json` gave.

        Raises
        ------
        TypeError, ValueError
            It is no such object.
        """
        quality = cls(**found)
        kinds: dict[str, Any] = {
            "metric": str, "value": float, "n_questions": int, "n_items": int, "split": str, "exclude_seen": bool,
            "asked_from": str | None, "asked_until": str | None,
        }  # fmt: skip
        for name, kind in kinds.items():
            value = getattr(quality, name)
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                raise TypeError(f"{name} is {value!r}")
        if not 0 <= quality.value <= 1 or quality.n_questions < 1 or quality.n_items < 1:
            raise ValueError(f"{quality.metric} {quality.value!r} of {quality.n_questions!r} questions")
        return quality


def _moment(time_us: np.int64) -> str:
    return iso(datetime.fromtimestamp(int(time_us) / 1e6, UTC))
