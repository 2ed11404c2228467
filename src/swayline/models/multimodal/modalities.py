"""What is known of items in each modality: every column of vectors of the items table; titles where none holds them.

A missing modality is zero, is told, and is never filled.

Shapes: I items, M modalities, F features of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.errors import ConfigError, SchemaError, nearest
from swayline.dataset import Sequences
from swayline.models.text.features import TextSpace, encoder_of

Vectors = npt.NDArray[np.float32]
TEXT, TEXT_COLUMN = "text", "text_vector"
N_FEATURES = 128


@dataclass(frozen=True)
class Modalities:
    """Features of items by modality.

    Parameters
    ----------
    names : (M,) columns of vectors without their ending ``_vector``, and ``text``
    features : (M, I, F) of length one; zero where an item lacks the modality
    """

    names: tuple[str, ...]
    features: Vectors

    @property
    def told(self) -> npt.NDArray[np.bool_]:
        """(M, I) whether an item has a modality."""
        has: npt.NDArray[np.bool_] = np.any(self.features != 0, axis=2)
        return has

    def missing(self) -> dict[str, int]:
        """Modality → how many items lack it."""
        return dict(zip(self.names, (~self.told).sum(axis=1).tolist(), strict=True))


def modalities_of(train: Sequences, wanted: Sequence[str], text_model: str) -> Modalities:
    """The modalities of a log's items.

    Parameters
    ----------
    wanted : names; empty takes all there are
    text_model : folder of a text encoder, for titles that no column of vectors holds

    Raises
    ------
    SchemaError
        Nothing is known of the items.
    ConfigError
        A name that is wanted is not there.
    """
    catalogue = train.catalogue
    columns = {} if catalogue is None else {name.removesuffix("_vector"): name for name in catalogue.vector_columns}
    has_words = catalogue is not None and TEXT not in columns and any(catalogue.texts())
    known = [*columns, *([TEXT] if has_words else [])]
    if not known:
        raise SchemaError(
            "this model reads what items look, sound or read like, and the log has no items table with vectors or"
            " titles: make one with swayline encode and give it with --items FILE"
        )
    for name in wanted:
        if name not in known:
            raise ConfigError(f"modality {name!r} is not in the items table: {nearest(name, known)}")
    names = tuple(wanted or known)
    features = np.zeros((len(names), train.n_items, N_FEATURES), np.float32)
    for at, name in enumerate(names):
        if name in columns and catalogue is not None:
            vectors = _unit(catalogue.vectors(columns[name]))
        else:
            encoder, texts = encoder_of(train, text_model)
            vectors = encoder.encode(texts, label="encode titles")
        found = TextSpace.of(vectors, name, N_FEATURES).features(vectors)
        features[at, :, : found.shape[1]] = found
    return Modalities(names, features)


def _unit(vectors: Vectors) -> Vectors:
    found: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found
