"""A log as models read it, with what stands around a model that learned from it."""

from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import EVENT_ID, ITEM, ROW, TITLE
from swayline.dataset import Dataset, Vocabulary, build_dataset
from swayline.dataset.knowledge import build_graph
from swayline.engine import Engine
from swayline.events import EventLog


@dataclass(frozen=True)
class TrainingData:
    """A log and its dataset."""

    log: EventLog
    dataset: Dataset

    @cached_property
    def labels(self) -> list[str]:
        """A readable name for each item: its title where the log has one, else its id."""
        names, items = self.dataset.items.names, self.log.items
        if items is None or TITLE not in items.column_names:
            return names
        titles = dict(zip(items[ITEM].to_pylist(), items[TITLE].cast(pa.string()).to_pylist(), strict=True))
        return [titles.get(name) or name for name in names]

    @cached_property
    def event_ids(self) -> dict[int, str]:
        """Source row of each event that has an ``event_id`` → that id."""
        return event_ids(self.log)


def training_data(
    engine: Engine, log: EventLog, *, unmet: bool = False, min_user_events: int = 1, min_item_events: int = 1
) -> TrainingData:
    """The dataset of a log, as every training and evaluation reads it.

    Parameters
    ----------
    unmet : bool
        Add the items of the items table that no event names: for models that can recommend what nobody has met yet, by
        what the items table says of it. Nothing in their numbers says that nobody met them.
    min_user_events, min_item_events : int
        k-core limits; 1 keeps everything.

    Raises
    ------
    EmptyLogError
        No event names an item, or nothing is left after the limits.
    """
    dataset = build_dataset(
        engine, log.events, side=log.items, people=log.users,
        min_user_events=min_user_events, min_item_events=min_item_events,
    )  # fmt: skip
    every = _with_unmet(dataset.items, log.items) if unmet else None
    if every is not None:
        dataset = build_dataset(
            engine, log.events, items=every, side=log.items, people=log.users,
            min_user_events=min_user_events, min_item_events=min_item_events,
        )  # fmt: skip
    graph = build_graph(log.graph, dataset.items)
    return TrainingData(log, replace(dataset, sequences=replace(dataset.sequences, graph=graph)))


def _with_unmet(met: Vocabulary, items: pa.Table | None) -> Vocabulary | None:
    """The items met and those of the items table that no event names; None where there is none of these."""
    if items is None:
        return None
    listed = pc.unique(items[ITEM].cast(pa.string()))
    unmet = listed.filter(pc.invert(pc.is_in(listed, value_set=met.ids))).drop_null()
    return Vocabulary(pa.concat_arrays([met.ids.cast(pa.string()), unmet])).by_hash() if len(unmet) else None


def event_ids(log: EventLog) -> dict[int, str]:
    """Source row of each event that has an ``event_id`` → that id."""
    if EVENT_ID not in log.events.column_names:
        return {}
    named = zip(log.events[ROW].to_pylist(), log.events[EVENT_ID].to_pylist(), strict=True)
    return {row: name for row, name in named if name is not None}
