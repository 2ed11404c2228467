"""``swayline experiment`` from a file to a verdict."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app


@pytest.fixture
def trial(tmp_path):
    rng = np.random.default_rng(0)
    new = rng.integers(2, size=4000)
    pc.write_csv(
        pa.table({"arm": np.where(new, "new", "control"), "spend": rng.exponential(10, 4000) * (1 + 0.3 * new)}),
        tmp_path / "trial.csv",
    )
    return tmp_path / "trial.csv"


def test_a_verdict_and_a_table(trial):
    out = trial.parent / "found.parquet"
    told = CliRunner().invoke(
        app, ["experiment", str(trial), "--arm", "arm", "--metric", "spend", "--out", str(out), "--json"]
    )
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["verdicts"][0]["word"] == "ship"
    assert found["sample_ratio"]["alarmed"] is False
    assert pq.read_table(out)["effect"].to_pylist() == [row["effect"] for row in found["comparisons"]]


def test_planned_shares_are_told_in_words(trial):
    base = ["experiment", str(trial), "--arm", "arm", "--metric", "spend"]
    assert "broken randomisation" in CliRunner().invoke(app, [*base, "--weights", "control=3,new=1"]).stdout
    wrong = CliRunner().invoke(app, [*base, "--weights", "control"])
    assert "--weights control=2,new=1" in str(wrong.exception)
