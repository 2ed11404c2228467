"""Where a model comes from: which code, which data, when."""

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from swayline.core.code import code_digest
from swayline.core.time import iso
from swayline.dataset import Dataset

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_ARRAYS = ("offsets", "items", "behaviors", "times", "events", "values", "profiles")


@dataclass(frozen=True)
class Provenance:
    """Code, data and moment of a fit.

    Parameters
    ----------
    code : str
        SHA-256 of the package's files.
    data : str
        SHA-256 of ids and histories: two bundles with the same one learned from the same events.
    fitted_at : str
        When (UTC).
    """

    code: str
    data: str
    fitted_at: str

    @classmethod
    def of(cls, dataset: Dataset) -> "Provenance":
        """Of a model that was fitted now, by this code."""
        return cls(code_digest(), fingerprint_of(dataset), iso(datetime.now(UTC)))

    def as_json(self) -> dict[str, Any]:
        """A JSON object; :meth:`from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Any) -> "Provenance":
        """Read what :meth:`as_json` gave.

        Raises
        ------
        TypeError, ValueError
            It is no such object.
        """
        made = cls(**found)
        for name, pattern in (("code", _DIGEST), ("data", _DIGEST), ("fitted_at", _MOMENT)):
            value = getattr(made, name)
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise ValueError(f"{name} is {value!r}")
        return made


def fingerprint_of(dataset: Dataset) -> str:
    """SHA-256 of a dataset's ids and histories, the order of events within the log's table included.

    >>> from swayline.dataset import Vocabulary, from_lists
    >>> one, other = (
    ...     Dataset(Vocabulary.of(["u"]), Vocabulary.of(["a", "b"]), Vocabulary.of(["view"]), histories, True)
    ...     for histories in (from_lists([[0, 1]], n_items=2), from_lists([[1, 0]], n_items=2))
    ... )
    >>> fingerprint_of(one) == fingerprint_of(one), fingerprint_of(one) == fingerprint_of(other)
    (True, False)
    """
    total = hashlib.sha256()
    for vocabulary in (dataset.users, dataset.items, dataset.behaviors):
        for name in vocabulary.names:
            word = name.encode("utf-8", "surrogatepass")
            total.update(len(word).to_bytes(4, "little") + word)
    for name in _ARRAYS:
        array = getattr(dataset.sequences, name)
        if array is not None:
            total.update(f"{name} {array.dtype.str} {array.shape}".encode())
            total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()
