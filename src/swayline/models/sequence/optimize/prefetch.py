"""Keeping a GPU busy: batches are made ready beside its work, and small steps are recorded once and replayed.

A step on 2,048 tokens is two hundred small kernels, which a GPU runs in a millisecond and a program starts in ten. So
its forward and backward pass are recorded as a CUDA graph for each shape of its inputs and started as one.

Shapes: T tokens, K candidates.

References
----------
Ng et al., "Accelerating PyTorch with CUDA Graphs", PyTorch blog, 2021.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor

from swayline.models.sequence.batching.packed import Packed
from swayline.models.sequence.optimize.negatives import Candidates

SMALL = 1 << 14
"""Tokens a batch up to which starting kernels takes longer than running them."""
LIGHT = 1 << 29
"""Weights up to which their gradients are put aside while a step is recorded."""
_MOST = 16
"""Recordings kept; other shapes run as they are."""
_WARMING = 3

Learn = Callable[[Packed, Candidates, float], Tensor]
"""``(batch, candidates, share of the step)``: adds to the gradients, returns the loss."""
Recording = tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]
"""The graph, what it reads and the loss it writes."""
Given = TypeVar("Given", Packed, Candidates)


class Recorded:
    """A step that is recorded when its shapes are met first, and replayed from then on.

    The step is given with each call, not kept: what it belongs to would keep this, and neither would be freed.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        self._parameters = list(parameters)
        self._pool = torch.cuda.graph_pool_handle()
        self._known: dict[tuple[object, ...], Recording] = {}

    def __call__(self, learn: Learn, batch: Packed, drawn: Candidates, share: float) -> Tensor:
        """The loss; its tensor is written to by the next call."""
        given = [*tensors(batch).values(), *tensors(drawn).values()]
        key = (share, *(part.shape for part in given))
        if key not in self._known:
            if len(self._known) == _MOST:
                return learn(batch, drawn, share)
            self._known[key] = self._record(learn, batch, drawn, share)
        graph, inputs, loss = self._known[key]
        for mine, new in zip(inputs, given, strict=True):
            mine.copy_(new)
        graph.replay()
        return loss

    def _record(self, learn: Learn, batch: Packed, drawn: Candidates, share: float) -> Recording:
        batch, drawn = _copied(batch), _copied(drawn)
        before = [None if parameter.grad is None else parameter.grad.clone() for parameter in self._parameters]
        chance = torch.cuda.get_rng_state()
        here, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(here)
        with torch.cuda.stream(side):  # libraries choose their kernels now, since they may not while recording
            for _ in range(_WARMING):
                learn(batch, drawn, share)
        here.wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            loss = learn(batch, drawn, share)
        for parameter, grad in zip(self._parameters, before, strict=True):
            if parameter.grad is not None:
                parameter.grad.zero_() if grad is None else parameter.grad.copy_(grad)
        torch.cuda.set_rng_state(chance)
        return graph, [*tensors(batch).values(), *tensors(drawn).values()], loss


def tensors(given: Packed | Candidates) -> dict[str, Tensor]:
    """What a step reads, by name; where histories end is asked by questions alone, and differs from batch to batch."""
    found = {field.name: getattr(given, field.name) for field in fields(given) if field.name != "last"}
    return {name: value for name, value in found.items() if isinstance(value, Tensor)}


def _copied(given: Given) -> Given:
    return replace(given, **{name: value.clone() for name, value in tensors(given).items()})  # type: ignore[arg-type]


def prefetched(make: Callable[[], tuple[Packed, Candidates]], device: torch.device) -> tuple[Packed, Candidates]:
    """What ``make`` makes; on a GPU it does not wait for the work that is under way."""
    if device.type != "cuda":
        return make()
    here, side = torch.cuda.current_stream(device), _side_of(device)
    with torch.cuda.stream(side):
        batch, drawn = make()
    here.wait_stream(side)
    for part in (*tensors(batch).values(), *tensors(drawn).values(), batch.last):
        part.record_stream(here)
    return batch, drawn


@cache
def _side_of(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
