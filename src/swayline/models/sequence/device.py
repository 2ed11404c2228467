"""Where a model computes, and in what precision."""

import os

import torch

from swayline.models.sequence.settings import TransformerSettings


def device_of(settings: TransformerSettings) -> torch.device:
    """The device that settings ask for."""
    if settings.device in ("auto", "cuda") and torch.cuda.is_available():
        return own_gpu()
    return torch.device("cpu" if settings.device == "auto" else settings.device)


def own_gpu() -> torch.device:
    """The GPU of this process among those of its machine; processes beyond their number share."""
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())


def kind_of(device: torch.device) -> str:
    """``cpu``, whose blocks fit its cache, or ``gpu``, whose blocks give all of it work."""
    return "cpu" if device.type == "cpu" else "gpu"


def autocast(settings: TransformerSettings, device: torch.device) -> torch.autocast:
    """Bfloat16 products where the settings or, on auto, the chip say so."""
    wanted = settings.precision == "bf16" or (settings.precision == "auto" and has_fast_bf16(device))
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=wanted)


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 faster than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
