"""A sparse matrix in a model folder: three arrays, read with suspicion."""

from pathlib import Path

import numpy as np
from scipy import sparse

from swayline.core.errors import ArtifactError
from swayline.models import artifact

Expected = dict[str, tuple[tuple[int, ...] | None, str]]


def as_arrays(matrix: sparse.csr_array, prefix: str = "") -> dict[str, np.ndarray]:
    """Compressed sparse rows as ``values``, ``columns`` and ``offsets``, each behind a prefix."""
    return {
        f"{prefix}values": matrix.data.astype(np.float32), f"{prefix}columns": matrix.indices.astype(np.int32),
        f"{prefix}offsets": matrix.indptr.astype(np.int64),
    }  # fmt: skip


def expected(n_rows: int, prefix: str = "") -> Expected:
    """What :func:`~swayline.models.artifact.check_arrays` has to find of a matrix of so many rows."""
    return {
        f"{prefix}values": (None, "float32"), f"{prefix}columns": (None, "int32"),
        f"{prefix}offsets": ((n_rows + 1,), "int64"),
    }  # fmt: skip


def from_arrays(folder: Path, arrays: artifact.Arrays, shape: tuple[int, int], prefix: str = "") -> sparse.csr_array:
    """The matrix of checked arrays.

    Raises
    ------
    ArtifactError
        The three do not make a matrix of this shape.
    """
    values, columns, offsets = (arrays[f"{prefix}{part}"] for part in ("values", "columns", "offsets"))
    sound = (
        len(values) == len(columns) == offsets[-1] and offsets[0] == 0 and bool((np.diff(offsets) >= 0).all())
        and (not len(columns) or (columns.min() >= 0 and columns.max() < shape[1]))
    )  # fmt: skip
    if not sound:
        raise ArtifactError(
            f"{folder / artifact.WEIGHTS_FILE}: {prefix}values hold no sparse matrix of {shape[0]} × {shape[1]}"
        )
    return sparse.csr_array((values, columns, offsets), shape=shape)
