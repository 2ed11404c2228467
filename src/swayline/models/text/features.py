"""Titles as the numbers a model learns from: encoded, centred, turned to their main directions, of length one.

Shapes: I items, E width of text vectors, F features.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from swayline.core.errors import ArtifactError, SchemaError
from swayline.dataset import Catalogue, Sequences
from swayline.encoders import TextEncoder, encoder_for, next_item_pairs
from swayline.encoders.pretraining.pretrain import Pairs

Vectors = npt.NDArray[np.float32]
_WHITENING = 0.25
"""Directions are divided by their variance to this power: half of what would make all equally long."""
_A_CATALOGUE = 20
"""Titles from which a mean can be told; fewer are placed around that of the catalogue the model knows."""
_PAIRS, _FOLLOWED = 20_000, 4096


@dataclass(frozen=True)
class TextSpace:
    """How text vectors become features, the same way for every catalogue.

    Parameters
    ----------
    mean : (E,) float32
        Of the texts it was learned from.
    basis : (E, F) float32
        Their main directions, scaled.
    encoder : str
        Fingerprint of the encoder that these belong to.
    """

    mean: Vectors
    basis: Vectors
    encoder: str

    @classmethod
    def of(cls, vectors: Vectors, encoder: str, n_features: int) -> "TextSpace":
        """Learn from the vectors (I, E) of a catalogue's texts; zero rows are no texts."""
        told = vectors[vectors.any(axis=1)]
        mean = told.mean(axis=0) if len(told) > 1 else np.zeros(vectors.shape[1], np.float32)
        around = (told - mean).astype(np.float64)
        values, directions = np.linalg.eigh(around.T @ around / max(1, len(told)))
        order = np.argsort(-values)[:n_features]
        scale = np.maximum(values[order], 1e-6 * max(values.max(initial=0.0), 1e-12)) ** _WHITENING
        return cls(mean.astype(np.float32), (directions[:, order] / scale).astype(np.float32), encoder)

    def features(self, vectors: Vectors) -> Vectors:
        """(I, F) rows of length one; zero where there is no text."""
        found = (vectors - self.mean) @ self.basis
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        found[~vectors.any(axis=1)] = 0.0
        return np.ascontiguousarray(found, np.float32)


def encoder_of(train: Sequences, model: str) -> tuple[TextEncoder, list[str]]:
    """The encoder for a log's items and their texts.

    Raises
    ------
    SchemaError
        No item has a text.
    """
    texts = texts_of(train.catalogue)
    pairs = next_item_pairs(train, texts, _PAIRS)
    return encoder_for(texts, model=model or None, pairs=pairs if len(pairs) > 1 else None), texts


def told_features(train: Sequences, model: str, n_features: int = 256) -> tuple[Vectors, Pairs]:
    """(I, F) the features of a log's items, for a model that keeps them, and (P, 2) some that followed one another.

    Raises
    ------
    SchemaError
        No item has a text.
    """
    encoder, texts = encoder_of(train, model)
    vectors = encoder.encode(texts, label="encode titles")
    features = TextSpace.of(vectors, encoder.folder.fingerprint(), n_features).features(vectors)
    return features, next_item_pairs(train, texts, _FOLLOWED)


def texts_of(catalogue: Catalogue | None) -> list[str]:
    """(I,) what is known of each item in words.

    Raises
    ------
    SchemaError
        Nothing is.
    """
    texts = [] if catalogue is None else catalogue.texts()
    if not any(texts):
        raise SchemaError(
            "this model reads what items are, and the log has no items table with titles, descriptions or categories:"
            " give one with --items FILE, or use transformer without a fusion"
        )
    return texts


def features_of(space: TextSpace, catalogue: Catalogue, model: str) -> tuple[Vectors, Vectors]:
    """(I, F) the features of another catalogue around its own mean, and (I, F) those in its own space.

    What all titles of a catalogue share tells none of them apart, and another catalogue shares something else; so for
    the directions in which its titles differ.

    Raises
    ------
    ArtifactError
        The encoder of that space is not at hand.
    """
    texts = texts_of(catalogue)
    encoder = encoder_for(texts, model=model or None)
    if encoder.folder.fingerprint() != space.encoder:
        raise ArtifactError(
            "the text encoder is not the one this model was trained with: name its folder as text_model"
        )
    vectors = encoder.encode(texts, label="encode titles")
    told = vectors[vectors.any(axis=1)]
    if len(told) < _A_CATALOGUE:
        return space.features(vectors), space.features(vectors)
    own = TextSpace.of(vectors, space.encoder, space.basis.shape[1])
    return replace(space, mean=own.mean).features(vectors), own.features(vectors)
