"""Vectors kept by what they are the vectors of, so that a second run encodes nothing.

A cache is a folder for each encoder, named by the encoder's fingerprint; in it, files of keys and vectors that are
written once, whole, and named by their contents. A key is the SHA-256 of the text (or of the bytes of a picture or a
sound); the contents themselves are not kept.
Several processes may write at once: a file is there or is not, and the same text twice is the same vector.

Shapes: n texts, D width.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from swayline.core.errors import UsageError
from swayline.core.storage.files import whole

Vectors = npt.NDArray[np.float32]
_KEY_BYTES = 16
_MANY_FILES = 32


def default_cache() -> Path:
    """Where vectors of item texts are kept: ``$SWAYLINE_CACHE``, else the user's cache folder.

    Raises
    ------
    UsageError
        The user has no home folder and nothing else is said.
    """
    if said := os.environ.get("SWAYLINE_CACHE"):
        return Path(said) / "vectors"
    if said := os.environ.get("XDG_CACHE_HOME"):
        return Path(said) / "swayline" / "vectors"
    try:
        return Path.home() / ".cache" / "swayline" / "vectors"
    except RuntimeError:
        raise UsageError(
            "vectors of texts have no place: you have no home folder; name one in SWAYLINE_CACHE"
        ) from None


def key_of(text: str) -> bytes:
    """The first 16 bytes of a text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY_BYTES]


def key_of_bytes(content: bytes) -> bytes:
    """The first 16 bytes of the SHA-256 of a picture's or a sound's bytes."""
    return hashlib.sha256(content).digest()[:_KEY_BYTES]


class VectorCache:
    """The vectors of one encoder in a folder. A damaged file is left out and its texts are encoded again."""

    def __init__(self, folder: Path, encoder: str, dim: int) -> None:
        self.folder, self.dim = folder / encoder[:32], dim
        self._rows: dict[bytes, tuple[int, int]] = {}
        self._files: list[Vectors] = []
        for path in sorted(self.folder.glob("*.safetensors")):
            self._read(path)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, keys: Sequence[bytes]) -> tuple[Vectors, npt.NDArray[np.bool_]]:
        """(n, D) vectors and (n,) whether each is known; rows of unknown ones are zero."""
        vectors = np.zeros((len(keys), self.dim), np.float32)
        known = np.zeros(len(keys), bool)
        for row, key in enumerate(keys):
            if (at := self._rows.get(key)) is not None:
                vectors[row], known[row] = self._files[at[0]][at[1]], True
        return vectors, known

    def put(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        """Keep more vectors; many small files become one."""
        if not keys:
            return
        self._write(keys, vectors)
        if len(files := sorted(self.folder.glob("*.safetensors"))) > _MANY_FILES:
            every = list(self._rows)
            self._write(every, self.get(every)[0])
            for path in files:
                path.unlink(missing_ok=True)

    def _write(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        from safetensors.numpy import save_file

        named = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, _KEY_BYTES)
        name = hashlib.sha256(named.tobytes()).hexdigest()[:32]
        path = self.folder / f"{name}.safetensors"
        with whole(path) as temporary:
            save_file({"keys": named.copy(), "vectors": np.ascontiguousarray(vectors, np.float32)}, temporary)
        self._take(keys, vectors)

    def _read(self, path: Path) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            found = load_file(path)
            keys, vectors = found["keys"], found["vectors"]
        except (OSError, SafetensorError, KeyError, ValueError):
            return
        right = keys.dtype == np.uint8 and vectors.dtype == np.float32 and np.isfinite(vectors).all()
        if right and keys.shape == (len(vectors), _KEY_BYTES) and vectors.shape == (len(keys), self.dim):
            self._take([row.tobytes() for row in keys], vectors)

    def _take(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        self._files.append(vectors)
        self._rows |= {key: (len(self._files) - 1, row) for row, key in enumerate(keys)}
