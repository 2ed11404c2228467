"""A language model made here, of a few thousand weights: tuned it knows what comes next, and it never invents a fact."""

from pathlib import Path

import numpy as np
import pytest

from swayline.core.errors import EmptyLogError, UsageError
from swayline.encoders.llm import LanguageModel, TuneSettings
from swayline.encoders.text.vocabulary import learn_vocabulary
from swayline.recommend.llm import LLMRanker, Summary, prompt_of, summarise

TITLES = ["lamp", "scarf", "hose", "shoe", "grinder", "polish"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    import transformers

    path = tmp_path_factory.mktemp("tiny")
    texts = [prompt_of(TITLES), "Facts about user u7: likes fishing rods Summary:"]
    size = learn_vocabulary(texts * 3, 120, path / "tokenizer.json")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path / "tokenizer.json"), eos_token="[SEP]")
    fast.save_pretrained(path)
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=size, n_positions=128, n_embd=32, n_layer=2, n_head=2, eos_token_id=fast.eos_token_id,
        bos_token_id=fast.eos_token_id, attn_pdrop=0.0, resid_pdrop=0.0, embd_pdrop=0.0, initializer_range=0.3,
    )  # fmt: skip
    transformers.GPT2LMHeadModel(config).save_pretrained(path)
    return path


def histories(rng: np.random.Generator, n: int) -> list[list[str]]:
    """People who walk a ring of titles."""
    return [[TITLES[(first + step) % len(TITLES)] for step in range(4)] for first in rng.integers(len(TITLES), size=n)]


def first_places(ranker: LLMRanker) -> float:
    return float(
        np.mean(
            [TITLES[ranker.rank(row[:-1], TITLES)[0]] == row[-1] for row in histories(np.random.default_rng(1), 24)]
        )
    )


def test_tuned_by_lora_it_ranks_the_next_title_first_and_the_adapter_keeps_it(folder: Path, tmp_path: Path) -> None:
    ranker = LLMRanker(LanguageModel(folder))
    zero_shot = first_places(ranker)
    steps = TuneSettings(epochs=12, batch_size=16, learning_rate=1e-2, rank=8)
    losses = ranker.tune(histories(np.random.default_rng(0), 160), steps)
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    assert zero_shot < 0.6
    assert first_places(ranker) > 0.9
    ranker.model.save_adapter(tmp_path)
    assert first_places(LLMRanker(LanguageModel(folder, adapter=tmp_path))) > 0.9


def test_likelihoods_are_those_of_one_at_a_time_and_cost_is_counted(folder: Path) -> None:
    model = LanguageModel(folder)
    together = model.log_likelihood("Items in order:", [" lamp", " scarf hose", ""])
    alone = [model.log_likelihood("Items in order:", [text])[0] for text in (" lamp", " scarf hose")]
    np.testing.assert_allclose(together[:2], alone, atol=2e-2)
    assert together[2] == -np.inf
    assert model.tokens_ > 0
    assert model.n_parameters > 10_000


class Says:
    """A model that writes what it is told to."""

    def __init__(self, text: str) -> None:
        self.text = text

    def complete(self, prompt: str, max_tokens: int = 60) -> str:
        return self.text


def test_a_summary_keeps_what_the_evidence_bears_out_and_drops_the_rest() -> None:
    facts = ["often views fishing rods", "searched for trout bait on 3 May 2026"]
    told = summarise("user u7", facts, Says("The user likes fishing rods. He is a doctor aged 45."))
    assert told == Summary("The user likes fishing rods.", True, ("He is a doctor aged 45.",))
    lies = summarise("user u7", facts, Says("Owns 12 yachts."))
    assert lies.text == "user u7: often views fishing rods; searched for trout bait on 3 May 2026."
    assert not lies.written
    empty = summarise("user u7", facts, Says("The user is."))
    assert not empty.written


def test_the_real_path_of_a_summary_runs(folder: Path) -> None:
    told = summarise("user u7", ["likes fishing rods"], LanguageModel(folder))
    assert "fishing" in told.text


def test_what_cannot_be_done_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="evidence"):
        summarise("user u7", [" "])
    with pytest.raises(UsageError, match=r"config\.json"):
        LanguageModel(tmp_path)
    with pytest.raises(UsageError, match="LoRA adapter"):
        LanguageModel(folder, adapter=tmp_path)
    with pytest.raises(UsageError, match="not tuned"):
        LanguageModel(folder).save_adapter(tmp_path)
    with pytest.raises(EmptyLogError, match="at least one"):
        LanguageModel(folder).tune([])
