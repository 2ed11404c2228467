import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ArtifactError, UsageError
from swayline.evolution.runs import Limits, compare_runs, failures
from swayline.testing.attacks import command
from swayline.testing.run_folder import write_run_folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "a"
    write_run_folder(folder, effects=True)
    record = json.loads((folder / "run.json").read_text())
    record = {"code": "c1", "seed": 0, "settings": {"seed": 0, "k": 10}} | record | {"code": "c1", "seed": 0}
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def _other(made, tmp_path, name="b", **record):
    folder = tmp_path / name
    shutil.copytree(made, folder)
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | record))
    return folder


def _worse(folder, factor=0.5):
    path = folder / "metrics.json"
    metrics = json.loads(path.read_text())
    for model in metrics["models"].values():
        model["metrics"]["ndcg@10"] = {name: value * factor for name, value in model["metrics"]["ndcg@10"].items()}
    path.write_text(json.dumps(metrics))


def test_a_run_beside_itself_differs_in_nothing(made):
    found = compare_runs(made, made)
    assert (found.reasons, found.settings, found.verdicts) == ([], {}, [])
    assert not [row for row in found.metrics if row["change"]]
    assert found.lists["overlap"] == found.lists["unchanged"] == found.lists["rank_biased_overlap"] == 1.0


@pytest.mark.parametrize(
    ("record", "reasons"),
    [({"code": "c2"}, ["code"]), ({"seed": 1}, ["seed"]), ({"inputs": {"events": {"sha256": "other"}}}, ["data"]),
     ({"settings": {"seed": 0, "k": 5}}, ["settings"]), ({"code": "c2", "seed": 1}, ["code", "seed"])],
)  # fmt: skip
def test_each_reason_is_told_from_the_record(made, tmp_path, record, reasons):
    assert compare_runs(made, _other(made, tmp_path, **record)).reasons == reasons


def test_a_metric_that_fell_beyond_both_intervals_is_no_noise_and_breaks_the_gate(made, tmp_path):
    other = _other(made, tmp_path, code="c2")
    _worse(other)
    found = compare_runs(made, other)
    beyond = {(row["model"], row["metric"]) for row in found.metrics if row["change"] and not row["within_noise"]}
    assert beyond == {(name, "ndcg@10") for name in ("transformer", "item-knn", "most-popular")}
    assert len(failures(found, Limits({"ndcg@10": 0.001}))) == 3
    assert len(failures(found, Limits({"ndcg@10": 0.001}, model="item-knn"))) == 1
    assert failures(found, Limits({"ndcg@10": 0.9})) == []
    with pytest.raises(UsageError, match="ndcg@10"):
        failures(found, Limits({"ndgc@10": 0.1}))


def test_a_small_move_is_within_noise(made, tmp_path):
    other = _other(made, tmp_path)
    _worse(other, 0.97)
    assert all(row["within_noise"] for row in compare_runs(made, other).metrics if row["change"])


def test_lists_that_changed_are_counted(made, tmp_path):
    other = _other(made, tmp_path)
    table = pq.read_table(other / "recommendations.parquet")
    rank = table["rank"].to_numpy()
    turned = table.set_column(table.column_names.index("rank"), "rank", pa.array(7 - rank))
    pq.write_table(turned, other / "recommendations.parquet")
    lists = compare_runs(made, other).lists
    assert (lists["overlap"], lists["first_changed"], lists["unchanged"]) == (1.0, 1.0, 0.0)
    assert lists["rank_biased_overlap"] < 0.8


def test_a_verdict_that_turned_is_named(made, tmp_path):
    other = _other(made, tmp_path)
    table = pq.read_table(other / "influence.parquet")
    rows = table.to_pylist()
    turned = [row for row in rows if row["primary"] and row["identified"] == "assumed" and (row["ci_low"] or 0) > 0]
    for row in turned:
        row["estimate"], row["ci_low"], row["ci_high"] = -row["estimate"], -row["ci_high"], -row["ci_low"]
    pq.write_table(pa.Table.from_pylist(rows, table.schema), other / "influence.parquet")
    found = compare_runs(made, other).verdicts
    assert len(found) == len(turned) > 0
    assert {(one["before"], one["after"]) for one in found} == {("raises", "lowers")}


def test_runs_in_between_split_the_difference(made, tmp_path):
    middle = _other(made, tmp_path, "m", code="c2")
    _worse(middle)
    last = _other(middle, tmp_path, "z", code="c2", seed=1)
    steps = compare_runs(made, last, between=[middle]).steps
    assert [one["reasons"] for one in steps] == [["code"], ["seed"]]
    whole = {f"{row['model']}/{row['metric']}": row["change"] for row in compare_runs(made, last).metrics}
    for name, change in whole.items():
        if change is not None:
            assert np.isclose(sum(one["metrics"][name] for one in steps), change)


def test_noise_must_be_of_the_seed_alone(made, tmp_path):
    assert compare_runs(made, made, noise=_other(made, tmp_path, seed=1)).noise["overlap"] == 1.0
    with pytest.raises(UsageError, match="another seed"):
        compare_runs(made, made, noise=_other(made, tmp_path, "c", code="c2"))


def test_what_is_no_run_is_refused(made, tmp_path):
    with pytest.raises(ArtifactError):
        compare_runs(made, tmp_path)


def test_the_verb_exits_one_where_a_limit_is_broken(made, tmp_path):
    other = _other(made, tmp_path, code="c2")
    _worse(other)
    fine = command(["diff", str(made), str(other), "--json", "--out", "d.json"], tmp_path)
    assert fine.code == 0, fine.err
    assert json.loads(fine.out)["reasons"] == ["code"]
    assert json.loads((tmp_path / "d.json").read_text())["reasons"] == ["code"]
    gate = command(["diff", str(made), str(other), "--max-drop", "ndcg@10=0.001"], tmp_path)
    assert gate.code == 1
    assert "fell by" in gate.err
    assert command(["diff", str(made), str(other), "--max-drop", "ndcg@10"], tmp_path).code == 2
