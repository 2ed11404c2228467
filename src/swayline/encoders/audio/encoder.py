"""Sounds to vectors, each different sound once: wave files to log-mel features and spectral statistics.

Shapes: n sounds, D width.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from swayline.core.errors import UsageError
from swayline.core.progress import task
from swayline.core.storage.files import digest
from swayline.encoders.audio.spectral import DIM, describe
from swayline.encoders.audio.wave import read_wave
from swayline.encoders.cache import VectorCache, key_of_bytes
from swayline.encoders.refusal import Refused
from swayline.numerics.cores import each_part

Vectors = npt.NDArray[np.float32]
_AT_ONCE = 64
_VERSION = "log-mel 64, cepstrum 20, shape 7, rhythm 8, squashed"


class AudioEncoder:
    """Gives sounds vectors of length one whose products say how alike they sound.

    Nothing is learned from other people's music: the numbers are those of :mod:`swayline.encoders.audio.spectral`. For a
    learned encoder (VGGish, Whisper) give its ready vectors as a column (``swayline encode --vectors``).

    Parameters
    ----------
    cache : Path, optional
        Where vectors are kept between runs (:func:`~swayline.encoders.default_cache`); None keeps none.

    Attributes
    ----------
    encoded_ : int
        Sounds the last :meth:`encode` had to compute: neither repeats nor in the cache.
    refused_ : dict of int to str
        Row → why its sound was not read, of the last :meth:`encode`.
    """

    modality = "audio"
    dim = DIM

    def __init__(self, *, cache: Path | None = None) -> None:
        self._cache = None if cache is None else VectorCache(cache, self.fingerprint(), self.dim)
        self.encoded_ = 0
        self.refused_: dict[int, str] = {}

    def fingerprint(self) -> str:
        """One word for how sounds are described: equal words give equal vectors."""
        return digest(_VERSION)

    def encode(self, sounds: Sequence[bytes | None], label: str = "encode sounds") -> Vectors:
        """(n, D) float32 vectors of length one; zero where there is no sound, or where :attr:`refused_` says why.

        Parameters
        ----------
        sounds : sequence of bytes
            Whole wave files; None is no sound.
        """
        if isinstance(sounds, bytes):
            raise UsageError("encode takes a list of sounds, not one: write encode([sound])")
        keys = [None if one is None else key_of_bytes(one) for one in sounds]
        first = {key: row for row, key in reversed(list(enumerate(keys))) if key is not None}
        distinct = list(first)
        vectors = np.zeros((len(distinct) + 1, self.dim), np.float32)  # the last row: no sound
        known = np.zeros(len(distinct), bool)
        if self._cache is not None:
            vectors[:-1], known = self._cache.get(distinct)
        missing = [int(row) for row in np.flatnonzero(~known)]
        reasons: dict[bytes, str] = {}
        done = []
        with task(label, len(missing)) as bar:
            for start in range(0, len(missing), _AT_ONCE):
                rows = missing[start : start + _AT_ONCE]
                for row, found in zip(rows, each_part(_described, [sounds[first[distinct[row]]] or b"" for row in rows]),
                                      strict=True):  # fmt: skip
                    if isinstance(found, Refused):
                        reasons[distinct[row]] = str(found)
                    else:
                        vectors[row] = found
                        done.append(row)
                bar.advance(len(rows))
        if self._cache is not None and done:
            self._cache.put([distinct[row] for row in done], vectors[done])
        self.encoded_ = len(done)
        place = {key: row for row, key in enumerate(distinct)}
        self.refused_ = {row: reasons[key] for row, key in enumerate(keys) if key is not None and key in reasons}
        return vectors[[-1 if key is None else place[key] for key in keys]]


def _described(content: bytes) -> Vectors | Refused:
    try:
        found = describe(*read_wave(content))
    except Refused as why:
        return why
    squashed = np.tanh(found / 4.0)  # one band of great power does not outweigh all others
    return (squashed / max(float(np.linalg.norm(squashed)), 1e-12)).astype(np.float32)
