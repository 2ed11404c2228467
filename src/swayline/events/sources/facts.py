"""What the bytes of a text column say, learned in one look, so that work it does not need is not done."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_GAP_STARTS = np.isin(np.arange(256), list(b"Nn<\\"))
"""(256,) whether a byte begins a word that other tools write for a missing value."""
_LONGEST_GAP = 4
_BLANK, _DELETE = 32, 127
"""Bytes up to the one and from the other on are what may be trimmed."""


@dataclass(frozen=True)
class Facts:
    """A text column's cells, all of them.

    Parameters
    ----------
    longest : int
        Bytes of the longest cell.
    has_empty : bool
        Some cell is empty and not null.
    may_trim : bool
        Some cell may begin or end with a blank: one holds a blank, or a byte beyond ASCII.
    may_gap : bool
        Some cell may be a word for a missing value, such as ``NaN`` or ``None``.
    """

    longest: int = 0
    has_empty: bool = False
    may_trim: bool = False
    may_gap: bool = False

    def __or__(self, other: "Facts") -> "Facts":
        return Facts(
            max(self.longest, other.longest), self.has_empty or other.has_empty,
            self.may_trim or other.may_trim, self.may_gap or other.may_gap,
        )  # fmt: skip


def facts(column: pa.ChunkedArray) -> Facts:
    """The facts of a column of strings.

    >>> facts(pa.chunked_array([["ab", " b", None]]))
    Facts(longest=2, has_empty=False, may_trim=True, may_gap=False)
    >>> facts(pa.chunked_array([["ab", ""], ["None"]]))
    Facts(longest=4, has_empty=True, may_trim=False, may_gap=True)
    """
    found = Facts()
    for chunk in column.chunks:
        found |= _of_chunk(chunk)
    return found


def has_nul(column: pa.ChunkedArray) -> bool:
    r"""Whether some cell may hold a NUL byte; a null cell's bytes count too.

    >>> has_nul(pa.chunked_array([["a", "b\0"]])), has_nul(pa.chunked_array([["a", None]]))
    (True, False)
    """
    for chunk in column.chunks:
        offsets, data = _bytes(chunk)
        if len(chunk) and not data[offsets[0] : offsets[-1]].all():
            return True
    return False


def holds_only(column: pa.ChunkedArray, allowed: bytes) -> bool:
    """Whether no cell holds another byte than these.

    >>> holds_only(pa.chunked_array([["12", "0x1"]]), b"0123456789")
    False
    """
    known = np.isin(np.arange(256), list(allowed))
    for chunk in column.chunks:
        offsets, data = _bytes(chunk)
        if len(chunk) and not known[data[offsets[0] : offsets[-1]]].all():
            return False
    return True


def _bytes(chunk: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """(n + 1,) where each cell begins, and the bytes."""
    _, offsets, data = chunk.buffers()
    if offsets is None or data is None:
        return np.zeros(len(chunk) + 1, np.int32), np.zeros(0, np.uint8)
    starts = np.frombuffer(offsets, np.int32, len(chunk) + 1, 4 * chunk.offset)
    return starts, np.frombuffer(data, np.uint8)


def _of_chunk(chunk: pa.Array) -> Facts:
    if len(chunk) == chunk.null_count:
        return Facts()
    offsets, data = _bytes(chunk)
    held = data[offsets[0] : offsets[-1]]
    lengths = np.diff(offsets)
    has_empty = not lengths.all()
    if has_empty and chunk.null_count:
        has_empty = bool((np.asarray(chunk.is_valid()) & (lengths == 0)).any())
    short = np.flatnonzero((lengths <= _LONGEST_GAP) & (lengths > 0))
    may_gap = bool(_GAP_STARTS[data[offsets[short]]].any())
    # Bytes of a whole block are looked at faster than the edges of each cell.
    may_trim = bool(len(held)) and bool(held.min() <= _BLANK or held.max() >= _DELETE)
    return Facts(int(lengths.max()), has_empty, may_trim, may_gap)
