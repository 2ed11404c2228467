"""Looks at what a run left behind, as a user would: ``python -m swayline.testing.artifacts FOLDER``."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

from swayline.core import names
from swayline.core.errors import ArtifactError
from swayline.ledger import read_ledger
from swayline.pipeline import STAGES

_COLUMNS = {
    names.RECOMMENDATIONS_FILE: ["user", "item", "rank", "score", "reason", "source"],
    names.REJECTED_FILE: ["file", "row", "column", "value", "reason"],
    names.FLAGS_FILE: ["user", "reason", "value", "limit", "events", "explanation"],
}


def check_artifacts(folder: Path) -> None:
    """Every file a run promises is there, readable and not empty of meaning.

    Raises
    ------
    ArtifactError
        Something is missing or wrong.
    """
    for name, columns in _COLUMNS.items():
        found = pq.read_schema(folder / name).names
        if found != columns:
            raise ArtifactError(f"{name} has the columns {found}, not {columns}")
    if not pq.read_metadata(folder / names.RECOMMENDATIONS_FILE).num_rows:
        raise ArtifactError("nobody was recommended anything")
    if not len(read_ledger(folder / names.INFLUENCE_FILE)):
        raise ArtifactError("the influence table has no row")
    for name in (names.USERS_FILE, names.ITEMS_FILE):
        if not pq.read_metadata(folder / names.PROFILES_FOLDER / name).num_rows:
            raise ArtifactError(f"profiles/{name} has no row")
    run = json.loads((folder / names.RUN_FILE).read_text("utf-8"))
    done = [stage["name"] for stage in run["stages"]]
    if done != [stage.name for stage in STAGES]:
        raise ArtifactError(f"run.json names the stages {done}")
    for model, result in json.loads((folder / names.METRICS_FILE).read_text("utf-8"))["models"].items():
        for metric, value in result["metrics"].items():
            if not 0 <= value["value"] <= 1:
                raise ArtifactError(f"{model}: {metric} is {value['value']}")
    page = (folder / names.REPORT_FILE).read_text("utf-8")
    if len(page) < 100_000 or "</html>" not in page:
        raise ArtifactError("report.html is no whole page")
    if any(path.suffix in (".pkl", ".pickle", ".joblib", ".pt") for path in folder.rglob("*")):
        raise ArtifactError("a pickle lies in the run folder")


if __name__ == "__main__":
    check_artifacts(Path(sys.argv[1]))
    print(f"{sys.argv[1]}: every artifact is there and whole")
