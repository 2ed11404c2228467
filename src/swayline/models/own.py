"""Models that are not ours: any class with ``fit(train, valid=None)`` and ``score(history)``, checked as it answers.

A plug-in names its class in the entry-point group ``swayline.models`` and is then a model like those of this package::

    [project.entry-points."swayline.models"]
    my-model = "my_package:MyModel"
"""

import copy
import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Self

import numpy as np

from swayline.core.errors import ArtifactError, ConfigError, UsageError, shown
from swayline.dataset import Sequences, Targets
from swayline.models.protocol import Scores

GROUP = "swayline.models"
Make = Callable[[], Any]


class OwnModel:
    """Somebody else's model behind our protocol.

    Parameters
    ----------
    make : callable
        An unfitted model.
    name : str
        How tables call it.

    Notes
    -----
    ``score`` must give a finite number for every history and item: (Q, I), higher is likelier. It is checked at every
    answer, so that a wrong shape is one line rather than a wrong figure.
    """

    reads_values = False

    def __init__(self, make: Make, name: str) -> None:
        self.make, self.name = make, name

    def fit(self, train: Sequences, valid: Targets | None = None) -> Self:
        """Learn from histories; ``valid`` is handed on where the model's ``fit`` takes it."""
        self.model_ = self.make()
        if _takes_valid(self.model_.fit):
            self.model_.fit(train, valid=valid)
        else:
            self.model_.fit(train)
        return self

    def refit(self, train: Sequences) -> Self:
        """Learn again from everything: by the model's own ``refit`` where it has one, else from the start."""
        if hasattr(self.model_, "refit"):
            self.model_.refit(train)
            return self
        return self.fit(train)

    def score(self, history: Sequences) -> Scores:
        """(Q, I) what the model says, checked.

        Raises
        ------
        UsageError
            The scores have another shape, or hold no finite numbers.
        """
        wanted = (len(history), history.n_items)
        try:
            scores = np.asarray(self.model_.score(history), dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"{self.name}.score gave no array of numbers ({shown(error)}): return {_asks(wanted)}"
            ) from error
        if scores.shape != wanted:
            raise UsageError(
                f"{self.name}.score gave shape {scores.shape} for {wanted[0]:,} histories and {wanted[1]:,} items: "
                f"return {_asks(wanted)}"
            )
        if not np.isfinite(scores).all():
            n = int((~np.isfinite(scores)).sum())
            raise UsageError(
                f"{self.name}.score gave {n:,} values that are no finite numbers: return a number for each"
            )
        return scores

    def save(self, folder: Path) -> None:
        """Write the model by its own ``save(folder)``.

        Raises
        ------
        UsageError
            It has none.
        """
        if not hasattr(self.model_, "save"):
            raise UsageError(f"{self.name} has no save(folder) and load(folder), so it cannot be kept: add both")
        self.model_.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Refuse: a plug-in's own class reads its folder (:func:`load_plugin`)."""
        raise ArtifactError(f"{folder} holds a model of a plug-in: install the plug-in and load it by its name")


def wrapped(model: Any) -> OwnModel:
    """A class or an instance as a model of ours, unfitted; an instance is copied before every fit.

    Raises
    ------
    UsageError
        It has no ``fit`` or no ``score``.
    """
    kind = model if inspect.isclass(model) else type(model)
    for method in ("fit", "score"):
        if not callable(getattr(kind, method, None)):
            raise UsageError(
                f"{kind.__name__} has no {method}: a model is a name, or a class with fit(train, valid=None) and "
                "score(history) that returns (histories, items)"
            )
    make = _made(kind) if inspect.isclass(model) else (lambda: copy.deepcopy(model))
    return OwnModel(make, getattr(model, "name", None) or kind.__name__)


def _made(kind: Any, **settings: object) -> Make:
    def make() -> Any:
        try:
            return kind(**settings)
        except TypeError as error:
            raise ConfigError(f"{kind.__name__} cannot be made with {settings or 'no settings'}: {error}") from None

    return make


def plugins() -> dict[str, EntryPoint]:
    """Models that installed packages bring, by name."""
    return {one.name: one for one in entry_points(group=GROUP)}


def create_plugin(name: str, settings: dict[str, object]) -> Any:
    """An unfitted model of a plug-in.

    Raises
    ------
    UsageError
        The plug-in cannot be imported, or is no model.
    """
    kind = _plugin(name)
    wrapped(kind)
    return OwnModel(_made(kind, **settings), name)


def load_plugin(name: str, folder: Path) -> Any:
    """What a plug-in's ``load`` reads from a folder.

    Raises
    ------
    ArtifactError
        The plug-in has no ``load``.
    """
    kind = _plugin(name)
    if not hasattr(kind, "load"):
        raise ArtifactError(f"{folder} holds a model of the plug-in {name!r}, which has no load(folder)")
    found = OwnModel(lambda: kind, name)
    found.model_ = kind.load(folder)
    return found


def _plugin(name: str) -> Any:
    try:
        return plugins()[name].load()
    except Exception as error:  # whatever somebody else's package raises while it is imported
        raise UsageError(f"the plug-in model {name!r} cannot be imported ({shown(error)}): reinstall it") from error


def _takes_valid(fit: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(fit).parameters
    except (TypeError, ValueError):
        return True
    return "valid" in parameters or any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())


def _asks(wanted: tuple[int, int]) -> str:
    return f"({wanted[0]}, {wanted[1]}), a score for every history and item"
