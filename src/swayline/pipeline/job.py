"""The main job: stages in order, finished ones reused, everything about the run written down."""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

import swayline
from swayline.core.code import code_digest
from swayline.core.errors import ArtifactError, UsageError
from swayline.core.memory import peak_mb, reset_peak
from swayline.core.names import LOG_FILE, REPORT_FILE, RUN_FILE
from swayline.core.progress import task
from swayline.core.storage.artifacts import read_json
from swayline.core.storage.files import digest, fingerprint, write_json
from swayline.core.storage.locks import only_one
from swayline.core.storage.outputs import claim_folder
from swayline.core.time import iso
from swayline.events import is_address, local_parts, name_of
from swayline.pipeline.settings import RunSettings
from swayline.pipeline.stages import STAGES, Stage
from swayline.pipeline.stages.train import plan_of
from swayline.pipeline.workspace import Inputs, Workspace

_LIBRARIES = ("numpy", "pyarrow", "duckdb", "torch", "scipy", "plotly")


class _StageRecord(TypedDict):
    name: str
    key: str
    seconds: float
    peak_mb: float
    outputs: dict[str, str]


class _Record(TypedDict):
    """What is read of an earlier ``run.json``."""

    stages: list[_StageRecord]


@dataclass(frozen=True)
class StageDone:
    """How a stage went."""

    name: str
    seconds: float
    peak_mb: float
    reused: bool


@dataclass(frozen=True)
class RunDone:
    """Where the run is and how it went."""

    folder: Path
    report: Path
    stages: tuple[StageDone, ...]
    record: dict[str, Any]


def run(
    inputs: Inputs,
    settings: RunSettings,
    folder: Path,
    told: Callable[[StageDone], None] | None = None,
    *,
    scenario: str | Path | None = None,
    force: bool = False,
) -> RunDone:
    """Read → describe → train → evaluate → measure influence → recommend → report.

    A stage whose inputs and settings are those of a finished one, with its files untouched, is reused. Addresses are
    read anew; where they hold what they held, the stages after that are reused.

    Parameters
    ----------
    inputs : Inputs
        What is read: events, and tables beside them.
    settings : RunSettings
        What decides the run.
    folder : Path
        Where it writes; finished stages in it are reused.
    told : callable, optional
        Called after each stage.
    scenario : str or path, optional
        What kind of log this is: a scenario's name, or a file of one's own; what ``settings`` say stands above it.
    force : bool
        Write into a folder that holds files which no run made.

    Returns
    -------
    RunDone
        The folder, its page, the stages, and the record that ``run.json`` holds.

    Raises
    ------
    UsageError
        The folder is not one to write into: it holds an input, a model, or files that no run made.
    BusyError
        Another run works in the folder.
    SwaylineError
        As the stages raise them; what was finished stays and is reused next time.
    """
    if scenario is not None:
        settings = settings.with_scenario(scenario)
    plan_of(settings)  # a wrong model or setting is said before the log is read
    _check_folder(folder, inputs, force)
    with only_one(folder, "run"):
        return _run(inputs, settings, folder, told)


def _run(inputs: Inputs, settings: RunSettings, folder: Path, told: Callable[[StageDone], None] | None) -> RunDone:
    started = datetime.now(UTC)
    sources = {name: source for name, source in vars(inputs).items() if source is not None}
    hashes = {name: _fingerprint(source) for name, source in sources.items() if not is_address(source)}
    hashes = {name: one for name, one in hashes.items() if one}
    is_lasting = not any(is_address(source) for source in sources.values())
    past = _past(folder)
    work = Workspace(folder, inputs, settings)
    keys: dict[str, str] = {}
    done: list[StageDone] = []
    entries: list[dict[str, Any]] = []
    for stage in STAGES:
        keys[stage.name] = _key(stage, settings, keys, hashes)
        lasts = bool(stage.needs) or is_lasting
        entry, one = _do(stage, keys[stage.name], past.get(stage.name) if lasts else None, work)
        if not lasts:
            # What an address holds can change: it is read each time, and what was read stands for it from here on.
            keys[stage.name] = digest([keys[stage.name], entry["outputs"] | {LOG_FILE: ""}])
        entries.append(entry)
        done.append(one)
        # Written after every stage, so that a run cut short is resumed where it stopped.
        record = _record(work, hashes, entries, started)
        write_json(folder / RUN_FILE, record)
        if told is not None:
            told(one)
    return RunDone(folder, folder / REPORT_FILE, tuple(done), record)


def _fingerprint(source: Any) -> str:
    """Of a file, or of all parts of a log in several; empty where there is no file."""
    files = [path for path in local_parts(source) if path.is_file()]
    return fingerprint(files[0]) if len(files) == 1 else digest([fingerprint(path) for path in files]) if files else ""


def _do(stage: Stage, key: str, past: dict[str, Any] | None, work: Workspace) -> tuple[dict[str, Any], StageDone]:
    if past is not None and past.get("key") == key and past.get("outputs") == _outputs(stage, work.folder):
        one = StageDone(stage.name, float(past["seconds"]), float(past["peak_mb"]), reused=True)
        return past | {"reused": True}, one
    reset_peak()
    begun = time.perf_counter()
    with task(stage.name):
        stage.work(work)
    one = StageDone(stage.name, time.perf_counter() - begun, peak_mb(), reused=False)
    entry = {
        "name": stage.name, "key": key, "seconds": round(one.seconds, 3), "peak_mb": round(one.peak_mb, 1),
        "reused": False, "outputs": _outputs(stage, work.folder), "notes": work.said.get(stage.name, []),
    }  # fmt: skip
    return entry, one


def _key(stage: Stage, settings: RunSettings, keys: dict[str, str], hashes: dict[str, str]) -> str:
    """What decides a stage's result: our code, its inputs, its settings, the stages before it."""
    said = settings.model_dump(mode="json")
    said["timezone"] = said["reading"].pop("timezone")
    return digest({
        "code": code_digest(), "stage": stage.name, "needs": {name: keys[name] for name in stage.needs},
        "settings": {name: said[name] for name in stage.settings}, "inputs": hashes if not stage.needs else {},
    })  # fmt: skip


def _outputs(stage: Stage, folder: Path) -> dict[str, str]:
    """SHA-256 of every file a stage makes; a missing one has an empty hash."""
    found: dict[str, str] = {}
    for name in stage.makes:
        path = folder / name
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        for file in files:
            found[str(file.relative_to(folder))] = fingerprint(file) if file.is_file() else ""
    return found


def _past(folder: Path) -> dict[str, dict[str, Any]]:
    """Stages of an earlier run here; none where its record is missing or damaged."""
    try:
        stages = read_json(folder / RUN_FILE, _Record)["stages"]
        return {stage["name"]: stage for stage in stages}
    except ArtifactError:
        return {}


def _check_folder(folder: Path, inputs: Inputs, force: bool) -> None:
    claim_folder(folder, "run", _is_run, vars(inputs).values(), force)
    for name in sorted({name for stage in STAGES for name in stage.makes}):
        if (folder / name).is_symlink() and (folder / name).is_dir():
            raise UsageError(f"{folder / name} is a link to another folder, which no run made: remove it")


def _is_run(folder: Path) -> bool:
    """Whether a folder's record is one that a run writes; a foreign ``run.json`` makes no folder ours."""
    try:
        record = read_json(folder / RUN_FILE)
    except ArtifactError:
        return False
    needed = {"swayline": str, "inputs": dict, "settings": dict, "stages": list}
    return isinstance(record, dict) and all(isinstance(record.get(name), kind) for name, kind in needed.items())


def _record(work: Workspace, hashes: dict[str, str], stages: list[dict[str, Any]], started: datetime) -> dict[str, Any]:
    log = work.log
    inputs: dict[str, dict[str, Any]] = {
        name: {"path": name_of(source), "sha256": hashes.get(name)}
        for name, source in vars(work.inputs).items()
        if source
    }
    inputs["events"] |= {
        "rows": log.n_read,
        "kept": len(log),
        "rejected": len(log.rejected),
        "duplicates": log.n_duplicates,
        "notes": list(log.notes),
    }
    return {
        "swayline": swayline.__version__, "code": code_digest(), "seed": work.settings.seed, "outcome": work.outcome,
        "outcome_why": work.log.outcome_told(work.wanted).why,
        "settings": work.settings.model_dump(mode="json"), "inputs": inputs, "stages": stages,
        "started": iso(started), "seconds": round((datetime.now(UTC) - started).total_seconds(), 3),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
        "machine": {"system": platform.system(), "processor": platform.machine()},
    }  # fmt: skip
