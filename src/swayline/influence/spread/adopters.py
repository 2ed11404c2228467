"""Who joins a cascade next: how often each follows those who joined, how active and how recent each is, who is tied.

A cascade is its members in the order they joined. From earlier cascades come, for every pair, how often v joined after
u and how soon; a candidate's score is the logarithm of what the members so far say about it together, weighted towards
those who joined last, plus popularity and recency.

References
----------
Goyal, Bonchi and Lakshmanan, "Learning Influence Probabilities in Social Networks", WSDM 2010 (pair counts, partial
credits).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from swayline.core.errors import UsageError
from swayline.core.types import Floats, Ints


@dataclass(frozen=True)
class NextAdopter:
    """A ranking of who joins next.

    Parameters
    ----------
    pair_weight, popularity_weight, recency_weight, tie_weight : float
        How much each kind of evidence counts.
    memory : float
        How fast older members lose weight: the last counts 1, the one before ``memory``, and so on.
    halving : float
        After how many cascades an act's weight in recency halves.
    """

    pair_weight: float = 1.0
    popularity_weight: float = 0.02
    recency_weight: float = 0.05
    tie_weight: float = 0.0
    memory: float = 0.9
    halving: float = 20.0

    def fit(self, cascades: Sequence[Ints], people: int, ties: tuple[Ints, Ints] | None = None) -> "FittedAdopter":
        """Count pairs, acts and recency in earlier cascades, given in the order of their start.

        Raises
        ------
        UsageError
            There is no cascade, or a member lies outside 0..people-1.
        """
        if len(cascades) == 0:
            raise UsageError("no cascade to learn from")
        members = np.concatenate(cascades)
        if members.min() < 0 or members.max() >= people:
            raise UsageError(f"members run from {members.min()} to {members.max()}, outside 0 to {people - 1}")
        popularity = np.bincount(members, minlength=people).astype(np.float64)
        recency = np.zeros(people)
        rows, columns, credits = [], [], []
        for age, cascade in enumerate(reversed(cascades)):
            recency[cascade] += 0.5 ** (age / self.halving)
            place = np.arange(len(cascade))
            before, after = np.nonzero(place[:, None] < place[None, :])
            rows.append(cascade[before])
            columns.append(cascade[after])
            credits.append(self.memory ** (after - before - 1.0))
        follows = csr_array(
            (np.concatenate(credits), (np.concatenate(rows), np.concatenate(columns))), shape=(people, people)
        )
        follows.sum_duplicates()
        tied = np.zeros(0, np.int64) if ties is None else ties[0]
        tied_to = np.zeros(0, np.int64) if ties is None else ties[1]
        network = csr_array((np.ones(len(tied)), (tied, tied_to)), shape=(people, people))
        return FittedAdopter(self, follows, network, popularity, recency, people)


@dataclass(frozen=True)
class FittedAdopter:
    """What earlier cascades say; see :class:`NextAdopter`."""

    settings: NextAdopter
    follows: csr_array
    network: csr_array
    popularity: Floats
    recency: Floats
    people: int

    def scores(self, members: Ints) -> Floats:
        """(people,) score of everybody as the next to join, -inf for those who already did.

        Examples
        --------
        >>> fitted = NextAdopter().fit([np.array([0, 1]), np.array([0, 1]), np.array([2, 3])], people=4)
        >>> int(fitted.scores(np.array([0])).argmax())
        1
        """
        s = self.settings
        weight = s.memory ** np.arange(len(members) - 1, -1, -1.0)
        weight = weight / (5.0 + self.popularity[members])
        pairs = np.asarray(weight @ self.follows[members]).ravel()
        score: Floats = s.pair_weight * pairs + s.recency_weight * self.recency
        score = score + s.popularity_weight * self.popularity / max(float(self.popularity.sum()), 1.0) * 100.0
        if s.tie_weight:
            score = score + s.tie_weight * np.asarray(weight @ self.network[members]).ravel()
        score[members] = -np.inf
        return score
