"""A local ``transformers`` folder as an encoder of looks (CLIP, SigLIP, DINO, ViT): nothing in it is executed.

Read: ``config.json``, ``preprocessor_config.json`` (size, crop, mean, spread) and ``*.safetensors``.

Shapes: B pictures, S side of the square a network looks at, D width.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from swayline.core.errors import ArtifactError, UsageError, shown
from swayline.core.extras import require
from swayline.core.storage.files import digest, fingerprint
from swayline.encoders.image.decode import Pixels, decode

_MAX_JSON_BYTES = 4 << 20
_SIDE = 224
_HALF = (0.5, 0.5, 0.5)
_MOST_SIDE = 2048


@dataclass(frozen=True)
class Look:
    """How a network wants pictures."""

    side: int
    crop: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def pixels(self, content: bytes) -> Pixels:
        """(S, S, 3): the middle of the picture where the network was trained so, else all of it drawn onto a square."""
        image = require("PIL.Image", extra="content")
        found = decode(content)
        if self.crop:
            scale = self.side / min(found.size)
            width, height = (max(self.side, round(length * scale)) for length in found.size)
            left, top = (width - self.side) // 2, (height - self.side) // 2
            found = found.resize((width, height), image.Resampling.BICUBIC)
            return np.asarray(found.crop((left, top, left + self.side, top + self.side)), np.uint8)
        return np.asarray(found.resize((self.side, self.side), image.Resampling.BICUBIC), np.uint8)


class VisionFolder:
    """A vision model of a folder; of a model of pictures and words (CLIP, SigLIP), its half that looks.

    Raises
    ------
    UsageError
        The folder is missing, asks to run code of its own, or holds no model that looks at pictures.
    ArtifactError
        A file in it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        config = _json(self.path / "config.json")
        if "auto_map" in config:
            raise UsageError(f"{self.path} asks to run code of its own (auto_map): only known architectures are read")
        self.weights = sorted(self.path.glob("*.safetensors"))
        if not self.weights:
            raise UsageError(
                f"{self.path} holds no *.safetensors: pickled weights are not read; save it as safetensors first"
            )
        self.config = config
        self.look = _look(self.path, config)
        inner = config.get("vision_config")
        self.dim = _number(config.get("projection_dim") if _projects(config) else None) or _number(
            (inner if isinstance(inner, dict) else config).get("hidden_size")
        )
        if not self.dim:
            raise UsageError(f"{self.path} is no model that looks at pictures: its config.json names no hidden_size")
        self._model: Any = None

    def fingerprint(self) -> str:
        """One word for weights and preprocessing."""
        return digest([{file.name: fingerprint(file) for file in self.weights}, self.config, repr(self.look)])

    def __call__(self, pixels: Tensor) -> Tensor:
        """(B, D) of (B, S, S, 3) uint8."""
        model = self._loaded()
        mean, std = (torch.tensor(value) for value in (self.look.mean, self.look.std))
        x = ((pixels.float() / 255.0 - mean) / std).permute(0, 3, 1, 2)
        with torch.inference_mode():
            if _projects(self.config):
                found = model.get_image_features(pixel_values=x)
                return found if isinstance(found, Tensor) else found.pooler_output
            answer = model(pixel_values=x)
        pooled = getattr(answer, "pooler_output", None)
        states = answer.last_hidden_state
        return pooled if pooled is not None else states[:, 0]  # type: ignore[no-any-return]

    def _loaded(self) -> Any:
        if self._model is None:
            transformers = require("transformers", extra="text")
            try:
                whole = transformers.AutoModel.from_pretrained(
                    str(self.path), local_files_only=True, trust_remote_code=False, use_safetensors=True
                ).eval()
            except (OSError, ValueError, KeyError, RuntimeError) as error:
                raise UsageError(f"{self.path} cannot be read as a model of pictures: {shown(error, 300)}") from None
            inner = getattr(whole, "vision_model", whole)
            self._model = whole if _projects(self.config) else inner
        return self._model


def _projects(config: dict[str, Any]) -> bool:
    """Whether pictures are projected into a space that words share (CLIP)."""
    return config.get("model_type") == "clip"


def _look(path: Path, config: dict[str, Any]) -> Look:
    said = _json(path / "preprocessor_config.json") if (path / "preprocessor_config.json").is_file() else {}
    inner = config.get("vision_config")
    native = _number((inner if isinstance(inner, dict) else config).get("image_size")) or _SIDE
    crop = said.get("crop_size") if said.get("do_center_crop") else None
    size = crop if crop is not None else said.get("size", native)
    if isinstance(size, dict):
        size = size.get("shortest_edge") or size.get("height")
    side = _number(size) or native
    if side > _MOST_SIDE:
        raise UsageError(f"{path} wants pictures of {side} pixels a side; at most {_MOST_SIDE} are given")
    mean, std = (_three(path, said.get(name, _HALF), name) for name in ("image_mean", "image_std"))
    return Look(side, bool(said.get("do_center_crop")), mean, std)


def _three(path: Path, values: Any, name: str) -> tuple[float, ...]:
    right = (
        isinstance(values, list | tuple) and len(values) == 3 and all(isinstance(one, int | float) for one in values)
    )
    if not right or (name == "image_std" and min(values) <= 0):
        raise ArtifactError(f"{path / 'preprocessor_config.json'}: {name} must be three numbers, not {shown(values)}")
    return tuple(float(one) for one in values)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ArtifactError(f"{path} is larger than {_MAX_JSON_BYTES >> 20} MiB: this is no description of a model")
        content = json.loads(path.read_text("utf-8"))
    except OSError:
        raise UsageError(
            f"{path.parent} is no model of pictures: give a folder with config.json and model.safetensors"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} is damaged ({shown(error)})") from None
    if not isinstance(content, dict):
        raise ArtifactError(f"{path} must hold a JSON object, not {shown(content)}")
    return content
