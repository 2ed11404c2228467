"""The temporal graph for other libraries: PyTorch Geometric's ``TemporalData`` and NetworkX.

Shapes: E edges.
"""

from typing import Any

import numpy as np
import torch

from swayline.core.extras import require
from swayline.dataset.adjacency.graph import TemporalGraph


def as_tensors(graph: TemporalGraph) -> dict[str, torch.Tensor]:
    """``src``, ``dst``, ``t`` (E,) and ``msg`` (E, 2: type, weight): the content of PyG's ``TemporalData``."""
    weights = np.full(len(graph), np.nan, np.float32) if graph.weights is None else graph.weights
    message = np.stack([graph.kinds.astype(np.float32), weights.astype(np.float32)], axis=1)
    return {
        "src": torch.from_numpy(graph.sources.astype(np.int64)),
        "dst": torch.from_numpy(graph.targets.astype(np.int64)),
        "t": torch.from_numpy(graph.times.copy()), "msg": torch.from_numpy(message),
    }  # fmt: skip


def to_temporal_data(graph: TemporalGraph) -> Any:
    """The graph as ``torch_geometric.data.TemporalData``.

    Raises
    ------
    MissingExtraError
        The library ``torch_geometric`` is not installed; :func:`as_tensors` has the same content without it.
    """
    require("torch_geometric", extra="graphs")
    from torch_geometric.data import TemporalData

    return TemporalData(**as_tensors(graph))


def to_networkx(graph: TemporalGraph) -> Any:
    """The graph as ``networkx.MultiDiGraph``: nodes with their ``kind``, edges with ``time``, ``type``, ``weight``.

    An edge without a value has no ``weight``. Python objects take hundreds of bytes an edge: slice a large graph first.

    Raises
    ------
    MissingExtraError
        The library ``networkx`` is not installed.
    """
    networkx = require("networkx", extra="graphs")
    made = networkx.MultiDiGraph()
    for one in graph.nodes:
        made.add_nodes_from(range(one.start, one.stop), kind=one.name)
    valued = np.zeros(len(graph), bool) if graph.weights is None else ~np.isnan(graph.weights)
    columns = (graph.sources, graph.targets, graph.times, graph.kinds)
    for at, (source, target, time, kind) in enumerate(zip(*(one.tolist() for one in columns), strict=True)):
        known = {"weight": float(graph.weights[at])} if graph.weights is not None and valued[at] else {}
        made.add_edge(source, target, time=time, type=kind, **known)
    return made
