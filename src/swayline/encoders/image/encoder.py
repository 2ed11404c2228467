"""Pictures to vectors, each different picture once: decoded on threads while the network looks at the ones before.

Shapes: n pictures, B of them at a time, S side, D width.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from swayline.core.errors import UsageError
from swayline.core.progress import task
from swayline.core.storage.files import digest
from swayline.encoders.cache import VectorCache
from swayline.encoders.distinct import Distinct
from swayline.encoders.image.decode import Pixels, squared
from swayline.encoders.image.efficientnet import DIM, SIDE, EfficientNetLite0, converted
from swayline.encoders.image.vision_folder import VisionFolder
from swayline.encoders.refusal import Refused
from swayline.numerics.cores import cores

Vectors = npt.NDArray[np.float32]
_CACHED_AT_ONCE = 512
"""Pictures encoded between two writes of the cache."""


class ImageEncoder:
    """Gives pictures vectors of length one whose products say how alike they look.

    Parameters
    ----------
    model : path, optional
        A local ``transformers`` folder with safetensors (CLIP, SigLIP, DINO, ViT); by default EfficientNet-Lite0, which
        the extra ``content`` installs.
    cache : Path, optional
        Where vectors are kept between runs (:func:`~swayline.encoders.default_cache`); None keeps none.
    batch : int
        Pictures computed at a time.

    Attributes
    ----------
    encoded_ : int
        Pictures the last :meth:`encode` had to compute: neither repeats nor in the cache.
    refused_ : dict of int to str
        Row → why its picture was not read, of the last :meth:`encode`.
    """

    modality = "image"

    def __init__(self, model: str | Path | None = None, *, cache: Path | None = None, batch: int = 16) -> None:
        if batch < 1:
            raise UsageError(f"batch must be at least 1, not {batch}")
        self.batch = batch
        self._folder = None if model is None else VisionFolder(model)
        self._network: EfficientNetLite0 | VisionFolder
        if self._folder is None:
            weights, name = converted(None if cache is None else cache / "weights")
            self._network, self.dim, self._name = EfficientNetLite0(weights), DIM, digest([name, SIDE, "whole picture"])
        else:
            self._network, self.dim, self._name = self._folder, self._folder.dim, self._folder.fingerprint()
        self._cache = None if cache is None else VectorCache(cache, self._name, self.dim)
        self.encoded_ = 0
        self.refused_: dict[int, str] = {}

    def fingerprint(self) -> str:
        """One word for weights and preprocessing: equal words give equal vectors."""
        return self._name

    def encode(self, pictures: Sequence[bytes | None] | bytes, label: str = "encode pictures") -> Vectors:
        """(n, D) float32 vectors of length one; zero where there is no picture, or where :attr:`refused_` says why.

        Parameters
        ----------
        pictures : sequence of bytes
            Whole files (JPEG, PNG, WebP, GIF, BMP, TIFF); None is no picture.
        """
        if isinstance(pictures, bytes):
            raise UsageError("encode takes a list of pictures, not one: write encode([picture])")
        found = Distinct(pictures, self.dim, self._cache)
        with task(label, len(found.missing)) as bar:
            for start in range(0, len(found.missing), _CACHED_AT_ONCE):
                rows = found.missing[start : start + _CACHED_AT_ONCE]
                vectors = list(self._vectors(found, rows))
                found.keep(
                    [row for rows, _ in vectors for row in rows],
                    np.concatenate([np.zeros((0, self.dim), np.float32), *(part for _, part in vectors)]),
                )
                bar.advance(len(rows))
        self.encoded_, self.refused_ = found.computed, found.refused()
        return found.rows()

    def _vectors(self, found: Distinct, rows: list[int]) -> Iterator[tuple[list[int], Vectors]]:
        """Places and vectors of some contents, a batch at a time; what is refused is told."""
        for places, pixels in self._batches(found, rows):
            looks = self._network(torch.from_numpy(pixels)).float().numpy()
            yield places, looks / np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-12)

    def _batches(self, found: Distinct, rows: list[int]) -> Iterator[tuple[list[int], Pixels]]:
        places: list[int] = []
        ready: list[Pixels] = []
        with ThreadPoolExecutor(max(1, cores()), thread_name_prefix="swayline-pictures") as pool:
            contents = [found.contents[row] for row in rows]
            for row, pixels in zip(rows, pool.map(self._pixels, contents), strict=True):
                if isinstance(pixels, Refused):
                    found.refuse(row, str(pixels))
                    continue
                places.append(row)
                ready.append(pixels)
                if len(ready) == self.batch:
                    yield places, np.stack(ready)
                    places, ready = [], []
        if ready:
            yield places, np.stack(ready)

    def _pixels(self, content: bytes) -> Pixels | Refused:
        try:
            return squared(content, SIDE) if self._folder is None else self._folder.look.pixels(content)
        except Refused as why:
            return why
