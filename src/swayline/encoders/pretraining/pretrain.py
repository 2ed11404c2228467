"""An encoder that has read the log's own texts: the default trained on, or a small BERT with a vocabulary of its own.

Two lessons at once, on the same pass: words hidden at random are guessed from the rest (masked language modelling), and
a text must find its partner among all partners of the batch. Partners are texts of items that one person took one after
the other where such pairs are given, and the same text with other words hidden where they are not. What comes out is an
ordinary folder that :class:`~swayline.encoders.TextEncoder` reads.

Shapes: B texts a batch, L tokens, D width.

References
----------
Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", NAACL 2019 (hidden words, next sentence).
Gururangan et al., "Don't Stop Pretraining: Adapt Language Models to Domains and Tasks", ACL 2020.
Gao, Yao and Chen, "SimCSE: Simple Contrastive Learning of Sentence Embeddings", EMNLP 2021.
"""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from swayline.core.errors import EmptyLogError, UsageError
from swayline.core.extras import require
from swayline.core.rng import generator
from swayline.core.storage.files import write_json
from swayline.dataset import Sequences
from swayline.encoders.text.folder import EncoderFolder, open_folder
from swayline.encoders.text.tokens import Tokenizer
from swayline.encoders.text.vocabulary import MASK, PAD, SPECIAL, learn_vocabulary
from swayline.numerics.schedules import linear
from swayline.numerics.training_loop import Descent, Limits, train

Pairs = npt.NDArray[np.int64]
_IGNORED, _WARMUP = -100, 50
_KEPT, _RANDOM = 0.1, 0.1
"""Of the words to guess, this share stays as it is, and this share becomes any other word."""


@dataclass(frozen=True)
class PretrainSettings:
    """How long and how large.

    Parameters
    ----------
    dim, n_layers, n_heads, vocabulary : int
        Of a small BERT that starts from nothing.
    frozen_layers : int
        Of an encoder trained on: its embeddings and so many lower layers stay as they are.
    max_tokens, batch_size, epochs : int
        Tokens read of a text, pairs a step, passes over all pairs.
    max_seconds : float
        Training ends there even if passes are left.
    learning_rate : float, optional
        5e-4 for a small BERT, 5e-5 for an encoder trained on.
    hidden_share, temperature, pair_weight : float
        Words hidden, sharpness of the pair lesson, its weight beside the hidden words.
    """

    dim: int = 128
    n_layers: int = 3
    n_heads: int = 4
    vocabulary: int = 8000
    frozen_layers: int = 4
    max_tokens: int = 48
    batch_size: int = 64
    epochs: int = 3
    max_seconds: float = 300.0
    learning_rate: float | None = None
    hidden_share: float = 0.15
    temperature: float = 0.05
    pair_weight: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("dim", "n_layers", "n_heads", "max_tokens", "epochs"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.batch_size < 2 or self.dim % self.n_heads or not 0 < self.hidden_share < 1:
            raise UsageError("batch_size must be at least 2, dim a multiple of n_heads, hidden_share between 0 and 1")


@dataclass(frozen=True)
class Pretrained:
    """What pre-training did.

    Parameters
    ----------
    folder : Path
        The encoder.
    steps : int
        Batches learned from.
    word_loss, pair_loss : tuple of float
        Mean loss over the first and the last tenth of the steps.
    seconds : float
        Wall clock.
    """

    folder: Path
    steps: int
    word_loss: tuple[float, float]
    pair_loss: tuple[float, float]
    seconds: float


def next_item_pairs(histories: Sequences, texts: Sequence[str], most: int = 100_000, seed: int = 0) -> Pairs:
    """(P, 2) item rows that one person took one after the other, both with a text, each pair once.

    >>> from swayline.dataset import from_lists
    >>> next_item_pairs(from_lists([[0, 1, 2], [0, 1]], n_items=3), ["a", "b", ""]).tolist()
    [[0, 1]]
    """
    last = np.zeros(len(histories.items), bool)
    last[histories.offsets[1:][histories.lengths > 0] - 1] = True
    at = np.flatnonzero(~last)
    pairs = np.stack([histories.items[at], histories.items[at + 1]], axis=1).astype(np.int64)
    told = np.array([bool(text.strip()) for text in texts])
    pairs = pairs[told[pairs].all(axis=1) & (pairs[:, 0] != pairs[:, 1])]
    pairs = np.unique(pairs, axis=0)
    drawn = generator(seed, "text pairs").permutation(len(pairs))[:most]
    chosen: Pairs = pairs[drawn]
    return chosen


def pretrain(
    texts: Sequence[str],
    out: Path,
    *,
    pairs: Pairs | None = None,
    start: str | Path | None = None,
    fresh: bool = False,
    settings: PretrainSettings | None = None,
) -> Pretrained:
    """Train an encoder on texts and write it to a folder.

    Parameters
    ----------
    pairs : (P, 2) int, optional
        Rows of ``texts`` that belong together (:func:`next_item_pairs`).
    start : path, optional
        The encoder to train on; by default MiniLM.
    fresh : bool
        Start from nothing instead: a small BERT and a vocabulary learned from the texts, for any language.

    Raises
    ------
    EmptyLogError
        There are not two texts to learn from.
    UsageError
        The start is no BERT encoder.
    """
    chosen, began = settings or PretrainSettings(), time.perf_counter()
    told = np.array([row for row, text in enumerate(texts) if text.strip()], np.int64)
    if len(told) < 2:
        raise EmptyLogError(f"pre-training needs at least 2 texts, and of {len(texts)} given {len(told)} are not empty")
    both = np.stack([told, told], axis=1) if pairs is None or len(pairs) < 2 else pairs
    out.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(chosen.seed)
        model, folder = _fresh(texts, out, chosen) if fresh else _continued(start, out, chosen)
        tokens = Tokenizer(folder)
        log = _train(model, tokens, tokens(texts), both, chosen, 5e-4 if fresh else 5e-5)
    _write(model, out, chosen)
    words, partners = (np.array([line[place] for line in log]) for place in (0, 1))
    tenth = max(1, len(log) // 10)
    return Pretrained(
        out, len(log), (float(words[:tenth].mean()), float(words[-tenth:].mean())),
        (float(partners[:tenth].mean()), float(partners[-tenth:].mean())), time.perf_counter() - began,
    )  # fmt: skip


def _fresh(texts: Sequence[str], out: Path, settings: PretrainSettings) -> tuple[Any, EncoderFolder]:
    transformers = require("transformers", extra="text")
    size = learn_vocabulary([text for text in texts if text.strip()], settings.vocabulary, out / "tokenizer.json")
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=settings.dim, num_hidden_layers=settings.n_layers,
        num_attention_heads=settings.n_heads, intermediate_size=4 * settings.dim,
        max_position_embeddings=settings.max_tokens + 2, pad_token_id=SPECIAL.index(PAD),
    )  # fmt: skip
    model = transformers.BertForMaskedLM(config)
    return model, EncoderFolder(out, config.to_dict(), "mean", settings.max_tokens)


def _continued(start: str | Path | None, out: Path, settings: PretrainSettings) -> tuple[Any, EncoderFolder]:
    folder = open_folder(start, settings.max_tokens)
    if folder.config.get("model_type") != "bert":
        raise UsageError(
            f"{folder.path} is a {folder.config.get('model_type')!r}: pre-training goes on from BERT alone"
        )
    transformers = require("transformers", extra="text")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model = transformers.BertForMaskedLM.from_pretrained(
        str(folder.path), local_files_only=True, use_safetensors=True, dtype=torch.float32
    )
    for name in ("tokenizer.json", "vocab.txt"):
        if (folder.path / name).is_file():
            shutil.copyfile(folder.path / name, out / name)
    frozen = [model.bert.embeddings, *model.bert.encoder.layer[: settings.frozen_layers]]
    for module in frozen:
        module.requires_grad_(False)
    return model, folder


def _train(
    model: Any, tokens: Tokenizer, ids: list[list[int]], pairs: Pairs, settings: PretrainSettings, rate: float
) -> list[tuple[float, float]]:
    """Losses of each step: hidden words, partners."""
    rng, mask = generator(settings.seed, "pre-training"), tokens.id_of(MASK)
    if mask is None:
        raise UsageError("the tokenizer knows no [MASK]: pre-training needs one")
    weights, fastest = [weight for weight in model.parameters() if weight.requires_grad], settings.learning_rate or rate
    n_batches = max(1, len(pairs) // settings.batch_size)
    log: list[tuple[float, float]] = []

    def losses(_: int) -> Iterator[tuple[Tensor, int]]:
        order = rng.permutation(len(pairs))
        for first in range(0, n_batches * settings.batch_size, settings.batch_size):
            rows = pairs[order[first : first + settings.batch_size]]
            words, partners = _losses(model, [ids[row] for row in rows.T.ravel()], len(rows), mask, rng, settings)
            log.append((float(words.detach()), float(partners.detach())))
            yield words + settings.pair_weight * partners, len(rows)

    steps = settings.epochs * n_batches
    train(
        model, losses, Descent(torch.optim.AdamW(weights, fastest, weight_decay=0.01, fused=True), 1.0),
        Limits(settings.epochs, deadline=time.perf_counter() + settings.max_seconds), "pre-train text encoder",
        n_batches=n_batches, rates=lambda step: [linear(fastest, step, steps, _WARMUP)],
    )  # fmt: skip
    return log


def _losses(
    model: Any, texts: list[list[int]], n: int, mask: int, rng: np.random.Generator, settings: PretrainSettings
) -> tuple[Tensor, Tensor]:
    """Of 2 · n texts, the first n and their partners."""
    length = max(map(len, texts))
    ids, real = np.zeros((len(texts), length), np.int64), np.zeros((len(texts), length), np.int64)
    words = np.zeros((len(texts), length), bool)  # all but the marks of where a text begins and ends
    for row, text in enumerate(texts):
        ids[row, : len(text)], real[row, : len(text)], words[row, 1 : len(text) - 1] = text, 1, True
    hidden = (rng.random(ids.shape) < settings.hidden_share) & (ids >= len(SPECIAL)) & words
    labels, how = np.where(hidden, ids, _IGNORED), rng.random(ids.shape)
    shown = np.where(hidden & (how >= _KEPT + _RANDOM), mask, ids)
    shown = np.where(hidden & (how < _RANDOM), rng.integers(len(SPECIAL), model.config.vocab_size, ids.shape), shown)
    attend = torch.from_numpy(real)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported()):
        states = model.bert(input_ids=torch.from_numpy(shown), attention_mask=attend).last_hidden_state
        guesses = model.cls(states[torch.from_numpy(hidden)])
    target = torch.from_numpy(labels[hidden])
    of_words = F.cross_entropy(guesses.float(), target) if len(target) else states.sum() * 0.0
    pooled = (states.float() * attend[:, :, None]).sum(1) / attend.sum(1, keepdim=True)
    vectors = F.normalize(pooled, dim=1)
    logits = vectors[:n] @ vectors[n:].T / settings.temperature
    return of_words, F.cross_entropy(logits, torch.arange(n))


def _write(model: Any, out: Path, settings: PretrainSettings) -> None:
    """The encoder alone (without the guessing head) as a folder for sentence-transformers and ours."""
    from safetensors.torch import save_file

    weights = {name: value.detach().contiguous().clone() for name, value in model.bert.state_dict().items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    write_json(out / "sentence_bert_config.json", {"max_seq_length": settings.max_tokens, "do_lower_case": False})
    (out / "1_Pooling").mkdir(exist_ok=True)
    write_json(
        out / "1_Pooling" / "config.json",
        {"word_embedding_dimension": model.config.hidden_size, "pooling_mode_mean_tokens": True},
    )
    # Last, so that a folder with this file is whole.
    config = json.loads(model.config.to_json_string()) | {"architectures": ["BertModel"], "model_type": "bert"}
    write_json(out / "config.json", config)
