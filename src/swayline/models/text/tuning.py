"""A text encoder tuned end to end with the sequence loss: which title comes next, asked of its own upper layers.

The lower layers stay as they are, so what they make of each title is computed once and kept; a step then runs only the
upper ones, over the few hundred titles of its histories, and asks after every event of these. They learn by LoRA (small
matrices beside each weight), by IA3 (one factor a feature) or whole (``layers``); what was learned is merged, so that
the folder that comes out is an ordinary encoder that is as fast as before. With validation questions the start is kept
where tuning does not help.

Titles are compared as :class:`~swayline.models.text.text_sequence.TextSequence` compares them, centred and turned to
their
main directions, and each is handicapped by how often it stands in a step: else popular titles, which are everybody's
wrong answer, would learn to be nobody's.

Shapes: U titles of a step, L tokens, D width, F features, B histories, W events of a history before the last, Q
questions.

References
----------
Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
Liu et al., "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning" (IA3), 2022.
Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations", RecSys 2019.
"""

import dataclasses
import json
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
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
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.settings import Size, checked
from swayline.core.storage.files import write_json
from swayline.dataset import Sequences, Targets
from swayline.encoders import EncoderFolder, TextEncoder, default_cache, open_folder
from swayline.encoders.text.tokens import Tokenizer
from swayline.models.text.features import TextSpace, texts_of
from swayline.models.text.text_sequence import TextSequence, TextSequenceSettings, Tower
from swayline.models.validation import ValidationScorer
from swayline.numerics.schedules import linear
from swayline.numerics.training_loop import Descent, Limits
from swayline.numerics.training_loop import train as train_loop

Method = Literal["lora", "ia3", "layers"]
_TEXTS_AT_ONCE, _TITLES_AT_ONCE = 64, 64
_FEATURES, _TOWER_RATE, _WARMUP = 256, 1e-3, 20
_RATES = {"lora": 5e-4, "ia3": 5e-3, "layers": 5e-5}
_WORDS = ("query", "key", "value", "intermediate.dense", "output.dense")


@checked
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
        Of the profile, as in :class:`~swayline.models.text.text_sequence.TextSequenceSettings`, and where its scale
        starts.
    max_steps, max_seconds, seed
        Training, which ends at whichever limit comes first; the learning rate falls to nothing by ``max_steps``.
    learning_rate : float, optional
        None: 5e-4 for LoRA, 5e-3 for IA3's few factors, 5e-5 for whole layers.
    """

    text_model: str = ""
    method: Method = "lora"
    n_layers: Size = 2
    rank: Size = 8
    histories: Size = 48
    window: Size = 6
    max_tokens: Size = 40
    decay: float = 0.85
    max_steps: Size = 150
    max_seconds: float = 300.0
    learning_rate: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class TextTuned:
    """What tuning did.

    Parameters
    ----------
    folder : Path
        The encoder.
    n_trained : int
        Weights that learned.
    losses : tuple of float
        Of each step.
    seconds : float
        Wall clock of the tuning.
    before, after : float, optional
        Validation NDCG@10 of titles alone, told by the start and by the tuned encoder.
    kept : bool
        Whether the folder holds the tuned one.
    """

    folder: Path
    n_trained: int
    losses: tuple[float, ...]
    seconds: float
    before: float | None = None
    after: float | None = None
    kept: bool = True


def tune_text(
    train: Sequences, out: Path, settings: TextTuningSettings | None = None, valid: Targets | None = None
) -> TextTuned:
    """Tune an encoder on histories whose catalogue has texts, and write it to a folder.

    With ``valid`` a text-only sequence model is fitted on the vectors of the start and on those of the tuned encoder;
    where its NDCG@10 does not rise, the folder holds the start, and a warning says so.

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
    space = _space(folder, texts)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(chosen.seed)
        model = _load(folder)
        below = _below(model, Tokenizer(folder)(texts), chosen.n_layers)
        upper = nn.ModuleList(model.encoder.layer[-chosen.n_layers :])
        trained = _prepare(upper, chosen)
        step = _Step(upper, below, space, train, chosen)
        losses = _learn(step, starts, ends, trained, chosen)
    _merge(upper)
    _write(model.state_dict(), model.config, folder, out)
    n_trained = sum(one.numel() for one in trained)
    done = TextTuned(out, n_trained, tuple(losses), time.perf_counter() - began)
    return done if valid is None or not len(valid) else _kept(done, folder, train, valid, chosen)


def _kept(
    done: TextTuned, folder: EncoderFolder, train: Sequences, valid: Targets, settings: TextTuningSettings
) -> TextTuned:
    """The tuned encoder where it ranks better, else the start in its place."""
    judge = ValidationScorer(valid, settings.seed)

    def ranked(text_model: str) -> float:
        chosen = TextSequenceSettings(text_model=text_model, decay=settings.decay, seed=settings.seed)
        return judge(TextSequence(chosen).fit(train, valid))

    before, after = ranked(settings.text_model), ranked(str(done.folder))
    kept = after > before
    if not kept:
        warnings.warn(
            f"tuning the text encoder did not help (validation NDCG@10 {after:.4f}, {before:.4f} before):"
            f" {done.folder} holds the encoder as it was",
            stacklevel=3,
        )
        model = _load(folder)
        _write(model.state_dict(), model.config, folder, done.folder)
    return dataclasses.replace(done, before=before, after=after, kept=kept)


def _questions(train: Sequences, told: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First event of each question's history, and the event asked for."""
    starts = np.repeat(train.offsets[:-1], train.lengths)
    ends = np.flatnonzero(told[train.items] & (np.arange(len(train.items)) > starts))
    ends = ends[told[train.items[ends - 1]]]
    return starts[ends], ends


def _load(folder: EncoderFolder) -> Any:
    transformers = require("transformers", extra="text")
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # the pooler that we leave out is no news
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


def _space(folder: EncoderFolder, texts: list[str]) -> TextSpace:
    """How vectors become features, learned from those of the start."""
    encoder = TextEncoder(folder.path, cache=default_cache(), max_tokens=folder.max_tokens)
    return TextSpace.of(encoder.encode(texts, label="encode titles"), encoder.folder.fingerprint(), _FEATURES)


def _learn(
    step: "_Step", starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], trained: list[nn.Parameter],
    settings: TextTuningSettings,
) -> list[float]:  # fmt: skip
    rng, steps = generator(settings.seed, "text tuning"), settings.max_steps
    fastest = (settings.learning_rate or _RATES[settings.method], _TOWER_RATE)
    optimizer = torch.optim.AdamW([{"params": trained}, {"params": list(step.tower.parameters())}], weight_decay=0.01)

    def losses(_: int) -> Iterator[tuple[Tensor, int]]:
        for _ in range(steps):
            rows = rng.integers(len(ends), size=settings.histories)
            yield step(starts[rows], ends[rows]), len(rows)

    done = train_loop(
        step.upper, losses, Descent(optimizer, 1.0, clipped=trained),
        Limits(1, deadline=time.perf_counter() + settings.max_seconds), "tune text encoder", n_batches=steps,
        rates=lambda number: [linear(rate, number, steps, _WARMUP) for rate in fastest],
    )  # fmt: skip
    return list(done.losses)


class _Step:
    """The loss of some histories: after each of their events, the next title among all titles of the step."""

    def __init__(
        self, upper: nn.ModuleList, below: list[Tensor], space: TextSpace, train: Sequences,
        settings: TextTuningSettings,
    ) -> None:  # fmt: skip
        self.upper, self.below, self.settings = upper, below, settings
        self.mean, self.basis = torch.from_numpy(space.mean), torch.from_numpy(space.basis)
        self.items, self.told = train.items, np.array([len(title) > 2 for title in below])
        share = np.bincount(train.items, minlength=train.n_items) / max(1, len(train.items))
        drawn = settings.histories * (settings.window + 1)
        met = 1.0 - (1.0 - share) ** drawn
        self.log_met = torch.from_numpy(np.log(np.maximum(met, 1e-9))).float()
        self.tower = Tower(self.basis.shape[1])
        self.tower.start(torch.Generator().manual_seed(settings.seed))
        places = np.arange(settings.window + 1)
        apart = places[:, None] - places[None, :] - 1  # (W + 1, W + 1) events between, from the asked to the read
        self.weights = torch.from_numpy(np.where(apart >= 0, settings.decay ** np.maximum(apart, 0), 0.0)).float()

    def __call__(self, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Tensor:
        """Mean over the questions of the histories that end at ``ends`` (B,)."""
        place = ends[:, None] - np.arange(self.settings.window, -1, -1)  # (B, W + 1), the earliest first
        items = self.items[np.maximum(place, 0)].astype(np.int64)
        real = (place >= starts[:, None]) & self.told[items]
        titles, at = np.unique(np.where(real, items, items[:, -1:]), return_inverse=True)
        rows = torch.from_numpy(at.reshape(items.shape))
        features = self._features(titles)
        read = features[rows] * torch.from_numpy(real)[:, :, None]  # (B, W + 1, F)
        asked = torch.from_numpy(real & (real.cumsum(1) > 1))
        profiles = F.normalize(torch.einsum("ts,bsf->btf", self.weights, read)[asked], dim=1, eps=1e-4)
        logits = self.tower.queries(profiles) @ self.tower.answers(features).T - self.log_met[titles]
        wanted = rows[asked]
        mates = torch.zeros(len(ends), len(titles), dtype=torch.bool).scatter_(1, rows, True)
        others = mates[torch.nonzero(asked)[:, 0]]  # (Q, U) titles of the same person, which are no wrong answers
        others[torch.arange(len(wanted)), wanted] = False
        return F.cross_entropy(logits.masked_fill(others, -1e9), wanted)

    def _features(self, titles: npt.NDArray[np.int64]) -> Tensor:
        """(U, F) of the upper layers as they are, some titles of nearly one length at a time."""
        order = np.argsort([len(self.below[title]) for title in titles], kind="stable")
        pooled = []
        for first in range(0, len(order), _TITLES_AT_ONCE):
            states, real = _padded([self.below[titles[row]] for row in order[first : first + _TITLES_AT_ONCE]])
            mask = _mask(real)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported()):
                states = states.float()
                for layer in self.upper:
                    states = layer(states, mask)
            pooled.append((states.float() * real[:, :, None]).sum(1) / real.sum(1, keepdim=True))
        vectors = F.normalize(torch.cat(pooled)[torch.from_numpy(np.argsort(order, kind="stable"))], dim=1)
        return F.normalize((vectors - self.mean) @ self.basis, dim=1, eps=1e-4)


def _merge(upper: nn.ModuleList) -> None:
    """Put what was learned beside the weights into them."""
    tuners = require("peft.tuners.tuners_utils", extra="text")
    for module in upper.modules():
        if isinstance(module, tuners.BaseTunerLayer):
            module.merge()


def _write(state: dict[str, Tensor], config: Any, folder: EncoderFolder, out: Path) -> None:
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "vocab.txt", "sentence_bert_config.json", "1_Pooling/config.json"):
        if (folder.path / name).is_file():
            (out / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(folder.path / name, out / name)
    weights = {
        name.replace(".base_layer", ""): value.detach().contiguous().clone()
        for name, value in state.items()
        if not any(part in name for part in ("lora_", "ia3_"))
    }
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    write_json(out / "config.json", json.loads(config.to_json_string()) | {"model_type": "bert"})
