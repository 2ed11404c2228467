"""The refit itself, in a process of its own, so that the service's answers do not wait for it.

``python -m swayline.service.refit.worker JOB.json`` fits on what came before the newest events, compares with the model
in service on these, lets the model learn again from everything, and writes ``model/`` and ``shadow.json``.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from swayline.core.names import MODEL_FOLDER
from swayline.core.storage.artifacts import read_json
from swayline.core.storage.files import write_json
from swayline.dataset import Dataset, seen_leave
from swayline.engine import DuckEngine
from swayline.events import read_events
from swayline.models import Recommender
from swayline.service.refit.shadow import compared, gains, questions
from swayline.training.bundle import ModelBundle
from swayline.training.data import training_data
from swayline.training.fit import held_out
from swayline.training.plan import TrainingPlan
from swayline.training.provenance import Provenance

SHADOW = "shadow.json"
_LEAST_QUESTIONS = 30


def work(job: dict[str, Any]) -> None:
    """Do a job: ``folder``, ``files``, ``old`` (a model folder), ``model``, ``settings``, ``seed``, ``newest_us``."""
    folder, files = Path(job["folder"]), job["files"]
    plan = TrainingPlan.of_one(job["model"], job["settings"], seed=job["seed"])
    with DuckEngine() as engine:
        log = read_events(files["events"], items=files.get("items"), users=files.get("users"), engine=engine)
        data = training_data(engine, log, unmet=plan.wants_unmet)
    sequences = data.dataset.sequences
    told: dict[str, Any] = {"questions": 0}
    cut_us = _cut(data.dataset, int(job["newest_us"]), float(job["share"]))
    asked = questions(data.dataset, cut_us, job["seed"]) if cut_us else []
    if len(asked) >= _LEAST_QUESTIONS:
        before = sequences.keep(sequences.times < cut_us)
        split = held_out(before, job["seed"])
        model = plan.create(job["model"]).fit(split.train, split.valid)
        exclude_seen = seen_leave(split.train)
        told = _judged(job, asked, model, data.dataset, exclude_seen) | {"cut_us": cut_us}
        model = model.refit(sequences)
    else:
        split = held_out(sequences, job["seed"])
        model = plan.create(job["model"]).fit(split.train, split.valid).refit(sequences)
        exclude_seen = seen_leave(sequences)
    bundle = ModelBundle(
        model, data.dataset, data.labels, exclude_seen, log.options, data.event_ids, None, Provenance.of(data.dataset)
    )
    bundle.save(folder / MODEL_FOLDER)
    write_json(folder / SHADOW, told)


def _cut(data: Dataset, newest_us: int, share: float) -> int:
    """The moment from which events are held out: the last share of those that the old model has not learned from."""
    times = data.sequences.times
    new = np.sort(times[times > newest_us])
    return int(new[int(len(new) * (1.0 - share))]) if len(new) >= _LEAST_QUESTIONS else 0


def _judged(job: dict[str, Any], asked: Any, model: Recommender, data: Dataset, exclude_seen: bool) -> dict[str, Any]:
    old = ModelBundle.load(Path(job["old"]))
    return dict(compared(
        asked, gains(old.model, old.dataset, asked, old.exclude_seen), gains(model, data, asked, exclude_seen),
        job["seed"],
    ))  # fmt: skip


if __name__ == "__main__":
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    work(read_json(Path(sys.argv[1])))
