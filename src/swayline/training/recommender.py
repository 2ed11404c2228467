"""The sequence model as a Python user meets it: a log in, recommendations out, in the user's own ids."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.training.behavior_probabilities import behavior_probabilities
from swayline.training.bundle import ModelBundle
from swayline.training.fit import fit_log
from swayline.training.plan import TrainingPlan


class SequenceRecommender:
    """Learns from a log who does what next, and recommends.

    Parameters
    ----------
    model : str
        Any model's name; the causal Transformer by default.
    seed : int
        Decides every random number.
    **settings
        The model's settings, such as ``loss="sampled-softmax"``; a wrong name is refused at once.

    Attributes
    ----------
    fitted_ : ModelBundle
        After :meth:`fit`: the model with its vocabularies and histories.
    """

    def __init__(self, model: str = "transformer", *, seed: int = 0, **settings: object) -> None:
        self.model, self.seed, self.settings = model, seed, settings
        self._plan()

    def fit(self, log: EventLog) -> Self:
        """Learn from every event; how long is found on the last events of at most 5% of users."""
        with DuckEngine() as engine:
            self.fitted_ = fit_log(engine, log, self._plan())
        return self

    def recommend(self, users: Sequence[str | int] | None = None, k: int = 10) -> pa.Table:
        """``user``, ``item``, ``rank`` (from 1), ``score``, ``source``: the best next items, by default everybody's."""
        return self.bundle().recommend(users, k)

    def behavior_probabilities(self, users: Sequence[str | int], items: Sequence[str | int]) -> pa.Table:
        """How likely each behaviour is, were the next event of a user on an item; needs ``behavior_loss`` above 0.

        Parameters
        ----------
        users, items : sequence of str or int
            Pairs, side by side; whole numbers stand for the same ids as text.

        Returns
        -------
        pa.Table
            ``user``, ``item``, ``behavior``, ``probability``; each behaviour has a probability of its own.
        """
        return behavior_probabilities(self.bundle(), users, items)

    def save(self, folder: str | Path) -> None:
        """Write a model folder that the command line reads too."""
        self.bundle().save(Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model folder.

        Raises
        ------
        ArtifactError
            The folder is missing or damaged.
        """
        fitted = ModelBundle.load(Path(folder))
        recommender = cls(fitted.model.name)
        recommender.fitted_ = fitted
        return recommender

    def _plan(self) -> TrainingPlan:
        return TrainingPlan.of_one(self.model, self.settings, seed=self.seed)

    def bundle(self) -> ModelBundle:
        """What was learned.

        Raises
        ------
        UsageError
            Nothing yet.
        """
        if not hasattr(self, "fitted_"):
            raise UsageError("this recommender has learned nothing yet: call fit(log) first")
        return self.fitted_
