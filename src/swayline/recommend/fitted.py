"""A model with everything it needs to answer in the caller's own ids: vocabularies, histories, how to read its log."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from swayline.core.errors import ArtifactError, UsageError, nearest, shown
from swayline.core.files import whole, write_json
from swayline.core.names import ITEM, RANK, SCORE, TITLE, USER
from swayline.core.types import Ints
from swayline.dataset import Dataset, Sequences, Vocabulary
from swayline.events import ReadOptions
from swayline.models import Recommender, load_model
from swayline.models import recommend as best_items

_FILES = {"items": "items.parquet", "people": "people.parquet", "histories": "histories.safetensors", "log": "log.json"}
_OPTIONAL = ("profiles", "values")
_ARRAYS = ("offsets", "items", "behaviors", "times", "events")


@dataclass(frozen=True)
class FittedModel:
    """What ``swayline fit`` writes and ``swayline recommend`` reads.

    Parameters
    ----------
    model : Recommender
        Knows row numbers alone.
    dataset : Dataset
        Vocabularies and the histories known when it was fitted.
    labels : list of str
        A readable name for each item row: its title where the log has one, else its id.
    exclude_seen : bool
        Whether a user's own items stay out of the lists; false where users come back to the same items.
    options : ReadOptions
        How the log was read, remembered for later logs of the same shape.
    event_ids : dict
        Source row of an event → its own id, where the log has such.
    """

    model: Recommender
    dataset: Dataset
    labels: list[str]
    exclude_seen: bool
    options: ReadOptions
    event_ids: dict[int, str] = field(default_factory=dict)

    @cached_property
    def histories(self) -> Sequences:
        """Everybody's history, asked when the log ends."""
        sequences = self.dataset.sequences
        return sequences.asked(int(sequences.times.max(initial=0)))

    def rows_of(self, users: Sequence[str]) -> Ints:
        """Rows of users by id.

        Raises
        ------
        UsageError
            A user is not among the histories.
        """
        rows = self.dataset.users.rows(users)
        if (rows < 0).any():
            unknown = users[int(np.flatnonzero(rows < 0)[0])]
            raise UsageError(
                f"user {shown(unknown)} has no history in this log: {nearest(unknown, self.dataset.users.names[:2000])}"
            )
        return rows

    def recommend(self, users: Sequence[str] | None = None, k: int = 10) -> pa.Table:
        """The best next items of each user.

        Parameters
        ----------
        users : sequence of str, optional
            Outside ids; everybody by default.

        Returns
        -------
        pa.Table
            ``user``, ``item``, ``rank`` (from 1), ``score``.
        """
        rows = np.arange(len(self.dataset.users)) if users is None else self.rows_of(users)
        items, scores = best_items(self.model, self.histories.take(rows), k, self.exclude_seen)
        filled = items >= 0
        place = np.broadcast_to(np.arange(1, k + 1), items.shape)
        return pa.table({
            USER: self.dataset.users.ids.take(pa.array(np.repeat(rows, filled.sum(axis=1)))),
            ITEM: self.dataset.items.ids.take(pa.array(items[filled].astype(np.int64))),
            RANK: pa.array(place[filled], pa.int64()),
            SCORE: pa.array(scores[filled], pa.float64()),
        })  # fmt: skip

    def with_histories(self, dataset: Dataset) -> Self:
        """The same model for the histories of another log, read with this model's vocabularies."""
        return dataclasses.replace(self, dataset=dataset)

    def save(self, folder: Path) -> None:
        """Write the model and what stands around it: Parquet, JSON and safetensors."""
        self.model.save(folder)
        data = self.dataset
        _write_table(
            folder / _FILES["items"], pa.table({ITEM: data.items.ids, TITLE: pa.array(self.labels, pa.string())})
        )
        _write_table(folder / _FILES["people"], pa.table({USER: data.users.ids}))
        with whole(folder / _FILES["histories"]) as temporary:
            arrays = {name: getattr(data.sequences, name) for name in _ARRAYS}
            optional = {name: getattr(data.sequences, name) for name in _OPTIONAL}
            arrays |= {name: array for name, array in optional.items() if array is not None}
            save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, temporary)
        write_json(folder / _FILES["log"], {
            "behaviors": data.behaviors.names, "ordered": data.ordered, "exclude_seen": self.exclude_seen,
            "options": self.options.as_json(),
        })  # fmt: skip

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ArtifactError
            The folder is missing, damaged or not ours.
        """
        model = load_model(folder)
        try:
            items = pq.read_table(
                folder / _FILES["items"], schema=pa.schema([(ITEM, pa.string()), (TITLE, pa.string())])
            )
            people = pq.read_table(folder / _FILES["people"], schema=pa.schema([(USER, pa.string())]))
            arrays = load_file(folder / _FILES["histories"])
            log: dict[str, Any] = json.loads((folder / _FILES["log"]).read_text("utf-8"))
            options = ReadOptions.from_json(log["options"])
            behaviors = Vocabulary.of(log["behaviors"])
            stored: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
            stored |= {name: arrays.get(name) for name in _OPTIONAL}
            sequences = Sequences(**stored, n_items=len(items), n_behaviors=len(behaviors))
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException, SafetensorError) as error:
            raise ArtifactError(
                f"{folder} is no model folder of Swayline, or is damaged: {str(error).splitlines()[0]}"
            ) from None
        _check(folder, sequences, len(people))
        users = Vocabulary(people[USER].combine_chunks())
        dataset = Dataset(users, Vocabulary(items[ITEM].combine_chunks()), behaviors, sequences, bool(log["ordered"]))
        return cls(model, dataset, cast(list[str], items[TITLE].to_pylist()), bool(log["exclude_seen"]), options)


def _write_table(path: Path, table: pa.Table) -> None:
    with whole(path) as temporary:
        pq.write_table(table, temporary)


def _check(folder: Path, sequences: Sequences, n_users: int) -> None:
    """Refuse histories whose numbers point outside their vocabularies."""
    sound = (
        len(sequences) == n_users
        and sequences.offsets[0] == 0
        and bool((np.diff(sequences.offsets) >= 0).all())
        and all(len(getattr(sequences, name)) == sequences.offsets[-1] for name in _ARRAYS[1:])
        and (len(sequences.items) == 0 or (sequences.items.min() >= 0 and sequences.items.max() < sequences.n_items))
        and (
            len(sequences.items) == 0
            or (sequences.behaviors.min() >= 0 and sequences.behaviors.max() < sequences.n_behaviors)
        )
        and _sound_values(sequences.values, len(sequences.items))
    )
    if not sound:
        raise ArtifactError(f"{folder / _FILES['histories']} does not fit its vocabularies: fit the model again")


def _sound_values(values: np.ndarray | None, n_events: int) -> bool:
    return values is None or (values.shape == (n_events,) and values.dtype == np.float64 and not np.isinf(values).any())
