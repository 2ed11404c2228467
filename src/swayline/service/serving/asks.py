"""What is asked of the service, checked once, whichever route it came by."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from swayline.core.errors import UsageError, nearest, shown
from swayline.pipeline.scenarios import scenario_names
from swayline.service.state import Act

SEEN = ("auto", "drop", "keep", "only")
MOST_PLACES = 1_000


@dataclass(frozen=True)
class Ask:
    """One question for a list.

    Parameters
    ----------
    user : str, optional
        Whose history is read.
    acts : tuple of Act
        A session's events, which stand in place of a history.
    k : int
        Length of the list.
    scenario : str
        The scenario whose steps make the list, by its name; answers are counted and stored under it.
    filter : str, optional
        A condition on item columns.
    boost : mapping
        Condition → standard deviations added where it holds.
    exclude, candidates : tuple of str
        Never these; only these (None: everything).
    seen : str
        ``drop``, ``keep`` or ``only`` items of the history, or ``auto``, as the model does.
    diversity, influence : float
        Strengths from 0 to 1.
    reasons : bool
        Whether each item says why.
    query : str, optional
        Words that the items should answer.
    without : tuple of int
        Places in the history, as the model reads it, of events that are taken for never having happened.
    """

    user: str | None = None
    acts: tuple[Act, ...] | None = None
    k: int = 10
    scenario: str = ""
    filter: str | None = None
    boost: Mapping[str, float] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    candidates: tuple[str, ...] | None = None
    seen: str = "auto"
    diversity: float = 0.0
    influence: float = 0.0
    reasons: bool = False
    query: str | None = None
    without: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.scenario and self.scenario not in scenario_names():
            raise UsageError(f"there is no scenario {shown(self.scenario)}: {nearest(self.scenario, scenario_names())}")
        if not 1 <= self.k <= MOST_PLACES:
            raise UsageError(f"k is {self.k}: write a whole number from 1 to {MOST_PLACES:,}")
        if self.seen not in SEEN:
            raise UsageError(f"seen is {shown(self.seen)}: {nearest(self.seen, SEEN)}")
        for name in ("diversity", "influence"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise UsageError(f"{name} is {getattr(self, name)}: write a number from 0 to 1")

    @property
    def digest(self) -> str:
        """What tells this question from others of the same user."""
        parts = [str(value) for name, value in vars(self).items() if name != "user"]
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True)
class Place:
    """One item of a list."""

    item: str
    score: float | None
    source: str
    reason: str | None = None
    propensity: float = 1.0


@dataclass(frozen=True)
class Answer:
    """A list and what made it."""

    model: str
    places: tuple[Place, ...]
    cached: bool = False
