"""A gate, read off id and text, says feature by feature how much of the text joins the id.

References
----------
Arevalo et al., "Gated Multimodal Units for Information Fusion", ICLR workshop 2017.
"""

import torch
from torch import Tensor, nn

from swayline.models.sequence.fusion.start import likeness_
from swayline.models.sequence.settings import TransformerSettings


class Gate(nn.Module):
    """own + σ(A · own + B · text + b) · W · text; the gate starts half open everywhere."""

    def __init__(self, settings: TransformerSettings, n_told: int) -> None:
        super().__init__()
        dim = settings.width
        self.texts = nn.Linear(n_told, dim, bias=False)
        self.by_id, self.by_text = nn.Linear(dim, dim), nn.Linear(n_told, dim, bias=False)

    def start(self, own: Tensor, told: Tensor, generator: torch.Generator) -> None:
        """Likeness, half of it let through."""
        likeness_(self.texts.weight, 2.0, generator)
        for gate in (self.by_id, self.by_text):
            nn.init.zeros_(gate.weight)

    def forward(self, own: Tensor, told: Tensor) -> Tensor:
        """(R, D) of (R, D) and (R, F)."""
        return own + (self.by_id(own) + self.by_text(told)).sigmoid() * self.texts(told)  # type: ignore[no-any-return]
