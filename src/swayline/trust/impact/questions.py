"""Quality of models asked of everybody, and of the people who are not flagged alone."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.names import USER
from swayline.core.rng import generator
from swayline.trust.fairness.chance import mean_interval


def quality_of_others(questions: pa.Table, flagged: list[str], seed: int = 0) -> list[dict[str, Any]]:
    """Each model's figure with everybody's questions and with those of the others alone.

    The models have learned from everybody either way: this says whose questions a figure rests on, and not what the
    models would be without the flagged people.

    Parameters
    ----------
    questions : pa.Table
        ``user``, ``model``, ``ndcg``: a question of each person and model.
    flagged : list of str
        Whose questions are left out the second time.

    Returns
    -------
    list of dict
        ``model``; ``n``, ``value``, ``ci_low``, ``ci_high`` with everybody; the same with ``_without``, None where
        nobody else was asked. Intervals are 95%.
    """
    left_out = np.asarray(pc.is_in(questions[USER].cast(pa.string()), value_set=pa.array(flagged, pa.string())))
    model, ndcg = np.asarray(questions["model"].to_pylist(), object), np.asarray(questions["ndcg"], np.float64)
    rows = []
    for name in dict.fromkeys(model.tolist()):
        own = model == name
        everybody, others = _figure(ndcg[own], name, seed), _figure(ndcg[own & ~left_out], name, seed)
        rows.append({"model": name} | everybody | {f"{key}_without": value for key, value in others.items()})
    return rows


def _figure(values: np.ndarray, name: str, seed: int) -> dict[str, Any]:
    if not len(values):
        return {"n": 0, "value": None, "ci_low": None, "ci_high": None}
    return {"n": len(values)} | vars(mean_interval(values, generator(seed, "questions without", name)))
