"""What the JSON files of a run folder must look like to be drawn; further keys are left alone."""

from typing import Any

from typing_extensions import TypedDict

Figure = float | None


class _Estimated(TypedDict, total=False):
    value: Figure
    ci_low: Figure
    ci_high: Figure


class _Group(TypedDict):
    n: int
    metrics: dict[str, _Estimated]


class _Model(TypedDict, total=False):
    metrics: dict[str, _Estimated]
    measures: dict[str, _Estimated]
    groups: dict[str, dict[str, _Group]]
    history: list[dict[str, Any]]
    fit_s: Figure
    score_s: Figure


class Metrics(TypedDict, total=False):
    """``metrics.json``."""

    protocol: dict[str, Any]
    models: dict[str, _Model]
    comparisons: list[dict[str, Any]] | None
    best: str | None
    chosen: str | None


class _Stage(TypedDict, total=False):
    name: str
    key: str
    seconds: Figure
    peak_mb: Figure
    reused: bool
    outputs: dict[str, str]
    notes: list[str]


class Run(TypedDict, total=False):
    """``run.json``."""

    swayline: str
    seed: int
    outcome: str | None
    started: str
    stages: list[_Stage]
    inputs: dict[str, dict[str, Any] | None]
    settings: dict[str, Any]
    versions: dict[str, Any]
    machine: dict[str, Any]


class Describe(TypedDict, total=False):
    """``describe.json``."""

    outcome: str | None
    ordered: bool
    timezone: str
    rows: dict[str, Any]
    size: dict[str, Any]
    behaviors: list[dict[str, Any]]
    funnel: dict[str, Any]
    flow: dict[str, Any]
    per_user: dict[str, Any]


class _Example(TypedDict):
    user: str
    history: list[dict[str, Any]]
    recommendations: list[dict[str, Any]]


Examples = list[_Example]
"""``examples.json``."""
Anything = dict[str, Any]
"""A file whose parts are checked where they are drawn."""
