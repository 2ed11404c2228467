"""What a training does, said once and checked before a log is read: models, settings, split, choice, refit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swayline.core.errors import UsageError, nearest, shown
from swayline.models import Recommender, create, with_seed
from swayline.models import names as model_names

AUTO = "auto"
"""The choice of the model that ranks validation answers best."""
SPLITS = ("none", "last-out", "time")


@dataclass(frozen=True)
class TrainingPlan:
    """From a dataset to one fitted model.

    Parameters
    ----------
    models : tuple of str
        What is fitted and compared.
    settings : mapping
        Model → its settings.
    split : str
        ``none`` holds out the last events of at most 5% of users, to judge by; ``last-out`` and ``time`` leave out what
        ``evaluate`` asks about.
    refit : bool
        Whether the chosen model learns again from everything.
    chosen : str
        Which model the bundle holds: its name, or ``auto`` for the best on validation.
    seed : int
        Decides every random number.
    unmet : bool
        Whether items of the items table that no event names join the catalogue, where every model can recommend them.
    candidates : Path, optional
        Folder that keeps every fitted candidate, before the refit.
    checkpoint : Path, optional
        Where training stands after each epoch; a training that was cut off goes on from it.
    watch : callable, optional
        Told of every epoch as it ends.
    own : mapping, optional
        Name → an unfitted model that is none of ours (:mod:`swayline.models.own`).

    Raises
    ------
    UsageError
        A model, the split or the choice is unknown.
    ConfigError
        A setting is unknown or cannot be used.
    """

    models: tuple[str, ...] = ("transformer",)
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    split: str = "none"
    refit: bool = True
    chosen: str = AUTO
    seed: int = 0
    unmet: bool = True
    candidates: Path | None = None
    checkpoint: Path | None = None
    watch: Callable[[Any], None] | None = None
    own: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_split(self.split)
        for name in dict.fromkeys((*self.models, *self.settings, *([] if self.chosen == AUTO else [self.chosen]))):
            if name in self.own:
                continue
            check_model(name)
            create(name, **self.settings.get(name, {}))
        if self.chosen not in (AUTO, *self.models):
            raise UsageError(f"model {self.chosen!r} is not among the models of this run: {', '.join(self.models)}")

    @classmethod
    def of_one(
        cls, model: str, settings: Mapping[str, object] | None = None, *, split: str = "none", **options: Any
    ) -> "TrainingPlan":
        """The plan of ``swayline fit``: one model, which learns from everything where no split is asked for."""
        return cls((model,), {model: settings or {}}, split, split == "none", **options)

    def as_json(self) -> dict[str, Any]:
        """What a model folder keeps of it, so that the same training can be walked again."""
        return {
            "models": list(self.models), "split": self.split, "refit": self.refit, "seed": self.seed,
            "unmet": self.wants_unmet,
        }  # fmt: skip

    def create(self, name: str) -> Recommender:
        """An unfitted model of the plan.

        Raises
        ------
        UsageError
            The model does not train in epochs, and a checkpoint or a watcher is asked for.
        """
        if name in self.own:
            return self.own[name]  # type: ignore[no-any-return]
        model = create(name, **with_seed(name, self.settings.get(name, {}), self.seed))
        for option, value in (("checkpoint", self.checkpoint), ("watch", self.watch)):
            if value is not None:
                if not hasattr(model, option) and option == "watch" and len(self.models) > 1:
                    continue
                if not hasattr(model, option):
                    raise UsageError(f"{model.name} does not train in epochs, so it has no {option}: leave it out")
                setattr(model, option, value)
        return model

    @property
    def wants_unmet(self) -> bool:
        """Whether the catalogue holds items that nobody has met."""
        return self.unmet and all(getattr(self.create(name), "serves_unmet", False) for name in self.models)


def check_model(name: str) -> None:
    """Refuse a model that does not exist.

    Raises
    ------
    UsageError
        As said.
    """
    if name not in model_names():
        raise UsageError(f"model {shown(name)} is unknown: {nearest(name, model_names())}")


def check_split(split: str) -> None:
    """Refuse a split that a training does not know.

    Raises
    ------
    UsageError
        It is none of :data:`SPLITS`.
    """
    if split not in SPLITS:
        raise UsageError(f"--split {shown(split)} is unknown: {nearest(split, SPLITS)}")
