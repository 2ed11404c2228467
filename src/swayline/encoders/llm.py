"""A causal language model from a local folder: how likely it finds a text, what it would write, and LoRA tuning.

Safetensors alone are read, no code of the folder's own is run, and nothing is fetched. The main job needs none.

Shapes: n continuations of a prompt, L tokens, V words.

References
----------
Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
"""

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from swayline.core.errors import EmptyLogError, UsageError
from swayline.core.extras import require
from swayline.core.rng import generator
from swayline.encoders.text.folder import open_folder
from swayline.numerics.training_loop import Descent, Limits, train

Values = npt.NDArray[np.float64]
_AT_ONCE = 32
_IGNORED = -100


@dataclass(frozen=True)
class TuneSettings:
    """LoRA tuning: rank of the added matrices, passes, examples a step, and a limit of wall clock in seconds."""

    rank: int = 8
    epochs: int = 1
    batch_size: int = 8
    learning_rate: float = 2e-4
    max_seconds: float = 600.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rank", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, not {getattr(self, name)}")


class LanguageModel:
    """A causal language model.

    Parameters
    ----------
    folder : path
        A local Hugging Face folder with ``config.json``, tokenizer and safetensors.
    adapter : path, optional
        A LoRA adapter that :meth:`tune` and :meth:`save_adapter` made for it.
    max_tokens : int
        Longer prompts lose their beginning.

    Attributes
    ----------
    tokens_ : int
        Tokens computed so far: what it costs. A model of P parameters takes about 2 · P operations a token.

    Raises
    ------
    UsageError
        The folder is missing, or no model that can be read safely.
    """

    def __init__(self, folder: str | Path, *, adapter: str | Path | None = None, max_tokens: int = 512) -> None:
        self.folder, self.max_tokens, self.tokens_ = open_folder(folder), max_tokens, 0
        transformers = require("transformers", extra="text")
        transformers.utils.logging.disable_progress_bar()
        kind = torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32
        try:
            self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(
                str(self.folder.path), local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=kind
            ).eval()
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
                str(self.folder.path), local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise UsageError(f"{folder} cannot be read as a causal language model: {error}") from None
        if adapter is not None:
            if not (Path(adapter) / "adapter_model.safetensors").is_file():
                raise UsageError(f"{adapter} is no LoRA adapter: give a folder with adapter_model.safetensors")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)
                self._model = require("peft", extra="text").PeftModel.from_pretrained(self._model, str(adapter)).eval()
        self._end = self._tokenizer.eos_token_id

    @property
    def tuned(self) -> bool:
        """Whether a LoRA adapter is in place."""
        return hasattr(self._model, "peft_config")

    @property
    def n_parameters(self) -> int:
        """How large the model is."""
        return sum(weight.numel() for weight in self._model.parameters())

    def log_likelihood(self, prompt: str, continuations: Sequence[str]) -> Values:
        """(n,) mean log-probability of each continuation's tokens after the prompt; -inf where it has none."""
        start = self._ids(prompt)[-self.max_tokens :] or [self._end or 0]
        ends = [self._ids(text)[: self.max_tokens] for text in continuations]
        found = np.full(len(ends), -np.inf)
        order = sorted((row for row in range(len(ends)) if ends[row]), key=lambda row: -len(ends[row]))
        for first in range(0, len(order), _AT_ONCE):
            rows = order[first : first + _AT_ONCE]
            found[rows] = self._likely(start, [ends[row] for row in rows])
        return found

    def _likely(self, start: list[int], ends: list[list[int]]) -> Values:
        ids, labels, real = _padded([(start, end) for end in ends], self._end or 0)
        with torch.inference_mode():
            logits = self._model(input_ids=ids, attention_mask=real).logits[:, :-1].float()
        self.tokens_ += int(real.sum())
        wanted = labels[:, 1:]
        losses = F.cross_entropy(logits.transpose(1, 2), wanted, ignore_index=_IGNORED, reduction="none")
        return np.asarray(-losses.sum(1) / (wanted != _IGNORED).sum(1), np.float64)

    def complete(self, prompt: str, max_tokens: int = 60) -> str:
        """What the model would write next, always its likeliest word."""
        ids = torch.tensor([self._ids(prompt)[-self.max_tokens :]])
        with torch.inference_mode():
            found = self._model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=max_tokens, do_sample=False,
                pad_token_id=self._end or 0,
            )  # fmt: skip
        self.tokens_ += int(found.shape[1])
        return str(self._tokenizer.decode(found[0, ids.shape[1] :], skip_special_tokens=True)).strip()

    def tune(self, examples: Sequence[tuple[str, str]], settings: TuneSettings | None = None) -> list[float]:
        """Learn to continue prompts as the examples do, by LoRA; returns the loss of each step.

        Raises
        ------
        EmptyLogError
            There is no example.
        """
        chosen = settings or TuneSettings()
        if not examples:
            raise EmptyLogError("tuning a language model needs at least one prompt and its continuation")
        peft = require("peft", extra="text")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(chosen.seed)
            config = peft.LoraConfig(
                r=chosen.rank, lora_alpha=2 * chosen.rank, target_modules="all-linear", task_type="CAUSAL_LM",
                fan_in_fan_out=self.folder.config.get("model_type") == "gpt2",  # its layers stand the other way round
            )  # fmt: skip
            with warnings.catch_warnings():  # peft asks transformers for a name that it is about to drop
                warnings.simplefilter("ignore", FutureWarning)
                self._model = peft.get_peft_model(self._model.float(), config)
            return self._learn(examples, chosen)

    def _learn(self, examples: Sequence[tuple[str, str]], settings: TuneSettings) -> list[float]:
        weights = [weight for weight in self._model.parameters() if weight.requires_grad]
        pairs = [(self._ids(prompt)[-self.max_tokens :], self._ids(end)[: self.max_tokens]) for prompt, end in examples]
        rng = generator(settings.seed, "tune")

        def losses(_: int) -> Iterator[tuple[torch.Tensor, int]]:
            order = rng.permutation(len(pairs))
            for first in range(0, len(order), settings.batch_size):
                part = [pairs[row] for row in order[first : first + settings.batch_size]]
                ids, labels, real = _padded(part, self._end or 0)
                yield self._model(input_ids=ids, attention_mask=real, labels=labels).loss, len(part)

        descent = Descent(torch.optim.AdamW(weights, settings.learning_rate))
        limits = Limits(settings.epochs, deadline=time.perf_counter() + settings.max_seconds)
        return list(train(self._model, losses, descent, limits, "tune language model").losses)

    def save_adapter(self, folder: str | Path) -> None:
        """Write what :meth:`tune` learned, apart from the model itself."""
        if not self.tuned:
            raise UsageError("this language model was not tuned: there is no adapter to save")
        self._model.save_pretrained(str(folder), safe_serialization=True)

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _padded(pairs: Sequence[tuple[list[int], list[int]]], pad: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens, labels (the continuation alone) and which places are real, each (n, L)."""
    longest = max(len(start) + len(end) for start, end in pairs)
    ids, labels = torch.full((len(pairs), longest), pad), torch.full((len(pairs), longest), _IGNORED)
    real = torch.zeros((len(pairs), longest), dtype=torch.int64)
    for row, (start, end) in enumerate(pairs):
        ids[row, : len(start) + len(end)] = torch.tensor(start + end)
        labels[row, len(start) : len(start) + len(end)] = torch.tensor(end)
        real[row, : len(start) + len(end)] = 1
    return ids, labels, real
