"""What comes after what: a Markov chain that looks past the last event and falls back on popularity.

::

    P(j | i)   =  (follows(i, j) + prior · P(j))  /  (follows(i) + prior)
    score (j)  =  Σ over the history, age a = 0 for the last event:  decay^a · P(j | i_a)   /  Σ decay^a

``follows`` counts how often j came after i, ``skip``^(distance - 1) for events in between (0: neighbours only). The
chain may return to where it is, so an item that people come back to is one of its answers. decay 0 is the chain of
first order. The three numbers are chosen on validation questions.

Shapes: Q histories, I items.

References
----------
Shani, Heckerman and Brafman, "An MDP-Based Recommender System", JMLR 2005 (skipping, mixtures of orders).
Rendle, Freudenthaler and Schmidt-Thieme, "Factorizing Personalized Markov Chains", WWW 2010.
MacKay and Peto, "A Hierarchical Dirichlet Language Model", Natural Language Engineering 1995 (the fallback).
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from swayline.core.settings import Share, checked
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.counts import stored_matrix
from swayline.models.counts.cooccurrence import pairs
from swayline.models.counts.history_matrix import every_event
from swayline.models.protocol import Scores
from swayline.models.tuning import choose, judge_of

_CHOICES: dict[str, tuple[float, ...]] = {
    "decay": (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9),
    "skip": (0.0, 0.2, 0.4, 0.6, 0.8, 0.9),
    "prior": (0.1, 0.5, 1.0, 2.0, 5.0, 20.0, 100.0),
}


@checked
@dataclass(frozen=True)
class MarkovChainSettings:
    """Every number may be left to validation (None); without validation questions the middle of the road is taken."""

    decay: Share | None = None
    skip: Share | None = None
    prior: Annotated[float, Field(ge=1e-6)] | None = None


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    decay: float = 0.35
    skip: float = 0.4
    prior: float = 2.0


class MarkovChain:
    """The chance of each next item given the last ones. Pairs more than 50 events apart are not counted."""

    name: ClassVar[str] = "markov-chain"
    reads_values: ClassVar[bool] = False
    Settings: ClassVar[type[MarkovChainSettings]] = MarkovChainSettings

    def __init__(self, settings: MarkovChainSettings | None = None) -> None:
        self.settings = settings or MarkovChainSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Count what follows what and choose what was left open."""
        judge, counted = judge_of(valid), lru_cache(maxsize=2)(partial(pairs, train))
        found = (lambda trial: judge(self._become(train, trial, counted))) if judge else None
        return self._become(train, choose(self.name, self.settings, Chosen, _CHOICES, found), counted)

    def refit(self, train: Sequences) -> Self:
        """Count again with the choices already made."""
        return self._become(train, self.chosen_, partial(pairs, train))

    def _become(self, train: Sequences, chosen: Chosen, counted: Callable[[float], sparse.csr_array]) -> Self:
        follows = counted(chosen.skip).copy()
        counts = np.bincount(train.items, minlength=train.n_items) + 1.0
        total = np.asarray(follows.sum(axis=1)).ravel() + chosen.prior
        follows.data = (follows.data / np.repeat(total, np.diff(follows.indptr))).astype(np.float32)
        self.chosen_, self.follows_ = chosen, follows
        self.share_ = (counts / counts.sum()).astype(np.float32)
        self.fallback_ = (chosen.prior / total).astype(np.float32)
        return self

    def score(self, history: Sequences) -> Scores:
        """(Q, I) the chance of each item, popularity's where the history is empty."""
        rows = every_event(history, self.chosen_.decay)
        total = np.asarray(rows.sum(axis=1)).ravel()
        scores: Scores = (rows @ self.follows_).toarray().astype(np.float32, copy=False)
        scores += np.where(total > 0, rows @ self.fallback_, 1.0).astype(np.float32)[:, None] * self.share_[None, :]
        scores /= np.where(total > 0, total, 1.0).astype(np.float32)[:, None]
        return scores

    def save(self, folder: Path) -> None:
        """Write the chain as compressed sparse rows."""
        learned = {"n_items": len(self.share_), "chosen": dataclasses.asdict(self.chosen_)}
        arrays = stored_matrix.as_arrays(self.follows_) | {"share": self.share_, "fallback": self.fallback_}
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        vectors: stored_matrix.Expected = {"share": ((n_items,), "float32"), "fallback": ((n_items,), "float32")}
        artifact.check_arrays(folder, stored, stored_matrix.expected(n_items) | vectors)
        model = cls(artifact.settings_of(folder, stored, MarkovChainSettings))
        model.chosen_ = artifact.part_of(folder, stored, "chosen", Chosen)
        model.follows_ = stored_matrix.from_arrays(folder, stored.arrays, (n_items, n_items))
        model.share_, model.fallback_ = stored.arrays["share"], stored.arrays["fallback"]
        return model
