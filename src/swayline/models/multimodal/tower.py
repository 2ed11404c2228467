"""One vector of an item from its modalities, learned on who took what after what, with whole modalities dropped.

::

    gate          fused (j)  =  Σ_m  softmax_m( a · v_jm + b_m ) · R_m v_jm        over the modalities that j has
    concatenate   fused (j)  =  [ R_1 v_j1, …, R_M v_jM ]                          zero where j lacks one

    profile    =  Σ over the last events:  decay^age · fused(item)
    score (j)  =  scale · cosine( profile + small network(profile), fused(j) )

Each R_m starts as a rotation, so that before anything is learned items score by likeness. In training each modality of
each item is dropped with a chance of .2, the last one never, so that an item with one modality is no stranger.

Shapes: I items, R of them, M modalities, F features, D width of the fused (F, or M · F).

References
----------
Arevalo et al., "Gated Multimodal Units for Information Fusion", ICLR workshop 2017.
Neverova et al., "ModDrop: Adaptive Multi-modal Gesture Recognition", IEEE TPAMI 2016 (modality dropout).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DROPPED = 0.2
_LEAST = 1e-4
_FIRST_LOG_SCALE = 2.3


class Tower(nn.Module):
    """Features of modalities to fused items, profiles to queries."""

    def __init__(self, n_modalities: int, n_features: int, gated: bool) -> None:
        super().__init__()
        self.gated = gated
        self.turn = nn.Parameter(torch.zeros(n_modalities, n_features, n_features))
        self.asked = nn.Parameter(torch.zeros(n_modalities, n_features))
        self.bias = nn.Parameter(torch.zeros(n_modalities))
        dim = n_features if gated else n_modalities * n_features
        self.up, self.down = nn.Linear(dim, 2 * n_features), nn.Linear(2 * n_features, dim, bias=False)
        self.log_scale = nn.Parameter(torch.zeros(1))

    def start(self, rng: torch.Generator) -> None:
        """Likeness, before anything is learned."""
        with torch.no_grad():
            for matrix in self.turn:
                nn.init.orthogonal_(matrix, generator=rng)
            self.asked.zero_()
            self.bias.zero_()
            nn.init.xavier_uniform_(self.up.weight, generator=rng)
            self.up.bias.zero_()
            self.down.weight.zero_()
            self.log_scale.fill_(_FIRST_LOG_SCALE)

    def fused(self, features: Tensor) -> Tensor:
        """(R, D) of (R, M, F), of length one; zero where an item has no modality at all."""
        told = (features != 0).any(2)
        if self.training:
            told = self._dropped(told)
        turned = torch.einsum("rmf,mfd->rmd", features, self.turn)
        if self.gated:
            gates = (torch.einsum("rmf,mf->rm", features, self.asked) + self.bias).masked_fill(~told, -torch.inf)
            shares = gates.softmax(1).nan_to_num(0.0)
            return F.normalize((shares[:, :, None] * turned).sum(1), dim=1, eps=_LEAST)
        return F.normalize((told[:, :, None] * turned).flatten(1), dim=1, eps=_LEAST)

    def queries(self, profiles: Tensor) -> Tensor:
        """(Q, D) of (Q, D), as long as the scale."""
        mixed = profiles + self.down(F.gelu(self.up(F.dropout(profiles, DROPPED, self.training))))
        return F.normalize(mixed, dim=1, eps=_LEAST) * self.log_scale.exp()

    @staticmethod
    def _dropped(told: Tensor) -> Tensor:
        """(R, M) without the modalities that are dropped; all stay where none would."""
        kept = told & (torch.rand(told.shape) >= DROPPED)
        return torch.where(kept.any(1, keepdim=True), kept, told)
