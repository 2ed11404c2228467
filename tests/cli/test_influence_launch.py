"""``swayline influence launch``: a plan from a ledger, told and written; bad input in one line."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.core.errors import UsageError
from swayline.ledger import SCHEMA, write_ledger


@pytest.fixture
def folder(tmp_path):
    """ "hub" sways five people, "other" two."""
    ties = [("hub", f"u{k}", 0.5) for k in range(5)] + [("other", "u5", 0.5), ("other", "u6", 0.5)]
    n = len(ties)
    columns = {
        "cause_kind": ["user"] * n, "effect_kind": ["user"] * n, "cause": [one[0] for one in ties],
        "effect": [one[1] for one in ties], "channel": ["all"] * n, "estimand": ["excitation"] * n,
        "estimate": [one[2] for one in ties],
    }  # fmt: skip
    table = pa.table([columns.get(field.name, [None] * n) for field in SCHEMA], schema=SCHEMA)
    write_ledger(table, tmp_path / "influence.parquet")
    (tmp_path / "interest.csv").write_text("user,item,chance\nhub,lamp,0.01\nother,lamp,1\nother,desk,1\nhub,desk,1\n")
    return tmp_path


def asked(folder, *options):
    said = ["influence", "launch", str(folder / "influence.parquet"), "--out", str(folder / "launch.parquet"), *options]
    return CliRunner().invoke(app, said)


def test_the_plan_is_written_and_told_beside_the_most_followed(folder):
    told = asked(folder, "--item", "lamp", "--item", "desk", "--budget", "3", "--json")
    assert told.exit_code == 0, told.output
    found, rows = json.loads(told.stdout), pq.read_table(folder / "launch.parquet").to_pylist()
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert {row["user"] for row in rows[:2]} == {"hub", "other"}
    assert found["showings"] == 3
    assert sum(found["shown"].values()) == 3
    assert found["expected_adopters"] == pytest.approx(rows[-1]["spread"])
    assert found["expected_adopters"] > 3


def test_interest_says_who_is_shown_which(folder):
    interest = ("--interest", str(folder / "interest.csv"), "--least-share", "1")
    told = asked(folder, "--item", "lamp", "--item", "desk", "--budget", "2", *interest, "--json")
    assert told.exit_code == 0, told.output
    rows = pq.read_table(folder / "launch.parquet").to_pylist()
    assert {(row["user"], row["item"]) for row in rows} == {("hub", "desk"), ("other", "lamp")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("user,item\nhub,lamp\n", "no column chance"),
        ("user,item,chance\nhub,lamp,1.5\n", "must be a number from 0 to 1"),
        ("user,item,chance\nhub,lamq,1\n", "none of the launched items"),
    ],
)
def test_a_bad_interest_table_is_one_line(folder, text, says):
    (folder / "interest.csv").write_text(text)
    told = asked(folder, "--item", "lamp", "--interest", str(folder / "interest.csv"))
    assert isinstance(told.exception, UsageError)
    assert says in str(told.exception)
