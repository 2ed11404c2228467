"""A table with features of its controls of many levels."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from swayline.causal.table.covariate_table import CovariateTable
from swayline.causal.table.levels import as_features

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def pooled(data: CovariateTable, fold: Ints, targets: Sequence[Floats], of: Sequence[str]) -> CovariateTable:
    """The same with features of the controls of many levels: shrunk means of each target, (n,), named by ``of``."""
    assert data.levels is not None
    columns = np.column_stack([np.empty((len(data.y), 0)), *targets])
    x, encoder = as_features(data.x, data.encoder, data.levels, fold, columns, of[: columns.shape[1]])
    return replace(data, x=x, encoder=encoder)
