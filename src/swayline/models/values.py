"""What an event's value says of its item: a rating likes or dislikes, an amount or a price is how sure we are.

What the values of a behaviour are is measured on the training histories, never guessed silently:

- ``rating``: at least two and at most 21 different values at even steps, the lowest not the commonest (counts heap at
  their lowest); or exactly two, the lower one -1, 0 or 1 and the higher one 1, 5, 10 or 100 (the ends of a scale);
- ``price``: other values that differ little within an item and much between items (the shares of the variance of
  log values, 0.2 at most within);
- ``amount``: all other values (seconds, counts, sums);
- ``none``: no value, or the same one everywhere.

The weight of an event, 1 where it has no value::

    rating    1 + value_weight · z         z = (value - the person's own usual) / spread, from -2 to 2
    amount    1 + value_weight · (c - 1)   c = log2(1 + value / median), from 0 to 4
    price     as an amount, the median moved to what the person usually spends

so that a star below the person's usual counts less, and far below it counts against. A person's usual is the mean
of the values of the history at hand, drawn towards everybody's by five values.

Shapes: E events, Q histories, B behaviours.

References
----------
Herlocker et al., "An Algorithmic Framework for Performing Collaborative Filtering", SIGIR 1999 (the user's own mean).
Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008 (amounts as confidence).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from swayline.core.errors import ConfigError
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences, Targets
from swayline.models import artifact
from swayline.models.protocol import Recommender
from swayline.models.tuning import Choices, choose, judge_of
from swayline.models.validation import ValidationScorer

ValueKind = Literal["auto", "rating", "amount", "price", "none"]
ValueWeight = Annotated[float, Field(ge=0.0, le=2.0)]
RATING: ValueKind = "rating"
AMOUNT: ValueKind = "amount"
PRICE: ValueKind = "price"
NONE: ValueKind = "none"
AUTO: ValueKind = "auto"
FIRST_WEIGHT = 0.25
"""What is taken until validation questions choose, and where there are none."""
VALUE_WEIGHTS = (FIRST_WEIGHT, 0.0, 0.5, 1.0)
"""What is tried on validation questions; 0 leaves values out, and the first of equal ones stands."""
_KINDS = (RATING, AMOUNT, PRICE, NONE)
_LOWEST_STAR, _HIGHEST_STAR = (-1.0, 0.0, 1.0), (1.0, 5.0, 10.0, 100.0)
_MOST_LEVELS, _PRICE_SHARE, _DRAW = 21, 0.2, 5.0
_MOST_Z, _MOST_AMOUNT = 2.0, 4.0
C = TypeVar("C")
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ValueReading:
    """What the values of each behaviour are, measured on training histories.

    Parameters
    ----------
    kinds : tuple of str
        ``rating``, ``amount``, ``price`` or ``none``, one a behaviour.
    centres : tuple of float
        Everybody's mean rating; the median of amounts and prices above zero.
    spreads : tuple of float
        Standard deviation of ratings around the person's own usual; 1 for the others.
    """

    kinds: tuple[str, ...]
    centres: tuple[float, ...]
    spreads: tuple[float, ...]

    def __post_init__(self) -> None:
        sound = len(self.kinds) == len(self.centres) == len(self.spreads) > 0
        sound = sound and set(self.kinds) <= set(_KINDS) and min(self.spreads) > 0
        read = [centre for kind, centre in zip(self.kinds, self.centres, strict=False) if kind in (AMOUNT, PRICE)]
        if not sound or min(read, default=1.0) <= 0:
            raise ConfigError("the reading of values does not hold together: fit the model again")

    @property
    def reads(self) -> bool:
        """Whether any behaviour has values that say something."""
        return any(kind != NONE for kind in self.kinds)

    @classmethod
    def of(cls, train: Sequences, kind: ValueKind = AUTO) -> Self | None:
        """The reading of some histories; None where their values say nothing or are not to be read."""
        if kind == NONE or train.values is None or not train.valued:
            return None
        found = [_measured(train, behavior, kind) for behavior in range(train.n_behaviors)]
        reading = cls(*(tuple(part) for part in zip(*found, strict=True)))
        return reading if reading.reads else None

    def in_words(self, behaviors: list[str]) -> dict[str, str]:
        """Behaviour → kind of its values, where it has any."""
        return {name: kind for name, kind in zip(behaviors, self.kinds, strict=True) if kind != NONE}


def value_kind(values: Floats, items: Ints) -> str:
    """What some values (n,) of events with ``items`` (n,) are, by the rule of this module.

    >>> items = np.arange(6) % 2
    >>> value_kind(np.array([5.0, 4, 3, 4, 4, 1]), items), value_kind(np.array([1.0, 1, 1, 2, 1, 3]), items)
    ('rating', 'amount')
    >>> value_kind(np.array([9.9, 250, 9.9, 260, 9.5, 255]), items), value_kind(np.ones(6), items)
    ('price', 'none')
    """
    levels, counts = np.unique(values, return_counts=True)
    if len(levels) < 2:
        return NONE
    if len(levels) == 2:
        ends = levels[0] in _LOWEST_STAR and levels[1] in _HIGHEST_STAR
        return RATING if ends or counts[0] < counts[1] else AMOUNT
    steps = np.diff(levels) / np.diff(levels).min()
    even = bool(np.allclose(steps, np.round(steps), atol=1e-3)) and levels[-1] - levels[0] <= (
        (_MOST_LEVELS - 1) * np.diff(levels).min() * (1 + 1e-9)
    )
    if even and int(counts.argmax()) > 0:
        return RATING
    return PRICE if _within_items(values, items) <= _PRICE_SHARE else AMOUNT


def _within_items(values: Floats, items: Ints) -> float:
    """Share of the variance of log values that is within items met at least twice; 1 where there are no such."""
    usable = values > 0
    _, row, count = np.unique(items[usable], return_inverse=True, return_counts=True)
    kept = count[row] >= 2
    logs, row = np.log(values[usable][kept]), row[kept]
    if len(np.unique(row)) < 2 or logs.var() == 0.0:
        return 1.0
    mean = np.bincount(row, logs) / np.maximum(1, np.bincount(row))
    # Within n events of an item the squares are short by one of n: made up for, so that pairs are no prices.
    short = len(logs) / max(1, len(logs) - len(np.unique(row)))
    return float(((logs - mean[row]) ** 2).mean() * short / logs.var())


def _measured(train: Sequences, behavior: int, kind: ValueKind) -> tuple[str, float, float]:
    assert train.values is not None
    mine = (train.behaviors == behavior) & ~np.isnan(train.values)
    values = train.values[mine]
    found = value_kind(values, train.items[mine].astype(np.int64))
    if found == NONE:
        return NONE, 0.0, 1.0
    found = found if kind == AUTO else kind
    if found != RATING:
        above = values[values > 0]
        return (found, float(np.median(above)), 1.0) if len(above) else (NONE, 0.0, 1.0)
    centre = float(values.mean())
    usual = _usual(values - centre, train.users[mine], len(train))
    spread = float((values - centre - usual[train.users[mine]]).std())
    return (RATING, centre, spread) if spread > 0 else (NONE, 0.0, 1.0)


def _usual(values: Floats, users: Ints, n_users: int) -> Floats:
    """(Q,) each person's mean of centred values, drawn towards zero by five values."""
    found: Floats = np.bincount(users, values, minlength=n_users) / (np.bincount(users, minlength=n_users) + _DRAW)
    return found


def liking(history: Sequences, reading: ValueReading | None) -> Floats:
    """(E,) what each value says, 0 where nothing: z of ratings, c - 1 of amounts and prices."""
    found = np.zeros(len(history.items))
    if reading is None or history.values is None:
        return found
    kinds, acts = np.array(reading.kinds), np.minimum(history.behaviors, len(reading.kinds) - 1)
    given, kind = ~np.isnan(history.values), kinds[acts]
    centre, spread = np.array(reading.centres)[acts], np.array(reading.spreads)[acts]
    users = history.users
    rated = np.flatnonzero(given & (kind == RATING))
    if len(rated):
        z = (history.values[rated] - centre[rated]) / spread[rated]
        z -= _usual(z, users[rated], len(history))[users[rated]]
        found[rated] = np.clip(z, -_MOST_Z, _MOST_Z)
    for sort in (AMOUNT, PRICE):
        some = np.flatnonzero(given & (kind == sort))
        if not len(some):
            continue
        ratio = np.maximum(history.values[some], 0.0) / centre[some]
        if sort == PRICE:
            ratio /= np.exp(_usual(np.log(np.maximum(ratio, 1e-3)), users[some], len(history)))[users[some]]
        found[some] = np.minimum(np.log2(1.0 + ratio), _MOST_AMOUNT) - 1.0
    return found


def value_weights(history: Sequences, reading: ValueReading | None, value_weight: float) -> Weights | None:
    """(E,) the weight of each event; None where values are not read."""
    if reading is None or value_weight == 0.0 or history.values is None:
        return None
    return (1.0 + value_weight * liking(history, reading)).astype(np.float32)


def choose_valued(
    label: str,
    settings: Any,
    kind: type[C],
    choices: Choices,
    become: Callable[[C], Recommender],
    valid: Targets | None,
    reading: ValueReading | None,
    **search: int,
) -> C:
    """What :func:`~swayline.models.tuning.choose` finds with values counting a quarter, then how much they count.

    Where answers are rated, the weight is chosen by the NDCG@10 of liked answers, because a list that foretells a
    dislike is of no use; but only among weights that lose nothing on all answers: no more than one standard error of
    the paired difference to leaving values out. Where 0 is chosen, the others are chosen again without values.

    Parameters
    ----------
    become : callable
        The model with some settings.
    """
    judge = judge_of(valid)
    found = None if judge is None else _quality(judge, become)
    if reading is None or settings.value_weight is not None:
        said = replace(settings, value_weight=0.0) if reading is None else settings
        return choose(label, said, kind, choices, found, **search)
    best = choose(label, replace(settings, value_weight=FIRST_WEIGHT), kind, choices, found, **search)
    if judge is None:
        return best
    trials = [replace(best, value_weight=weight) for weight in VALUE_WEIGHTS]  # type: ignore[type-var]
    each = [judge.each(become(trial)) for trial in trials]
    chosen = _best_weight(each, liked_answers(judge.questions, reading))
    if VALUE_WEIGHTS[chosen] == 0.0:
        return choose(label, replace(settings, value_weight=0.0), kind, choices, found, **search)
    return trials[chosen]


def _best_weight(each: Sequence[Floats], liked: npt.NDArray[np.bool_]) -> int:
    """Which of the weights, given the (Q,) NDCG of each."""
    without = each[VALUE_WEIGHTS.index(0.0)]
    gaps = [one - without for one in each]
    lossless = [float(gap.mean()) >= -float(gap.std()) / np.sqrt(len(gap)) for gap in gaps]
    asked = liked if liked.any() else np.ones(len(liked), bool)
    quality = [float(one[asked].mean()) if able else -1.0 for one, able in zip(each, lossless, strict=True)]
    return int(np.argmax(quality))


def _quality(judge: ValidationScorer, become: Callable[[C], Recommender]) -> Callable[[C], float]:
    return lambda trial: judge(become(trial))


def liked_answers(targets: Targets, reading: ValueReading | None) -> npt.NDArray[np.bool_]:
    """(Q,) whether each answer is rated above the person's own usual; all of them where values are no ratings."""
    liked = np.ones(len(targets), bool)
    if reading is None or targets.values is None or RATING not in reading.kinds:
        return liked
    history = targets.history
    rated = np.array(reading.kinds) == RATING
    centre, spread = np.array(reading.centres), np.array(reading.spreads)
    mine = rated[history.behaviors] & ~np.isnan(_values_of(history))
    z = (_values_of(history)[mine] - centre[history.behaviors[mine]]) / spread[history.behaviors[mine]]
    usual = _usual(z, history.users[mine], len(history))
    asked = rated[targets.behaviors] & ~np.isnan(targets.values)
    own = (targets.values - centre[targets.behaviors]) / spread[targets.behaviors] - usual
    liked[asked] = own[asked] > 0
    return liked


def _values_of(history: Sequences) -> Floats:
    return np.full(len(history.items), np.nan) if history.values is None else history.values


def told_of_values(model: Recommender, train: Sequences, behaviors: list[str]) -> dict[str, object] | None:
    """What a fitted model made of the values of its log, for ``metrics.json``; None where the log has none.

    Returns
    -------
    dict
        ``read``; ``kinds``, behaviour → what its values are; ``weight``, how much they count (0: they do not help), or
        ``features``, whether they are among the features (False: they do not help).
    """
    if not train.valued:
        return None
    part: Any = getattr(model, "collaborative_", model)
    reading = getattr(part, "values_", None)
    told: dict[str, object] = {"read": model.reads_values}
    if isinstance(reading, ValueReading):
        weight = getattr(part.chosen_, "value_weight", None)
        told |= {"kinds": reading.in_words(behaviors), "weight": weight, "features": _are_features(part)}
    return told


def _are_features(part: Any) -> bool | None:
    """Whether values are among a model's features; None where it weighs events by them instead."""
    tables = getattr(part, "tables_", None) or getattr(getattr(part, "sum_", None), "tables", None)
    return None if tables is None else tables.reading is not None


def values_line(name: str, told: Mapping[str, object] | None) -> list[str]:
    """:func:`told_of_values` as a line; none where the log has no values.

    >>> values_line("gru", {"read": False})
    ['gru ignores values']
    >>> values_line("ease", {"read": True, "kinds": {"rate": "rating"}, "weight": 0.25})
    ['ease reads values: rate as rating, weight 0.25']
    >>> values_line("boosted-trees", {"read": True, "kinds": {"rate": "rating"}, "weight": None, "features": False})
    ['boosted-trees reads values: rate as rating, left out: they do not help']
    """
    if told is None:
        return []
    if not told["read"]:
        return [f"{name} ignores values"]
    kinds = told.get("kinds")
    if not isinstance(kinds, dict):
        return [f"{name} reads values"]
    listed = ", ".join(f"{behavior} as {kind}" for behavior, kind in kinds.items())
    if told.get("weight") is not None:
        return [f"{name} reads values: {listed}, weight {told['weight']:g}"]
    return [f"{name} reads values: {listed}, {'as features' if told['features'] else 'left out: they do not help'}"]


def as_learned(reading: ValueReading | None) -> dict[str, object]:
    """The reading as a folder's ``learned`` holds it; nothing where there is none."""
    return {} if reading is None else {"values": asdict(reading)}


def reading_of(folder: Path, stored: artifact.Stored) -> ValueReading | None:
    """The reading that a folder holds, if it does.

    Raises
    ------
    ArtifactError
        It is no reading.
    """
    if "values" not in stored.learned:
        return None
    return artifact.part_of(folder, stored, "values", ValueReading)
