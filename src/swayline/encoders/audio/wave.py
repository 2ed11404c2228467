"""A wave file's bytes to samples, with suspicion: sizes and rates are checked before samples are read.

Read: RIFF/WAVE with PCM of 8, 16, 24 or 32 bits or IEEE floats, any number of channels (mixed to one).

Shapes: T samples.
"""

import struct

import numpy as np
import numpy.typing as npt

from swayline.encoders.refusal import Refused

Samples = npt.NDArray[np.float32]
MAX_BYTES = 256 << 20
MAX_SECONDS = 1200.0
"""A longer sound is refused, not cut: half a song is another song."""
MIN_SECONDS = 0.05
_RATES = (4_000, 384_000)
_MOST_CHANNELS = 16
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


def read_wave(content: bytes) -> tuple[Samples, int]:
    """(T,) samples from -1 to 1 and how many there are a second.

    Raises
    ------
    Refused
        It is no wave file, is damaged, too long, too short or silent, or of a kind that is not read.
    """
    if len(content) > MAX_BYTES:
        raise Refused(f"has {len(content):,} bytes; at most {MAX_BYTES:,} are read")
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise Refused("is no wave file (RIFF/WAVE): convert it to .wav")
    layout, data = _chunks(content)
    kind, channels, rate, bits = _layout(layout)
    width = bits // 8
    n_frames = len(data) // (width * channels)
    seconds = n_frames / rate
    if seconds > MAX_SECONDS:
        raise Refused(f"lasts {seconds:,.0f} s; at most {MAX_SECONDS:,.0f} s are read")
    if seconds < MIN_SECONDS:
        raise Refused(f"lasts {1000 * seconds:.0f} ms: nothing can be heard in it")
    samples = _samples(data[: n_frames * width * channels], kind, bits).reshape(n_frames, channels).mean(axis=1)
    if not np.isfinite(samples).all():
        raise Refused("holds samples that are no finite numbers")
    if np.abs(samples).max() > 16.0:
        raise Refused(f"holds samples up to {np.abs(samples).max():.3g}; floats lie from -1 to 1")
    if not np.ptp(samples):
        raise Refused("is silent from beginning to end")
    return samples.astype(np.float32), rate


def _chunks(content: bytes) -> tuple[bytes, bytes]:
    """The ``fmt `` and the ``data`` chunk."""
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(content) and not {b"fmt ", b"data"} <= found.keys():
        name, size = content[at : at + 4], struct.unpack("<I", content[at + 4 : at + 8])[0]
        if at + 8 + size > len(content):
            raise Refused(f"is cut off: a part claims {size:,} bytes, {len(content) - at - 8:,} are there")
        found.setdefault(name, content[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    for name in (b"fmt ", b"data"):
        if name not in found:
            raise Refused(f"is damaged: it has no {name.decode().strip()!r} part")
    return found[b"fmt "], found[b"data"]


def _layout(said: bytes) -> tuple[int, int, int, int]:
    """Kind of numbers, channels, samples a second, bits a sample."""
    if len(said) < 16:
        raise Refused("is damaged: its 'fmt' part is too short")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", said[:16])
    if kind == _EXTENSIBLE and len(said) >= 26:
        kind = struct.unpack("<H", said[24:26])[0]
    if (kind, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
        raise Refused(f"has samples of kind {kind} with {bits} bits; PCM of 8 to 32 bits and floats are read")
    if not 1 <= channels <= _MOST_CHANNELS:
        raise Refused(f"claims {channels} channels; 1 to {_MOST_CHANNELS} are read")
    if not _RATES[0] <= rate <= _RATES[1]:
        raise Refused(f"claims {rate:,} samples a second; {_RATES[0]:,} to {_RATES[1]:,} are read")
    return kind, channels, rate, bits


def _samples(data: bytes, kind: int, bits: int) -> npt.NDArray[np.float64]:
    if kind == _FLOAT:
        return np.frombuffer(data, "<f4" if bits == 32 else "<f8").astype(np.float64)
    if bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128.0) / 128.0
    if bits == 24:
        three = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        whole = three[:, 0] | (three[:, 1] << 8) | (three[:, 2] << 16)
        return np.where(whole >= 1 << 23, whole - (1 << 24), whole) / float(1 << 23)
    return np.frombuffer(data, "<i2" if bits == 16 else "<i4").astype(np.float64) / float(1 << (bits - 1))
