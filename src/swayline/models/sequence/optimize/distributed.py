"""Several processes that train one model: each takes its share of the batches, gradients are averaged after each step.

Start them with ``torchrun --nproc-per-node 2 …``; a process started any other way trains alone. Where every process
of a machine has a GPU of its own they talk through NCCL, else through gloo.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import distributed

_LARGE = 1 << 22
"""Numbers from which a gradient is a message of its own, not copied: 16 MiB."""


@contextmanager
def together() -> Iterator[tuple[int, int]]:
    """Rank of this process and number of processes, which are joined for the block where torchrun started several."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if distributed.is_available() and distributed.is_initialized():
        yield distributed.get_rank(), distributed.get_world_size()
    elif size > 1:
        alone = torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        distributed.init_process_group("nccl" if torch.cuda.is_available() and alone else "gloo")
        try:
            yield distributed.get_rank(), distributed.get_world_size()
        finally:
            distributed.destroy_process_group()
    else:
        yield 0, 1


def average_gradients(parameters: Iterable[torch.nn.Parameter], size: int) -> None:
    """Replace every gradient by its mean over the processes: small ones in one message, large ones where they stand."""
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    small = [grad for grad in grads if grad.numel() < _LARGE]
    for grad in grads:
        if grad.numel() >= _LARGE:
            distributed.all_reduce(grad)
            grad /= size
    if not small:
        return
    flat = torch.cat([grad.reshape(-1) for grad in small])
    distributed.all_reduce(flat)
    flat /= size
    for grad, mean in zip(small, torch.split(flat, [grad.numel() for grad in small]), strict=True):
        grad.copy_(mean.view_as(grad))
