"""Two runs beside each other, and what may have made the difference.

::

    A ───────────────────────────► B        what differs: data, code, settings, seed
    A ──► (between) ──► (between) ──► B     runs in between, each of which changes one thing, split the difference

A difference has one reason where the runs differ in one thing alone. Where they differ in several, it is told as of all
of them together, unless runs in between say which step made it. A metric that moves within the other run's interval,
and lists that differ no more than those of a run with another seed (``noise``), are within noise.

References
----------
Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", TOIS 2010 (rank-biased overlap).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from swayline.core.errors import UsageError
from swayline.evolution.runs.reading import REASONS, RunFiles, read_run

_PERSISTENCE = 0.9
"""Of rank-biased overlap: some ten places count."""


@dataclass(frozen=True)
class Comparison:
    """What changed from the first run to the second.

    Attributes
    ----------
    reasons : of data, code, settings and seed, those that differ
    settings : name → (before, after) of the settings that differ
    metrics : a row a model and metric of both runs: before, after, change, and whether it is within noise
    verdicts : a row a quoted effect that came, went, or changed its sign, its claim or its identification
    lists : people of both, mean overlap of their lists, mean rank-biased overlap, share whose first item changed
    steps : where runs lie in between: a row a step, with its reasons and what it changed
    noise : how far a run of another seed lies from the first: mean overlap, and metric → change
    """

    reasons: list[str]
    settings: dict[str, tuple[Any, Any]]
    metrics: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    lists: dict[str, Any]
    steps: list[dict[str, Any]] = field(default_factory=list)
    noise: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON can say it."""
        return {**vars(self), "settings": {name: list(pair) for name, pair in self.settings.items()}}


def compare_runs(before: Path, after: Path, *, between: Sequence[Path] = (), noise: Path | None = None) -> Comparison:
    """Compare two run folders.

    Parameters
    ----------
    between : folders of runs in between, in order; each step should change one thing
    noise : folder of a run that differs from ``before`` in its seed alone

    Raises
    ------
    ArtifactError
        A folder is none that a run wrote, or a file in it is damaged.
    UsageError
        ``noise`` differs from ``before`` in more than its seed.
    """
    runs = [read_run(Path(one)) for one in (before, *between, after)]
    first, last = runs[0], runs[-1]
    apart = None if noise is None else _noise(first, read_run(Path(noise)))
    steps = [_step(one, other) for one, other in pairwise(runs)] if between else []
    return Comparison(
        _reasons(first, last), _settings(first, last), _metrics(first, last, apart), _verdicts(first, last),
        _lists(first, last), steps, apart,
    )  # fmt: skip


def _reasons(one: RunFiles, other: RunFiles) -> list[str]:
    return [reason for reason in REASONS if one.about(reason) != other.about(reason)]


def _settings(one: RunFiles, other: RunFiles) -> dict[str, tuple[Any, Any]]:
    left, right = (dict(run.record.get("settings", {})) | {"outcome told": run.record.get("outcome")}
                   for run in (one, other))  # fmt: skip
    names = sorted({*left, *right})
    return {name: (left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)}


def _metrics(one: RunFiles, other: RunFiles, apart: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    left, right = _figures(one), _figures(other)
    rows = []
    for key in sorted({*left, *right}):
        a, b = left.get(key), right.get(key)
        change = None if a is None or b is None else b["value"] - a["value"]
        by_seed = (apart or {}).get("metrics", {}).get("/".join(key))
        is_noise = change is not None and (
            change == 0 or _inside(a, b) or (by_seed is not None and abs(change) <= abs(by_seed))
        )
        rows.append({
            "model": key[0], "metric": key[1], "before": None if a is None else a["value"],
            "after": None if b is None else b["value"], "change": change, "within_noise": is_noise,
        })  # fmt: skip
    return rows


def _figures(run: RunFiles) -> dict[tuple[str, str], dict[str, Any]]:
    models = (run.metrics or {}).get("models") or {}
    return {
        (model, metric): figure for model, about in models.items()
        for metric, figure in (about.get("metrics") or {}).items() if figure.get("value") is not None
    }  # fmt: skip


def _inside(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> bool:
    """Whether each value lies in the other's interval."""
    return all(
        one is not None and other is not None and one.get("ci_low") is not None and one.get("ci_high") is not None
        and one["ci_low"] <= other["value"] <= one["ci_high"]
        for one, other in ((a, b), (b, a))
    )  # fmt: skip


_KEY = ("cause_kind", "cause", "effect_kind", "effect", "channel", "estimand", "subject", "reference")


def _verdicts(one: RunFiles, other: RunFiles) -> list[dict[str, Any]]:
    """Quoted effects whose verdict differs: whether there is one, its sign, surely not zero, identified."""
    left, right = ({tuple(row[name] for name in _KEY): row for row in run.influence or ()} for run in (one, other))
    rows = []
    for key in sorted({*left, *right}, key=str):
        a, b = left.get(key), right.get(key)
        before, after = _verdict(a), _verdict(b)
        if before != after:
            rows.append({
                "cause": key[1], "effect": key[3], "estimand": key[5], "before": before, "after": after,
                "estimate_before": None if a is None else a["estimate"],
                "estimate_after": None if b is None else b["estimate"],
            })  # fmt: skip
    return rows


def _verdict(row: Mapping[str, Any] | None) -> str:
    """The verdict on an effect in a word or two."""
    if row is None:
        return "not measured"
    if row["identified"] == "no":
        return "not identified"
    if row["ci_low"] is None or row["ci_high"] is None or row["ci_low"] <= 0 <= row["ci_high"]:
        return "may be none"
    return "raises" if row["ci_low"] > 0 else "lowers"


def _lists(one: RunFiles, other: RunFiles) -> dict[str, Any]:
    if one.lists is None or other.lists is None:
        return {"people": 0, "only_before": 0, "only_after": 0}
    both = sorted(set(one.lists) & set(other.lists))
    told: dict[str, Any] = {
        "people": len(both), "only_before": len(set(one.lists) - set(other.lists)),
        "only_after": len(set(other.lists) - set(one.lists)),
    }  # fmt: skip
    if not both:
        return told
    pairs = [(one.lists[user], other.lists[user]) for user in both]
    shared = [len(set(a) & set(b)) / max(len(a), len(b), 1) for a, b in pairs]
    return told | {
        "overlap": float(np.mean(shared)), "rank_biased_overlap": float(np.mean([_rbo(a, b) for a, b in pairs])),
        "first_changed": float(np.mean([a[:1] != b[:1] for a, b in pairs])),
        "unchanged": float(np.mean([a == b for a, b in pairs])),
    }  # fmt: skip


def _rbo(a: Sequence[str], b: Sequence[str]) -> float:
    """Rank-biased overlap of two lists, as far as they go; 1 for equal ones.

    >>> _rbo(["x", "y"], ["x", "y"]), round(_rbo(["x", "y"], ["y", "x"]), 3)
    (1.0, 0.474)
    """
    depth = max(len(a), len(b))
    weights = _PERSISTENCE ** np.arange(depth)
    shared = [len(set(a[: d + 1]) & set(b[: d + 1])) / (d + 1) for d in range(depth)]
    return float((weights * shared).sum() / weights.sum()) if depth else 1.0


def _step(one: RunFiles, other: RunFiles) -> dict[str, Any]:
    """What one step of a chain of runs changed, and by what."""
    changes = {
        f"{row['model']}/{row['metric']}": row["change"]
        for row in _metrics(one, other, None) if row["change"] is not None
    }  # fmt: skip
    return {
        "from": str(one.folder), "to": str(other.folder), "reasons": _reasons(one, other), "metrics": changes,
        "verdicts": len(_verdicts(one, other)), "overlap": _lists(one, other).get("overlap"),
    }  # fmt: skip


def _noise(first: RunFiles, again: RunFiles) -> dict[str, Any]:
    reasons = _reasons(first, again)
    if reasons not in ([], ["seed"]):
        raise UsageError(
            f"{again.folder} differs from {first.folder} in {', '.join(reasons)}: for noise, give a run of another seed"
        )
    step = _step(first, again)
    return {"overlap": step["overlap"], "metrics": step["metrics"], "verdicts": step["verdicts"]}
