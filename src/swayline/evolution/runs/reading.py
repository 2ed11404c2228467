"""What is read of a run to compare it: its record, metrics, verdicts and lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from swayline.core.errors import ArtifactError
from swayline.core.names import INFLUENCE_FILE, METRICS_FILE, RANK, RECOMMENDATIONS_FILE, RUN_FILE, USER
from swayline.core.run_folder.layouts import Metrics, Run
from swayline.core.storage.artifacts import is_number, is_text, read_json, read_table
from swayline.ledger import read_ledger

DATA, CODE, SETTINGS, SEED = "data", "code", "settings", "seed"
REASONS = (DATA, CODE, SETTINGS, SEED)
_OF_THE_SEED = ("seed",)


@dataclass(frozen=True)
class RunFiles:
    """One run.

    Attributes
    ----------
    record : ``run.json``; metrics : ``metrics.json``; None where it did not evaluate
    influence : the ledger's quoted rows; lists : person → items in order; None where there are none
    """

    folder: Path
    record: Mapping[str, Any]
    metrics: Mapping[str, Any] | None
    influence: list[dict[str, Any]] | None
    lists: dict[str, list[str]] | None

    def about(self, reason: str) -> Any:
        """What decides the run: its inputs, its code, its settings but the seed, or the seed."""
        settings = {name: value for name, value in self.record.get("settings", {}).items() if name not in _OF_THE_SEED}
        return {
            DATA: {name: (one or {}).get("sha256") for name, one in self.record.get("inputs", {}).items()},
            CODE: (self.record.get("code"), self.record.get("swayline"), self.record.get("versions")),
            SETTINGS: settings | {"outcome told": self.record.get("outcome")},
            SEED: self.record.get("seed"),
        }[reason]


def read_run(folder: Path) -> RunFiles:
    """Read a run folder.

    Raises
    ------
    ArtifactError
        It is no folder of a run, or one of its files is damaged.
    """
    if not folder.is_dir():
        raise ArtifactError(f"{folder} is no folder: give the folder that a run wrote")
    record = read_json(folder / RUN_FILE, Run)
    if not isinstance(record.get("stages"), list) or not isinstance(record.get("inputs"), dict):
        raise ArtifactError(f"{folder / RUN_FILE} is no record of a run: give the folder that swayline run wrote")
    metrics = read_json(folder / METRICS_FILE, Metrics) if (folder / METRICS_FILE).exists() else None
    ledger = read_ledger(folder / INFLUENCE_FILE) if (folder / INFLUENCE_FILE).exists() else None
    return RunFiles(folder, record, metrics, None if ledger is None else _quoted(ledger), _lists(folder))


def _quoted(ledger: pa.Table) -> list[dict[str, Any]]:
    return [row for row in ledger.to_pylist() if row["primary"] and row["identified"] is not None]


def _lists(folder: Path) -> dict[str, list[str]] | None:
    path = folder / RECOMMENDATIONS_FILE
    if not path.exists():
        return None
    table = read_table(path, {USER: is_text, "item": is_text, RANK: is_number}, {}, never_null=USER)
    found: dict[str, list[str]] = {}
    for user, item, _ in sorted(
        zip(table[USER].to_pylist(), table["item"].to_pylist(), table[RANK].to_pylist(), strict=True),
        key=lambda row: (row[0], row[2]),
    ):
        found.setdefault(user, []).append(item)
    return found
