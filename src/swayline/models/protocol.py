"""What every recommender is, and nothing more.

Shapes: Q histories, I items.
"""

from pathlib import Path
from typing import ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from swayline.dataset import Sequences, Targets

Scores = npt.NDArray[np.float32]


@runtime_checkable
class Recommender(Protocol):
    """A model of who does what next. Settings are stored in ``__init__``; what is learned ends in ``_``."""

    name: ClassVar[str]
    reads_values: ClassVar[bool]
    """Whether the values of events (stars, seconds, prices) are evidence to it; a model that ignores them says so."""

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn from histories; ``valid`` is for early stopping alone and may be ignored."""
        ...

    def refit(self, train: Sequences) -> Self:
        """Learn again from (more) histories, keeping every choice that :meth:`fit` made by validation."""
        ...

    def score(self, history: Sequences) -> Scores:
        """(Q, I) a finite score for every item as the next one, higher is likelier; never depends on other rows."""
        ...

    def save(self, folder: Path) -> None:
        """Write safetensors and JSON, never pickle."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        ArtifactError
            The folder is damaged or not of this model.
        """
        ...
