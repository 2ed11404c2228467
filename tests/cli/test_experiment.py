"""``swayline experiment`` from a file to a verdict."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.ledger import read_ledger, write_ledger


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


def _json(*words):
    told = CliRunner().invoke(app, ["experiment", *map(str, words), "--json"])
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def test_a_plan_from_a_log(trial):
    found = _json("plan", trial, "--metric", "spend", "--lift", "0.1", "--draws", "60")
    assert 1000 < found["units_per_arm"] < 6000
    assert found["checked_power"] > 0.6


def test_assignment_by_clusters_and_added_to(tmp_path):
    rng = np.random.default_rng(0)
    ends = {
        "source": [f"p{k // 4}" for k in range(1200)],
        "target": [f"p{k // 4 // 10 * 10 + j}" for k, j in enumerate(rng.integers(0, 10, 1200))],
    }
    pc.write_csv(pa.table(ends), tmp_path / "ties.csv")
    found = _json("assign", "feed", "--ties", tmp_path / "ties.csv", "--largest", "0.1", "--out", tmp_path / "a.csv")
    assert found["ties_inside"] > 0.9
    again = _json(
        "assign", "feed", "--ties", tmp_path / "ties.csv", "--earlier", tmp_path / "a.csv", "--out", tmp_path / "b.csv"
    )
    assert again["kept"] == 300
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    nobody = CliRunner().invoke(app, ["experiment", "assign", "feed"])
    assert "nobody is named" in str(nobody.exception)


def test_snapshots_with_several_looks_are_read_by_intervals_that_hold(tmp_path):
    names = ["day", "count_c", "mean_c", "variance_c", "count_t", "mean_t", "variance_t"]
    rows = [
        [day, 100 * day, 1.0, 1.0, 100 * day, 1.0 + 0.3 * (day == 1), None if day == 2 else 1.0] for day in range(1, 6)
    ]
    pc.write_csv(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]), tmp_path / "s.csv")
    found = _json("snapshots", tmp_path / "s.csv", "--time", "day")
    assert (found["unusable"], found["plain_ever"], found["plain_end"], found["always_ever"]) == (1, 1, 0, 0)
    lines = CliRunner().invoke(app, ["experiment", "snapshots", str(tmp_path / "s.csv"), "--time", "day"]).stdout
    assert "1 of 5 snapshots lack" in lines
    assert "not to be read so" in lines


def test_rows_of_a_ledger_become_experiments_and_are_set_right_by_them(trial, tmp_path):
    from swayline.ledger import EffectRow, Figure, ledger

    rows = [
        EffectRow(
            cause_kind="behavior", cause=cause, effect="spend", channel="own", estimand="ate", unit="spend",
            method="aipw", evidence="adjusted", identified="assumed", figure=Figure(value, value - 1, value + 1, 0.1),
            n=5000, primary=True,
        )
        for cause, value in (("cart", 5.0), ("favorite", 0.5))
    ]  # fmt: skip
    write_ledger(ledger(rows), tmp_path / "influence.parquet")
    base = [
        "experiment",
        str(trial),
        "--arm",
        "arm",
        "--metric",
        "spend",
        "--cause",
        "cart",
        "--cause-kind",
        "behavior",
    ]
    CliRunner().invoke(app, [*base, "--out", str(tmp_path / "e.parquet")])
    found = _json("ready", tmp_path / "influence.parquet", "--experiments", tmp_path / "e.parquet")
    assert [one["cause"] for one in found["experiments"]] == ["favorite"]
    beside = _json("recalibrate", tmp_path / "influence.parquet", "--experiments", tmp_path / "e.parquet")
    assert [(one["cause"], one["agrees"]) for one in beside["pairs"]] == [("cart", False)]
    assert beside["moved"] == 0


def test_a_bandit_and_a_long_term_effect(tmp_path):
    rng = np.random.default_rng(0)
    new = rng.random(2000) < 0.5
    table = pa.table({
        "arm": np.where(new, "new", "control"), "week": rng.poisson(2 + new), "p": np.full(2000, 0.5),
    })  # fmt: skip
    table = table.append_column("later", pa.array(table["week"].to_numpy() * 2.0 + rng.normal(size=2000)))
    pc.write_csv(table, tmp_path / "t.csv")
    found = _json(
        "bandit",
        tmp_path / "t.csv",
        "--arm",
        "arm",
        "--outcome",
        "later",
        "--propensity",
        "control=p",
        "--propensity",
        "new=p",
    )
    later = table["later"].to_numpy()
    plain = later[new].mean() - later[~new].mean()
    assert found["contrasts"][0]["effect"] == pytest.approx(plain, abs=0.05), "chances that never moved: plain averages"
    found = _json(
        "long-term",
        tmp_path / "t.csv",
        "--past",
        tmp_path / "t.csv",
        "--arm",
        "arm",
        "--outcome",
        "later",
        "--surrogates",
        "week",
        "--out",
        tmp_path / "l.parquet",
    )
    assert found["effects"][0]["effect"] == pytest.approx(plain, abs=0.2)
    assert read_ledger(tmp_path / "l.parquet")["method"].to_pylist() == ["surrogate index"]
