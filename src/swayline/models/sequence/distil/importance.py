"""What each part of a network adds, measured on histories: channels, heads, neurons, blocks.

::

    channel   energy of the last state × energy of the item table (what it adds to scores), and what each block reads
    head      energy of what attention draws, times the weights that carry it on
    neuron    energy of the feed-forward activation, times the weights that carry it on
    block     1 - cosine of what goes in and what comes out

Shapes: T tokens, D width, C attention channels, N neurons, I items.

References
----------
Muralidharan et al., "Compact Language Models via Pruning and Knowledge Distillation" (Minitron), NeurIPS 2024
(importance by activations alone, no gradients).
Men et al., "ShortGPT: Layers in Large Language Models are More Redundant Than You Expect", 2024 (importance of blocks).
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from swayline.dataset import Sequences
from swayline.models.sequence.network import Network
from swayline.models.sequence.serving.scorer import Scorer

_LOOKED_AT = 2048
"""Histories whose activations are measured."""


@dataclass(frozen=True)
class Importance:
    """How much each part counts; larger is more."""

    channels: Tensor
    """(D,) of the width that runs through the whole network."""
    attention: tuple[Tensor, ...]
    """(C,) of each block's attention channels, head by head."""
    neurons: tuple[Tensor, ...]
    """(N,) of each block's feed-forward layer; empty where the block has none."""
    blocks: tuple[float, ...]
    """Of each block."""


def measure(scorer: Scorer, histories: Sequences) -> Importance:
    """Read some histories and see what is active."""
    network = scorer.network
    energy: dict[str, Tensor] = {}
    count: dict[str, int] = defaultdict(int)
    turned: dict[str, list[float]] = defaultdict(list)
    with _watched(network, energy, count, turned), torch.no_grad():
        step = max(1, len(histories) // _LOOKED_AT)
        some = histories.take(torch.arange(0, len(histories), step)[:_LOOKED_AT].numpy())
        for _, batch in scorer.batches(some):
            network(batch)
    mean = {name: total / max(1, count[name]) for name, total in energy.items()}
    with torch.no_grad():
        answers = network.embedded().float().square().mean(0)
        channels = _shares(mean["norm"] * answers)
        for name, found in mean.items():
            if name.startswith("blocks.") and name.rpartition(".")[2] in ("norm", "norm_attention", "norm_forward"):
                channels = channels + _shares(found) / len(network.blocks)
        attention, neurons = [], []
        for place, block in enumerate(network.blocks):
            attention.append(_carried(mean[f"blocks.{place}.out"], block.out))
            down = getattr(block, "down", None)
            neurons.append(torch.zeros(0) if down is None else _carried(mean[f"blocks.{place}.down"], down))
    blocks = tuple(sum(turned[f"blocks.{place}"]) / len(turned[f"blocks.{place}"]) for place in range(len(attention)))
    return Importance(channels.cpu(), tuple(attention), tuple(neurons), blocks)


def _carried(energy: Tensor, onward: Tensor | nn.Module) -> Tensor:
    """Energy of a layer's inputs times the weights that carry them on."""
    if not isinstance(onward, nn.Linear):
        raise TypeError("a block hands on what it drew by a linear layer")
    return (energy * onward.weight.float().square().sum(0)).cpu()


def _shares(energy: Tensor) -> Tensor:
    return energy / energy.sum().clamp_min(1e-12)


@contextmanager
def _watched(
    network: Network, energy: dict[str, Tensor], count: dict[str, int], turned: dict[str, list[float]]
) -> Iterator[None]:
    """Within the block every forward pass adds to the sums."""

    def add(name: str, values: Tensor) -> None:
        flat = values.detach().float().reshape(-1, values.shape[-1])
        energy[name] = energy.get(name, torch.zeros_like(flat[0])) + flat.square().sum(0)
        count[name] += len(flat)

    def output(name: str, _module: nn.Module, _given: tuple[Tensor, ...], found: Tensor) -> None:
        add(name, found)

    def intake(name: str, _module: nn.Module, given: tuple[Tensor, ...]) -> None:
        add(name, given[0])

    def block(name: str, _module: nn.Module, given: tuple[Tensor, ...], found: Tensor) -> None:
        if len(found) == len(given[0]):
            turned[name].append(float(1.0 - F.cosine_similarity(given[0].float(), found.float(), dim=1).mean()))

    hooks = []
    for name, module in network.named_modules():
        last = name.rpartition(".")[2]
        if isinstance(module, nn.LayerNorm) and last != "norm_drawn":
            hooks.append(module.register_forward_hook(partial(output, name)))
        elif name.startswith("blocks.") and last in ("out", "down"):
            hooks.append(module.register_forward_pre_hook(partial(intake, name)))
        elif name.startswith("blocks.") and name.count(".") == 1:
            hooks.append(module.register_forward_hook(partial(block, name)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
