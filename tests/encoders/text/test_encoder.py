"""Texts to vectors: equal to sentence-transformers', in any order, from the cache, and never of a language unread."""

from pathlib import Path

import numpy as np
import pytest

from swayline.core.errors import ArtifactError, UsageError
from swayline.encoders import TextEncoder, UnsuitedTextError, open_folder
from swayline.encoders.text.tokens import Tokenizer

TEXTS = [
    "OPI Nail Lacquer, Simmer and Shimmer, 0.5-Fluid Ounce", "red nail polish", "A desk lamp made of walnut wood.",
    "crimson nail lacquer", "Shampoo", "a", "café crème, très bon & cheap!!", "lamp " * 400,
]  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


@pytest.fixture(scope="module")
def vectors(encoder: TextEncoder) -> np.ndarray:
    return encoder.encode(TEXTS)


def test_vectors_equal_those_of_sentence_transformers(vectors: np.ndarray, encoder: TextEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(encoder.folder.path), device="cpu").encode(TEXTS)
    assert ((vectors * theirs).sum(1) > 0.99).all()
    exact = TextEncoder(precision="fp32").encode(TEXTS)
    np.testing.assert_allclose((exact * theirs).sum(1), 1.0, atol=1e-5)


def test_rows_come_in_the_order_asked_whatever_stands_beside_them(encoder: TextEncoder, vectors: np.ndarray) -> None:
    turned = encoder.encode(TEXTS[::-1])[::-1]
    np.testing.assert_allclose(turned, vectors, atol=2e-2)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert ((alone * vectors).sum(1) > 0.999).all()


def test_alike_texts_are_near_and_others_far(vectors: np.ndarray) -> None:
    likeness = vectors @ vectors.T
    assert likeness[1, 3] > 0.5 > 0.3 > likeness[1, 2]


def test_equal_texts_are_computed_once_and_empty_ones_are_zero(encoder: TextEncoder) -> None:
    found = encoder.encode(["lamp", "", "lamp", " lamp ", "   "])
    assert encoder.encoded_ == 1
    assert (found[0] == found[2]).all()
    assert (found[0] == found[3]).all()
    assert not found[[1, 4]].any()
    assert encoder.encode([]).shape == (0, 384)


def test_a_second_run_encodes_nothing(tmp_path: Path) -> None:
    first = TextEncoder(cache=tmp_path)
    vectors = first.encode(TEXTS[:4])
    assert first.encoded_ == 4
    second = TextEncoder(cache=tmp_path)
    assert (second.encode(TEXTS[3::-1]) == vectors[::-1]).all()
    assert second.encoded_ == 0
    second.encode([*TEXTS[:4], "one more"])
    assert second.encoded_ == 1


def test_another_precision_or_length_does_not_read_the_same_cache(tmp_path: Path) -> None:
    TextEncoder(cache=tmp_path, precision="fp32").encode(["lamp"])
    for other in (TextEncoder(cache=tmp_path, precision="bf16"), TextEncoder(cache=tmp_path, max_tokens=16)):
        other.encode(["lamp"])
        assert other.encoded_ == 1


def test_a_damaged_cache_is_encoded_again(tmp_path: Path) -> None:
    first = TextEncoder(cache=tmp_path).encode(["lamp"])
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(b"nonsense")
    again = TextEncoder(cache=tmp_path)
    np.testing.assert_array_equal(again.encode(["lamp"]), first)
    assert again.encoded_ == 1


@pytest.mark.parametrize(
    "texts",
    [
        ["华为手机壳透明防摔", "红色连衣裙夏季新款"],
        ["Настольная лампа из ореха"],
        [f"{ware} aus der {farbe} Reihe mit Zubehör" for farbe in ("blauen", "grünen", "gelben")
         for ware in ("Schreibtischlampe", "Feuchtigkeitscreme", "Laufschuhe", "Schulrucksack", "Wasserkocher")],
    ],
)  # fmt: skip
def test_texts_of_another_language_are_refused_with_what_to_do(encoder: TextEncoder, texts: list[str]) -> None:
    with pytest.raises(UnsuitedTextError, match="multilingual encoder, or learn one"):
        encoder.encode(texts)
    assert np.isfinite(TextEncoder(any_language=True).encode(texts)).all()


def test_english_with_brands_and_a_few_foreign_words_is_read(encoder: TextEncoder) -> None:
    texts = [
        f"Maybelline {word} lip color with SPF {n}" for n, word in enumerate(["rouge", "coral", "plum", "nude"] * 8)
    ]
    assert encoder.encode([*texts, "口紅"]).shape == (33, 384)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "config.json"),
        ({"config.json": '{"auto_map": {"AutoModel": "code.py"}}'}, "code of its own"),
        ({"config.json": "{}", "pytorch_model.bin": "x"}, "pickled"),
    ],
)
def test_folders_that_cannot_be_read_safely_are_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=message):
        open_folder(tmp_path)


def test_damaged_weights_are_an_error_of_ours(tmp_path: Path) -> None:
    default = open_folder().path
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((default / name).read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ArtifactError, match="damaged"):
        TextEncoder(tmp_path).encode(["lamp"])


@pytest.mark.parametrize("kind", ["roberta", "distilbert"])
def test_any_local_encoder_is_read_by_its_path(tmp_path: Path, kind: str) -> None:
    """One of the packed family and one of another architecture, each against the library's own forward pass."""
    import torch
    import transformers

    settings = {"vocab_size": 30522, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
                "intermediate_size": 64, "max_position_embeddings": 80}  # fmt: skip
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(transformers.AutoConfig.for_model(kind, **settings)).eval()
    model.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes((open_folder().path / "tokenizer.json").read_bytes())
    encoder = TextEncoder(tmp_path, precision="fp32")
    for text, ours in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        ids = torch.tensor(Tokenizer(encoder.folder)([text]))
        with torch.no_grad():
            theirs = model(input_ids=ids).last_hidden_state[0].mean(0).numpy()
        np.testing.assert_allclose(ours, theirs / np.linalg.norm(theirs), atol=1e-4)


def test_one_text_instead_of_a_list_is_a_usage_error(encoder: TextEncoder) -> None:
    with pytest.raises(UsageError, match="list"):
        encoder.encode("lamp")
