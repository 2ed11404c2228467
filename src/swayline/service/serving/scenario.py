"""A scenario's steps in the service: what they take out of a list, and in which order they put it.

The model's scores, what was seen, hidden or asked for stand in the service already; of the chain these run: every other
filter, the conditions of ``where``, and every step behind the ranking. A step that this log cannot feed is left out,
as in a run; without a needed one the question is refused.

Shapes: Q = 1 question, I items of the model, P places of the pool.
"""

import numpy as np

from swayline.core.errors import SwaylineError
from swayline.core.types import Bools
from swayline.dataset import Sequences
from swayline.pipeline.scenarios import load_scenario
from swayline.recommend import Chain
from swayline.recommend.steps import FILTER, ORDERING
from swayline.recommend.steps.filtering import Seen, Where
from swayline.service.serving.asks import Ask
from swayline.service.serving.loaded import Loaded
from swayline.service.serving.shape import context_of, holding, kept_of, put_back, slate_of

_OWN = ("seen", "hidden", "where", "boost", "unknown")
"""Steps whose work the service does itself."""


def steps_of(loaded: Loaded, ask: Ask) -> Chain | None:
    """The steps of the question's scenario that can be fed now; None where it names none.

    Raises
    ------
    SwaylineError
        A step is missing that the scenario needs.
    """
    if not ask.scenario:
        return None
    scenario, chains = load_scenario(ask.scenario), kept_of(loaded).chains
    if ask.scenario not in chains:
        try:
            steps = scenario.steps
            chains[ask.scenario] = None if steps is None else steps.fed(context_of(loaded), scenario.needed)[0]
        except SwaylineError as error:
            chains[ask.scenario] = error
    found = chains[ask.scenario]
    if isinstance(found, SwaylineError):
        raise found
    return found


def seen_policy(chain: Chain | None, usual: str) -> str:
    """What a scenario does with items of the history, where the question says nothing of it."""
    said = (
        next((step.policy for step in chain.steps if isinstance(step, Seen)), "auto") if chain is not None else "auto"
    )
    return usual if said == "auto" else said


def conditions(chain: Chain | None) -> list[str]:
    """Conditions on items that hold for everybody."""
    steps = () if chain is None else chain.steps
    return [step.condition for step in steps if isinstance(step, Where) and step.condition is not None]


def kept_by(chain: Chain | None, loaded: Loaded, ask: Ask, history: Sequences) -> Bools | None:
    """(I,) what the scenario's filters leave; None where it has none."""
    if chain is None:
        return None
    slate = slate_of(loaded, ask, history)
    for step in chain.steps:
        if step.kind == FILTER and step.name not in _OWN:
            step(slate)
    mask: Bools = slate.mask()[0]
    for condition in conditions(chain):
        mask &= holding(loaded, condition)
    return mask


def orders(chain: Chain | None) -> bool:
    """Whether a scenario puts the best of a list in another order."""
    return chain is not None and any(step.kind == ORDERING and step.name not in _OWN for step in chain.steps)


def ordered(
    chain: Chain, loaded: Loaded, ask: Ask, history: Sequences, items: np.ndarray, scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A pool in the scenario's order; newcomers keep their place.

    Parameters
    ----------
    items : (P,) rows, above the model's those of newcomers
    scores : (P,) float64
    """
    known = items < history.n_items
    slate = slate_of(loaded, ask, history, items[known], scores[known])
    for step in chain.steps:
        if step.kind == ORDERING and step.name not in _OWN:
            step(slate)
    return put_back(slate, items, scores, known)
