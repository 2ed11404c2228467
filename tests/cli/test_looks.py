"""How much is told, a quick run, models listed with what they are for, the only behaviour named, training followed."""

import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from swayline.core import progress
from swayline.core.progress import in_words, set_level, task
from swayline.models import names
from swayline.models.purposes import PURPOSES
from swayline.testing.shop import small_shop


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    path = tmp_path_factory.mktemp("looks") / "events.parquet"
    pq.write_table(small_shop(users=60, items=40, events=1_500).events, path)
    return path


def swayline(*words, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "swayline.cli", *map(str, words)], capture_output=True, text=True, check=False, cwd=cwd
    )


@pytest.fixture
def told(capsys):
    """What a block of work tells at a level, where the output is no terminal."""

    def tell(level, *, seconds=0.0, note=""):
        set_level(level)
        try:
            with task("count apples", total=4) as bar:
                bar.advance(1)
                if note:
                    bar.note(note)
        finally:
            set_level("silent")
        return capsys.readouterr().err

    return tell


def test_a_library_and_a_quiet_command_tell_nothing(told):
    assert told("silent", note="n") == ""
    assert told("quiet", note="n") == ""


def test_lines_tell_each_step_with_the_time_left(told, monkeypatch):
    clock = iter([0.0, 11.0, 11.5, 30.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    lines = told("normal", note="loss 0.5").splitlines()
    # A quarter took 11 s, so three quarters take 33 s more.
    assert lines == ["count apples · 25%, about 33 s left", "count apples · done in 30 s · loss 0.5"]


def test_short_steps_have_no_line_unless_everything_is_told(told):
    assert told("normal") == ""
    assert "count apples" in told("verbose", note="loss 0.5")
    assert in_words(0.42) == "0.4 s"


def test_every_model_says_what_it_is_for():
    assert set(PURPOSES) <= set(names())
    assert set(names()) == set(PURPOSES)


@pytest.mark.parametrize("verb", ["run", "fit", "evaluate"])
def test_model_list_says_what_each_is_for(verb, events):
    words = [verb, *([events] if verb == "evaluate" else []), "--model", "list"]
    done = swayline(*words)
    assert done.returncode == 0, done.stderr
    assert "item-knn" in done.stdout
    assert PURPOSES["item-knn"] in done.stdout


def test_check_prints_which_column_became_what_and_names_the_only_behavior(tmp_path):
    (tmp_path / "log.csv").write_text("uid,venue_id,ts\nu1,v1,1700000000\nu2,v1,1700000100\n")
    done = swayline("check", tmp_path / "log.csv", "--behavior", "checkin")
    assert "columns: user ← uid, item ← venue_id, time ← ts" in done.stdout, done.stderr
    assert "behaviours: checkin" in done.stdout
    done = swayline("check", tmp_path / "log.csv", "--behavior", "two words")
    assert (done.returncode, "is no word" in done.stderr) == (2, True)


def test_help_is_never_cut():
    done = subprocess.run(
        [sys.executable, "-m", "swayline.cli", "--help"], capture_output=True, text=True, check=False,
        env={**__import__("os").environ, "COLUMNS": "60"},
    )  # fmt: skip
    listed = done.stdout.split("Commands:")[1]
    assert "..." not in listed
    assert "…" not in listed


def test_a_quick_run_says_so_and_takes_the_model_and_length_asked_for(events, tmp_path):
    done = swayline("run", events, "--quick", "--model", "item-knn", "-k", 3, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)["run"]
    assert record["settings"]["quick"] is True
    assert record["settings"]["model_settings"]["transformer"]["max_epochs"] == 3
    lists = pq.read_table(tmp_path / "run" / "recommendations.parquet")
    assert max(lists["rank"].to_pylist()) == 3
    notes = [note for stage in record["stages"] for note in stage.get("notes", ())]
    assert any("a quick run" in note for note in notes)
    assert "quick run" in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_training_is_followed_on_this_disk(events, tmp_path):
    pytest.importorskip("tensorboard")
    out = tmp_path / "model"
    done = swayline("fit", events, "--set", "max_epochs=2", "--track", "tensorboard", "--out", out, "--quiet")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert list((tmp_path / "model-tracking" / "model").glob("events.out.tfevents*"))
    done = swayline("fit", events, "--track", "tensorbord", "--out", tmp_path / "other")
    assert (done.returncode, "did you mean 'tensorboard'" in done.stderr) == (2, True)


def test_mlflow_keeps_a_line_an_epoch_offline(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="needs the extra tracking")
    from swayline.models.sequence.optimize.epochs import Epoch
    from swayline.training.tracking import tracked

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with tracked("mlflow", tmp_path, "first", {"seed": 0}) as tracker:
        for at in (1, 2):
            tracker.watch(Epoch(at, 1.0 / at, 0.1 * at, 1.0, 10.0))
        tracker.figures({"ndcg@10": 0.2})
    (run,) = mlflow.search_runs(experiment_names=["swayline"], output_format="list")
    assert run.data.params == {"seed": "0"}
    assert run.data.metrics["train/valid_ndcg"] == pytest.approx(0.2)
    assert run.data.metrics["ndcg_at_10"] == pytest.approx(0.2)
