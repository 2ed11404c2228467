"""The files of a run folder, read once; what is missing or damaged becomes a sentence, never a crash."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from swayline.core.errors import ArtifactError, SwaylineError
from swayline.core.names import (
    AUDIT_FILE,
    DESCRIBE_FILE,
    EXAMPLES_FILE,
    EXPERIMENTS_FILE,
    FLAGS_FILE,
    INFLUENCE_FILE,
    METRICS_FILE,
    NETWORK_FILE,
    OVERLAP_FILE,
    QUALITY_FILE,
    RECOMMENDATIONS_FILE,
    REJECTED_FILE,
    RUN_FILE,
)
from swayline.core.run_folder import Artifact, read_by_the_report
from swayline.core.run_folder.registry import (
    EVOLUTION_FILE,
    FAIRNESS_FILE,
    FRAUD_FILE,
    PEOPLE_FILE,
    PROFILES_FILE,
    RELATED_FILE,
    THINGS_FILE,
    TRUST_FILE,
)
from swayline.core.storage.artifacts import read_json, read_table
from swayline.core.storage.files import fingerprint
from swayline.ledger import read_ledger, reason_of


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
    experiments: pa.Table | None = None
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
    audit: Mapping[str, Any] | None = None
    evolution: Mapping[str, Any] | None = None
    trust: Mapping[str, Any] | None = None
    related: Mapping[str, Any] | None = None
    fraud: pa.Table | None = None
    fairness: pa.Table | None = None
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
    found = {one.name: _read(folder, one, missing) for one in read_by_the_report()}
    if all(part is None for part in found.values()):
        raise ArtifactError(
            f"{folder} holds none of a run's files ({', '.join(found)}): give the folder that a run wrote"
        )
    ledger, served = found[INFLUENCE_FILE], found[RECOMMENDATIONS_FILE]
    return Artifacts(
        describe=found[DESCRIBE_FILE],
        metrics=found[METRICS_FILE],
        influence=ledger,
        influence_reason=reason_of(ledger) if ledger is not None else "",
        experiments=found[EXPERIMENTS_FILE],
        recommendations=(len(served), len(served["user"].unique())) if served is not None else None,
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
        audit=found[AUDIT_FILE],
        evolution=found[EVOLUTION_FILE],
        trust=found[TRUST_FILE],
        related=found[RELATED_FILE],
        fraud=found[FRAUD_FILE],
        fairness=found[FAIRNESS_FILE],
        foreign=tuple(name for name in found if found[name] is not None and _differs(folder, name, found[RUN_FILE])),
        missing=missing,
    )


def _differs(folder: Path, name: str, record: Mapping[str, Any] | None) -> bool:
    """Whether a file is another than the one whose SHA-256 stands in the run's record."""
    for stage in (record or {}).get("stages") or ():
        noted = (stage.get("outputs") or {}).get(name)
        if noted:
            return bool(noted != fingerprint(folder / name))
    return False


def _read(folder: Path, one: Artifact, missing: dict[str, str]) -> Any:
    path = folder / one.name
    if not (path.exists() or path.is_symlink()):
        missing[one.name] = f"The {one.stage} stage did not run: the folder has no {one.name}."
        return None
    try:
        return _content(path, one)
    except (SwaylineError, OSError, ValueError, pa.ArrowException) as error:
        why = str(error).replace(f"{path}: ", "").replace(f"{path} ", "it ").splitlines()[0][:200]
        missing[one.name] = f"{one.name} could not be read ({why}): run the {one.stage} stage again."
        return None


def _content(path: Path, one: Artifact) -> Any:
    """A file as the registry says that it is read."""
    if one.format == "json":
        return read_json(path, one.layout)
    if one.format == "ledger":
        return read_ledger(path)
    return read_table(path, one.needed, one.welcome, never_null=one.key)
