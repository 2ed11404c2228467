"""The files of a run folder, read once; what is missing or damaged becomes a sentence, never a crash."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from swayline.core.errors import ArtifactError, SwaylineError
from swayline.core.names import (
    DESCRIBE_FILE,
    EXAMPLES_FILE,
    FLAGS_FILE,
    INFLUENCE_FILE,
    ITEMS_FILE,
    METRICS_FILE,
    NETWORK_FILE,
    OVERLAP_FILE,
    PROFILES_FOLDER,
    QUALITY_FILE,
    RECOMMENDATIONS_FILE,
    REJECTED_FILE,
    RUN_FILE,
    USERS_FILE,
)
from swayline.core.storage.artifacts import is_number, is_text, read_json, read_table
from swayline.core.storage.files import fingerprint
from swayline.ledger import read_ledger, reason_of
from swayline.report.layouts import Anything, Describe, Examples, Metrics, Run

PROFILES_FILE = f"{PROFILES_FOLDER}/summary.json"
PEOPLE_FILE = f"{PROFILES_FOLDER}/{USERS_FILE}"
THINGS_FILE = f"{PROFILES_FOLDER}/{ITEMS_FILE}"

STAGES = {
    DESCRIBE_FILE: "describe",
    METRICS_FILE: "evaluate",
    INFLUENCE_FILE: "influence",
    RECOMMENDATIONS_FILE: "recommend",
    REJECTED_FILE: "read",
    EXAMPLES_FILE: "recommend",
    RUN_FILE: "run",
    QUALITY_FILE: "quality",
    FLAGS_FILE: "quality",
    PROFILES_FILE: "profiles",
    PEOPLE_FILE: "profiles",
    THINGS_FILE: "profiles",
    NETWORK_FILE: "influence",
    OVERLAP_FILE: "influence",
}
"""File → the stage that writes it."""


@dataclass(frozen=True)
class Artifacts:
    """What a run left behind; None for what it did not, with the sentence that says so in ``missing``.

    Parameters
    ----------
    influence : pa.Table
        The ledger; ``recommendations`` counts as (rows, people) alone, since only ten people are shown.
    profiles : mapping
        What profiles are read against; ``people`` and ``things`` are the profiles themselves, without long lists.
    foreign : tuple of str
        Files that differ from those the run's record names.
    """

    describe: Mapping[str, Any] | None = None
    metrics: Mapping[str, Any] | None = None
    influence: pa.Table | None = None
    influence_reason: str = ""
    recommendations: tuple[int, int] | None = None
    rejected: pa.Table | None = None
    examples: list[Mapping[str, Any]] | None = None
    run: Mapping[str, Any] | None = None
    quality: Mapping[str, Any] | None = None
    flags: pa.Table | None = None
    profiles: Mapping[str, Any] | None = None
    people: pa.Table | None = None
    things: pa.Table | None = None
    network: Mapping[str, Any] | None = None
    overlap: Mapping[str, Any] | None = None
    foreign: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    def why_missing(self, file: str) -> str:
        """The sentence for a part of the page that cannot be drawn."""
        return self.missing.get(file, f"{file} holds nothing to show here.")


def read_artifacts(folder: Path) -> Artifacts:
    """Read what a run folder holds.

    Raises
    ------
    ArtifactError
        The folder does not exist, or holds none of a run's files.
    """
    if not folder.is_dir():
        raise ArtifactError(f"{folder} is no folder: give the folder that a run wrote")
    missing: dict[str, str] = {}
    found = {name: _read(folder, name, reader, missing) for name, reader in _READERS.items()}
    if all(part is None for part in found.values()):
        raise ArtifactError(
            f"{folder} holds none of a run's files ({', '.join(STAGES)}): give the folder that a run wrote"
        )
    return Artifacts(
        describe=found[DESCRIBE_FILE],
        metrics=found[METRICS_FILE],
        influence=found[INFLUENCE_FILE],
        influence_reason=reason_of(found[INFLUENCE_FILE]) if found[INFLUENCE_FILE] is not None else "",
        recommendations=found[RECOMMENDATIONS_FILE],
        rejected=found[REJECTED_FILE],
        examples=found[EXAMPLES_FILE],
        run=found[RUN_FILE],
        quality=found[QUALITY_FILE],
        flags=found[FLAGS_FILE],
        profiles=found[PROFILES_FILE],
        people=found[PEOPLE_FILE],
        things=found[THINGS_FILE],
        network=found[NETWORK_FILE],
        overlap=found[OVERLAP_FILE],
        foreign=tuple(name for name in STAGES if found[name] is not None and _differs(folder, name, found[RUN_FILE])),
        missing=missing,
    )


def _differs(folder: Path, name: str, record: Mapping[str, Any] | None) -> bool:
    """Whether a file is another than the one whose SHA-256 stands in the run's record."""
    for stage in (record or {}).get("stages") or ():
        noted = (stage.get("outputs") or {}).get(name)
        if noted:
            return bool(noted != fingerprint(folder / name))
    return False


def _read(folder: Path, name: str, reader: Callable[[Path], Any], missing: dict[str, str]) -> Any:
    path = folder / name
    if not (path.exists() or path.is_symlink()):
        missing[name] = f"The {STAGES[name]} stage did not run: the folder has no {name}."
        return None
    try:
        return reader(path)
    except (SwaylineError, OSError, ValueError, pa.ArrowException) as error:
        why = str(error).replace(f"{path}: ", "").replace(f"{path} ", "it ").splitlines()[0][:200]
        missing[name] = f"{name} could not be read ({why}): run the {STAGES[name]} stage again."
        return None


def _json(layout: Any) -> Callable[[Path], Any]:
    return lambda path: read_json(path, layout)


def _served(path: Path) -> tuple[int, int]:
    """(recommendations, people)."""
    users = read_table(path, {"user": is_text}, never_null="user")["user"]
    return len(users), len(users.unique())


def _flags(path: Path) -> pa.Table:
    columns = {"user": is_text, "reason": is_text, "events": is_number, "explanation": is_text}
    return read_table(path, columns, never_null="user")


def _rejected(path: Path) -> pa.Table:
    return read_table(path, {"file": is_text, "row": is_number, "column": is_text, "value": is_text, "reason": is_text})


def _people(path: Path) -> pa.Table:
    columns = {"user": is_text, "profile": is_text, "events": is_number, "segment": is_text, "stage": is_text}
    return read_table(path, columns, never_null="user")


def _things(path: Path) -> pa.Table:
    words = dict.fromkeys(("label", "profile", "category", "tier", "stage"), is_text)
    numbers = dict.fromkeys(("events", "users", "reached", "conversion"), is_number)
    return read_table(path, {"item": is_text}, words | numbers, never_null="item")


_READERS: dict[str, Callable[[Path], Any]] = {
    DESCRIBE_FILE: _json(Describe),
    METRICS_FILE: _json(Metrics),
    INFLUENCE_FILE: read_ledger,
    RECOMMENDATIONS_FILE: _served,
    REJECTED_FILE: _rejected,
    EXAMPLES_FILE: _json(Examples),
    RUN_FILE: _json(Run),
    QUALITY_FILE: _json(Anything),
    FLAGS_FILE: _flags,
    PROFILES_FILE: _json(Anything),
    PEOPLE_FILE: _people,
    THINGS_FILE: _things,
    NETWORK_FILE: _json(Anything),
    OVERLAP_FILE: _json(Anything),
}
