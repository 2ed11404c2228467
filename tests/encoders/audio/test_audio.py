"""Sounds: what wave files are read and refused, and that the numbers say what is heard."""

import io
import struct
import wave

import numpy as np
import pytest

from swayline.encoders import AudioEncoder
from swayline.encoders.audio.spectral import DIM, describe, log_mel
from swayline.encoders.audio.wave import read_wave
from swayline.encoders.refusal import Refused


def tone(hertz, seconds=0.5, rate=16_000, loud=0.5):
    return (loud * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def pcm(samples, rate=16_000, width=2, channels=1):
    whole = {1: lambda x: (x * 127 + 128).astype(np.uint8).tobytes(), 2: lambda x: (x * 32767).astype("<i2").tobytes(),
             4: lambda x: (x * (2**31 - 1)).astype("<i4").tobytes(),
             3: lambda x: (x * (2**23 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()}  # fmt: skip
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(whole[width](np.repeat(samples.astype(np.float64), channels)))
    return out.getvalue()


def riff(kind, channels, rate, bits, data):
    layout = struct.pack("<HHIIHH", kind, channels, rate, 0, 0, bits)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_width_and_channel_reads_as_the_same_sound(width, channels):
    samples, rate = read_wave(pcm(tone(440), width=width, channels=channels))
    assert rate == 16_000
    np.testing.assert_allclose(samples, tone(440), atol=0.02)


def test_floats_are_read():
    np.testing.assert_allclose(read_wave(riff(3, 1, 16_000, 32, tone(300).tobytes()))[0], tone(300))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"ID3\x03mp3", "no wave file"),
        (pcm(tone(440))[:200], "cut off"),
        (riff(1, 1, 16_000, 16, b""), "0 ms"),
        (riff(1, 0, 16_000, 16, b"\0" * 4000), "channels"),
        (riff(1, 1, 1, 16, b"\1" * 4000), "samples a second"),
        (riff(85, 1, 16_000, 16, b"\1" * 4000), "kind 85"),
        (riff(1, 1, 16_000, 16, b"\0" * 4000), "silent"),
        (riff(3, 1, 16_000, 32, np.full(4000, np.nan, np.float32).tobytes()), "finite"),
        (riff(3, 1, 16_000, 32, np.linspace(-1e9, 1e9, 4000, dtype=np.float32).tobytes()), "from -1 to 1"),
        (riff(1, 1, 4_000, 8, b"\1\2" * 2_500_000), "at most 1,200"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff", "cut off"),
    ],
)  # fmt: skip
def test_what_cannot_be_heard_is_refused_with_its_reason(content, reason):
    with pytest.raises(Refused, match=reason):
        read_wave(content)


def test_the_loudest_band_rises_with_the_tone():
    bands = [int(log_mel(tone(hertz), 16_000).mean(0).argmax()) for hertz in (150, 600, 2_400)]
    assert bands == sorted(set(bands))


def test_the_rate_of_the_file_does_not_change_what_is_heard():
    a, b = describe(tone(440), 16_000), describe(tone(440, rate=44_100), 44_100)
    assert a.shape == (DIM,)
    assert np.corrcoef(a, b)[0, 1] > 0.98


def test_loudness_of_a_recording_says_next_to_nothing():
    a, b = AudioEncoder().encode([pcm(tone(440, loud=0.8)), pcm(tone(440, loud=0.2))])
    noise = np.random.default_rng(0).normal(size=8_000).clip(-3, 3) / 4
    assert a @ b > 0.95 > a @ AudioEncoder().encode([pcm(noise)])[0]


def test_a_beat_is_found():
    clicks = np.zeros(16_000 * 4, np.float32)
    clicks[::8_000] = 0.9  # every half second: 120 a minute
    beat = describe(np.convolve(clicks, np.hanning(400))[: len(clicks)].astype(np.float32), 16_000)[-8:]
    assert int(np.argmax(beat)) in (3, 7)  # half a second, or two beats
