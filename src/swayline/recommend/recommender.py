"""A recommender as a Python user meets it: a log in, lists out, in the user's own ids."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.showing.estimator import Estimator
from swayline.engine import DuckEngine
from swayline.events import EventLog, as_log
from swayline.recommend.chain import Chain
from swayline.recommend.context import Context
from swayline.recommend.lists import Lists
from swayline.recommend.query import AUTO, Query
from swayline.recommend.related import score_pairs, similar_items
from swayline.training import TrainingPlan, behavior_probabilities, fit_log, refit_with
from swayline.training.bundle import ModelBundle


class Recommender(Estimator):
    """Learns from a log who does what next, and recommends.

    Parameters
    ----------
    name : str
        Any model's name; the causal Transformer by default.
    chain : Chain, optional
        Steps from a question to a list; by default what the model would choose, without what was seen.
    seed : int
        Decides every random number.
    **settings
        The model's settings, such as ``loss="sampled-softmax"``; a wrong name is refused at once.

    Attributes
    ----------
    fitted_ : ModelBundle
        After :meth:`fit`: the model with its vocabularies and histories.
    """

    def __init__(
        self, name: str = "transformer", *, chain: Chain | None = None, seed: int = 0, **settings: object
    ) -> None:
        self.name, self.chain, self.seed, self.settings = name, chain or Chain(), seed, settings
        self.ledger: pa.Table | None = None
        self.ties: pa.Table | None = None
        self._log: EventLog | None = None
        self._context: Context | None = None
        self._plan()

    def fit(self, log: Any) -> Self:
        """Learn from every event; how long is found on the last events of at most 5% of users.

        Parameters
        ----------
        log : EventLog, path or frame
            Anything but a log is read by :func:`swayline.read_events`.
        """
        with DuckEngine() as engine:
            read = as_log(log)
            self._become(fit_log(engine, read, self._plan()), read)
        return self

    def partial_fit(self, log: Any) -> Self:
        """Learn further events with every choice that :meth:`fit` made; new people, items and behaviours are taken in.

        The model learns again from all that is known (a count model ends where one fit on everything would, given the
        same choices), so it costs a fit without its search.
        """
        with DuckEngine() as engine:
            read = as_log(log)
            bundle = refit_with(engine, self.bundle(), read)
            self._become(bundle, read)
        return self

    def with_influence(self, ledger: pa.Table | None = None, ties: pa.Table | None = None) -> Self:
        """Give the steps measured influence (a ledger) and who knows whom (``source``, ``target``)."""
        self.ledger = ledger if ledger is not None else self.ledger
        self.ties = ties if ties is not None else self.ties
        self._context = None
        return self

    def recommend(
        self,
        users: Sequence[str | int] | None = None,
        k: int = 10,
        *,
        histories: Sequence[Sequence[Any]] | None = None,
        candidates: Sequence[str | int] | None = None,
        exclude: Sequence[str | int] = (),
        filter: str | None = None,
        seen: str = AUTO,
        at: datetime | str | None = None,
        trace: bool = False,
        **more: Any,
    ) -> Lists:
        """The best next items of each user, by default of everybody.

        Parameters
        ----------
        users : sequence of str or int, optional
            Outside ids.
        k : int
            Length of each list.
        histories : sequence of histories, optional
            Of people the log does not know: items, or mappings with ``item``, ``behavior``, ``time``.
        candidates, exclude, filter, seen, at, **more
            As :class:`~swayline.recommend.Query` says, ``new_only`` among them.
        trace : bool
            Add the place of each item after every step.

        Returns
        -------
        Lists
            ``.table``, ``.to_pandas()``; ``.short`` says why a list holds fewer than k.

        Raises
        ------
        UsageError
            A user, item, column or word is unknown.
        DataError
            No list holds anything.
        """
        query = Query(k=k, candidates=candidates, exclude=exclude, filter=filter, seen=seen, at=at, **more)
        if histories is not None:
            if users is not None:
                raise UsageError("users and histories are two ways to say for whom: give one of them")
            return self.chain.serve(self.context, [replace(query, history=one) for one in histories], trace=trace)
        bundle = self.bundle()
        names = bundle.dataset.users.names
        rows = bundle.served if users is None else bundle.rows_of(users)
        return self.chain.serve(self.context, [query.of(names[row]) for row in rows], trace=trace)

    def answer(self, queries: Sequence[Query], *, trace: bool = False) -> Lists:
        """A list for each question."""
        return self.chain.serve(self.context, queries, trace=trace)

    def similar_items(self, item: str | int, k: int = 10, *, filter: str | None = None) -> pa.Table:
        """``item``, ``rank``, ``score``: what the same people meet.

        Raises
        ------
        UsageError
            The item is unknown.
        """
        return similar_items(self.context, item, k, filter)

    def score(self, pairs: Any) -> pa.Table:
        """``user``, ``item``, ``score`` of pairs of a user and an item: what the model ranks by.

        Parameters
        ----------
        pairs : sequence of (user, item), or a table with both columns
        """
        return score_pairs(self.context, pairs)

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
        recommender._become(fitted)
        return recommender

    @property
    def context(self) -> Context:
        """What the steps may look at."""
        bundle = self.bundle()
        if self._context is None:
            events = None if self._log is None else self._log.events
            self._context = Context(bundle, self.ledger, self.ties, events=events)
        return self._context

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

    def _become(self, bundle: ModelBundle, log: EventLog | None = None) -> None:
        self.fitted_, self._log = bundle, log
        if log is not None and log.ties is not None:
            self.ties = log.ties
        self._context = None

    def _plan(self) -> TrainingPlan:
        return TrainingPlan.of_one(self.name, self.settings, seed=self.seed)


class SequenceRecommender(Recommender):
    """The earlier name of :class:`Recommender`; it goes with the next release.

    Parameters
    ----------
    model : str
        Any model's name.
    seed : int
        Decides every random number.
    **settings
        The model's settings.
    """

    def __init__(self, model: str = "transformer", *, seed: int = 0, **settings: Any) -> None:
        super().__init__(model, seed=seed, **settings)

    @property
    def model(self) -> str:
        """The name of the model."""
        return self.name
