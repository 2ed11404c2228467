"""What a model folder has cost the people of its log, kept in the folder and refused when spent.

::

    privacy.json   {"format": 1, "budget": 3.0, "delta": 0.001, "spent": 2.99, "trainings": [{…}, …], "card": {…}}

The folder is the account: who trains on the same people into another folder opens another account, and what both give
away adds up. The account is written before the weights, so that no weights ever stand without it.
"""

import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from swayline.core.errors import ArtifactError, UsageError, shown
from swayline.core.storage.files import write_json
from swayline.models.artifact import read_object
from swayline.training.private.accounting import Steps, epsilon_of

PRIVACY_FILE = "privacy.json"
FORMAT = 1
_FLOAT_ROOM = 1e-9


@dataclass(frozen=True)
class Training:
    """One training that was paid for."""

    model: str
    steps: Steps
    clip: float
    fitted_at: str


@dataclass(frozen=True)
class Account:
    """A folder's budget and what was spent of it.

    Parameters
    ----------
    budget : float
        ε that all trainings may cost together.
    delta : float
    trainings : tuple of Training
    card : dict
        What the last training did with everything that it read.
    """

    budget: float
    delta: float
    trainings: tuple[Training, ...] = ()
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def spent(self) -> float:
        """ε of all trainings together, at the account's δ."""
        return epsilon_of([one.steps for one in self.trainings], self.delta)

    def check(self, steps: Steps) -> None:
        """Refuse a training that the budget does not cover.

        Raises
        ------
        UsageError
            As said; nothing is trained.
        """
        after = epsilon_of([*(one.steps for one in self.trainings), steps], self.delta)
        if after > self.budget + _FLOAT_ROOM:
            raise UsageError(
                f"the privacy budget of this folder is spent: {len(self.trainings)} training(s) cost ε {self.spent:.3g}"
                f" of {self.budget:g} (δ {self.delta:.3g}), and this one would make it {after:.3g}: raise --budget"
                " knowing that the same people pay, or train on other people into another folder"
            )

    def with_training(self, training: Training, card: dict[str, Any]) -> "Account":
        """The account after one more training."""
        return replace(self, trainings=(*self.trainings, training), card=card)

    def write(self, folder: Path) -> None:
        """Write it into a model folder."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / PRIVACY_FILE, {
            "format": FORMAT, "budget": self.budget, "delta": self.delta, "spent": self.spent,
            "trainings": [asdict(one) for one in self.trainings], "card": self.card,
        })  # fmt: skip


def read_account(folder: Path) -> Account | None:
    """The account of a folder; None where it holds no private model.

    Raises
    ------
    ArtifactError
        It is damaged: a budget that cannot be read is not taken for an empty one.
    """
    path = folder / PRIVACY_FILE
    if not path.exists():
        return None
    found = read_object(path)
    try:
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}")
        trainings = tuple(
            Training(one["model"], _steps(one["steps"]), _positive(one["clip"]), str(one["fitted_at"]))
            for one in found["trainings"]
        )
        return Account(_positive(found["budget"]), _positive(found["delta"]), trainings, dict(found["card"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(
            f"{path} cannot be read ({shown(error)}), so what was spent is not known: restore it, or write elsewhere"
        ) from None


def spare_account(folder: Path) -> None:
    """Refuse to put another kind of model into a folder that keeps an account.

    Raises
    ------
    UsageError
        As said.
    """
    if (folder / PRIVACY_FILE).exists():
        raise UsageError(f"{folder} holds a private model and what it has cost: name another folder, or say --private")


def account_for(folder: Path | None, budget: float | None, epsilon: float, delta: float, delta_said: bool) -> Account:
    """The account that a training is booked on: the folder's own (its budget raised where one is said), else a new one.

    Raises
    ------
    UsageError
        Another δ is asked for than the folder's.
    """
    kept = read_account(folder) if folder is not None else None
    if kept is None:
        return Account(budget if budget is not None else epsilon, delta)
    if delta_said and not math.isclose(delta, kept.delta):
        raise UsageError(
            f"the budget of this folder is kept at δ = {kept.delta:.3g}, not {delta:.3g}: leave --delta out"
        )
    return kept if budget is None else replace(kept, budget=budget)


def _steps(found: dict[str, Any]) -> Steps:
    n_steps = found["n_steps"]
    if not isinstance(n_steps, int) or n_steps < 1:
        raise ValueError(f"n_steps {n_steps!r}")
    return Steps(_positive(found["noise_multiplier"]), _positive(found["sampling_rate"]), n_steps)


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
        raise ValueError(f"{value!r} is no number above 0")
    return float(value)
