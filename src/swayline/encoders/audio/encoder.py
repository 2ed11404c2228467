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
from swayline.encoders.cache import VectorCache
from swayline.encoders.distinct import Distinct
from swayline.encoders.refusal import Refused
from swayline.numerics.cores import each_part

Vectors = npt.NDArray[np.float32]
_AT_ONCE = 64
_VERSION = "log-mel 64, cepstrum 20, shape 7, rhythm 8, squashed"


class AudioEncoder:
    """Gives sounds vectors of length one whose products say how alike they sound.

    Nothing in it was trained: the numbers are those of :mod:`swayline.encoders.audio.spectral`. Vectors of a learned
    encoder (VGGish, Whisper) join ready-made (``swayline encode --vectors``).

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

    def encode(self, sounds: Sequence[bytes | None] | bytes, label: str = "encode sounds") -> Vectors:
        """(n, D) float32 vectors of length one; zero where there is no sound, or where :attr:`refused_` says why.

        Parameters
        ----------
        sounds : sequence of bytes
            Whole wave files; None is no sound.
        """
        if isinstance(sounds, bytes):
            raise UsageError("encode takes a list of sounds, not one: write encode([sound])")
        found = Distinct(sounds, self.dim, self._cache)
        with task(label, len(found.missing)) as bar:
            for start in range(0, len(found.missing), _AT_ONCE):
                rows = found.missing[start : start + _AT_ONCE]
                heard = dict(zip(rows, each_part(_described, [found.contents[row] for row in rows]), strict=True))
                told = {row: one for row, one in heard.items() if not isinstance(one, Refused)}
                for row in heard.keys() - told.keys():
                    found.refuse(row, str(heard[row]))
                found.keep(list(told), np.array(list(told.values()), np.float32).reshape(-1, self.dim))
                bar.advance(len(rows))
        self.encoded_, self.refused_ = found.computed, found.refused()
        return found.rows()


def _described(content: bytes) -> Vectors | Refused:
    try:
        found = describe(*read_wave(content))
    except Refused as why:
        return why
    squashed = np.tanh(found / 4.0)  # one band of great power does not outweigh all others
    return (squashed / max(float(np.linalg.norm(squashed)), 1e-12)).astype(np.float32)
