"""What a private training is asked for, checked before anything is read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from swayline.core.errors import UsageError, nearest, shown

PRIVATE_MODELS = ("transformer", "implicit-als", "ease", "most-popular")
"""Models that can be trained privately; the last three from one noisy sum."""
LEAST_PEOPLE = 10
"""Below, δ = 1/n says nothing."""
OUTSIDE = {
    "warm_start": False, "neighbours": False, "repeats": False, "request_time": False, "windows": False,
    "in_batch": False, "times": False, "values": False, "profiles": False, "target_time": False, "fusion": "none",
    "objective": "next-item", "behavior_loss": 0.0, "value_loss": 0.0, "weights": "fp32", "compile": False,
    "precision": "fp32", "device": "cpu", "behaviors": False,
}  # fmt: skip
"""Settings of the sequence model that would read the log outside the noisy steps, or are not made for one person a
step, and what they are held at."""
PUBLIC = {
    "embedding_dim": 64, "n_blocks": 1, "n_heads": 1, "dropout": 0.0, "max_length": 50, "loss": "full-softmax",
    "learning_rate": 0.01, "averaging": 0.9,
}  # fmt: skip
"""What the data would otherwise decide, decided beforehand."""


@dataclass(frozen=True)
class PrivatePlan:
    """One training under differential privacy of people: adding or removing everything a person did.

    Parameters
    ----------
    epsilon : float
        The most that this training may cost, above 0.
    delta : float, optional
        The chance that the promise fails, at most 1/n of n people; 1/n by default.
    budget : float, optional
        ε that all trainings kept in the same model folder may cost together; by default this one's.
    model : str
        One of :data:`PRIVATE_MODELS`.
    settings : mapping
        Of the model, where they do not read the log.
    split : str
        ``none``, ``last-out`` or ``time``: what the training may see.
    steps : int
        Noisy steps of the sequence model.
    people_share : float
        The chance of each person to be in a step.
    clip : float
        Length that a person's gradient (or counts) is shortened to.
    seed : int
        Decides first weights and drawn candidates; never who is drawn nor the noise.
    """

    epsilon: float
    delta: float | None = None
    budget: float | None = None
    model: str = "transformer"
    settings: Mapping[str, object] = field(default_factory=dict)
    split: str = "none"
    steps: int = 200
    people_share: float = 0.2
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("epsilon", self.epsilon), ("budget", self.budget), ("clip", self.clip)):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise UsageError(f"--{name} must be a number above 0, not {value!r}: 3 is usual for --epsilon")
        if self.delta is not None and not 0 < self.delta < 1:
            raise UsageError(f"--delta must lie between 0 and 1, not {self.delta!r}: leave it out for 1/n of n people")
        if self.budget is not None and self.budget < self.epsilon:
            raise UsageError(
                f"--budget {self.budget:g} is less than this training's --epsilon {self.epsilon:g}: raise it"
            )
        if not 0 < self.people_share <= 1:
            raise UsageError(f"the share of people in a step must be above 0 and at most 1, not {self.people_share!r}")
        if self.steps < 1:
            raise UsageError(f"a private training takes at least one step, not {self.steps!r}")
        if self.model not in PRIVATE_MODELS:
            raise UsageError(
                f"model {shown(self.model)} cannot be trained privately: {nearest(self.model, PRIVATE_MODELS)}"
            )
        self._check_settings()

    def _check_settings(self) -> None:
        held = OUTSIDE if self.model == "transformer" else {}
        for name, value in self.settings.items():
            if name in held and value != held[name]:
                raise UsageError(
                    f"setting {name} = {value!r} reads the log outside the noisy steps; with --private it stays"
                    f" {held[name]!r}: leave it out"
                )

    @property
    def one_step(self) -> bool:
        """Whether the model follows from one noisy sum."""
        return self.model != "transformer"

    @property
    def rate(self) -> float:
        """The chance of each person to be in a step."""
        return 1.0 if self.one_step else self.people_share

    @property
    def n_steps(self) -> int:
        """Noisy steps."""
        return 1 if self.one_step else self.steps

    def delta_for(self, n_people: int) -> float:
        """δ for so many people.

        Raises
        ------
        UsageError
            There are too few people, or δ is above 1/n: such a promise lets a mechanism publish somebody whole.
        """
        if n_people < LEAST_PEOPLE:
            raise UsageError(
                f"{n_people} people are too few for a private training: at least {LEAST_PEOPLE} must have events on the"
                " items of the catalogue"
            )
        if self.delta is None:
            return 1.0 / n_people
        if self.delta > 1.0 / n_people:
            raise UsageError(
                f"--delta {self.delta:g} is above 1/n = {1.0 / n_people:.3g} of {n_people:,} people: it would allow"
                " somebody's whole history to be published; give at most 1/n, or leave it out"
            )
        return self.delta
