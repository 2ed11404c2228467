"""What rows have in common besides their controls: an item, a day, a person, and the order in time."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OwnPast:
    """The same person's other rows, told apart in time.

    Attributes
    ----------
    time : when the row begins, any unit, shape (n,)
    span : how long after that its outcome is known, in the same unit
    unit : what the row is about, shape (n,); rows of one unit are not compared with each other
    design : controls that say nothing of the person's own treatments and outcomes, (n, q)
    treatment, outcome : residuals on them, (n,) each
    """

    time: Ints
    span: int
    unit: Ints
    design: npt.NDArray[Any] = field(repr=False)
    treatment: Floats
    outcome: Floats


@dataclass(frozen=True)
class Shared:
    """Levels that rows share.

    Attributes
    ----------
    held : levels to hold fixed, the finest combination first: words → level of each row, (n, f)
    cells : levels in which people are compared with each other where they are not held: word → (n,)
    person : level of each row, (n,); also the cluster
    past : None where rows have no order in time
    """

    held: dict[str, Ints]
    cells: dict[str, Ints]
    person: Ints
    past: OwnPast | None = None
