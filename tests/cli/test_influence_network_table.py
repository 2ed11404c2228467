"""``swayline influence table --ties``: an experiment on a network from files to rows."""

import json

import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.core.errors import UsageError
from swayline.testing.network_experiments import network_experiment


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("network")
    world = network_experiment(2, spillover=0.8)
    pc.write_csv(world.table, place / "trial.csv")
    pc.write_csv(world.ties, place / "ties.csv")
    return place


def asked(folder, *options):
    said = ["influence", "table", str(folder / "trial.csv"), "--treatment", "treated", "--outcome", "y"]
    return CliRunner().invoke(app, [*said, "--out", str(folder / "rows.parquet"), "--force", *options])


def test_spillover_and_direct_effects_are_written_and_told(folder):
    told = asked(
        folder, "--ties", str(folder / "ties.csv"), "--id", "person", "--exposure", "share", "--exposure", "any",
        "--controls", "village", "--strata", "village", "--assigned-by", "household", "--clusters", "household",
        "--randomised", "--draws", "99", "--json",
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    primary = json.loads(told.stdout)["primary"]
    assert [row["estimand"] for row in primary] == ["spillover", "ate", "spillover"]
    rows = pq.read_table(folder / "rows.parquet").to_pandas()
    quoted = rows[rows["primary"] & (rows["cause"] == "treated of ties: share")].iloc[0]
    assert quoted["ci_low"] < 0.8 < quoted["ci_high"]
    assert "household" in quoted["assumptions"]
    assert "randomisation" in quoted["refutations"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--exposure", "any"), "need --ties"),
        (("--ties", "ties.csv", "--id", "person", "--estimand", "att"), "--estimand does not go with --ties"),
        (("--ties", "ties.csv", "--id", "person", "--exposure", "anyy"), "did you mean 'any'"),
        (("--ties", "ties.csv", "--id", "person", "--outside", "keep"), "outside is 'keep'"),
    ],
)
def test_options_that_do_not_fit_are_one_line(folder, options, says):
    told = asked(folder, *(str(folder / one) if one == "ties.csv" else one for one in options))
    assert isinstance(told.exception, UsageError)
    assert says in str(told.exception)
