"""What past events do to recommendations, as rows of the influence table."""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from swayline.core.errors import UsageError
from swayline.core.ids import one_id
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.influence.attribution import attribute, edit_rows, event_rows
from swayline.recommend.why.left_out import left_out_rows
from swayline.recommend.why.minimal import minimal_rows
from swayline.recommend.why.people import people_rows
from swayline.recommend.why.questions import asked_users, questions
from swayline.training.bundle import ModelBundle


class HasBundle(Protocol):
    """What has learned a bundle, as :class:`swayline.Recommender` has."""

    def bundle(self) -> ModelBundle:
        """The bundle."""
        ...


def explain_events(
    fitted: ModelBundle,
    users: Sequence[str | int] | None,
    *,
    item: str | int | None = None,
    seed: int = 0,
    k: int = 10,
    method: str = "removal",
    without: Sequence[str] = (),
    minimal: bool = False,
    people: bool = False,
) -> pa.Table:
    """Ledger rows: what each event of a history does to each of the user's top ``k`` items, or to one item.

    Parameters
    ----------
    users : sequence of str or int, optional
        Outside ids; by default 100 drawn by the seed.
    item : str, optional
        Explain this item for everybody asked.
    method : str
        ``removal`` (exact), ``gradient``, ``integrated-gradients``, ``attention`` or ``shapley``.
    without : sequence of str
        What is left out instead of each event: ``behavior``, ``category``, ``item`` or ``session``, each of them in
        turn, or one set: ``behavior=view``, ``item=i7``, all of them together.
    minimal : bool
        The fewest events without which the first item would be another, in place of every event's part.
    people : bool
        The people whose data each recommendation rests on, instead of its own person's events.

    Raises
    ------
    UsageError
        A user, the item, the method or what is left out is unknown, or two of these are asked at once.
    """
    if sum((method != "removal", bool(without), minimal, people)) > 1:
        raise UsageError("method, without, minimal and people are questions of their own: ask one at a time")
    if minimal:
        return minimal_rows(questions(fitted, users, item=item, seed=seed, k=1))
    asked = questions(fitted, users, item=item, seed=seed, k=k)
    if people:
        return people_rows(asked)
    if without:
        return left_out_rows(asked, without)
    found = attribute(fitted.model, asked.histories, asked.rows, asked.items, method, seed=seed)
    return event_rows(fitted.dataset, asked.histories, asked.people, asked.rows, asked.items, found, fitted.event_ids)


def attribute_events(
    model: HasBundle | ModelBundle,
    log: EventLog | None = None,
    *,
    user: str | int,
    item: str | int | None = None,
    k: int = 10,
    method: str = "removal",
    without: Sequence[str] = (),
    minimal: bool = False,
) -> pa.Table:
    """What each past event does to a user's recommendations: rows of the influence table, ``score_change`` in logits.

    Parameters
    ----------
    model : Recommender or ModelBundle
        A fitted one.
    log : EventLog, optional
        Whose histories to explain; by default those the model was fitted on.
    user : str or int
        Outside id; a whole number stands for the same id as text.
    item : str or int, optional
        Explain this item; by default the user's top ``k``.
    k : int
        Length of the list that is explained.
    method, without, minimal
        As ``swayline influence events`` takes them: how events are judged, what is left out together, or the fewest
        events without which the first item would be another.

    Returns
    -------
    pa.Table
        A row an event and item: the logit with the event minus that without it.

    Raises
    ------
    UsageError
        The user or the item is unknown, the model has learned nothing yet, or cannot answer by this method.
    """
    fitted = model if isinstance(model, ModelBundle) else model.bundle()
    if log is not None:
        with DuckEngine() as engine:
            fitted = fitted.for_log(engine, log)
    said = (without,) if isinstance(without, str) else tuple(without)
    return explain_events(fitted, [one_id(user)], item=item, k=k, method=method, without=said, minimal=minimal)


def edit_behaviors(fitted: ModelBundle, users: Sequence[str | int] | None, *, seed: int = 0, k: int = 10) -> pa.Table:
    """Ledger rows: what adding, removing and replacing each behaviour does to people's top ``k``.

    Parameters
    ----------
    users : sequence of str or int, optional
        Outside ids; by default 100 drawn by the seed.

    Raises
    ------
    UsageError
        A user is unknown.
    """
    histories = fitted.histories.take(asked_users(fitted, users, seed))
    return edit_rows(fitted.model, fitted.dataset, histories, k=k, exclude_seen=fitted.exclude_seen)
