"""A knowledge graph, or the error that says how to give one."""

from swayline.core.errors import SchemaError
from swayline.dataset import Sequences
from swayline.dataset.knowledge import KnowledgeGraph


def graph_of(train: Sequences, name: str) -> KnowledgeGraph:
    """The graph beside histories.

    Raises
    ------
    SchemaError
        There is none.
    """
    if train.graph is None:
        raise SchemaError(
            f"{name} learns from a knowledge graph, and the log has none: say --graph FILE (head, relation, tail)"
        )
    return train.graph
