"""What a fitted sequence model says of values: of one item a person, and of the whole catalogue.

Shapes: Q questions, I items.
"""

import numpy as np
import numpy.typing as npt
import torch

from swayline.core.errors import UsageError, shown
from swayline.core.types import Floats
from swayline.dataset import Sequences, Targets
from swayline.models.protocol import Scores
from swayline.models.sequence.heads.values import Values, log_likely, usual_of
from swayline.models.sequence.serving.scorer import Scorer


def calibrate_values(scorer: Scorer, questions: Targets) -> None:
    """Draw what is foretold to what came true on validation questions; nothing without values."""
    head = scorer.network.values
    if head is None or not head.foretells or questions.values is None:
        return
    units = _units(head, questions.behaviors)
    came = np.where(units[1] > 0, (questions.values - units[0]) / np.maximum(units[1], 1e-12), np.nan)
    head.calibrate(_scaled(scorer, head, questions.history, questions.items), np.clip(came, -4.0, 4.0))


def predicted_values(
    scorer: Scorer, history: Sequences, items: np.ndarray, behaviors: np.ndarray | None = None
) -> Floats:
    """(Q,) in the units of each row's behaviour; see :meth:`Transformer.values`."""
    head = _head(scorer)
    asked = np.full(len(items), _commonest(head)) if behaviors is None else np.asarray(behaviors)
    center, spread = _units(head, asked)
    if len(asked) and not spread.all():
        raise UsageError(f"events of behaviour row {shown(int(asked[spread == 0][0]))} have no values in this log")
    shift, slope = head.shrink.tolist()
    return np.asarray((_scaled(scorer, head, history, items) * slope + shift) * spread + center)


def liked_scores(scorer: Scorer, history: Sequences, at_least: float, behavior: int | None = None) -> Scores:
    """(Q, I) log of the chance to meet an item times that of valuing it at least so."""
    head = _head(scorer)
    center, spread = _units(head, np.array([_commonest(head) if behavior is None else behavior]))
    if not spread[0]:
        raise UsageError(f"events of behaviour row {shown(behavior)} have no values in this log")
    scores = scorer.score(history)
    bar, left = (at_least - float(center[0])) / float(spread[0]), float(head.left[0])
    answers = scorer.network.answers().detach()
    for rows, batch in scorer.batches(history):
        with torch.no_grad():
            states = scorer.network(batch, last_only=True)
            likely = log_likely(head.of_all(states, answers, usual_of(batch)), left, bar)
        scores[rows] += likely.cpu().numpy()
    return scores


def _head(scorer: Scorer) -> Values:
    head = scorer.network.values
    if head is None or not head.foretells:
        raise UsageError("this model foretells no values: fit it with value_loss=0.1 on a log that has values")
    return head


def _units(head: Values, behaviors: np.ndarray) -> tuple[Floats, Floats]:
    center, spread = (x.cpu().numpy().astype(np.float64) for x in (head.center, head.spread))
    return center[behaviors], spread[behaviors]


def _commonest(head: Values) -> int:
    """The first behaviour with values: behaviours are numbered the most frequent first."""
    return int(np.flatnonzero(head.spread.cpu().numpy() > 0)[0])


def _scaled(scorer: Scorer, head: Values, history: Sequences, items: np.ndarray) -> npt.NDArray[np.float64]:
    """(Q,) as learned, not yet calibrated."""
    found = np.empty(len(history))
    for rows, batch in scorer.batches(history):
        with torch.no_grad():
            asked = torch.from_numpy(items[rows].astype(np.int64)).to(batch.last.device)
            states = scorer.network(batch, last_only=True)
            found[rows] = head(states, scorer.network.answers(asked), asked, usual_of(batch)).cpu().numpy()
    return found
