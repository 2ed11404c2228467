"""Was somebody in the training? An attack on the people of a log, to stand beside an ε.

::

    people ─ by the seed ─┬─ members        the model is trained on them
                          ├─ others         never seen, of the same log
                          └─ reference      a second model of the same kind: which histories are easy for anybody

A person's score is how much better the model foretells what they did next than the reference does: the mean log rank of
each answer among all items, after the events before it. The area under the curve says how often a member scores above
somebody else: one half is chance. The attacker knows whole histories, and may ask the model as often as they like.

Shapes: P people, Q questions, I items.

References
----------
Shokri et al., "Membership Inference Attacks against Machine Learning Models", IEEE S&P 2017.
Watson et al., "On the Importance of Difficulty Calibration in Membership Inference Attacks", ICLR 2022.
DeLong, DeLong and Clarke-Pearson (1988), the variance of an area under the curve.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from swayline.core.errors import DataError
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.dataset import Dataset, Sequences, Vocabulary
from swayline.models import Recommender

MOST_AUC = 0.55
"""What a private model may show."""
LEAST_PEOPLE = 60
_QUESTIONS, _AT_ONCE, _Z = 20, 512, 1.959963984540054
Fit = Callable[[Dataset], Recommender]


@dataclass(frozen=True)
class Membership:
    """How well members are told from others.

    Parameters
    ----------
    auc, ci_low, ci_high : float
        Area under the curve with its 95% interval (DeLong).
    plain_auc : float
        The same without a reference.
    members, others : int
    """

    auc: float
    ci_low: float
    ci_high: float
    plain_auc: float
    members: int
    others: int

    @property
    def verdict(self) -> str:
        """In one sentence."""
        told = f"AUC {self.auc:.3f} [{self.ci_low:.3f}, {self.ci_high:.3f}]"
        if self.ci_low > 0.5:
            return f"members can be told from others: {told}"
        if self.ci_high <= MOST_AUC:
            return f"this attack does not tell members from others: {told}, at most {MOST_AUC}"
        return f"cannot be told with {self.members + self.others:,} people: {told}"

    def as_json(self) -> dict[str, Any]:
        """The figures and the verdict."""
        return dataclasses.asdict(self) | {"verdict": self.verdict}


def audit_membership(dataset: Dataset, fit: Fit, seed: int = 0) -> Membership:
    """Train on a third of the people, and try to tell them from another third.

    Parameters
    ----------
    fit : callable
        People's histories → a model of them alone.

    Raises
    ------
    DataError
        Too few people have two events.
    """
    able = np.flatnonzero(dataset.sequences.lengths >= 2)
    if len(able) < LEAST_PEOPLE:
        raise DataError(
            f"{len(able)} people have two events or more: an attack on members needs at least {LEAST_PEOPLE}"
        )
    members, others, reference = np.array_split(generator(seed, "membership").permutation(able), 3)
    model, beside = (fit(people_of(dataset, np.sort(part))) for part in (members, reference))
    asked = np.concatenate([members, others])
    plain = surprise(model, dataset.sequences, asked, seed)
    calibrated = plain - surprise(beside, dataset.sequences, asked, seed)
    is_member = np.arange(len(asked)) < len(members)
    auc, low, high = area(-calibrated[is_member], -calibrated[~is_member])
    return Membership(auc, low, high, area(-plain[is_member], -plain[~is_member])[0], len(members), len(others))


def people_of(dataset: Dataset, rows: Ints) -> Dataset:
    """A dataset of some of its people, with every item and behaviour."""
    users = Vocabulary.of([dataset.users.names[row] for row in rows.tolist()])
    return dataclasses.replace(dataset, users=users, sequences=dataset.sequences.take(rows))


def surprise(model: Recommender, histories: Sequences, people: Ints, seed: int) -> Floats:
    """(P,) mean log rank of what people did next, over at most twenty places of each history."""
    rng = generator(seed, "membership questions")
    who, place = _questions(histories.lengths[people], rng)
    found = np.empty(len(who))
    for start in range(0, len(who), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        rows = people[who[part]]
        asked = histories.take(rows)
        within = np.arange(len(asked.items)) - np.repeat(asked.offsets[:-1], asked.lengths)
        answers = asked.items[asked.offsets[:-1] + place[part]]
        scores = model.score(asked.keep(within < np.repeat(place[part], asked.lengths)))
        own = scores[np.arange(len(rows)), answers][:, None]
        ranks = (scores > own).sum(1) + 0.5 * (scores == own).sum(1) + 0.5
        found[part] = np.log(ranks)
    return np.bincount(who, found, minlength=len(people)) / np.bincount(who, minlength=len(people))


def _questions(lengths: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(Q,) whose history is asked, and (Q,) after how many events; at least one."""
    places = [
        np.sort(rng.choice(np.arange(1, length), min(_QUESTIONS, length - 1), replace=False))
        for length in lengths.tolist()
    ]
    return np.repeat(np.arange(len(lengths)), [len(one) for one in places]), np.concatenate(places).astype(np.int64)


def area(positive: Floats, negative: Floats) -> tuple[float, float, float]:
    """The area under the curve of two samples, with its 95% interval.

    >>> area(np.array([2.0, 3.0]), np.array([0.0, 1.0]))[0]
    1.0
    """
    above = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    auc = float(above.mean())
    variance = above.mean(1).var(ddof=1) / len(positive) + above.mean(0).var(ddof=1) / len(negative)
    half = _Z * float(np.sqrt(variance))
    return auc, max(0.0, auc - half), min(1.0, auc + half)
