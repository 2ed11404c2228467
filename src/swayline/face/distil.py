"""A fitted sequence model made small: students beside their teacher by size, speed and quality, in one run."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from swayline.core.errors import DataError
from swayline.core.names import MODEL_FILE, WEIGHTS_FILE
from swayline.core.rng import generator
from swayline.dataset import Sequences, Split, Targets, sample
from swayline.evaluation import bootstrap_mean, rank_targets
from swayline.evaluation.significance import Values
from swayline.models import Recommender, recommend
from swayline.models.sequence.distil import SmallSize
from swayline.training import ModelBundle
from swayline.training.distil import Student, split_of, students

_METRIC = "ndcg@10"
_K = 10
_QUESTIONS = 10_000
"""Test questions at most, drawn by the seed."""
_TIMED, _ROUNDS = 1024, 5
"""Histories that are served at a time while speed is measured, and how often."""


@dataclass(frozen=True)
class Distilled:
    """The table, the student that was chosen, and what must be known of the figures."""

    rows: list[dict[str, Any]]
    chosen: Student
    notes: tuple[str, ...]
    n_questions: int

    def as_json(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "models": self.rows, "chosen": self.chosen.label, "notes": list(self.notes), "questions": self.n_questions,
        }  # fmt: skip


def distil(
    bundle: ModelBundle,
    sequences: Sequences,
    names: tuple[str, ...],
    size: SmallSize,
    weights: tuple[str, ...] = ("fp32", "int8"),
    keep: float = 0.97,
    seed: int = 0,
) -> Distilled:
    """Teach students and measure them beside their teacher.

    The student that is chosen is the smallest whose validation NDCG@10 is at least ``keep`` of the teacher's, else the
    best on validation; test questions are looked at once, for the table.

    Raises
    ------
    DataError
        Nobody has enough events to be asked about.
    UsageError
        The teacher is no sequence model, or a student is unknown or no smaller.
    """
    split, unseen = split_of(bundle, sequences)
    if not len(split.test) or not len(split.valid):
        raise DataError("no user has enough events to be asked about: distilling needs users with at least 3 events")
    found = students(bundle, split, names, size, weights)
    asked = sample(split.test, _QUESTIONS, generator(seed, "distil"))
    teacher = Student("teacher", bundle)
    every = [teacher, *found]
    sizes = [size_of(one.bundle.model) for one in every]
    speeds = _speeds([one.bundle.model for one in every], asked.history, bundle.exclude_seen)
    values = [_ndcg(one, asked, bundle.exclude_seen) for one in every]
    rows = [
        {
            "model": one.label, "bytes": n_bytes, "size_share": n_bytes / sizes[0], "users_s": float(np.median(speed)),
            "speed_ratio": float(np.median(speed / speeds[0])), **_quality(own, values[0], asked, seed),
            "valid_ndcg": one.valid_ndcg,
        }
        for one, n_bytes, speed, own in zip(every, sizes, speeds, values, strict=True)
    ]  # fmt: skip
    notes = () if unseen else (
        "the teacher has learned from these answers too, so its figure leans high: fit it with --split last-out for one"
        " that does not",
    )  # fmt: skip
    return Distilled(rows, _choice(found, sizes[1:], _valid_of(bundle, split, seed) * keep), notes, len(asked))


def size_of(model: Recommender) -> int:
    """Bytes of a model's own files: its description and its weights."""
    with tempfile.TemporaryDirectory(prefix="swayline-distil-") as folder:
        model.save(Path(folder))
        return sum((Path(folder) / name).stat().st_size for name in (MODEL_FILE, WEIGHTS_FILE))


def _valid_of(bundle: ModelBundle, split: Split, seed: int) -> float:
    asked = sample(split.valid, 2048, generator(seed, "choice"))
    return float(np.mean(rank_targets(bundle.model, asked, _K, bundle.exclude_seen).values[_METRIC]))


def _choice(found: list[Student], sizes: list[int], least: float) -> Student:
    """The smallest that is good enough, else the best."""
    able = [(n_bytes, one) for n_bytes, one in zip(sizes, found, strict=True) if one.valid_ndcg >= least]
    if able:
        return min(able, key=lambda one: one[0])[1]
    return max(found, key=lambda one: one.valid_ndcg)


def _ndcg(one: Student, asked: Targets, exclude_seen: bool) -> Values:
    return rank_targets(one.bundle.model, asked, _K, exclude_seen, f"evaluate {one.label}").values[_METRIC]


def _quality(own: Values, teachers: Values, asked: Targets, seed: int) -> dict[str, float]:
    """NDCG@10, what is left of the teacher's, and the paired interval of the share that is left."""
    rng = generator(seed, "distil intervals")
    mean = bootstrap_mean(own, rng)
    drawn = rng.integers(0, len(own), (1000, len(own)))
    base = teachers[drawn].mean(axis=1)
    low, high = np.quantile(own[drawn].mean(axis=1) / np.where(base > 0, base, np.nan), [0.025, 0.975])
    whole = teachers.mean()
    share = float(own.mean() / whole) if whole > 0 else float("nan")
    return {
        "ndcg": mean.value, "ndcg_low": mean.ci_low, "ndcg_high": mean.ci_high, "kept": share,
        "kept_low": float(low), "kept_high": float(high),
    }  # fmt: skip


def _speeds(models: list[Recommender], histories: Sequences, exclude_seen: bool) -> list[np.ndarray]:
    """People served a second by each model in each round; the models take turns."""
    some = histories.take(np.arange(min(_TIMED, len(histories))))
    found = np.empty((len(models), _ROUNDS))
    for turn in range(-1, _ROUNDS):  # the first round warms up
        for place, model in enumerate(models):
            began = time.perf_counter()
            recommend(model, some, _K, exclude_seen)
            if turn >= 0:
                found[place, turn] = len(some) / (time.perf_counter() - began)
    return list(found)
