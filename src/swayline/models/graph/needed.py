"""A knowledge graph, or the error that says how to give one."""

from swayline.core.errors import EmptyLogError, SchemaError
from swayline.dataset import Sequences
from swayline.dataset.knowledge import KnowledgeGraph


def graph_of(train: Sequences, name: str) -> KnowledgeGraph:
    """The graph beside histories.

    Raises
    ------
    EmptyLogError
        There is no event.
    SchemaError
        There is no graph.
    """
    if not len(train.items):
        raise EmptyLogError(f"{name} has no event to learn from: give a log with events")
    if train.graph is None:
        raise SchemaError(
            f"{name} learns from a knowledge graph, and the log has none: say --graph FILE (head, relation, tail)"
        )
    return train.graph
