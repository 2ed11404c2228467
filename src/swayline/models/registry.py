"""Models by the names that the command line and configuration use; a new model is its file and its line here."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swayline.core.errors import ArtifactError, SwaylineError, UsageError, nearest, shown
from swayline.core.settings import build
from swayline.models import artifact, own
from swayline.models.classical.boosted_trees import BoostedTrees
from swayline.models.classical.content import Content
from swayline.models.classical.ease import EASE
from swayline.models.classical.factorization_machine import FactorizationMachine
from swayline.models.classical.gru import GRU
from swayline.models.classical.hybrid import Hybrid
from swayline.models.classical.implicit_als import ImplicitALS
from swayline.models.classical.item_knn import ItemKNN
from swayline.models.classical.markov_chain import MarkovChain
from swayline.models.classical.most_popular import MostPopular
from swayline.models.classical.naive_bayes import NaiveBayes
from swayline.models.classical.recent_popular import RecentPopular
from swayline.models.classical.regression import LinearRegression, LogisticRegression
from swayline.models.classical.rules import Rules
from swayline.models.classical.user_knn import UserKNN
from swayline.models.graph.model import GraphModel
from swayline.models.graph.shared_entities import SharedEntities
from swayline.models.multimodal.model import Multimodal
from swayline.models.protocol import Recommender
from swayline.models.sequence.transformer import Transformer
from swayline.models.temporal.heuristics import PairRecency
from swayline.models.temporal.model import Temporal
from swayline.models.text.language import Language
from swayline.models.text.text_sequence import TextSequence

_MODELS: dict[str, Any] = {
    model.name: model
    for model in (
        MostPopular, RecentPopular, PairRecency, MarkovChain, Rules,
        NaiveBayes, UserKNN, ItemKNN, EASE, ImplicitALS, Content, Hybrid,
        LinearRegression, LogisticRegression, BoostedTrees, FactorizationMachine, GRU, TextSequence, Language,
        SharedEntities, GraphModel, Multimodal, Temporal, Transformer,
    )
}  # fmt: skip

_BROKEN = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
"""What numbers that do not fit together raise while a model is put together from a folder."""


def names() -> list[str]:
    """Every model's name, the simplest first, then those that installed plug-ins bring.

    >>> names()[0], "transformer" in names()
    ('most-popular', True)
    """
    return [*_MODELS, *(name for name in own.plugins() if name not in _MODELS)]


def create(name: str, **settings: object) -> Recommender:
    """An unfitted model.

    >>> create("item-knn", neighbours=50).settings.neighbours
    50
    >>> create("item-kn")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    swayline.core.errors.UsageError: unknown model 'item-kn': did you mean 'item-knn'? Choices: ...

    Raises
    ------
    UsageError
        The name is unknown.
    ConfigError
        A setting is unknown or cannot be used.
    """
    if name not in names():
        raise UsageError(f"unknown model {shown(name)}: {nearest(name, names())}")
    if name not in _MODELS:
        return own.create_plugin(name, settings)  # type: ignore[no-any-return]
    model = _MODELS[name]
    return model(build(model.Settings, settings))  # type: ignore[no-any-return]


def reads_values(name: str) -> bool:
    """Whether a model's answers depend on the values of events.

    >>> reads_values("item-knn"), reads_values("most-popular")
    (True, False)
    """
    return bool(getattr(_MODELS.get(name), "reads_values", False))


def with_seed(name: str, settings: Mapping[str, object], seed: int) -> dict[str, object]:
    """The settings with the run's seed, where the model has one and none was said.

    >>> with_seed("transformer", {}, 7), with_seed("most-popular", {}, 7)
    ({'seed': 7}, {})
    """
    model = _MODELS.get(name)
    has_seed = model is not None and any(field.name == "seed" for field in dataclasses.fields(model.Settings))
    return {"seed": seed, **settings} if has_seed else dict(settings)


def load_model(folder: Path) -> Recommender:
    """Whatever model a folder holds.

    Raises
    ------
    ArtifactError
        The folder is damaged, foreign or of a model that this version does not know.
    """
    name = artifact.model_name(folder)
    if name not in names():
        raise ArtifactError(f"{folder} holds a model {shown(name)}, unknown to this version: {nearest(name, names())}")
    if name not in _MODELS:
        return own.load_plugin(name, folder)  # type: ignore[no-any-return]
    try:
        return _MODELS[name].load(folder)  # type: ignore[no-any-return]
    except _BROKEN as error:
        if isinstance(error, SwaylineError):
            raise
        raise ArtifactError(f"{folder} holds a damaged model ({shown(error)}): train the model again") from None
