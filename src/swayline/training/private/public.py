"""A log as a private training may see it: what is not the people's own is public, and everything else is left out.

::

    items        the table of items alone, whoever met what; events on others are left out
    behaviours   one: that somebody met something
    categories, places of events, values, the table of users        not read
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import EmptyLogError, UsageError
from swayline.core.names import BEHAVIOR, EXPOSED, INTERACT, ITEM, ROW, TIME, USER
from swayline.dataset import Dataset, Vocabulary, build_dataset
from swayline.engine import Engine
from swayline.events import EventLog
from swayline.training.data import TrainingData

_READ = (ROW, USER, ITEM, BEHAVIOR, TIME, EXPOSED)


@dataclass(frozen=True)
class PublicData:
    """Histories over a public catalogue.

    Parameters
    ----------
    data : TrainingData
    left_out : int
        Events on items that the catalogue does not name: for who trains, never for the folder.
    """

    data: TrainingData
    left_out: int

    @property
    def dataset(self) -> Dataset:
        """Histories and vocabularies."""
        return self.data.dataset


def public_data(engine: Engine, log: EventLog) -> PublicData:
    """The histories of a log over the items of its table of items.

    Raises
    ------
    UsageError
        There is no table of items: the list of items that were met would tell who met one that nobody else did.
    EmptyLogError
        No event is on an item of the table.
    """
    if log.items is None:
        raise UsageError(
            "a private or federated training needs a public catalogue, since a list of the items that were met gives"
            " away who met a rare one: give it with --items"
        )
    catalogue = Vocabulary(pc.unique(log.items[ITEM].cast(pa.string())).drop_null()).by_hash()
    events = log.events.select([name for name in _READ if name in log.events.column_names])
    named = pc.fill_null(pc.is_in(events[ITEM].cast(pa.string()), value_set=catalogue.ids), False)
    kept = events.filter(named)
    if not len(kept):
        raise EmptyLogError("no event is on an item of the table of items, so there is nothing to learn from")
    constant = pa.array([INTERACT] * len(kept), pa.string())
    kept = kept.set_column(kept.column_names.index(BEHAVIOR), BEHAVIOR, constant)
    dataset = build_dataset(engine, kept, items=catalogue, behaviors=Vocabulary.of([INTERACT]), side=log.items)
    return PublicData(TrainingData(log, dataset), len(events) - len(kept))
