"""The chance of an outcome given behaviour, by Bayes' rule with every past event as a witness of its own.

An event is an item *and* what was done with it, so that a cart says something else than a view::

    log P(j next | history)  =  log P(j)  +  weight · Σ over events e, age a:  decay^a · log P(e | j) / P(e)
    P(e | j) / P(e)          =  (before(e, j) / P(e) + smoothing)  /  (before(j) + smoothing)

``before`` counts how often e came before j in the same history (near ones more: distance_decay^(distance - 1)), j's own
earlier events among them: whether a cart brings people back to the item is learned like everything else. ``smoothing``
draws thin counts towards independence, ``weight`` below 1 answers the naive assumption that witnesses are independent.
All four are chosen on validation questions.

:meth:`NaiveBayes.outcome_given_behavior` is the same rule at its simplest: how often one behaviour with an item is
followed by another with the same item. It is an association and no effect: ``influence behaviors`` measures effects.

Shapes: Q histories, I items, B behaviours.

References
----------
Breese, Heckerman and Kadie, "Empirical Analysis of Predictive Algorithms for Collaborative Filtering", UAI 1998.
Miyahara and Pazzani, "Collaborative Filtering with the Simple Bayesian Classifier", PRICAI 2000.
Hand and Yu, "Idiot's Bayes: Not So Stupid after All?", International Statistical Review 2001.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import sparse

from swayline.core.settings import NotNegative, Share, checked
from swayline.core.types import Ints
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.counts import stored_matrix
from swayline.models.counts.cooccurrence import pairs
from swayline.models.counts.decayed_sum import DecayedSum, entries, events_of
from swayline.models.counts.history_matrix import ages
from swayline.models.protocol import Scores
from swayline.models.tuning import choose, judge_of

Table = npt.NDArray[np.float64]
_CHOICES: dict[str, tuple[float, ...]] = {
    "decay": (1.0, 0.9, 0.8, 0.65, 0.5, 0.3, 0.1),
    "smoothing": (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0, 10000.0),
    "distance_decay": (1.0, 0.9, 0.8, 0.6, 0.4),
    "weight": (0.1, 0.3, 0.6, 1.0),
}


@checked
@dataclass(frozen=True)
class NaiveBayesSettings:
    """Every number may be left to validation (None); without validation questions the middle of the road is taken."""

    RENAMED: ClassVar[dict[str, str]] = {"doubt": "smoothing", "closeness": "distance_decay"}
    smoothing: Annotated[float, Field(ge=1e-6)] | None = None
    decay: Share | None = None
    distance_decay: Share | None = None
    weight: NotNegative | None = None


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    RENAMED: ClassVar[dict[str, str]] = {"doubt": "smoothing", "closeness": "distance_decay"}
    smoothing: float = 10.0
    decay: float = 0.8
    distance_decay: float = 0.8
    weight: float = 1.0


class NaiveBayes:
    """Posterior chance of each next item, events as independent witnesses."""

    name: ClassVar[str] = "naive-bayes"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[NaiveBayesSettings]] = NaiveBayesSettings

    def __init__(self, settings: NaiveBayesSettings | None = None) -> None:
        self.settings = settings or NaiveBayesSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Count what came before what and choose what was left open."""
        judge, counted = judge_of(valid), lru_cache(maxsize=2)(partial(_before, train))
        found = (lambda trial: judge(self._become(train, trial, counted))) if judge else None
        return self._become(train, choose(self.name, self.settings, Chosen, _CHOICES, found), counted)

    def refit(self, train: Sequences) -> Self:
        """Count again with the choices already made."""
        return self._become(train, self.chosen_, partial(_before, train))

    def _become(self, train: Sequences, chosen: Chosen, counted: Callable[[float], sparse.csr_array]) -> Self:
        before = counted(chosen.distance_decay).copy()
        self.chosen_, self.n_behaviors_ = chosen, train.n_behaviors
        total = float(before.sum())
        event = np.asarray(before.sum(axis=1)).ravel()
        item = np.asarray(before.sum(axis=0)).ravel()
        ratio = before.data * total / np.repeat(np.maximum(event, 1e-12), np.diff(before.indptr))
        # The witness against j of an event that never came before it; the sparse part is what seen ones add.
        self.against_ = np.log(chosen.smoothing / (item + chosen.smoothing)).astype(np.float32)
        before.data = np.log1p(ratio / chosen.smoothing).astype(np.float32)
        self.witness_ = before
        counts = np.bincount(train.items, minlength=train.n_items) + 1.0
        self.prior_ = np.log(counts / counts.sum()).astype(np.float32)
        self.seen_, self.followed_ = _followed(train)
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) log posterior, up to a constant a row; the log prior for empty histories."""
        weights = np.power(self.chosen_.decay, ages(history).astype(np.float64)) * self.chosen_.weight
        shape = (len(history), self.witness_.shape[0])
        rows = sparse.csr_array((weights.astype(np.float32), _events(history), history.offsets.copy()), shape)
        scores: Scores = (rows @ self.witness_).toarray().astype(np.float32, copy=False)
        scores += np.asarray(rows.sum(axis=1)).ravel().astype(np.float32)[:, None] * self.against_[None, :]
        scores += self.prior_[None, :]
        return scores

    def event_terms(self, history: Sequences, rows: Ints, items: Ints) -> DecayedSum:
        """What each event of the histories ``rows`` (R,) adds to the log posterior of ``items`` (R,)."""
        question, position, age = events_of(history, rows)
        asked = items[question]
        term = entries(self.witness_, _events(history)[position], asked) + self.against_[asked]
        return DecayedSum(question, position, term * self.chosen_.weight, age, self.chosen_.decay)

    def outcome_given_behavior(self, outcome: int, level: float = 0.95) -> tuple[Table, Table, Table]:
        """P(the outcome follows with the same item | behaviour), a row a behaviour, with Jeffreys' credible intervals.

        Parameters
        ----------
        outcome : int
            Row of the behaviour that counts as success.
        level : float
            Of the interval.

        Returns
        -------
        chance, low, high : (B,) float64
            Over pairs of a user and an item in which the behaviour occurred.
        """
        from scipy.stats import beta

        hits = self.followed_[:, outcome] + 0.5
        misses = self.seen_ - self.followed_[:, outcome] + 0.5
        tail = (1.0 - level) / 2.0
        return hits / (hits + misses), beta.ppf(tail, hits, misses), beta.ppf(1.0 - tail, hits, misses)

    def save(self, folder: Path) -> None:
        """Write the witnesses as compressed sparse rows."""
        learned = {
            "n_items": len(self.prior_), "n_behaviors": self.n_behaviors_, "chosen": dataclasses.asdict(self.chosen_),
        }  # fmt: skip
        arrays = stored_matrix.as_arrays(self.witness_) | {
            "prior": self.prior_, "against": self.against_, "seen": self.seen_, "followed": self.followed_,
        }  # fmt: skip
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        n_items, n_behaviors = artifact.sizes_of(folder, stored, "n_items", "n_behaviors")
        others: stored_matrix.Expected = {
            "prior": ((n_items,), "float32"), "against": ((n_items,), "float32"), "seen": ((n_behaviors,), "int64"),
            "followed": ((n_behaviors, n_behaviors), "int64"),
        }  # fmt: skip
        artifact.check_arrays(folder, stored, stored_matrix.expected(n_items * n_behaviors) | others)
        model = cls(artifact.settings_of(folder, stored, NaiveBayesSettings))
        model.chosen_ = artifact.part_of(folder, stored, "chosen", Chosen)
        model.n_behaviors_ = n_behaviors
        shape = (n_items * n_behaviors, n_items)
        model.witness_ = stored_matrix.from_arrays(folder, stored.arrays, shape)
        for name in others:
            setattr(model, f"{name}_", stored.arrays[name])
        return model


def _before(train: Sequences, distance_decay: float) -> sparse.csr_array:
    """(I · B, I) how often an item met in some way came before an item."""
    return pairs(train, distance_decay, _events(train), train.n_items * train.n_behaviors)


def _events(history: Sequences) -> Ints:
    """(E,) the number of each event's item and behaviour."""
    events: Ints = history.items * np.int64(history.n_behaviors) + history.behaviors
    return events


def _followed(train: Sequences) -> tuple[Ints, Ints]:
    """Pairs of a user and an item with each behaviour (B,), and those where another came later (B, B)."""
    n = train.n_behaviors
    pair = train.users * np.int64(max(1, train.n_items)) + train.items
    places = np.arange(len(pair))
    _, code = np.unique(pair, return_inverse=True)
    n_pairs = int(code.max(initial=-1)) + 1
    first = np.full((n_pairs, n), len(pair), np.int64)
    last = np.full((n_pairs, n), -1, np.int64)
    np.minimum.at(first, (code, train.behaviors), places)
    np.maximum.at(last, (code, train.behaviors), places)
    followed = np.stack([(first[:, [one]] < last).sum(axis=0) for one in range(n)])
    return (last >= 0).sum(axis=0).astype(np.int64), followed.astype(np.int64)
