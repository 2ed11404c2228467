"""The BERT family without padding: texts of a batch lie one behind the other, and each layer sees only real tokens.

Sorted by length, texts of equal length are neighbours, so attention runs over whole groups without a mask::

    |  a0 a1 a2 | b0 b1 b2 | c0 c1 | d0 d1 | ·  ·  |        lengths 3, 3, 2, 2 in ten places
       group of 2 × 3         group of 2 × 2

A batch always has the same number of places, because a CPU compiles a bfloat16 product for each new shape.

Shapes: T places a batch, D width, H heads, n texts of l tokens in a group.

References
----------
Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", NAACL 2019.
Zeng et al., "Boosting Distributed Training Performance of the Unpadded BERT Model", 2022 (no padding).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.core.errors import ArtifactError, UsageError
from swayline.encoders.text.folder import EncoderFolder

FAMILY = ("bert", "roberta", "xlm-roberta", "camembert")
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "relu": F.relu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
}
_LINEAR = {
    "qkv": ("attention.self.query", "attention.self.key", "attention.self.value"),
    "out": ("attention.output.dense",), "up": ("intermediate.dense",), "down": ("output.dense",),
}  # fmt: skip
_NORMS = {"norm_attention": "attention.output.LayerNorm", "norm_forward": "output.LayerNorm"}

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Group:
    """Texts of equal length in a batch."""

    start: int
    n: int
    length: int


class PackedBert:
    """An encoder of the BERT family, read from safetensors straight into the layout that runs fast."""

    def __init__(self, folder: EncoderFolder, precision: torch.dtype) -> None:
        config, found = folder.config, _read(folder)
        self.precision = precision
        self.dim, self.n_heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        self.eps = float(config.get("layer_norm_eps", 1e-12))
        activation = str(config.get("hidden_act", "gelu"))
        if activation not in _ACTIVATIONS:
            raise UsageError(f"{folder.path} uses the activation {activation!r}; known are {', '.join(_ACTIVATIONS)}")
        self.activation = _ACTIVATIONS[activation]
        self.offset = 0 if config["model_type"] == "bert" else int(config.get("pad_token_id", 1)) + 1
        try:
            self.words = found["embeddings.word_embeddings.weight"].float()
            places = found["embeddings.position_embeddings.weight"].float()[self.offset :]
            self.places = places + found["embeddings.token_type_embeddings.weight"].float()[0]
            self.norm = _pair(found, "embeddings.LayerNorm", torch.float32)
            layers = range(int(config["num_hidden_layers"]))
            self.layers = [_layer(found, f"encoder.layer.{n}.", precision) for n in layers]
        except KeyError as error:
            raise ArtifactError(f"{folder.path}: the weights lack {error}, which its config.json promises") from None

    def __call__(self, tokens: Tensor, positions: Tensor, groups: list[Group]) -> Tensor:
        """(T, D) float32 states of (T,) tokens at their (T,) positions."""
        x = F.layer_norm(self.words[tokens] + self.places[positions], (self.dim,), *self.norm, self.eps)
        x = x.to(self.precision)
        for layer in self.layers:
            drawn = F.linear(self._attend(F.linear(x, *layer["qkv"]), groups), *layer["out"])
            x = F.layer_norm(x + drawn, (self.dim,), *layer["norm_attention"], self.eps)
            hidden = self.activation(F.linear(x, *layer["up"]))
            x = F.layer_norm(x + F.linear(hidden, *layer["down"]), (self.dim,), *layer["norm_forward"], self.eps)
        return x.float()

    def _attend(self, qkv: Tensor, groups: list[Group]) -> Tensor:
        drawn = torch.zeros(len(qkv), self.dim, dtype=qkv.dtype)
        for group in groups:
            part = slice(group.start, group.start + group.n * group.length)
            shape = (group.n, group.length, 3, self.n_heads, self.dim // self.n_heads)
            query, key, value = qkv[part].view(shape).permute(2, 0, 3, 1, 4)  # each (n, H, l, D/H)
            found = F.scaled_dot_product_attention(query, key, value)
            drawn[part] = found.transpose(1, 2).reshape(-1, self.dim)
        return drawn


def _read(folder: EncoderFolder) -> Weights:
    """Every array of the encoder, the prefix of a larger model cut off."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    try:
        for path in folder.weights:
            found |= load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise ArtifactError(f"{folder.path}: the weights are damaged ({error})") from None
    prefix = next((name.split("embeddings.")[0] for name in found if "embeddings.word_embeddings" in name), "")
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}


def _pair(found: Weights, name: str, kind: torch.dtype) -> tuple[Tensor, Tensor]:
    return found[f"{name}.weight"].to(kind), found[f"{name}.bias"].to(kind)


def _layer(found: Weights, prefix: str, kind: torch.dtype) -> dict[str, tuple[Tensor, Tensor]]:
    layer = {name: _pair(found, prefix + norm, kind) for name, norm in _NORMS.items()}
    for name, parts in _LINEAR.items():
        pairs = [_pair(found, prefix + part, kind) for part in parts]
        layer[name] = (torch.cat([weight for weight, _ in pairs]), torch.cat([bias for _, bias in pairs]))
    return layer
