"""Tuned by who follows whom, titles that follow each other come together; the rest of the encoder stays as it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import load_file

from swayline.core.errors import ConfigError, EmptyLogError, UsageError
from swayline.dataset import Catalogue, Sequences, from_lists
from swayline.encoders import PretrainSettings, TextEncoder, pretrain
from swayline.models.text_tuning import TextTuningSettings, tune_text

TITLES = [
    f"{color} {ware}" for ware in ("lamp", "scarf", "hose", "shoe") for color in ("red", "blue", "green", "black")
]
SMALL = PretrainSettings(dim=32, n_layers=2, n_heads=2, vocabulary=120, epochs=1, batch_size=8)
QUICK = {"n_layers": 1, "max_steps": 60, "histories": 24, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start")
    pretrain(TITLES, folder, fresh=True, settings=SMALL)
    return folder


def by_color() -> Sequences:
    """People who keep to one colour: to them a red lamp goes with a red shoe."""
    rng = np.random.default_rng(0)
    rows = [(rng.permutation(4) * 4 + rng.integers(4)).tolist() for _ in range(150)]
    return replace(from_lists(rows, 16), catalogue=Catalogue(pa.table({"title": TITLES})))


def same_color(vectors: np.ndarray) -> float:
    """Likeness of titles of one colour, minus that of others."""
    likeness, color = vectors @ vectors.T, np.arange(16) % 4
    same = (color[:, None] == color) & ~np.eye(16, dtype=bool)
    return float(likeness[same].mean() - likeness[color[:, None] != color].mean())


@pytest.mark.parametrize("method", ["lora", "ia3", "layers"])
def test_each_method_learns_what_goes_with_what_and_leaves_an_ordinary_encoder(
    start: Path, tmp_path: Path, method: str
) -> None:
    done = tune_text(by_color(), tmp_path, TextTuningSettings(text_model=str(start), method=method, **QUICK))
    assert np.mean(done.losses[-10:]) < np.mean(done.losses[:10])
    before, after = load_file(start / "model.safetensors"), load_file(tmp_path / "model.safetensors")
    changed = {name for name in after if not np.array_equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("encoder.layer.1.") for name in changed)
    least = 0.0 if method == "ia3" else 0.1
    assert same_color(TextEncoder(tmp_path).encode(TITLES)) > same_color(TextEncoder(start).encode(TITLES)) + least
    if method != "layers":
        assert done.n_trained < sum(value.size for value in before.values()) / 5


def test_what_cannot_be_tuned_is_said(start: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="9 layers"):
        tune_text(by_color(), tmp_path, TextTuningSettings(text_model=str(start), n_layers=9))
    lonely = replace(from_lists([[0], [1]], 16), catalogue=by_color().catalogue)
    with pytest.raises(EmptyLogError, match="two events"):
        tune_text(lonely, tmp_path, TextTuningSettings(text_model=str(start)))
    with pytest.raises(ConfigError, match="method"):
        TextTuningSettings(method="magic")
