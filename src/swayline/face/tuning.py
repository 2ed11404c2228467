"""``sw.tune``: better settings of a model for one log."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.showing.pictures import trials_picture
from swayline.core.showing.result import Result
from swayline.dataset import split_by_name
from swayline.engine import DuckEngine
from swayline.events import as_log
from swayline.training import Tuned, training_data
from swayline.training import tune as search
from swayline.training.tune import check_tunable

_SPLITS = ("last-out", "time")


@dataclass(frozen=True, repr=False)
class Tuning(Result):
    """Every trial of a study: ``trial``, ``state``, ``valid_ndcg``, ``seconds`` and a column a setting.

    Attributes
    ----------
    model : str
        What was tuned.
    settings : dict
        The best trial's: ``sw.Recommender(found.model, **found.settings)``.
    valid_ndcg : float
        NDCG@10 of the best trial on validation. It was picked on these questions, so it leans high.
    """

    model: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    valid_ndcg: float = 0.0


def tune(
    log: Any,
    model: str = "transformer",
    trials: int = 20,
    *,
    split: str = "last-out",
    folder: str | Path | None = None,
    seed: int = 0,
    **fixed: object,
) -> Tuning:
    """Try settings on validation; the model's defaults are the first trial.

    Parameters
    ----------
    log : EventLog, path, address or frame
        What happened.
    model : str
        One that has settings to tune; the others choose theirs by validation while they are fitted.
    trials : int
        Trials in all; those already in ``folder`` count.
    split : str
        ``last-out`` or ``time``: what validation asks; test questions are never read.
    folder : path, optional
        Keeps the study, so that a later call goes on; nothing is kept by default.
    seed : int
        Decides every random number.
    **fixed
        Settings that every trial shares, such as ``max_epochs=5``.

    Returns
    -------
    Tuning
        ``.settings``, ``.valid_ndcg``, a row a trial, ``.plot()``.

    Raises
    ------
    UsageError
        The model has nothing to tune, or an option is unknown.
    DataError
        The log cannot be read, or there is no validation question.

    References
    ----------
    Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019.
    """
    check_tunable(model)
    if split not in _SPLITS:
        raise UsageError(f"split {shown(split)} is unknown: {nearest(split, _SPLITS)}")
    if trials < 1:
        raise UsageError(f"trials is {trials}: give at least 1")
    with DuckEngine() as engine:
        sequences = training_data(engine, as_log(log)).dataset.sequences
    cut = split_by_name(sequences, split)
    if folder is not None:
        found = search(cut, model, trials, Path(folder), seed, fixed)
    else:
        with tempfile.TemporaryDirectory(prefix="swayline-tune-") as kept:
            found = search(cut, model, trials, Path(kept), seed, fixed)
    heading = f"{model}: best of {len(found.trials)} trials, {_said(found)}"
    return Tuning(found.trials, heading, trials_picture, model, found.settings, found.valid_ndcg)


def _said(found: Tuned) -> str:
    """The best trial's figure and settings."""
    settings = ", ".join(f"{name}={value!r}" for name, value in found.settings.items()) or "the defaults"
    return f"validation NDCG@10 {found.valid_ndcg:.4f}: {settings}"
