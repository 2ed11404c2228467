"""Other answers to "what did this event do?": cheaper, or fairer to events that stand in for each other.

::

    removal               score with the event - score without it                    exact; n histories a question
    gradient              slope of the logit along the event's item                  one pass back
    integrated-gradients  the same slope averaged from no items to these             :data:`STEPS` passes back
    attention             share of the event in the last state's attention           one pass; no sign
    shapley               mean gain when the event joins a random part of the rest   :data:`PERMUTATIONS` · n histories

Shapes: Q questions (a history and an item each), R events over all questions, M permutations.

References
----------
Castro, Gómez and Tejada, "Polynomial calculation of the Shapley value based on sampling", 2009.
Mitchell et al., "Sampling Permutations for Shapley Value Estimation" (antithetic pairs), JMLR 2022.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from swayline.core.errors import UsageError, nearest
from swayline.core.rng import generator
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.influence.attribution.counterfactuals import only_sets
from swayline.influence.attribution.removal import EventRemovals, remove_events
from swayline.influence.attribution.scoring import score_pairs
from swayline.models import Recommender

METHODS = ("removal", "gradient", "integrated-gradients", "attention", "shapley")
STEPS = 20
PERMUTATIONS = 20
_AT_ONCE = 4096


@dataclass(frozen=True)
class Attributions:
    """What a method says of each event of each question.

    Parameters
    ----------
    method : str
        One of :data:`METHODS`.
    events : EventRemovals
        The events and, as ``score_change``, what is said of them: logits, but for attention, which are shares.
    error : (R,) float64, optional
        Standard error, where the method draws at random.
    """

    method: str
    events: EventRemovals
    error: Floats | None = None


def attribute(
    model: Recommender, histories: Sequences, users: Ints, items: Ints, method: str = "removal", *, seed: int = 0,
    permutations: int = PERMUTATIONS,
) -> Attributions:  # fmt: skip
    """What each event of histories ``users`` (Q,) does to ``items`` (Q,), by one of :data:`METHODS`.

    Raises
    ------
    UsageError
        The method is unknown, or the model has no gradient or attention.
    """
    if method not in METHODS:
        raise UsageError(f"method {method!r} is unknown: {nearest(method, METHODS)}")
    if method == "removal":
        return Attributions(method, remove_events(model, histories, users, items))
    lengths = histories.lengths[users]
    recommendation = np.repeat(np.arange(len(users)), lengths)
    within = np.arange(len(recommendation)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    position = histories.offsets[users][recommendation] + within
    if method == "shapley":
        values, error = shapley_values(model, histories, users, items, permutations, seed)
        return Attributions(method, EventRemovals(recommendation, position, values), error)
    needed = "attention_rollout" if method == "attention" else "input_gradients"
    able = getattr(model, needed, None)
    if able is None:
        raise UsageError(
            f"{model.name} has no {'attention' if method == 'attention' else 'gradient'} to read {method} off:"
            " ask removal or shapley, which every model answers"
        )
    if method == "attention":
        values = able(histories, users)
    else:
        values = able(histories, users, items, steps=1 if method == "gradient" else STEPS)
    return Attributions(method, EventRemovals(recommendation, position, values))


def shapley_values(
    model: Recommender, histories: Sequences, users: Ints, items: Ints, permutations: int, seed: int
) -> tuple[Floats, Floats]:
    """(R,) Shapley values of the events of each question, and their standard errors.

    Every drawn order is taken forward and backward; the error is that of the mean over such pairs, which are
    independent. The values of one question add up to its score less the score of an empty history.

    Raises
    ------
    UsageError
        Fewer than two pairs of orders are asked for, which have no error.
    """
    if permutations < 4:
        raise UsageError(f"shapley needs at least 4 permutations (two pairs) to have an error, not {permutations}")
    rng = generator(seed, "shapley")
    values, errors = [], []
    empty = score_pairs(model, histories.take(users).keep(np.zeros(int(histories.lengths[users].sum()), bool)),
                        np.arange(len(users)), items)  # fmt: skip
    for question, (user, item) in enumerate(zip(users, items, strict=True)):
        alone = histories.take(np.array([user]))
        n = int(alone.lengths[0])
        pairs = max(2, permutations // 2)
        drawn = [rng.permutation(n) for _ in range(pairs)]
        orders = np.array([order for one in drawn for order in (one, one[::-1])]).reshape(2 * pairs, n)
        gains = _gains(model, alone, int(item), orders, float(empty[question]))  # (M, n)
        paired = gains.reshape(pairs, 2, n).mean(axis=1)
        values.append(paired.mean(axis=0))
        errors.append(paired.std(axis=0, ddof=1) / np.sqrt(pairs))
    return np.concatenate([*values, np.zeros(0)]), np.concatenate([*errors, np.zeros(0)])


def _gains(model: Recommender, alone: Sequences, item: int, orders: Ints, empty: float) -> Floats:
    """(M, n) what each event adds when it joins those before it in an order."""
    n_orders, n = orders.shape
    if not n:
        return np.zeros((n_orders, 0))
    sets = [np.sort(order[: size + 1]) for order in orders for size in range(n)]
    scores = np.empty(len(sets))
    for start in range(0, len(sets), _AT_ONCE):
        some = sets[start : start + _AT_ONCE]
        owner = np.zeros(len(some), np.int64)
        scores[start : start + len(some)] = score_pairs(
            model, only_sets(alone, owner, some), np.arange(len(some)), np.full(len(some), item)
        )
    joined = np.diff(scores.reshape(n_orders, n), axis=1, prepend=empty)
    gains = np.empty_like(joined)
    np.put_along_axis(gains, orders, joined, axis=1)
    return gains


def rank_agreement(one: EventRemovals, other: EventRemovals) -> Floats:
    """(Q,) Spearman's correlation of two answers about the same events; NaN where one of them says all are alike."""
    from scipy.stats import rankdata

    n = int(one.recommendation.max(initial=-1)) + 1
    found = np.full(n, np.nan)
    bounds = np.searchsorted(one.recommendation, np.arange(n + 1))
    for question, (start, end) in enumerate(pairwise(bounds)):
        a, b = (rankdata(values.score_change[start:end]) for values in (one, other))
        if end - start > 1 and a.std() > 0 and b.std() > 0:
            found[question] = float(np.corrcoef(a, b)[0, 1])
    return found
