"""``swayline influence spread``: what the options do to the choice."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.core.errors import UsageError
from swayline.ledger import SCHEMA, write_ledger


@pytest.fixture
def ledger(tmp_path):
    """ "hub" sways five people, "other" two, "pair" one of them very much."""
    ties = [("hub", f"u{k}", 0.5) for k in range(5)] + [("other", "u5", 0.5), ("other", "u6", 0.5), ("pair", "u6", 3.0)]
    columns = {
        "cause_kind": ["user"] * 8, "effect_kind": ["user"] * 8, "cause": [one[0] for one in ties],
        "effect": [one[1] for one in ties], "channel": ["all"] * 8, "estimand": ["excitation"] * 8,
        "estimate": [one[2] for one in ties], "horizon_s": [3 * 3600.0] * 8,
    }  # fmt: skip
    table = pa.table([columns.get(field.name, [None] * 8) for field in SCHEMA], schema=SCHEMA)
    write_ledger(table, tmp_path / "influence.parquet")
    return tmp_path


def chosen(folder, *options):
    out = folder / "seeds.parquet"
    told = CliRunner().invoke(
        app, ["influence", "spread", str(folder / "influence.parquet"), "--out", str(out), "--json", *options]
    )
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert 0 < found["guarantee"] <= 1
    return [row["user"] for row in found["seeds"]]


def test_the_hub_comes_first_and_its_price_can_forbid_it(ledger):
    assert chosen(ledger, "--budget", "1") == ["hub"]
    (ledger / "costs.csv").write_text("user,cost\nhub,9\n")
    assert "hub" not in chosen(ledger, "--budget", "2", "--costs", str(ledger / "costs.csv"))


def test_an_audience_changes_who_is_worth_most(ledger):
    (ledger / "audience.txt").write_text("u6\npair\n")
    assert chosen(ledger, "--budget", "1", "--audience", str(ledger / "audience.txt")) == ["pair"]


def test_a_deadline_shortens_the_reach(ledger):
    chosen(ledger, "--budget", "1")
    whole = pq.read_table(ledger / "seeds.parquet")["spread"][0].as_py()
    chosen(ledger, "--budget", "1", "--deadline", "20m")
    assert pq.read_table(ledger / "seeds.parquet")["spread"][0].as_py() < 0.8 * whole


def test_a_cost_table_without_its_columns_is_refused(ledger):
    (ledger / "costs.csv").write_text("who,price\nhub,9\n")
    told = CliRunner().invoke(
        app, ["influence", "spread", str(ledger / "influence.parquet"), "--costs", str(ledger / "costs.csv")]
    )
    assert isinstance(told.exception, UsageError)
    assert "user, cost" in str(told.exception)
