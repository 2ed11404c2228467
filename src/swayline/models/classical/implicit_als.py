"""Matrix factorisation of who met what, by alternating least squares; the engine is the ``implicit`` library.

::

    Σ over users u, items i:  c_ui (p_ui - x_u · y_i)²  +  regularization (Σ |x_u|² + Σ |y_i|²)
    p_ui = 1 where u met i, else 0          c_ui = 1 + alpha · r_ui

r_ui is 1 for an item that was met, or how often it was (``counts``: what people return to weighs more), times what the
values of its events weigh; where that is below zero, the item is disliked: p = 0, c = 1 + alpha · |r|. The library
learns the item factors. A history, known from training or not, is folded in: its user factors solve the same least
squares with the item factors held, its recent events weighing more (r = decay^age, or the sum of these). That needs
neither the library nor the users, so a folder holds item factors alone. All numbers are chosen on validation questions.

Shapes: U users, Q histories, I items, D factors.

References
----------
Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008.
Rendle et al., "Revisiting the Performance of iALS on Item Recommendation Benchmarks", RecSys 2022 (why to tune it).
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

from swayline.core.extras import require as require_extra
from swayline.core.rng import generator
from swayline.core.settings import Count, Seed, Share, checked
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.counts.history_matrix import every_event, last_events
from swayline.models.protocol import Scores
from swayline.models.values import (
    ValueKind,
    ValueReading,
    ValueWeight,
    as_learned,
    choose_valued,
    reading_of,
    value_weights,
)
from swayline.numerics.cores import small_products

_CHOICES: dict[str, tuple[bool, ...] | tuple[float, ...]] = {
    "counts": (False, True),
    "decay": (1.0, 0.95, 0.9, 0.8, 0.65, 0.5),
    "factors": (16, 32, 64, 128, 256),
    "alpha": (1.0, 5.0, 20.0, 80.0),
    "regularization": (0.1, 1.0, 10.0, 50.0, 200.0),
}


@checked
@dataclass(frozen=True)
class ImplicitALSSettings:
    """Numbers left to validation (None), rounds of alternation, and the seed of the first factors."""

    factors: Annotated[int, Field(ge=1, le=4096)] | None = None
    regularization: Annotated[float, Field(ge=1e-6)] | None = None
    alpha: Annotated[float, Field(ge=1e-3)] | None = None
    decay: Share | None = None
    counts: bool | None = None
    value_weight: ValueWeight | None = None
    values: ValueKind = "auto"
    iterations: Count = 15
    seed: Seed = 0


@dataclass(frozen=True)
class Chosen:
    """The settings with nothing left open; the defaults are what is taken without validation questions."""

    factors: int = 64
    regularization: float = 1.0
    alpha: float = 5.0
    decay: float = 0.9
    counts: bool = False
    value_weight: float = 0.0


class ImplicitALS:
    """Item factors from ``implicit``, histories folded in."""

    name: ClassVar[str] = "implicit-als"
    reads_values: ClassVar[bool] = True
    Settings: ClassVar[type[ImplicitALSSettings]] = ImplicitALSSettings

    def __init__(self, settings: ImplicitALSSettings | None = None) -> None:
        self.settings = settings or ImplicitALSSettings()

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Factorise, and choose what was left open.

        Raises
        ------
        MissingExtraError
            The library ``implicit`` is not installed.
        """
        self.values_ = ValueReading.of(train, self.settings.values)
        factorised = lru_cache(maxsize=2)(partial(self._factorise, train))
        chosen = choose_valued(
            self.name, self.settings, Chosen, _CHOICES, lambda trial: self._become(trial, factorised), valid,
            self.values_, rounds=1,
        )  # fmt: skip
        return self._become(chosen, factorised)

    def refit(self, train: Sequences) -> Self:
        """Factorise again with the choices already made."""
        self.values_ = ValueReading.of(train, self.settings.values)
        return self._become(self.chosen_, partial(self._factorise, train))

    @classmethod
    def of_items(cls, settings: ImplicitALSSettings, chosen: Chosen, items: Scores) -> Self:
        """A model of (I, D) item factors that were found elsewhere (from a noisy sum)."""
        model = cls(settings)
        model.values_ = None
        return model._become(chosen, lambda _: items)

    def _become(self, chosen: Chosen, factorised: Callable[[Chosen], Scores]) -> Self:
        self.chosen_ = chosen
        self.items_ = factorised(dataclasses.replace(chosen, decay=1.0))
        self._products = self.items_.T @ self.items_
        return self

    def _factorise(self, train: Sequences, chosen: Chosen) -> Scores:
        """(I, D) item factors."""
        als = require_extra("implicit.cpu.als", extra="models")
        met = sparse.csr_matrix(_met(train, dataclasses.replace(chosen, decay=1.0), self.values_))
        # The library reads c < 0 as a preference of 0 held with confidence -c.
        met.data[:] = np.where(met.data < 0, -1.0, 1.0).astype(np.float32) + chosen.alpha * met.data
        rng = generator(self.settings.seed, "implicit als")
        engine = als.AlternatingLeastSquares(
            factors=chosen.factors, regularization=chosen.regularization, alpha=1.0,
            iterations=self.settings.iterations, random_state=int(rng.integers(2**31)),
        )  # fmt: skip
        with small_products():  # its own threads are the parallel ones
            engine.fit(met, show_progress=False)
        return np.ascontiguousarray(engine.item_factors, dtype=np.float32)

    def score(self, history: Sequences) -> Scores:
        """(Q, I) products of the folded-in user factors and the item factors; zero for empty histories."""
        weights = _met(history, self.chosen_, self.values_)
        people = np.zeros((len(history), self.items_.shape[1]), np.float32)
        base = self._products + self.chosen_.regularization * np.eye(len(self._products), dtype=np.float32)
        for row in np.flatnonzero(np.diff(weights.indptr)):
            part = slice(weights.indptr[row], weights.indptr[row + 1])
            own, extra = self.items_[weights.indices[part]], self.chosen_.alpha * weights.data[part]
            liked = np.where(extra < 0, np.float32(0.0), 1.0 + extra)
            people[row] = np.linalg.solve(base + (own * np.abs(extra)[:, None]).T @ own, own.T @ liked)
        scores: Scores = people @ self.items_.T
        return scores

    def save(self, folder: Path) -> None:
        """Write the item factors."""
        learned: dict[str, object] = {"n_items": len(self.items_), "chosen": dataclasses.asdict(self.chosen_)}
        learned |= as_learned(self.values_)
        artifact.write(folder, self.name, dataclasses.asdict(self.settings), learned, {"items": self.items_})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        stored = artifact.read(folder, cls.name)
        (n_items,) = artifact.sizes_of(folder, stored, "n_items")
        chosen = artifact.part_of(folder, stored, "chosen", Chosen)
        artifact.check_arrays(folder, stored, {"items": ((n_items, chosen.factors), "float32")})
        model = cls(artifact.settings_of(folder, stored, ImplicitALSSettings))
        model.values_ = reading_of(folder, stored)
        return model._become(chosen, lambda _: stored.arrays["items"])


def _met(history: Sequences, chosen: Chosen, reading: ValueReading | None) -> sparse.csr_array:
    """(Q, I) r of every item of each history."""
    liked = value_weights(history, reading, chosen.value_weight)
    if not chosen.counts:
        return last_events(history, chosen.decay, liked)
    found = every_event(history, chosen.decay, of_event=liked).copy()  # whose places are the history's own
    found.sum_duplicates()
    return found
