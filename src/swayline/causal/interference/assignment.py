"""How a treatment was drawn, and drawing it anew: within strata, by unit.

Expected exposures over such draws say who was likely to be exposed (people of many ties, say); given them, exposures
are as good as random. The same draws test: an effect that is no more than what they bring is none.

Shapes: n rows, U units of assignment.

References
----------
Borusyak & Hull, "Nonrandom exposure to exogenous shocks", Econometrica 2023. Athey, Eckles & Imbens, "Exact p-values
for network interference", JASA 2018 (people whose own treatment stays while that of others is drawn anew).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from swayline.core.errors import UsageError
from swayline.core.types import Bools, Ints

Floats = npt.NDArray[np.float64]

DRAWS_AT_ONCE = 32


@dataclass(frozen=True)
class Assignment:
    """Who was treated together with whom, and among whom.

    Attributes
    ----------
    unit : (n,) unit of each row
    stratum, treated : (U,) of each unit
    """

    unit: Ints
    stratum: Ints
    treated: Floats

    def draws(self, rng: np.random.Generator, count: int, fixed: Bools | None = None) -> Iterator[Floats]:
        """Treatments drawn anew within strata, (n, at most :data:`DRAWS_AT_ONCE`) at once.

        Parameters
        ----------
        fixed : (n,) rows whose unit keeps its treatment
        """
        free = np.ones(len(self.treated), bool)
        if fixed is not None:
            free[self.unit[fixed]] = False
        some = np.flatnonzero(free)
        base = some[np.argsort(self.stratum[some], kind="stable")]
        done = 0
        while done < count:
            width = min(DRAWS_AT_ONCE, count - done)
            drawn = np.repeat(self.treated[:, None], width, axis=1)
            for k in range(width):
                order = some[np.lexsort((rng.random(len(some)), self.stratum[some]))]
                drawn[order, k] = self.treated[base]
            yield np.asarray(drawn[self.unit], dtype=np.float64)
            done += width


def read_assignment(treated: Floats, unit: Ints | None, stratum: Ints | None, words: tuple[str, str]) -> Assignment:
    """The assignment behind the treatments of rows; rows whose treatment is not known (NaN) are units of their own.

    Raises
    ------
    UsageError
        A unit holds both arms, or lies in two strata.
    """
    n = len(treated)
    own = np.arange(n) if unit is None else np.unique(unit, return_inverse=True)[1]
    known = np.isfinite(treated)
    own = np.unique(np.where(known, own, own.max(initial=0) + 1 + np.arange(n)), return_inverse=True)[1]
    first = np.unique(own, return_index=True)[1]
    mixed = known & (treated != treated[first][own])
    if mixed.any():
        raise UsageError(
            f"a unit of {words[0]} holds treated and untreated rows (row {int(np.flatnonzero(mixed)[0]) + 1:,}): the "
            "treatment was not drawn by it; leave --assigned-by out where each row was drawn"
        )
    group = np.zeros(n, np.int64) if stratum is None else stratum
    torn = group != group[first][own]
    if torn.any():
        raise UsageError(
            f"a unit of {words[0]} lies in two strata of {words[1]} (row {int(np.flatnonzero(torn)[0]) + 1:,})"
        )
    of_unit = np.where(known[first], group[first], group.max(initial=0) + 1)
    return Assignment(own, of_unit, np.where(known[first], treated[first], np.nan))
