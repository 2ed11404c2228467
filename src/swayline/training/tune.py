"""Better settings of a model for one log: a study that is kept on disk, prunes what lags behind, and can be resumed.

References
----------
Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019.
Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011 (the tree-structured Parzen estimator).
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from swayline.core.errors import ArtifactError, UsageError
from swayline.core.extras import require
from swayline.core.progress import Task, task
from swayline.core.storage.files import digest, whole, write_text
from swayline.core.storage.locks import only_one
from swayline.dataset import Split
from swayline.models.sequence.optimize.epochs import Epoch
from swayline.training.fit import fit_candidate
from swayline.training.plan import TrainingPlan, check_model
from swayline.training.search_space import SPACES, suggest

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import Trial

STUDY_FILE, BEST_FILE, TRIALS_FILE = "study.db", "best.toml", "trials.parquet"
_FIRST = 4
"""Trials that are never pruned, and epochs before which none is: a median needs something to be the median of."""
_DATA = "data"


@dataclass(frozen=True)
class Tuned:
    """What a study found."""

    settings: dict[str, object]
    """The best trial's, the defaults' own values left out."""
    valid_ndcg: float
    trials: pa.Table
    """``trial``, ``state``, ``valid_ndcg`` (null where it failed), ``seconds`` and a column a setting."""


def tune(
    split: Split, model: str, trials: int, folder: Path, seed: int = 0, fixed: Mapping[str, object] | None = None
) -> Tuned:
    """Try settings until ``trials`` are done in this folder, those of earlier calls counted.

    The model's defaults are tried first, so what is found is never worse on validation. Only ``split.train`` and
    ``split.valid`` are read.

    Parameters
    ----------
    fixed : mapping, optional
        Settings that every trial shares, such as ``max_epochs``.

    Raises
    ------
    UsageError
        The model has nothing to tune, or there is no validation question.
    ArtifactError
        The folder holds a study of other data or another model.
    """
    check_tunable(model)
    optuna = require("optuna", extra="tune")
    if not len(split.valid):
        raise UsageError("there is no validation question: tuning needs users with at least three events")
    with only_one(folder, "tune"):
        return _tune(optuna, split, model, trials, folder, seed, fixed or {})


def is_study(folder: Path) -> bool:
    """Whether a folder is one that :func:`tune` wrote."""
    try:
        with closing(sqlite3.connect(f"{(folder / STUDY_FILE).absolute().as_uri()}?mode=ro", uri=True)) as base:
            return bool(base.execute("SELECT 1 FROM sqlite_master WHERE name = 'study_user_attributes'").fetchone())
    except sqlite3.Error:
        return False


def _tune(
    optuna: Any, split: Split, model: str, trials: int, folder: Path, seed: int, fixed: Mapping[str, object]
) -> Tuned:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = _study(optuna, folder, _fingerprint(split, model, fixed), seed)
    search = _Search(split, model, fixed, seed)
    with task(f"tune {model}", trials) as bar:
        while (done := len(study.trials)) < trials:
            study.optimize(lambda trial: search(trial, bar), n_trials=1, catch=())
            bar.advance(len(study.trials) - done)
    return _written(folder, model, study, fixed)


def check_tunable(model: str) -> None:
    """Refuse a model that has nothing to tune, or is none.

    Raises
    ------
    UsageError
        As said.
    """
    check_model(model)
    if model not in SPACES:
        raise UsageError(f"{model} chooses its settings on validation by itself; tune knows {', '.join(SPACES)}")


class _Search:
    """The quality of one draw of settings."""

    def __init__(self, split: Split, model: str, fixed: Mapping[str, object], seed: int) -> None:
        self.split, self.model, self.fixed, self.seed = split, model, fixed, seed

    def __call__(self, trial: "Trial", bar: Task) -> float:
        from optuna import TrialPruned

        drawn: dict[str, object] = suggest(trial, SPACES[self.model]) if _defaults_tried(trial.study) else {}

        def watch(epoch: Epoch) -> None:
            trial.report(epoch.valid_ndcg or 0.0, epoch.epoch)
            bar.note(f"trial {trial.number} · epoch {epoch.epoch} · NDCG@10 {epoch.valid_ndcg or 0.0:.4f}")
            if trial.number >= _FIRST and trial.should_prune():
                raise TrialPruned

        plan = TrainingPlan.of_one(self.model, {**drawn, **self.fixed}, seed=self.seed, watch=watch)
        epochs = fit_candidate(self.model, self.split, plan).history
        return max(float(line["valid_ndcg"]) for line in epochs)


def _study(optuna: Any, folder: Path, data: str, seed: int) -> "Study":
    path = folder / STUDY_FILE
    fresh = not path.exists()
    storage = optuna.storages.RDBStorage(f"sqlite:///{path.absolute()}")
    kept = len(optuna.study.get_all_study_summaries(storage)) if not fresh else 0
    study = optuna.create_study(
        storage=storage,
        study_name="swayline",
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_FIRST, n_warmup_steps=2),
    )
    if not kept:
        study.set_user_attr(_DATA, data)
    if study.user_attrs.get(_DATA) != data:
        raise ArtifactError(f"{path} is a study of another log, model or fixed settings: give another --out")
    for trial in study.trials:  # one that was killed will never report
        if trial.state == optuna.trial.TrialState.RUNNING:
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials), n_startup_trials=8)
    return study  # type: ignore[no-any-return]


def _defaults_tried(study: "Study") -> bool:
    from optuna.trial import TrialState

    return any(trial.state == TrialState.COMPLETE and not trial.params for trial in study.trials)


def _fingerprint(split: Split, model: str, fixed: Mapping[str, object]) -> str:
    train, valid = split.train, split.valid
    return digest(
        [model, dict(fixed), train.n_items, len(train.items), train.items[:1000].tolist(), int(train.items.sum()),
         len(valid), int(valid.items.sum())]
    )  # fmt: skip


def _written(folder: Path, model: str, study: "Study", fixed: Mapping[str, object]) -> Tuned:
    """The best settings as TOML for ``--config``, all trials as a table."""
    import pyarrow.parquet as pq

    best = study.best_trial
    settings = {**best.params, **fixed}
    lines = [f"# validation NDCG@10 {best.value:.4f}, trial {best.number} of {len(study.trials)}"]
    lines += [f'[model_settings."{model}"]', *(f"{name} = {_toml(value)}" for name, value in settings.items())]
    write_text(folder / BEST_FILE, "\n".join(lines) + "\n")
    table = pa.table(
        {
            "trial": [trial.number for trial in study.trials],
            "state": [trial.state.name.lower() for trial in study.trials],
            "valid_ndcg": pa.array([trial.value for trial in study.trials], pa.float64()),
            "seconds": pa.array(
                [trial.duration.total_seconds() if trial.duration else None for trial in study.trials], pa.float64()
            ),
            **{name: [str(trial.params.get(name, "default")) for trial in study.trials] for name in SPACES[model]},
        }
    )
    with whole(folder / TRIALS_FILE) as temporary:
        pq.write_table(table, temporary)
    return Tuned(settings, float(best.value or 0.0), table)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
