"""A serving form as ONNX, and the lists that onnxruntime makes of it.

::

    in    items (people, events) int64, behaviors (people, events) int64, k (1,) int64
    out   best (people, k) int64, scores (people, k) float32

Weights of a model in eight bits stay in eight bits in the file.
"""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from swayline.core.errors import MissingExtraError
from swayline.core.storage.files import whole
from swayline.core.types import ItemRows
from swayline.dataset import Sequences
from swayline.models.protocol import Scores
from swayline.models.sequence.export.portable import Portable
from swayline.models.sequence.serving.scorer import Scorer

OPSET = 20
_LEAST = 1024
"""Numbers from which a matrix is kept in eight bits."""


def write_onnx(path: Path, scorer: Scorer, hides_seen: bool) -> None:
    """Write the serving form of a model as one ONNX file.

    Raises
    ------
    MissingExtraError
        onnx is not installed.
    UsageError
        The model reads what a session elsewhere does not say.
    """
    onnx = _onnx()
    portable = Portable(scorer, hides_seen).eval()
    model = _exported(portable)
    graph = model.graph
    _with_lists(onnx, graph)
    if portable.rounded:
        _shrink(onnx, graph)
    model.producer_name = "swayline"
    onnx.checker.check_model(model)
    with whole(path) as temporary:
        onnx.save_model(model, str(temporary))


class OnnxLists:
    """Lists by onnxruntime from a file that :func:`write_onnx` wrote."""

    def __init__(self, path: Path) -> None:
        options = _runtime().SessionOptions()
        options.intra_op_num_threads = 1
        self.session = _runtime().InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def best_items(self, history: Sequences, k: int) -> tuple[ItemRows, Scores]:
        """(Q, k) the best items of each history and their scores."""
        items, behaviors = as_rows(history)
        best, scores = self.session.run(None, {"items": items, "behaviors": behaviors, "k": np.array([k])})
        return best.astype(np.int32), scores


def as_rows(history: Sequences) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(Q, L) items and behaviours, each history at the right end of its row."""
    lengths = history.lengths
    width = max(1, int(lengths.max(initial=0)))
    items = np.full((len(history), width), history.n_items, np.int64)
    behaviors = np.full((len(history), width), history.n_behaviors, np.int64)
    within = np.arange(len(history.items)) - np.repeat(history.offsets[:-1], lengths)
    place = np.repeat(width - lengths, lengths) + within
    items[history.users, place], behaviors[history.users, place] = history.items, history.behaviors
    return items, behaviors


def _exported(portable: Portable) -> Any:
    """The ONNX model of scores."""
    length = portable.sizes.max_length + 2
    example = torch.zeros(3, length, dtype=torch.int64), torch.zeros(3, length, dtype=torch.int64)
    axes = {0: torch.export.Dim("people"), 1: torch.export.Dim("events")}
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            portable, example, dynamo=True, opset_version=OPSET, dynamic_shapes=(axes, axes),
            input_names=["items", "behaviors"], output_names=["all_scores"], verbose=False,
        )  # fmt: skip
    return program.model_proto  # type: ignore[union-attr]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's own notes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def _with_lists(onnx: Any, graph: Any) -> None:
    """Give the graph the best k as its outputs, in place of all scores."""
    helper, kinds = onnx.helper, onnx.TensorProto
    people = graph.output[0].type.tensor_type.shape.dim[0].dim_param
    graph.input.append(helper.make_tensor_value_info("k", kinds.INT64, [1]))
    graph.node.append(helper.make_node("TopK", ["all_scores", "k"], ["scores", "best"], name="lists"))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("best", kinds.INT64, [people, "k"]))
    graph.output.append(helper.make_tensor_value_info("scores", kinds.FLOAT, [people, "k"]))


def _shrink(onnx: Any, graph: Any) -> None:
    """Keep every matrix that eight bits say exactly as integers and scales."""
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    nodes = []
    for tensor in [one for one in graph.initializer if one.data_type == onnx.TensorProto.FLOAT and len(one.dims) == 2]:
        values = numpy_helper.to_array(tensor)
        found = _rounded(values) if values.size >= _LEAST else None
        if found is None:
            continue
        axis, whole_numbers, scale = found
        name = tensor.name
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(whole_numbers, f"{name}.int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes.append(helper.make_node(
            "DequantizeLinear", [f"{name}.int8", f"{name}.scale"], [name], name=f"{name}.floats", axis=axis
        ))  # fmt: skip
    for node in reversed(nodes):
        graph.node.insert(0, node)


def _rounded(values: npt.NDArray[np.float32]) -> tuple[int, npt.NDArray[np.int8], npt.NDArray[np.float32]] | None:
    """Axis, whole numbers and scales of a matrix whose rows, or columns, are whole numbers times a scale."""
    for axis in (0, 1):
        scale = np.maximum(np.abs(values).max(axis=1 - axis, keepdims=True) / 127.0, 1e-12).astype(np.float32)
        units = values / scale
        if np.abs(units - np.rint(units)).max() < 1e-3:
            return axis, np.rint(units).astype(np.int8), scale.reshape(-1)
    return None


def _onnx() -> Any:
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ImportError:
        raise MissingExtraError("the ONNX form needs onnx and onnxscript: pip install 'swayline[onnx]'") from None
    return onnx


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("running an ONNX file needs onnxruntime: pip install 'swayline[onnx]'") from None
    return onnxruntime
