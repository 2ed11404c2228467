"""Binary cross-entropy with the overconfidence of sampled negatives taken back.

With K of I items sampled, plain binary cross-entropy learns a probability that is far too high; raising the target's
probability to the power β makes it right again for t = 1 and halfway for smaller t::

    α = K / (I - 1)        β = α · (t · (1 - 1/α) + 1/α)        loss = -β · log σ(target) - Σ log(1 - σ(candidate))

References
----------
Petrov and Macdonald, "gSASRec: Reducing Overconfidence in Sequential Recommendation Trained with Negative Sampling",
RecSys 2023.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

_CALIBRATION = 0.75
"""t, as the paper recommends."""


def gbce(
    states: Tensor, wanted: Tensor, candidates: Tensor, log_weights: Tensor, columns: Tensor, weights: Tensor
) -> Tensor:
    """Weighted mean over positions of the target's and the candidates' binary cross-entropy.

    The share sampled is read from ``log_weights``, which must be corrected (log-Q).
    """
    own = (states.float() * wanted.float()).sum(1)
    counted = torch.where(log_weights > -1e8, 1.0, 0.0).expand(len(candidates)).repeat(len(states), 1)
    found = (columns >= 0).nonzero().squeeze(1)
    counted[found, columns[found]] = 0.0
    sampled = torch.exp(-log_weights[log_weights > -1e8].mean()).clamp(max=1.0)
    beta = sampled * (_CALIBRATION * (1.0 - 1.0 / sampled) + 1.0 / sampled)
    others = (F.softplus((states @ candidates.T).float()) * counted).sum(1)
    return ((beta * F.softplus(-own) + others) * weights).sum() / weights.sum().clamp_min(1.0)
