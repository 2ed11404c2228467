"""How much measured influence should weigh: chosen on held-out answers, with none at all among the choices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from swayline.core.errors import DataError, UsageError
from swayline.recommend.chain import Chain
from swayline.recommend.context import Context
from swayline.recommend.query import Query
from swayline.recommend.steps.blending import Influence

STRENGTHS = (0.0, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Strengths:
    """What was chosen.

    Attributes
    ----------
    step : the step ``influence`` with the chosen strengths; both 0 where influence did not help
    quality : (behaviors, people) → NDCG on the held-out answers
    """

    step: Influence
    quality: Mapping[tuple[float, float], float]


def learn_strengths(
    context: Context, answers: Mapping[str, str], *, k: int = 10, strengths: Sequence[float] = STRENGTHS
) -> Strengths:
    """Strengths of the step ``influence`` that rank held-out answers best, one after the other.

    Parameters
    ----------
    context : Context
        Its model must not have learned from the answers; its ledger and ties must be known without them.
    answers : mapping of user to item
        What each person did next.
    strengths : sequence of float
        Tried in this order; 0 must be among them, and of equal ones the first stands.

    Raises
    ------
    DataError
        There is no answer.
    UsageError
        0 is not among the strengths.
    """
    if not answers:
        raise DataError("there is no held-out answer to choose strengths by")
    if 0.0 not in strengths:
        raise UsageError("0 must be among the strengths: whether influence helps is not taken on trust")
    queries = [Query(user=user, k=k) for user in answers]
    quality: dict[tuple[float, float], float] = {}

    def judge(behaviors: float, people: float) -> float:
        if (behaviors, people) not in quality:
            chain = Chain()
            if behaviors or people:
                chain = chain.with_step(Influence(behaviors=behaviors, people=people), after="unknown")
            quality[behaviors, people] = _ndcg(chain, context, queries, answers)
        return quality[behaviors, people]

    people = max(strengths, key=lambda one: judge(0.0, one)) if context.has_ties else 0.0
    behaviors = max(strengths, key=lambda one: judge(one, people)) if context.effects else 0.0
    judge(0.0, 0.0)
    return Strengths(Influence(behaviors=behaviors, people=people), quality)


def _ndcg(chain: Chain, context: Context, queries: Sequence[Query], answers: Mapping[str, str]) -> float:
    lists = chain.serve(context, queries)
    found = [
        1.0 / np.log2(rank + 1)
        for user, item, rank in zip(*(lists[name].to_pylist() for name in ("user", "item", "rank")), strict=True)
        if answers[user] == item
    ]
    return float(sum(found) / len(queries))
