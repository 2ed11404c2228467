"""Bayesian personalised ranking: the target above each candidate, pair by pair.

References
----------
Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def bpr(
    states: Tensor, wanted: Tensor, candidates: Tensor, log_weights: Tensor, columns: Tensor, weights: Tensor
) -> Tensor:
    """Weighted mean over positions of the mean over candidates of -log σ(target - candidate).

    ``log_weights`` of -1e9 leave a candidate out; a target among the candidates is left out of its own row.
    """
    own = (states.float() * wanted.float()).sum(1, keepdim=True)
    losses = F.softplus((states @ candidates.T).float() - own)  # (T, K)
    counted = torch.where(log_weights > -1e8, 1.0, 0.0).expand(len(candidates)).repeat(len(states), 1)
    found = (columns >= 0).nonzero().squeeze(1)
    counted[found, columns[found]] = 0.0
    means = (losses * counted).sum(1) / counted.sum(1).clamp_min(1.0)
    return (means * weights).sum() / weights.sum().clamp_min(1.0)
