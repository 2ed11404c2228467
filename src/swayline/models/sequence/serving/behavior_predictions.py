"""What a fitted sequence model says of behaviours: how likely each is, were the next event on a given item.

Shapes: Q questions, B behaviours.
"""

import numpy as np
import numpy.typing as npt
import torch

from swayline.core.errors import UsageError
from swayline.dataset import Sequences
from swayline.models.sequence.serving.scorer import Scorer


def behavior_probabilities(scorer: Scorer, history: Sequences, items: np.ndarray) -> npt.NDArray[np.float32]:
    """(Q, B) calibrated probabilities, one item a row; see :meth:`Transformer.behavior_probabilities`."""
    head = scorer.network.head
    if head is None:
        raise UsageError(
            "this model knows no behaviours: fit it with behavior_loss=0.1 on a log with more than one behaviour"
        )
    logits = torch.from_numpy(scorer.behavior_logits(head, history, items))  # (Q, B)
    return head.calibrated(logits.to(head.scale.device)).sigmoid().cpu().numpy()
