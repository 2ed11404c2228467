"""One attempt to break an estimate, and what the ledger keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Refutation:
    """One attempt: whether the estimate stood, the figure it turns on, and what that figure is."""

    passed: bool
    figure: float
    words: str


def as_json(found: Mapping[str, Refutation]) -> dict[str, dict[str, object]]:
    """What the ledger keeps of the attempts."""
    return {
        name: {"passed": one.passed, "figure": one.figure if np.isfinite(one.figure) else None, "what": one.words}
        for name, one in found.items()
    }
