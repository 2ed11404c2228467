"""What is set beside a learned head: followers, PageRank, what past acts brought, and boosted trees on the numbers."""

from typing import Any

import numpy as np

from swayline.core.extras import require
from swayline.influence.contagion.reading import Floats
from swayline.influence.predictor.examples import FOLLOWERS, PAGERANK, PAST, Examples

_LEAST_ROWS = 100


def simple_scores(examples: Examples) -> dict[str, Floats]:
    """Name → (N,) score, of what needs no learning."""
    return {
        "degree": examples.numbers[:, FOLLOWERS], "pagerank": examples.numbers[:, PAGERANK],
        "past reach": examples.numbers[:, PAST],
    }  # fmt: skip


def trees(examples: Examples, held: Examples, asked: Examples, seed: int) -> Floats:
    """(N,) reach by gradient-boosted trees on the numbers and counts of the last acts.

    Raises
    ------
    MissingExtraError
        lightgbm is not installed.
    """
    lightgbm: Any = require("lightgbm", extra="models")
    settings = {
        "objective": "regression", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 20, "seed": seed,
        "deterministic": True, "num_threads": 1, "verbose": -1,
    }  # fmt: skip
    rows, others, wanted = (wide(one) for one in (examples, held, asked))
    data = lightgbm.Dataset(rows, examples.label)
    valid = lightgbm.Dataset(others, held.label, reference=data)
    model = lightgbm.train(
        settings, data, 300, valid_sets=[valid], callbacks=[lightgbm.early_stopping(20, verbose=False)]
    )
    return np.asarray(model.predict(wanted), dtype=np.float64)


def wide(examples: Examples) -> Floats:
    """(N, F + B + 2) numbers, how often each behaviour is among the last acts, and means of when and how known."""
    top = int(examples.behavior.max()) if len(examples) else 0
    counts = [(examples.behavior == one).sum(axis=1) for one in range(1, min(top, 30) + 1)]
    real = np.maximum((examples.behavior > 0).sum(axis=1), 1)
    means = [examples.ago.sum(axis=1) / real, examples.age.sum(axis=1) / real]
    return np.column_stack([examples.numbers, *counts, *means])
