"""A text encoder tuned end to end with the sequence loss: which title comes next, asked of its own upper layers.

The lower layers stay as they are, so what they make of each title is computed once and kept; a step then runs only the
upper ones, over the few dozen titles of its histories. They learn by LoRA (small matrices beside each weight), by IA3
(one factor a feature) or whole (``layers``); what was learned is merged, so that the folder that comes out is an
ordinary encoder that is as fast as before.

Shapes: U titles of a step, L tokens, D width, B histories, W events of a history.

References
----------
Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
Liu et al., "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning" (IA3), 2022.
"""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from swayline.core.errors import EmptyLogError, UsageError
from swayline.core.extras import require
from swayline.core.files import write_json
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.dataset import Sequences
from swayline.encoders import EncoderFolder, open_folder
from swayline.encoders.tokens import Tokenizer
from swayline.models.settings import require as require_range
from swayline.models.settings import require_one_of
from swayline.models.text_features import texts_of
from swayline.models.text_sequence import Tower

Method = Literal["lora", "ia3", "layers"]
_TEXTS_AT_ONCE = 64
_WORDS = ("query", "key", "value", "intermediate.dense", "output.dense")


@dataclass(frozen=True)
class TextTuningSettings:
    """How an encoder is tuned.

    Parameters
    ----------
    text_model : str
        Folder of a BERT encoder; empty: MiniLM.
    method : str
        ``lora``, ``ia3``, or ``layers`` (the upper layers whole).
    n_layers, rank : int
        Upper layers that learn, and the rank of LoRA's matrices.
    histories, window, max_tokens : int
        Histories a step, their last events that are read, tokens read of a title.
    decay, temperature
        Of the profile, as in :class:`~swayline.models.text_sequence.TextSequenceSettings`, and where its scale starts.
    max_steps, max_seconds, learning_rate, seed
        Training.
    """

    text_model: str = ""
    method: Method = "lora"
    n_layers: int = 2
    rank: int = 8
    histories: int = 48
    window: int = 6
    max_tokens: int = 40
    decay: float = 0.85
    max_steps: int = 300
    max_seconds: float = 300.0
    learning_rate: float = 5e-4
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_layers", "rank", "histories", "window", "max_tokens", "max_steps"):
            require_range(name, getattr(self, name), 1, 1 << 20)
        require_one_of("method", self.method, Method.__args__)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class TextTuned:
    """The folder of the tuned encoder, weights that learned, the loss of each step, and seconds of wall clock."""

    folder: Path
    n_trained: int
    losses: tuple[float, ...]
    seconds: float


def tune_text(train: Sequences, out: Path, settings: TextTuningSettings | None = None) -> TextTuned:
    """Tune an encoder on histories whose catalogue has texts, and write it to a folder.

    Raises
    ------
    SchemaError, EmptyLogError
        No item has a text, or nobody has two events on items that have.
    UsageError
        The encoder is no BERT, or has fewer layers than are to learn.
    """
    chosen, began = settings or TextTuningSettings(), time.perf_counter()
    texts = texts_of(train.catalogue)
    folder = open_folder(chosen.text_model or None, chosen.max_tokens)
    if folder.config.get("model_type") != "bert" or int(folder.config["num_hidden_layers"]) < chosen.n_layers:
        raise UsageError(f"{folder.path} is no BERT of at least {chosen.n_layers} layers: it cannot be tuned here")
    starts, ends = _questions(train, np.array([bool(text.strip()) for text in texts]))
    if not len(ends):
        raise EmptyLogError("nobody has two events on items with a text: there is nothing to tune on")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(chosen.seed)
        model = _load(folder)
        below = _below(model, Tokenizer(folder)(texts), chosen.n_layers)
        upper = nn.ModuleList(model.encoder.layer[-chosen.n_layers :])
        trained = _prepare(upper, chosen)
        losses = _learn(upper, below, train.items, starts, ends, trained, chosen)
    _merge(upper)
    _write(model, folder, out)
    return TextTuned(out, sum(one.numel() for one in trained), tuple(losses), time.perf_counter() - began)


def _questions(train: Sequences, told: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First event of each question's history, and the event asked for."""
    starts = np.repeat(train.offsets[:-1], train.lengths)
    ends = np.flatnonzero(told[train.items] & (np.arange(len(train.items)) > starts))
    ends = ends[told[train.items[ends - 1]]]
    return starts[ends], ends


def _load(folder: EncoderFolder) -> Any:
    transformers = require("transformers", extra="text")
    transformers.utils.logging.disable_progress_bar()
    return transformers.BertModel.from_pretrained(
        str(folder.path), local_files_only=True, use_safetensors=True, dtype=torch.float32, add_pooling_layer=False,
        attn_implementation="sdpa",
    ).eval()  # fmt: skip


def _below(model: Any, tokens: list[list[int]], n_layers: int) -> list[Tensor]:
    """(L, D) of each title below the layers that learn, in bfloat16."""
    found: list[Tensor] = [torch.empty(0)] * len(tokens)
    order = np.argsort([-len(one) for one in tokens], kind="stable").tolist()
    lower = model.encoder.layer[: len(model.encoder.layer) - n_layers]
    with torch.inference_mode(), task("lower layers", total=len(tokens)) as bar:
        for first in range(0, len(order), _TEXTS_AT_ONCE):
            rows = order[first : first + _TEXTS_AT_ONCE]
            states, real = _padded([model.embeddings.word_embeddings.weight.new_tensor(tokens[row]) for row in rows])
            states = model.embeddings(input_ids=states.long())
            for layer in lower:
                states = layer(states, _mask(real))
            for place, row in enumerate(rows):
                found[row] = states[place, : len(tokens[row])].bfloat16().clone()
            bar.advance(len(rows))
    return found


def _padded(parts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows of unlike length as one, and which places are real (U, L)."""
    padded = nn.utils.rnn.pad_sequence(list(parts), batch_first=True)
    lengths = torch.tensor([len(part) for part in parts])
    return padded, torch.arange(padded.shape[1])[None] < lengths[:, None]


def _mask(real: Tensor) -> Tensor:
    """(U, 1, 1, L) what attention adds to its scores."""
    return torch.zeros(real.shape).masked_fill(~real, torch.finfo(torch.float32).min)[:, None, None]


def _prepare(upper: nn.ModuleList, settings: TextTuningSettings) -> list[nn.Parameter]:
    """The weights that learn, all others set fast."""
    if settings.method != "layers":
        upper.requires_grad_(False)
        peft = require("peft", extra="text")
        if settings.method == "lora":
            config = peft.LoraConfig(r=settings.rank, lora_alpha=2 * settings.rank, target_modules=list(_WORDS))
        else:
            config = peft.IA3Config(target_modules=list(_WORDS), feedforward_modules=["output.dense"])
        peft.inject_adapter_in_model(config, upper)
    return [weight for weight in upper.parameters() if weight.requires_grad]


def _learn(
    upper: nn.ModuleList, below: list[Tensor], items: npt.NDArray[Any], starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64], trained: list[nn.Parameter], settings: TextTuningSettings,
) -> list[float]:  # fmt: skip
    rng, losses = generator(settings.seed, "text tuning"), []
    tower = Tower(below[0].shape[1])
    tower.start(torch.Generator().manual_seed(settings.seed))
    parts: list[dict[str, Any]] = [{"params": trained}, {"params": list(tower.parameters()), "lr": 1e-3}]
    optimizer = torch.optim.AdamW(parts, settings.learning_rate, weight_decay=0.01)
    deadline = time.perf_counter() + settings.max_seconds
    upper.train()
    with task("tune text encoder", total=settings.max_steps) as bar:
        for _ in range(settings.max_steps):
            rows = rng.integers(len(ends), size=settings.histories)
            loss = _loss(upper, tower, below, items, starts[rows], ends[rows], settings)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            losses.append(float(loss.detach()))
            bar.advance()
            if time.perf_counter() > deadline:
                break
    upper.eval()
    return losses


def _loss(
    upper: nn.ModuleList, tower: Tower, below: list[Tensor], items: npt.NDArray[Any], starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64], settings: TextTuningSettings,
) -> Tensor:  # fmt: skip
    """Each history must find its next title among all titles of the step that it has not just read."""
    place = ends[:, None] - 1 - np.arange(settings.window)  # (B, W), the latest first
    read = np.where(place >= starts[:, None], items[np.maximum(place, 0)].astype(np.int64), -1)
    titles = np.unique(np.concatenate([read[read >= 0], items[ends].astype(np.int64)]))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported()):
        states, real = _padded([below[title] for title in titles])
        states, mask = states.float(), _mask(real)
        for layer in upper:
            states = layer(states, mask)
    pooled = (states.float() * real[:, :, None]).sum(1) / real.sum(1, keepdim=True)
    vectors = F.normalize(pooled, dim=1)  # (U, D)
    at = torch.from_numpy(np.searchsorted(titles, np.maximum(read, titles[0])).clip(0, len(titles) - 1))
    weights = torch.from_numpy((read >= 0) * settings.decay ** np.arange(settings.window)).float()
    profiles = F.normalize(torch.einsum("bwd,bw->bd", vectors[at], weights), dim=1, eps=1e-4)
    logits = tower.queries(profiles) @ tower.answers(vectors).T
    wanted = torch.from_numpy(np.searchsorted(titles, items[ends]))
    seen = torch.zeros(logits.shape, dtype=torch.bool)
    seen.scatter_(1, at, torch.from_numpy(read >= 0))
    seen[torch.arange(len(wanted)), wanted] = False
    return F.cross_entropy(logits.masked_fill(seen, -1e9), wanted)


def _merge(upper: nn.ModuleList) -> None:
    """Put what was learned beside the weights into them."""
    tuners = require("peft.tuners.tuners_utils", extra="text")
    for module in upper.modules():
        if isinstance(module, tuners.BaseTunerLayer):
            module.merge()


def _write(model: Any, folder: EncoderFolder, out: Path) -> None:
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "vocab.txt", "sentence_bert_config.json", "1_Pooling/config.json"):
        if (folder.path / name).is_file():
            (out / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(folder.path / name, out / name)
    weights = {
        name.replace(".base_layer", ""): value.detach().contiguous().clone()
        for name, value in model.state_dict().items()
        if not any(part in name for part in ("lora_", "ia3_"))
    }
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    write_json(out / "config.json", json.loads(model.config.to_json_string()) | {"model_type": "bert"})
