"""Encoders that learn from the log's own texts: partners become neighbours, in any script."""

import json
from pathlib import Path

import numpy as np
import pytest

from swayline.core.errors import EmptyLogError, UsageError
from swayline.dataset import from_lists
from swayline.encoders import TextEncoder
from swayline.encoders.pretraining.pretrain import PretrainSettings, next_item_pairs, pretrain

WARES = ["手机壳", "连衣裙", "保温杯", "台灯", "跑鞋", "围巾"]
COLORS = ["红色", "蓝色", "绿色", "黑色", "白色"]
TEXTS = [f"{color}{ware}{word}" for ware in WARES for color in COLORS for word in ("新款", "正品")]
SMALL = PretrainSettings(dim=32, n_layers=1, n_heads=2, vocabulary=200, batch_size=16, epochs=12, learning_rate=3e-3)


def same_ware_first(vectors: np.ndarray) -> float:
    """Share of texts whose nearest other text names the same ware."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2)
    ware = np.arange(len(TEXTS)) // (len(TEXTS) // len(WARES))
    return float((ware[likeness.argmax(1)] == ware).mean())


def ware_pairs() -> np.ndarray:
    size = len(TEXTS) // len(WARES)
    rng = np.random.default_rng(0)
    return np.array(
        [(w * size + a, w * size + b) for w in range(len(WARES)) for a, b in rng.integers(size, size=(30, 2))]
    )


def test_a_small_bert_of_chinese_titles_learns_who_follows_whom(tmp_path: Path) -> None:
    done = pretrain(TEXTS, tmp_path, pairs=ware_pairs(), fresh=True, settings=SMALL)
    assert done.word_loss[1] < done.word_loss[0]
    assert done.pair_loss[1] < done.pair_loss[0]
    encoder = TextEncoder(tmp_path)
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (60, 32)
    assert same_ware_first(vectors) > 0.9
    weights = json.loads((tmp_path / "config.json").read_text())
    assert weights["model_type"] == "bert"


def test_the_folder_is_read_by_sentence_transformers_with_the_same_vectors(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    pretrain(TEXTS, tmp_path, fresh=True, settings=PretrainSettings(dim=32, n_layers=1, n_heads=2, epochs=1))
    theirs = SentenceTransformer(str(tmp_path), device="cpu").encode(TEXTS[:8], normalize_embeddings=True)
    ours = TextEncoder(tmp_path, precision="fp32").encode(TEXTS[:8])
    np.testing.assert_allclose((ours * theirs).sum(1), 1.0, atol=1e-4)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    few = PretrainSettings(dim=16, n_layers=1, n_heads=1, vocabulary=100, epochs=1, batch_size=8)
    for name in ("a", "b"):
        pretrain(TEXTS, tmp_path / name, fresh=True, settings=few)
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()


def test_training_on_keeps_the_lower_layers_of_the_start(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    few = PretrainSettings(epochs=1, batch_size=16, frozen_layers=1, learning_rate=1e-2, max_tokens=16)
    small = PretrainSettings(dim=16, n_layers=2, n_heads=1, vocabulary=100, epochs=1, batch_size=8, max_tokens=16)
    start, out = tmp_path / "start", tmp_path / "out"
    pretrain(TEXTS, start, fresh=True, settings=small)
    pretrain(TEXTS, out, start=start, settings=few)
    before, after = load_file(start / "model.safetensors"), load_file(out / "model.safetensors")
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("encoder.layer.1.") for name in changed)


def test_pairs_are_neighbours_in_a_history_with_texts() -> None:
    histories = from_lists([[0, 1, 1, 3], [], [2, 0]], n_items=4)
    pairs = next_item_pairs(histories, ["a", "b", "c", " "])
    assert sorted(map(tuple, pairs.tolist())) == [(0, 1), (2, 0)]


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmptyLogError, match="at least 2"):
        pretrain(["", "lamp"], tmp_path, fresh=True)
    with pytest.raises(EmptyLogError, match="no letter"):
        pretrain(["...", "!!"], tmp_path, fresh=True)
    with pytest.raises(UsageError, match="batch_size"):
        PretrainSettings(batch_size=1)
