"""A model with everything it needs to answer in the caller's own ids, and what is known of how it came about.

::

    model       who does what next, by row numbers alone; with its settings
    dataset     people and items with their ids and histories, behaviours, how the users table is read
    labels      what a person reads of each item          event_ids   the log's own ids of its events
    options     how the log is read                       quality     validation figure, how and when it was asked
    made        code, data and day of the fit
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core.errors import ArtifactError, UsageError, nearest, shown
from swayline.core.ids import id_list, list_length
from swayline.core.names import ITEM, RANK, SCORE, USER
from swayline.core.types import Ints, ItemRows
from swayline.dataset import Dataset, Sequences, Vocabulary
from swayline.engine import DuckEngine, Engine
from swayline.events import EventLog, ReadOptions, read_people
from swayline.models import Recommender, load_model
from swayline.models import recommend as best_items
from swayline.training import bundle_folder as around
from swayline.training.newer import Match, matched, read_newer
from swayline.training.provenance import Provenance
from swayline.training.validation import MeasuredQuality

LIST_SOURCE = "source"
"""Column of a list: where it comes from, ``model`` or ``popular``."""
MODEL, POPULAR = "model", "popular"
_TOLD_APART = 10
"""A list whose so many best items score alike says nothing of the person."""


@dataclass(frozen=True)
class ModelBundle:
    """What a training makes, ``swayline fit`` and ``run`` write, and ``recommend`` and ``influence`` read.

    Parameters
    ----------
    model : Recommender
        Knows row numbers alone.
    dataset : Dataset
        Vocabularies and the histories known when it was fitted, or those of a newer log.
    labels : list of str
        A readable name for each item row: its title where the log has one, else its id.
    exclude_seen : bool
        Whether a user's own items stay out of the lists; false where users come back to the same items.
    options : ReadOptions
        How the log was read, remembered for later logs of the same shape.
    event_ids : dict
        Source row of an event → its own id, where the log has such.
    quality : MeasuredQuality, optional
        What was measured on validation; None where nothing could be asked, and in folders of earlier versions.
    made : Provenance, optional
        Code, data and day of the fit; None in folders of earlier versions.
    plan : dict, optional
        How it was trained (``TrainingPlan.as_json``), its settings aside; None in folders of earlier
        versions and of trainings of another kind.
    n_served : int, optional
        The first so many users are served by default, those of a newer log; everybody where None.
    match : Match, optional
        How a newer log met what the model knows.
    """

    model: Recommender
    dataset: Dataset
    labels: list[str]
    exclude_seen: bool
    options: ReadOptions
    event_ids: dict[int, str] = field(default_factory=dict)
    quality: MeasuredQuality | None = None
    made: Provenance | None = None
    plan: dict[str, Any] | None = None
    n_served: int | None = None
    match: Match | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The model's settings by name."""
        settings = getattr(self.model, "settings", None)
        return asdict(settings) if is_dataclass(settings) and not isinstance(settings, type) else {}

    @property
    def behaviors(self) -> Vocabulary:
        """The behaviours that the model knows."""
        return self.dataset.behaviors

    @cached_property
    def histories(self) -> Sequences:
        """Everybody's history, asked when the log ends."""
        sequences = self.dataset.sequences
        return sequences.asked(int(sequences.times.max(initial=0)))

    @property
    def served(self) -> Ints:
        """Rows of the users who are served where nobody is named."""
        return np.arange(len(self.dataset.users) if self.n_served is None else self.n_served)

    def rows_of(self, users: Sequence[str | int]) -> Ints:
        """Rows of users by id; whole numbers stand for the same ids as text.

        Raises
        ------
        UsageError
            This is no list of ids, or a user is not among the histories.
        """
        names = id_list(users)
        rows = self.dataset.users.rows(names)
        if (rows < 0).any():
            unknown = names[int(np.flatnonzero(rows < 0)[0])]
            n = int((rows < 0).sum())
            others = f" (nor have {n - 1:,} more of the {len(names):,} asked for)" if n > 1 else ""
            raise UsageError(
                f"user {shown(unknown)} has no history in this log{others}:"
                f" {nearest(unknown, self.dataset.users.names[:2000])}"
            )
        return rows

    def recommend(self, users: Sequence[str | int] | None = None, k: int = 10) -> pa.Table:
        """The best next items of each user.

        Parameters
        ----------
        users : sequence of str or int, optional
            Outside ids, whole numbers standing for the same ids as text; everybody by default, or, with a newer log,
            everybody in it.

        Returns
        -------
        pa.Table
            ``user``, ``item``, ``rank`` (from 1), ``score``, ``source``: ``model``, or ``popular`` where the model
            knows nothing of the person (no event that it knows, or the same score for everything): what most people
            take, whose score is null.
        """
        k = list_length(k)
        rows = self.served if users is None else self.rows_of(users)
        items, scores, knows = self.best(rows, k)
        filled = items >= 0
        place = np.broadcast_to(np.arange(1, k + 1), items.shape)
        told = np.broadcast_to(knows[:, None], items.shape)[filled]
        return pa.table({
            USER: self.dataset.users.ids.take(pa.array(np.repeat(rows, filled.sum(axis=1)))),
            ITEM: self.dataset.items.ids.take(pa.array(items[filled].astype(np.int64))),
            RANK: pa.array(place[filled], pa.int64()),
            SCORE: pa.array(scores[filled].astype(np.float64), pa.float64(), mask=~told),
            LIST_SOURCE: pa.array(np.where(told, MODEL, POPULAR).tolist(), pa.string()),
        })  # fmt: skip

    def best(self, rows: Ints, k: int) -> tuple[ItemRows, npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """(Q, k) items and scores of users' lists, and (Q,) whether the model knows anything of the person.

        Raises
        ------
        ArtifactError
            The model's scores are no numbers.
        """
        asked = self.histories.take(rows)
        width = max(k, _TOLD_APART)
        items, scores = best_items(self.model, asked, width, self.exclude_seen)
        filled = items >= 0
        if not np.isfinite(scores[filled]).all():
            raise ArtifactError(f"the scores of this {self.model.name} model are no finite numbers: fit it again")
        lowest = np.where(filled, scores, np.inf).min(axis=1, initial=np.inf)
        same = (filled.sum(axis=1) > 1) & (scores[:, 0] == lowest)
        knows = (asked.lengths > 0) & ~same
        if not knows.all():
            items[~knows] = self._popular(asked.take(np.flatnonzero(~knows)), width)
        return items[:, :k], scores[:, :k], knows

    def _popular(self, histories: Sequences, k: int) -> ItemRows:
        """(Q, k) the items with most events, the first of the vocabulary where several tie; -1 where none is left."""
        counts = np.bincount(self.dataset.sequences.items, minlength=histories.n_items)
        order = np.argsort(-counts, kind="stable")
        found = np.full((len(histories), k), -1, np.int32)
        for row in range(len(histories)):
            seen = histories.items[histories.of(row)] if self.exclude_seen else np.zeros(0, np.int32)
            first = order[: k + len(seen)]
            left = first[~np.isin(first, seen)][:k]
            found[row, : len(left)] = left
        return found

    def with_log(self, events: Any, users: Any = None) -> Self:
        """The same model for the histories of a newer log, read as its own was (:mod:`swayline.training.newer`).

        Parameters
        ----------
        events : path, address or frame
        users : path, address or frame, optional
            What is known of the people, as the users table that the model learned from.

        Raises
        ------
        DataError
            The log cannot be read, or the model knows nothing of it.
        """
        with DuckEngine() as engine:
            return self.for_log(engine, read_newer(events, self.options, users, engine))

    def for_log(self, engine: Engine, log: EventLog) -> Self:
        """The same model for the histories of a newer log that was read."""
        dataset, match, ids = matched(engine, log, self.dataset)
        n_served = match.known_people + match.new_people
        return replace(self, dataset=dataset, event_ids=self.event_ids | ids, n_served=n_served, match=match)

    def with_people(self, users: Any) -> Self:
        """The same model and histories, with what a table of users says of the people it has met.

        Raises
        ------
        DataError
            The table cannot be read.
        """
        table, known = read_people(users), self.dataset
        unread = tuple(table.column_names[1:]) if known.people is None else tuple(known.people.unread(table))
        match = Match(unknown_columns=tuple(name for name in unread if name != USER))
        if known.people is None or known.sequences.profiles is None:
            return replace(self, match=match)
        said = known.people.read(known.users.ids, table)
        profiles = np.where(said > 0, said, known.sequences.profiles)
        sequences = replace(known.sequences, profiles=profiles)
        return replace(self, dataset=replace(known, sequences=sequences), match=match)

    def save(self, folder: Path) -> None:
        """Write the model and what stands around it: Parquet, JSON and safetensors."""
        self.model.save(folder)
        parts = around.Around(
            self.dataset,
            self.labels,
            self.exclude_seen,
            self.options,
            self.event_ids,
            self.quality,
            self.made,
            self.plan,
        )
        around.write_around(folder, parts)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ArtifactError
            The folder is missing, damaged or not ours.
        """
        model = load_model(folder)
        parts = around.read_around(folder)
        around.probe(folder, model, parts.dataset.sequences)
        return cls(model, **vars(parts))
