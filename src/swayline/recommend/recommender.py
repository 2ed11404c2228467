"""The sequence model as a Python user meets it: a log in, recommendations out, in the user's own ids."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.models import create, with_seed
from swayline.recommend.behaviors import behavior_probabilities
from swayline.recommend.explain import explain_events
from swayline.training.bundle import FittedModel
from swayline.training.fit import fit_log, for_log
from swayline.training.ids import one_id


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
    fitted_ : FittedModel
        After :meth:`fit`: the model with its vocabularies and histories.
    """

    def __init__(self, model: str = "transformer", *, seed: int = 0, **settings: object) -> None:
        create(model, **with_seed(model, settings, seed))
        self.model, self.seed, self.settings = model, seed, settings

    def fit(self, log: EventLog) -> Self:
        """Learn from every event; how long is found on the last events of at most 5% of users."""
        with DuckEngine() as engine:
            self.fitted_ = fit_log(engine, log, self.model, settings=self.settings, seed=self.seed)
        return self

    def recommend(self, users: Sequence[str | int] | None = None, k: int = 10) -> pa.Table:
        """``user``, ``item``, ``rank`` (from 1), ``score``, ``source``: the best next items, by default everybody's."""
        return self._fitted().recommend(users, k)

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
        return behavior_probabilities(self._fitted(), users, items)

    def save(self, folder: str | Path) -> None:
        """Write a model folder that the command line reads too."""
        self._fitted().save(Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model folder.

        Raises
        ------
        ArtifactError
            The folder is missing or damaged.
        """
        fitted = FittedModel.load(Path(folder))
        recommender = cls(fitted.model.name)
        recommender.fitted_ = fitted
        return recommender

    def _fitted(self) -> FittedModel:
        if not hasattr(self, "fitted_"):
            raise UsageError("this recommender has learned nothing yet: call fit(log) first")
        return self.fitted_


def attribute_events(
    model: SequenceRecommender | FittedModel,
    log: EventLog | None = None,
    *,
    user: str | int,
    item: str | int | None = None,
    k: int = 10,
) -> pa.Table:
    """What each past event does to a user's recommendations: rows of the influence table, ``score_change`` in logits.

    Parameters
    ----------
    log : EventLog, optional
        Whose histories to explain; by default those the model was fitted on.
    user : str or int
        Outside id; a whole number stands for the same id as text.
    item : str or int, optional
        Explain this item; by default the user's top ``k``.

    Raises
    ------
    UsageError
        The user or the item is unknown, or the model has learned nothing yet.
    """
    fitted = model if isinstance(model, FittedModel) else model._fitted()
    if log is not None:
        with DuckEngine() as engine:
            fitted = for_log(engine, fitted, log)
    return explain_events(fitted, [one_id(user)], item=item, k=k)
