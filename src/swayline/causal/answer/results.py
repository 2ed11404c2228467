"""What is found of an arm or a dose, and the answer that they make together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.estimate.estimators import Balance
from swayline.causal.heterogeneity.dr_learner import EffectModel
from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation
from swayline.causal.refute.sensitivity import Sensitivity
from swayline.causal.table.covariate_table import CovariateTable

Floats = npt.NDArray[np.float64]
Models = Callable[[], tuple[EffectModel, ...]]
"""Effects by controls, a model an arm, learned when first asked for."""


@dataclass(frozen=True)
class ArmResult:
    """Everything found of one arm against the reference (or of a dose, per unit).

    ``unheld``: methods that leave out what rows share, where holding it fixed moves the estimate by more than chance.
    """

    arm: str
    reference: str | None
    estimates: Mapping[str, Estimate]
    quoted: str
    n: int
    arm_sizes: tuple[int, int]
    share_kept: float
    refutations: Mapping[str, Refutation]
    sensitivity: Sensitivity
    balance: pa.Table
    effective: tuple[float, float]
    identified: str
    reason: str
    kept: npt.NDArray[np.bool_] = field(repr=False)
    scores: Floats = field(repr=False)
    unheld: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Answer:
    """Every arm's result, or a dose's.

    Attributes
    ----------
    data : the table that it is of, with what was pooled of controls of many levels
    notes : what was chosen, and why
    models : effects by controls
    """

    data: CovariateTable
    arms: tuple[ArmResult, ...]
    notes: tuple[str, ...]
    models: Models


def balance_table(names: Sequence[str], found: Balance | None) -> pa.Table:
    """Standardised differences of the controls before and after weighting; NaN where there is no weighting."""
    empty = np.full(len(names), np.nan)
    before, after = (found.before, found.after) if found else (empty, empty)
    return pa.table({"control": pa.array(names, pa.string()), "before": before, "after": after})
