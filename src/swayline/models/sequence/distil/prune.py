"""A narrower, shallower network that begins from the weights of a larger one: whole channels, heads, neurons, blocks.

Every matrix is cut along the axes that were chosen, so that what is left is an ordinary network of smaller settings.
Item rows are those that the larger network reads, texts included: the smaller one needs no text model. What a layer has
that is not named here starts as it would in training.

Shapes: D width, I items.
"""

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from swayline.models.sequence.distil.importance import Importance
from swayline.models.sequence.network import Network
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.sizes import Sizes


@dataclass(frozen=True)
class Kept:
    """What stays, each a sorted list of rows of the larger network."""

    channels: Tensor
    blocks: tuple[int, ...]
    heads: tuple[Tensor, ...]
    """Of each kept block: its heads."""
    attention: tuple[Tensor, ...]
    """Of each kept block: channels inside its attention."""
    neurons: tuple[Tensor, ...]


def choose(found: Importance, before: TransformerSettings, after: TransformerSettings) -> Kept:
    """The parts that count most, as many as the smaller settings hold."""
    channels = _best(found.channels, after.width)
    order = sorted(range(before.depth), key=lambda place: -found.blocks[place])
    blocks = tuple(sorted(order[: after.depth]))
    heads, attention, neurons = [], [], []
    for place in blocks:
        by_head = found.attention[place].view(before.heads, -1)  # (H, D / H)
        mine = _best(by_head.sum(1), after.heads)
        wide = after.width // after.heads
        inside = torch.stack([head * by_head.shape[1] + _best(by_head[head], wide) for head in mine])
        heads.append(mine)
        attention.append(inside.reshape(-1))
        neurons.append(_best(found.neurons[place], after.width * after.expansion))
    return Kept(channels, blocks, tuple(heads), tuple(attention), tuple(neurons))


def pruned(
    network: Network, kept: Kept, before: TransformerSettings, after: TransformerSettings, sizes: Sizes
) -> Network:
    """(network of ``after``) with the kept weights of ``network``."""
    with torch.random.fork_rng(devices=[]):
        small = Network(after, sizes)
    small.start(torch.Generator().manual_seed(after.seed))
    small.codes.copy_(network.codes.cpu())
    here, there = {name: value.detach().cpu() for name, value in network.state_dict().items()}, small.state_dict()
    columns = kept.channels
    for name, value in here.items():
        if name in there and value.ndim == 2 and name.startswith(("items.", "attributes.", "inputs.")):
            there[name] = value[:, columns]
    if network.told is not None:
        with torch.no_grad():
            there["items.weight"][:-1] = network.embedded().float().cpu()[:, columns]
        if small.attributes is not None:
            there["attributes.weight"].zero_()
    grown = (before.width / after.width) ** 0.5  # what comes in is multiplied by the root of the width
    for name in there:
        if name.startswith(("items.", "attributes.")):
            there[name] = there[name] * grown
    there |= {f"norm.{part}": here[f"norm.{part}"][columns] for part in ("weight", "bias")}
    for place, block in enumerate(kept.blocks):
        there |= _block(here, f"blocks.{block}.", f"blocks.{place}.", kept, place, before, after)
    small.load_state_dict(there)
    return small


def _block(
    here: dict[str, Tensor], old: str, new: str, kept: Kept, place: int, before: TransformerSettings,
    after: TransformerSettings,
) -> dict[str, Tensor]:  # fmt: skip
    """The weights of one block under their new names."""
    columns, inside, neurons = kept.channels, kept.attention[place], kept.neurons[place]
    heads = kept.heads[place]
    wide, hidden = before.width, before.width * before.expansion
    found: dict[str, Tensor] = {}
    for name, value in here.items():
        if not name.startswith(old):
            continue
        layer, _, part = name.removeprefix(old).partition(".")
        rows: Tensor | None = columns
        across: Tensor | None = columns
        if layer in ("qkv", "uvqk"):
            rows = torch.cat([start * wide + inside for start in range(len(value) // wide)])
        elif layer == "out":
            across = inside
        elif layer == "norm_drawn":
            rows = inside
        elif layer == "up":
            rows = torch.cat([start * hidden + neurons for start in range(len(value) // hidden)])
        elif layer == "down":
            across = neurons
        elif layer in ("by_place", "by_time"):
            found[f"{new}{layer}"] = value[:, heads]
            continue
        cut = value[rows]
        cut = cut if value.ndim == 1 else cut[:, across]
        if layer == "qkv":  # scores are divided by the root of a head's width, which is another one now
            cut = cut.clone()
            cut[: len(inside)] *= (after.width / after.heads / (before.width / before.heads)) ** 0.5
        found[f"{new}{layer}.{part}"] = cut
    return found


def smaller(decided: TransformerSettings, width: int, n_blocks: int) -> TransformerSettings:
    """The settings of a network so wide and deep, otherwise as before; heads are as wide as before where they fit."""
    most = decided.width // decided.heads
    n_heads = next(n for n in range(1, width + 1) if width % n == 0 and width // n <= most)
    return dataclasses.replace(
        decided, embedding_dim=width, n_blocks=n_blocks, n_heads=n_heads, fusion="none", text_model="",
        neighbours=decided.neighbours if decided.fusion == "none" else False, weights="fp32",
    )  # fmt: skip


def smaller_sizes(sizes: Sizes) -> Sizes:
    """The sizes of a network that reads no texts."""
    return dataclasses.replace(sizes, n_text_features=0)


def _best(values: Tensor, n: int) -> Tensor:
    """(n,) the rows of the largest values, in their order; all of them where there are no more."""
    return values.topk(min(n, len(values))).indices.sort().values


def n_weights(network: nn.Module) -> int:
    """Numbers that a network holds."""
    return sum(value.numel() for value in network.state_dict().values())
