"""``influence table`` and ``influence behaviors`` with what identifies an effect: graphs, instruments, propensities."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from swayline import simulation as simulate
from swayline.cli.app import app
from swayline.core.errors import UsageError


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    x, u = rng.normal(size=(2, 1500))
    z = rng.integers(0, 2, 1500)
    chance = 1 / (1 + np.exp(-(z - 0.5 + 0.5 * u)))
    t = np.where(rng.random(1500) < chance, "mail", "nothing")
    y = (t == "mail") + u + x + rng.normal(size=1500)
    path = tmp_path_factory.mktemp("effects") / "table.csv"
    pd.DataFrame({"x": x, "z": z, "t": t, "y": y, "p": 0.5}).to_csv(path, index=False)
    return path


def call(*arguments):
    return CliRunner().invoke(app, ["influence", *map(str, arguments)])


def rows_of(tmp_path, *arguments):
    out = tmp_path / "out.parquet"
    done = call(*arguments, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    json.loads(done.stdout)
    return pq.read_table(out).to_pylist()


def test_table_takes_an_instrument(table, tmp_path):
    rows = rows_of(
        tmp_path, "table", table, "--treatment", "t", "--outcome", "y", "--controls", "x", "--instrument", "z",
        "--learner", "linear", "--reference", "nothing",
    )  # fmt: skip
    late = next(row for row in rows if row["estimand"] == "late" and row["primary"])
    assert late["ci_low"] < 1 < late["ci_high"]
    assert late["reference"] == "nothing"


def test_table_takes_a_graph_as_text_and_as_a_file(table, tmp_path):
    edges = "x -> y; u -> t; u -> y; t -> y; z -> t"
    file = tmp_path / "graph.dot"
    file.write_text(f"digraph {{ {edges} }}", "utf-8")
    common = ("table", table, "--treatment", "t", "--outcome", "y", "--controls", "x,z", "--learner", "linear")
    told = [rows_of(tmp_path, *common, "--graph", graph) for graph in (edges, file)]
    assert told[0] == told[1]
    assert "late" in {row["estimand"] for row in told[0]}
    assert {row["identified"] for row in told[0] if row["estimand"] == "ate"} == {"no"}


def test_table_takes_a_propensity_and_the_other_libraries(table, tmp_path):
    pytest.importorskip("econml", reason="needs the causal extra")
    pytest.importorskip("dowhy", reason="needs the causal extra")
    rows = rows_of(
        tmp_path, "table", table, "--treatment", "t", "--outcome", "y", "--controls", "x", "--propensity", "p",
        "--learner", "linear", "--beside",
    )  # fmt: skip
    methods = {row["method"] for row in rows}
    assert {"econml LinearDML", "econml CausalForestDML", "dowhy propensity weighting"} <= methods
    assert {row["identified"] for row in rows if row["method"] == "aipw"} <= {"yes", "no"}


def test_what_is_neither_a_graph_nor_a_file_is_refused_in_one_line(table):
    done = call("table", table, "--treatment", "t", "--outcome", "y", "--graph", "nowhere.dot")
    assert isinstance(done.exception, UsageError)
    assert "--graph is neither edges" in str(done.exception)


def test_events_adds_what_edits_of_behaviours_do(tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        {
            "user": f"u{k % 40}",
            "item": f"i{(k % 40 + k // 40) % 30}",
            "behavior": rng.choice(["view", "cart"]),
            "time": k,
        }
        for k in range(600)
    ]
    log, model = tmp_path / "log.csv", tmp_path / "model"
    pd.DataFrame(rows).to_csv(log, index=False)
    fitted = CliRunner().invoke(app, ["fit", str(log), "--model", "item-knn", "--out", str(model)])
    assert fitted.exit_code == 0, fitted.output
    told = rows_of(tmp_path, "events", model, "--edits")
    edits = {(row["method"], row["estimand"]) for row in told if row["cause_kind"] == "behavior"}
    assert {("addition", "score_change"), ("removal", "rank_change"), ("replaced by cart", "list_change")} <= edits
    assert any(row["cause_kind"] == "event" for row in told)


def test_behaviors_says_beneath_an_effect_why_it_holds_and_what_was_compared(tmp_path):
    shop = simulate.world(simulate.WorldSettings(users=150, items=60, events=3000, seed=1))
    path = tmp_path / "events.parquet"
    pq.write_table(shop.events, path)
    done = call(
        "behaviors", path, "--treatment", "cart", "--outcome", "purchase", "--learner", "linear", "--window", "1d",
        "--horizon", "3d", "--out", tmp_path / "out.parquet",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Treated within 24 h of the opening, outcome in the 3 d after that" in done.output
    assert "Models: linear, as asked" in done.output
