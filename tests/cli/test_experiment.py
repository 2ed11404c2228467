"""``swayline experiment`` from a file to a verdict."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.ledger import read_ledger


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
    rows = read_ledger(out)
    assert rows["estimate"].to_pylist() == [row["effect"] for row in found["comparisons"]]
    assert rows["evidence"].to_pylist() == ["experiment"]
    assert rows["identified"].to_pylist() == ["yes"]


def test_planned_shares_are_told_in_words(trial):
    base = ["experiment", str(trial), "--arm", "arm", "--metric", "spend"]
    assert "broken randomisation" in CliRunner().invoke(app, [*base, "--weights", "control=3,new=1"]).stdout
    wrong = CliRunner().invoke(app, [*base, "--weights", "control"])
    assert "--weights control=2,new=1" in str(wrong.exception)


def test_a_page_says_the_verdict_and_a_run_folder_shows_it(trial, tmp_path):
    from swayline.report import write_report
    from swayline.testing.run_folder import write_run_folder

    folder = tmp_path / "run"
    folder.mkdir()
    write_run_folder(folder)
    base = ["experiment", str(trial), "--arm", "arm", "--metric", "spend", "--metric", "p90:spend"]
    told = CliRunner().invoke(
        app, [*base, "--page", str(tmp_path / "v.html"), "--out", str(folder / "experiments.parquet")]
    )
    assert told.exit_code == 0, told.output
    page = (tmp_path / "v.html").read_text("utf-8")
    for words in ("What experiments showed", "Ship", "spend got better", "frequentist", "Bayesian"):
        assert words in page
    assert 'id="experiments"' in write_report(folder).read_text("utf-8")


def test_a_broken_experiment_is_no_effect_in_the_ledger_and_on_the_page(trial, tmp_path):
    out, page = tmp_path / "e.parquet", tmp_path / "e.html"
    base = ["experiment", str(trial), "--arm", "arm", "--metric", "spend", "--weights", "control=3,new=1"]
    CliRunner().invoke(app, [*base, "--out", str(out), "--page", str(page)])
    assert read_ledger(out)["identified"].to_pylist() == ["no"]
    assert "not to be read, a check failed" in page.read_text("utf-8")


def test_causes_and_effects_take_the_names_of_other_rows(trial, tmp_path):
    out = tmp_path / "e.csv"
    base = ["experiment", str(trial), "--arm", "arm", "--metric", "spend", "--out", str(out)]
    told = CliRunner().invoke(app, [*base, "--cause", "cart", "--cause-kind", "behavior", "--effect", "spend=purchase"])
    assert told.exit_code == 0, told.output
    row = read_ledger(out).to_pylist()[0]
    assert (row["cause_kind"], row["cause"], row["effect"]) == ("behavior", "cart", "purchase")


def test_a_switchback_is_read_from_the_command_line(tmp_path):
    rng = np.random.default_rng(0)
    seconds = np.sort(rng.uniform(0, 60 * 86400, 20_000))
    period = (seconds // 7200).astype(int)
    new = rng.integers(2, size=period.max() + 1)[period]
    shock = rng.normal(0, 1, period.max() + 1)[period]
    table = pa.table({
        "arm": np.where(new, "new", "control"), "t": seconds, "y": 10 + shock + new + rng.normal(size=len(seconds)),
    })  # fmt: skip
    pc.write_csv(table, tmp_path / "s.csv")
    base = ["experiment", str(tmp_path / "s.csv"), "--arm", "arm", "--metric", "y", "--time", "t", "--json"]
    found = json.loads(CliRunner().invoke(app, [*base, "--period", "2h", "--burn-in", "10m"]).stdout)
    one = found["comparisons"][0]
    assert one["ci_low"] <= 1 <= one["ci_high"]
    assert one["n_control"] + one["n_arm"] <= 720
    wrong = json.loads(CliRunner().invoke(app, [*base, "--period", "3h"]).stdout)
    assert wrong["verdicts"][0]["word"] == "broken randomisation"
    assert "periods hold several arms" in wrong["verdicts"][0]["reason"]


def test_a_planned_end_that_is_not_reached_is_told(trial):
    base = ["experiment", str(trial), "--arm", "arm", "--metric", "spend", "--planned-units", "40000"]
    told = CliRunner().invoke(app, base).stdout
    assert "read at 4,000 of 40,000 planned units" in told
    assert "at any time" in told


def test_help_names_the_verbs():
    assert "read" in CliRunner().invoke(app, ["experiment", "--help"]).stdout
