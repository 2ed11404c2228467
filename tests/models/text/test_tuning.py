"""Tuned by who follows whom, titles that follow each other come together; the rest of the encoder stays as it was."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import load_file

from swayline.core.errors import ConfigError, EmptyLogError, UsageError
from swayline.dataset import Catalogue, Sequences, from_lists, last_out
from swayline.encoders import PretrainSettings, TextEncoder, pretrain
from swayline.models.text import tuning as text_tuning
from swayline.models.text.features import TextSpace
from swayline.models.text.tuning import TextTuningSettings, tune_text

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


def same_color(folder: Path, start: Path) -> float:
    """Likeness of titles of one colour, minus that of others, where the start's vectors spread."""
    space = TextSpace.of(TextEncoder(start).encode(TITLES), "", 16)
    vectors = space.features(TextEncoder(folder).encode(TITLES))
    likeness, color = vectors @ vectors.T, np.arange(16) % 4
    same = (color[:, None] == color) & ~np.eye(16, dtype=bool)
    return float(likeness[same].mean() - likeness[color[:, None] != color].mean())


@pytest.mark.parametrize("method", ["lora", "ia3", "layers"])
def test_each_method_learns_what_goes_with_what_and_leaves_an_ordinary_encoder(
    start: Path, tmp_path: Path, method: str
) -> None:
    quick = QUICK | ({"learning_rate": 0.05} if method == "ia3" else {})
    done = tune_text(by_color(), tmp_path, TextTuningSettings(text_model=str(start), method=method, **quick))
    assert np.mean(done.losses[-10:]) < np.mean(done.losses[:10])
    before, after = load_file(start / "model.safetensors"), load_file(tmp_path / "model.safetensors")
    changed = {name for name in after if not np.array_equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("encoder.layer.1.") for name in changed)
    if method != "ia3":  # its factors leave directions as they are: the loss alone says what they learned
        assert same_color(tmp_path, start) > same_color(start, start) + 0.1
    if method != "layers":
        assert done.n_trained < sum(value.size for value in before.values()) / 5


@pytest.mark.parametrize(("after", "kept"), [(0.3, True), (0.2, False)])
def test_the_start_is_kept_where_tuning_does_not_help(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: float, kept: bool
) -> None:
    judged = iter([0.2, after])
    monkeypatch.setattr(text_tuning, "ValidationScorer", lambda *_: lambda _: next(judged))
    split = last_out(by_color())
    with nullcontext() if kept else pytest.warns(UserWarning, match=r"did not help .* 0\.2000, 0\.2000 before"):
        done = tune_text(split.train, tmp_path, TextTuningSettings(text_model=str(start), **QUICK), split.valid)
    assert (done.before, done.after, done.kept) == (0.2, after, kept)
    before, now = load_file(start / "model.safetensors"), load_file(tmp_path / "model.safetensors")
    assert all(np.array_equal(before[name], now[name]) for name in now) == (not kept)
    assert TextEncoder(tmp_path).encode(TITLES).shape == (16, 32)


def test_the_same_seed_gives_the_same_encoder(start: Path, tmp_path: Path) -> None:
    settings = TextTuningSettings(text_model=str(start), **(QUICK | {"max_steps": 5}))
    first, again = (tune_text(by_color(), tmp_path / name, settings) for name in ("a", "b"))
    assert first.losses == again.losses
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()


def test_what_cannot_be_tuned_is_said(start: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="9 layers"):
        tune_text(by_color(), tmp_path, TextTuningSettings(text_model=str(start), n_layers=9))
    lonely = replace(from_lists([[0], [1]], 16), catalogue=by_color().catalogue)
    with pytest.raises(EmptyLogError, match="two events"):
        tune_text(lonely, tmp_path, TextTuningSettings(text_model=str(start)))
    with pytest.raises(ConfigError, match="method"):
        TextTuningSettings(method="magic")
