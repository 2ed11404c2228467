"""Several processes that train one model: each takes its share of the batches, gradients are averaged after each step.

Start them with ``torchrun --nproc-per-node 2 …``; a process started any other way trains alone. On CPUs they talk
through gloo, on GPUs through NCCL.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import distributed


@contextmanager
def together() -> Iterator[tuple[int, int]]:
    """Rank of this process and number of processes, which are joined for the block where torchrun started several."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if distributed.is_available() and distributed.is_initialized():
        yield distributed.get_rank(), distributed.get_world_size()
    elif size > 1:
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        try:
            yield distributed.get_rank(), distributed.get_world_size()
        finally:
            distributed.destroy_process_group()
    else:
        yield 0, 1


def average_gradients(parameters: Iterable[torch.nn.Parameter], size: int) -> None:
    """Replace every gradient by its mean over the processes, in one message."""
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([grad.reshape(-1) for grad in grads])
    distributed.all_reduce(flat)
    flat /= size
    means = torch.split(flat, [grad.numel() for grad in grads])
    for grad, mean in zip(grads, means, strict=True):
        grad.copy_(mean.view_as(grad))
