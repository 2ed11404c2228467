"""An epoch of training: what is measured of it, and who is told."""

from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Epoch:
    """One line of the training history."""

    epoch: int
    loss: float
    valid_ndcg: float | None
    seconds: float
    samples_per_s: float
    """Target positions a second, validation aside."""
    valid_likelihood: float | None = None
    """Geometric mean probability of the validation answers, where it decides instead of NDCG@10."""

    @property
    def line(self) -> str:
        """For the progress bar."""
        quality = "" if self.valid_ndcg is None else f" · NDCG@10 {self.valid_ndcg:.4f}"
        if self.valid_likelihood is not None:
            quality += f" · likelihood {self.valid_likelihood:.4f}"
        return f"epoch {self.epoch} · loss {self.loss:.3f}{quality} · {self.samples_per_s:,.0f} samples/s"

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON and the report."""
        return asdict(self)


Watch = Callable[[Epoch], None]
Judged = Callable[[], tuple[float, float | None]]
"""Validation NDCG@10 and, where that decides instead, the likelihood of the answers; higher is better."""


@dataclass(frozen=True)
class Trained:
    """What training leaves behind, the network's weights aside."""

    history: tuple[Epoch, ...]
    best_epoch: int
