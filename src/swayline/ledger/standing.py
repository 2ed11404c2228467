"""Which of many ties can be claimed: asked only of sources that acted enough, corrected for how many are asked.

References
----------
Benjamini and Hochberg, "Controlling the False Discovery Rate", JRSS B 1995.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.types import Bools, Floats
from swayline.numerics.multiple_testing import q_values

LEAST_ACTS = 5
"""Acts of the source from which a tie is asked about: one act before a burst gives any p-value, and proves nothing."""
FALSE_SHARE = 0.05
"""At most this share of the ties that are claimed is expected to be false."""

MODEL_CHECKS = ("time_rescaling", "stable_branching", "clock", "window", "anticipation_of_all")
"""Checks of the whole model, which every tie's row repeats."""


@dataclass(frozen=True)
class Standing:
    """What can be claimed of the rows of a ledger that measure a tie.

    Parameters
    ----------
    rows : pa.Table
        The measured ties: those that pass first, by their lower bounds; then the others asked about, by p-value.
    passes : (ties,) bool
        Whether the tie passes for itself: claimed, unless the whole model fails.
    q_value : (ties,) float64
        Benjamini and Hochberg's adjusted p-value; NaN where the tie was not asked about.
    failed : mapping
        Checks of the whole model that did not pass → their figure: none of the claims holds where there is one.
    """

    rows: pa.Table
    passes: Bools
    q_value: Floats
    failed: Mapping[str, float]

    @property
    def stands(self) -> Bools:
        """(ties,) whether the tie is claimed: none is by a model that fails its checks."""
        return self.passes & (not self.failed)

    @property
    def asked(self) -> int:
        """Ties whose source acted at least :data:`LEAST_ACTS` times."""
        return int((~np.isnan(self.q_value)).sum())


def standing_ties(ledger: pa.Table) -> Standing:
    """Tell the ties of a ledger that carry influence from those that chance may have made.

    Parameters
    ----------
    ledger : pa.Table
        Rows of influence; those of ``estimand`` excitation are read.

    Notes
    -----
    How often a source acted does not depend on whether anybody followed, so that asking only of the active ones keeps
    the share of false claims. A tie whose placebo found something (``identified`` no) is asked and never claimed.
    """
    rows = ledger.filter((pc.field("estimand") == "excitation") & pc.field("estimate").is_valid())
    p_value, n = _numbers(rows["p_value"]), _numbers(rows["n"], unknown=0.0)
    asked = (n >= LEAST_ACTS) & ~np.isnan(p_value)
    q_value = np.full(len(rows), np.nan)
    if asked.any():
        q_value[asked] = q_values(p_value[asked])
    low, estimate = _numbers(rows["ci_low"], unknown=0.0), _numbers(rows["estimate"])
    sound = np.array([one != "no" for one in rows["identified"].to_pylist()], bool)
    passes = asked & (q_value <= FALSE_SHARE) & (estimate > 0) & sound
    order = np.lexsort((-low, np.where(passes, 0.0, _numbers(rows["p_value"], unknown=1.0)), ~asked, ~passes))
    return Standing(rows.take(pa.array(order)), passes[order], q_value[order], _failed(rows))


def _numbers(column: pa.ChunkedArray, unknown: float = np.nan) -> Floats:
    return np.asarray(pc.fill_null(column.cast(pa.float64()), unknown).to_numpy(), np.float64)


def _failed(rows: pa.Table) -> dict[str, float]:
    """The checks of the whole model, which every tie's row repeats, that did not pass."""
    first = next((text for text in rows["refutations"].to_pylist() if text), "{}")
    checks = json.loads(first)
    return {
        name: float(checks[name]["figure"]) for name in MODEL_CHECKS if name in checks and not checks[name]["passed"]
    }
