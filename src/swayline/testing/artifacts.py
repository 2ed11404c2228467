"""Looks at what a run left behind, as a user would: ``python -m swayline.testing.artifacts FOLDER``."""

import sys
from pathlib import Path

import pyarrow.parquet as pq

from swayline.core import names
from swayline.core.errors import ArtifactError
from swayline.core.run_folder import ARTIFACTS
from swayline.core.storage.artifacts import read_json
from swayline.ledger import read_ledger
from swayline.pipeline import STAGES


def check_artifacts(folder: Path) -> None:
    """Every file a run promises is there, readable and not empty of meaning.

    Raises
    ------
    ArtifactError
        Something is missing or wrong.
    """
    for one in ARTIFACTS:
        if not (folder / one.name).exists():
            if not one.is_optional:
                raise ArtifactError(f"{one.name} is missing: the {one.stage} stage makes it")
        elif one.columns and (found := pq.read_schema(folder / one.name).names) != list(one.columns):
            raise ArtifactError(f"{one.name} has the columns {found}, not {list(one.columns)}")
        elif one.format == "json":
            read_json(folder / one.name, one.layout)
    if not pq.read_metadata(folder / names.RECOMMENDATIONS_FILE).num_rows:
        raise ArtifactError("nobody was recommended anything")
    if not len(read_ledger(folder / names.INFLUENCE_FILE)):
        raise ArtifactError("the influence table has no row")
    for name in (names.USERS_FILE, names.ITEMS_FILE):
        if not pq.read_metadata(folder / names.PROFILES_FOLDER / name).num_rows:
            raise ArtifactError(f"profiles/{name} has no row")
    run = read_json(folder / names.RUN_FILE)
    done = [stage["name"] for stage in run["stages"]]
    if done != [stage.name for stage in STAGES]:
        raise ArtifactError(f"run.json names the stages {done}")
    for model, result in read_json(folder / names.METRICS_FILE)["models"].items():
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
