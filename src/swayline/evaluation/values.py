"""How far predicted values are from those given: MSE, RMSE and MAE with intervals, models compared."""

import time
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np

from swayline.core.errors import UsageError
from swayline.core.rng import generator
from swayline.core.types import Floats
from swayline.engine import Engine
from swayline.evaluation.best import compare_all
from swayline.evaluation.model import Plan
from swayline.evaluation.protocols import folds
from swayline.evaluation.results import undecided
from swayline.evaluation.significance import bootstrap_mean, paired_test
from swayline.events import EventLog
from swayline.models import create_value_model
from swayline.models.value_prediction import valued_events
from swayline.training.data import training_data


def evaluate_values(engine: Engine, log: EventLog, names: Sequence[str], plan: Plan) -> dict[str, Any]:
    """Errors of models that predict the value of the next event with a value, in the form of ``metrics.json``.

    Raises
    ------
    UsageError
        A model predicts no values, the split cannot be made, or nobody can be asked.
    SchemaError
        No event has a value.
    """
    for name in names:
        create_value_model(name)
    sequences = valued_events(training_data(engine, log).dataset.sequences)
    errors: dict[str, list[Floats]] = {name: [] for name in names}
    users: list[np.ndarray] = []
    fit_s = dict.fromkeys(names, 0.0)
    for fold in folds(sequences, plan.split, cut=plan.cut, n_folds=plan.n_folds, seed=plan.seed):
        asked = fold.split.test
        if not len(asked):
            continue
        users.append(asked.users)
        for name in names:
            started = time.perf_counter()
            model = create_value_model(name, plan.seed).fit(fold.split.train, fold.split.valid)
            fit_s[name] += time.perf_counter() - started
            assert asked.values is not None
            errors[name].append(model.predict(asked.history, asked.items) - asked.values)
    if not users:
        raise UsageError("nobody has enough events with values to be asked about one: use --split time or a longer log")
    found: dict[str, Floats] = {name: np.concatenate(parts).astype(np.float64) for name, parts in errors.items()}
    who = np.concatenate(users)
    best = min(found, key=lambda name: float(np.square(found[name]).mean()))
    compared = _compared(found, best, who, plan.seed)
    return {
        "protocol": {"split": plan.split, "target": "value", "n_questions": len(who)},
        "models": {
            name: {"metrics": {}, "measures": error_measures(gaps, who, plan.seed), "fit_s": fit_s[name]}
            for name, gaps in found.items()
        },
        "comparisons": compared, "best": best, "not_distinguishable": undecided(compared),
    }  # fmt: skip


def error_measures(gaps: Floats, users: np.ndarray, seed: int) -> dict[str, dict[str, float]]:
    """``mse``, ``rmse`` and ``mae`` of predictions minus values, with bootstrap intervals over users."""
    several = users if len(np.unique(users)) < len(users) else None
    square, size = (
        bootstrap_mean(one, generator(seed, "bootstrap"), clusters=several) for one in (np.square(gaps), np.abs(gaps))
    )
    mse = {"value": square.value, "ci_low": square.ci_low, "ci_high": square.ci_high}
    return {
        "mse": mse, "rmse": {name: sqrt(max(value, 0.0)) for name, value in mse.items()},
        "mae": {"value": size.value, "ci_low": size.ci_low, "ci_high": size.ci_high},
    }  # fmt: skip


def _compared(gaps: Mapping[str, Floats], best: str, users: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """The best model against every other by squared errors, as ``compare`` does for rankings."""
    names = list(gaps)
    if len(names) < 2:
        return []
    errors = np.stack([np.square(gaps[name]) for name in names], axis=1)
    several = users if len(np.unique(users)) < len(users) else None
    found, at = compare_all(-errors, generator(seed, "best"), several), names.index(best)
    rows: list[dict[str, Any]] = []
    for k, other in enumerate(names):
        if k == at:
            continue
        low, high = found.interval(k, at) if len(np.unique(users)) > 1 else (None, None)
        rows.append({
            "model": best, "baseline": other, "metric": "mse", "difference": float(found.means[k] - found.means[at]),
            "ci_low": low, "ci_high": high, "p_value": float(found.p_values[k]),
            "p_raw": paired_test(errors[:, at], errors[:, k], generator(seed, "flips"), clusters=several),
        })  # fmt: skip
    return rows
