"""Which encoder serves: said aloud wherever it is not the default."""

import warnings
from pathlib import Path

import pytest

from swayline.encoders import PretrainSettings, encoder_for, open_folder

CHINESE = [f"{color}{ware}" for ware in ("手机壳", "连衣裙", "保温杯") for color in ("红色", "蓝色", "绿色")]
FEW = PretrainSettings(dim=16, n_layers=1, n_heads=1, vocabulary=100, epochs=1, batch_size=4)


def test_english_texts_take_the_default_and_nothing_is_said(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert encoder_for(["red nail polish", "desk lamp"], cache=tmp_path).folder.default


def test_chinese_texts_teach_an_encoder_of_their_own_once(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="is learned now"):
        first = encoder_for(CHINESE, cache=tmp_path, settings=FEW).encode(CHINESE)
    with pytest.warns(UserWarning, match="learned earlier"):
        again = encoder_for(CHINESE, cache=tmp_path, settings=FEW)
    assert (again.encode(CHINESE) == first).all()
    assert again.encoded_ == 0


def test_a_named_encoder_is_taken_as_it_is(tmp_path: Path) -> None:
    named = encoder_for(CHINESE, model=open_folder().path, cache=tmp_path)
    assert named.folder.path == open_folder().path
    assert named.encode(CHINESE[:1]).shape == (1, 384)
