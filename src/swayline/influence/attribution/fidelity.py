"""Whether an explanation is true to the model: take its events out, or keep them alone, and ask again.

For Ke = 1, 2, … of the events that an explanation says hold an item up, strongest first (supporting events only)::

    POS@K,Ke   the item is still among the first K without them              lower is better
    CDCG@Ke    1 / log2(rank + 1) of it without them                         lower is better
    DEL@Ke     its probability without them                                  lower is better
    INS@Ke     its probability with nothing but them                         higher is better

The probability is the softmax of the model's scores over the catalogue; ranks are among what the person never had.
An explanation that names fewer events than Ke takes out or keeps those it names.

Shapes: Q recommendations, R events over all of them.

References
----------
"Refining Fidelity Metrics for Explainable Recommendations", 2025 (DeltaLabTLV; supporting events,
Ke events). Barkan et al., "A Counterfactual Framework for Learning and Evaluating Explanations for Recommender
Systems", WWW 2024 (POS, CDCG, INS, DEL).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import logsumexp

from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.influence.attribution.counterfactuals import only_sets, without_sets
from swayline.influence.attribution.removal import EventRemovals
from swayline.influence.attribution.scoring import SCORES_AT_ONCE, score_and_rank
from swayline.models import Recommender

METRICS = ("POS", "CDCG", "DEL", "INS")
LOWER_IS_BETTER = {"POS": True, "CDCG": True, "DEL": True, "INS": False}


@dataclass(frozen=True)
class Fidelity:
    """Each metric of each recommendation: name → (Q, most) for 1 to ``most`` events."""

    values: dict[str, Floats]

    def mean(self, metric: str) -> Floats:
        """(most,) over recommendations."""
        found: Floats = self.values[metric].mean(axis=0)
        return found


def supporting(said: EventRemovals, n: int, most: int, only_above: float = 0.0) -> list[Ints]:
    """(n,) of each recommendation the positions of its ``most`` strongest events above a bound, strongest first."""
    order = np.lexsort((-said.position, -said.score_change, said.recommendation))
    order = order[said.score_change[order] > only_above]
    bounds = np.searchsorted(said.recommendation[order], np.arange(n + 1))
    return [said.position[order[start:end]][:most] for start, end in pairwise(bounds)]


def fidelity(
    model: Recommender, histories: Sequences, users: Ints, items: Ints, chosen: list[Ints], *, most: int = 5,
    k: int = 10, exclude_seen: bool = True,
) -> Fidelity:  # fmt: skip
    """The metrics of an explanation of Q recommendations.

    Parameters
    ----------
    users, items : (Q,) row of the history, and the recommended item
    chosen : (Q,) flat positions of the events that hold each up, strongest first (:func:`supporting`)
    """
    hidden = histories.keep(np.full(len(histories.items), exclude_seen)).take(users)
    values: dict[str, Floats] = {name: np.empty((len(users), most)) for name in METRICS}
    for size in range(1, most + 1):
        sets = [one[:size] for one in chosen]
        without, alone = without_sets(histories, users, sets), only_sets(histories, users, sets)
        every = np.arange(len(users))
        _, above = score_and_rank(model, without, every, items, hidden)
        values["POS"][:, size - 1] = above < k
        values["CDCG"][:, size - 1] = 1.0 / np.log2(above + 2)
        values["DEL"][:, size - 1] = probability(model, without, items)
        values["INS"][:, size - 1] = probability(model, alone, items)
    return Fidelity(values)


def probability(model: Recommender, histories: Sequences, items: Ints) -> Floats:
    """(Q,) the softmax share of one item a history."""
    found = np.empty(len(histories))
    step = max(1, SCORES_AT_ONCE // histories.n_items)
    for start in range(0, len(histories), step):
        rows = np.arange(start, min(start + step, len(histories)))
        scores = model.score(histories.take(rows)).astype(np.float64)
        found[rows] = np.exp(scores[np.arange(len(rows)), items[rows]] - logsumexp(scores, axis=1))
    return found
