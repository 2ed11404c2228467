import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ConfigError, OutcomeError, UsageError
from swayline.core.run_folder import ARTIFACTS
from swayline.events import ReadOptions
from swayline.pipeline import Inputs, RunSettings, run
from swayline.testing.artifacts import check_artifacts


@pytest.fixture(scope="module")
def done(shop, quick, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return run(Inputs(shop / "events.parquet", items=shop / "items.parquet"), quick, folder)


def _again(done, shop, settings, **inputs):
    return run(Inputs(shop / "events.parquet", items=shop / "items.parquet", **inputs), settings, done.folder)


@pytest.fixture
def copied(done, tmp_path):
    """A run of one's own that is done, to be harmed."""
    return Path(shutil.copytree(done.folder, tmp_path / "run"))


def _redone(result):
    return [stage.name for stage in result.stages if not stage.reused]


def test_leaves_every_promised_artifact(done):
    check_artifacts(done.folder)
    assert done.record["outcome"] == "purchase"
    assert done.record["inputs"]["events"]["rows"] == done.record["inputs"]["events"]["kept"]


def test_files_that_name_no_people_hold_no_id_of_one(done):
    people = {one.as_py() for one in pq.read_table(done.folder / "events.parquet")["user"].unique()}
    for one in ARTIFACTS:
        path = done.folder / one.name
        if one.names_people or not path.is_file():
            continue
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            words = {str(value) for name in table.column_names for value in table[name].to_pylist()}
        else:
            words = set(re.findall(r"[\w-]+", path.read_text("utf-8")))
        assert not words & people, one.name


def test_finished_stages_are_reused(done, shop, quick):
    assert _redone(_again(done, shop, quick)) == []


def test_a_changed_setting_redoes_what_depends_on_it_and_nothing_else(done, shop, quick):
    changed = quick.model_copy(update={"outcome": "cart"})
    assert _redone(_again(done, shop, changed)) == ["describe", "profiles", "influence", "trust", "report"]
    _again(done, shop, quick)


def test_stages_of_other_code_are_not_taken_for_ours(done, copied, shop, quick, monkeypatch):
    inputs = Inputs(shop / "events.parquet", items=shop / "items.parquet")
    assert _redone(run(inputs, quick, copied)) == []
    monkeypatch.setattr("swayline.pipeline.job.code_digest", lambda: "other code")
    assert _redone(run(inputs, quick, copied)) == [stage.name for stage in done.stages]


def test_a_damaged_artifact_is_made_again(done, shop, quick):
    (done.folder / "recommendations.parquet").write_bytes(b"damaged")
    # The report is built from that file, whose content comes out the same: only its maker runs again.
    assert _redone(_again(done, shop, quick)) == ["recommend"]
    assert pq.read_table(done.folder / "recommendations.parquet").num_rows


def test_a_changed_input_redoes_everything(done, copied, shop, quick, tmp_path):
    events = pq.read_table(shop / "events.parquet")
    pq.write_table(events.slice(0, len(events) - 50), tmp_path / "fewer.parquet")
    again = run(Inputs(tmp_path / "fewer.parquet", items=shop / "items.parquet"), quick, copied)
    assert _redone(again) == [stage.name for stage in done.stages]


def test_a_run_cut_short_goes_on_where_it_stopped(shop, quick, tmp_path, monkeypatch):
    from swayline.pipeline import stages

    def stop(work):
        raise KeyboardInterrupt

    broken = [
        s if s.name != "influence" else stages.Stage(s.name, stop, s.needs, s.settings, s.makes) for s in stages.STAGES
    ]
    monkeypatch.setattr("swayline.pipeline.job.STAGES", broken)
    with pytest.raises(KeyboardInterrupt):
        run(Inputs(shop / "events.parquet"), quick, tmp_path / "run")
    monkeypatch.undo()
    assert _redone(run(Inputs(shop / "events.parquet"), quick, tmp_path / "run")) == [
        "influence",
        "recommend",
        "trust",
        "report",
    ]


def test_the_same_seed_gives_the_same_run(done, shop, quick, tmp_path):
    again = run(Inputs(shop / "events.parquet", items=shop / "items.parquet"), quick, tmp_path / "again")
    for name in ("recommendations.parquet", "influence.parquet"):
        assert pq.read_table(done.folder / name).equals(pq.read_table(again.folder / name))


def test_every_reason_names_something_or_says_there_is_none(done):
    reasons = pq.read_table(done.folder / "recommendations.parquet")["reason"].to_pylist()
    assert all(reason.startswith("because of ") or "no single recent event" in reason for reason in reasons)


def test_titles_stand_in_examples_where_the_log_has_them(done, shop):
    titles = set(pq.read_table(shop / "items.parquet")["title"].to_pylist())
    for example in json.loads((done.folder / "examples.json").read_text()):
        assert {one["label"] for one in example["recommendations"]} <= titles


def test_unknown_outcome_lists_the_choices_before_anything_is_trained(shop, quick, tmp_path):
    settings = quick.model_copy(update={"outcome": "purchse"})
    with pytest.raises(OutcomeError, match="did you mean 'purchase'"):
        run(Inputs(shop / "events.parquet"), settings, tmp_path / "run")


def test_a_folder_of_other_files_is_not_touched(shop, quick, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="did not write"):
        run(Inputs(shop / "events.parquet"), quick, tmp_path)


def test_unknown_model_is_refused_before_reading(tmp_path, quick):
    with pytest.raises(UsageError, match="did you mean 'item-knn'"):
        run(Inputs(tmp_path / "none.csv"), quick.model_copy(update={"models": ("item-kn",)}), tmp_path / "run")


def test_words_follow_a_log_that_is_no_shop(quick, tmp_path):
    lines = ["learner,lesson,action,time"]
    for user in range(30):
        lines += [
            f"l{user},s{(user + step) % 9},{'open' if step % 2 else 'finish'},{1_700_000_000 + step * 3600}"
            for step in range(6)
        ]
    (tmp_path / "lessons.csv").write_text("\n".join(lines))
    settings = quick.model_copy(
        update={"outcome": "finish", "reading": ReadOptions(mapping={"user": "learner", "item": "lesson"})}
    )
    done = run(Inputs(tmp_path / "lessons.csv"), settings, tmp_path / "run")
    page = done.report.read_text("utf-8")
    assert "finish" in page
    assert "purchase" not in page.split("</script>")[-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("outcom = 'purchase'", "unknown setting 'outcom'.*did you mean 'outcome'"),
        ("seed = 'x'", "seed must be int, not 'x'"),
        ("k = 0", "k must be from 1 to 1000, not 0"),
        ("[reading]\ncolumn = ['user']", "unknown setting 'reading.column'.*did you mean 'columns'"),
        ("seed = ", "cannot be read as TOML"),
    ],
)
def test_bad_configuration_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        RunSettings.load(path, {})


def test_command_line_stands_above_the_file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("seed = 3\nk = 5\n[reading]\nordered = true\n")
    settings = RunSettings.load(path, {"seed": 9, "reading": {"delimiter": "|"}})
    assert (settings.seed, settings.k, settings.reading.ordered, settings.reading.delimiter) == (9, 5, True, "|")


def test_an_address_is_read_each_time_and_the_rest_reused_while_it_holds_the_same(shop, quick, tmp_path):
    import json as plain
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    rows = pq.read_table(shop / "events.parquet", columns=["user", "item", "behavior", "time"]).to_pylist()[:400]
    held = [[row | {"time": row["time"].isoformat()} for row in rows]]

    class Address(BaseHTTPRequestHandler):
        def do_GET(self):
            body = plain.dumps(held[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *about): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Address)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        inputs = Inputs(f"http://127.0.0.1:{server.server_port}/log?token=hidden")
        first = run(inputs, quick, tmp_path / "run")
        assert "hidden" not in (tmp_path / "run" / "run.json").read_text()
        again = run(inputs, quick, tmp_path / "run")
        assert [stage.name for stage in again.stages if not stage.reused] == ["read"]
        held[0] = held[0][:-50]
        changed = run(inputs, quick, tmp_path / "run")
    finally:
        server.shutdown()
        server.server_close()
    assert not any(stage.reused for stage in changed.stages)
    assert first.record["inputs"]["events"]["kept"] > changed.record["inputs"]["events"]["kept"]


def test_what_a_stage_could_not_do_is_said_in_the_record_and_the_report(shop, quick, tmp_path):
    """An ordered log has no times: effects and influence on ties cannot be estimated, and both are said."""
    events = pq.read_table(shop / "events.parquet", columns=["user", "item", "behavior"]).drop_null()
    pq.write_table(events.slice(0, 600), tmp_path / "ordered.parquet")
    people = events["user"].unique().to_pylist()
    (tmp_path / "ties.csv").write_text(f"source,target\n{people[0]},{people[1]}\n")
    settings = quick.model_copy(update={"reading": ReadOptions(ordered=True)})
    done = run(Inputs(tmp_path / "ordered.parquet", ties=tmp_path / "ties.csv"), settings, tmp_path / "run")
    (notes,) = [stage["notes"] for stage in done.record["stages"] if stage["name"] == "influence"]
    assert [note.split(":")[0] for note in notes] == [
        "effects of behaviours cannot be estimated, so associations stand alone",
        "credit for the outcome cannot be shared out",
        "influence on ties cannot be estimated",
    ]
    page = done.report.read_text("utf-8")
    assert all(note.split(":")[0] in page for note in notes)
    again = run(Inputs(tmp_path / "ordered.parquet", ties=tmp_path / "ties.csv"), settings, tmp_path / "run")
    assert [stage.get("notes") for stage in again.record["stages"]] == [
        stage.get("notes") for stage in done.record["stages"]
    ]


def test_a_model_that_ignores_the_logs_values_says_so_and_names_those_that_do_not(tmp_path):
    rows = [
        f"u{user},i{(3 * user + step) % 11},{1 + (user + step) % 5},{86_400 * step}"
        for user in range(12)
        for step in range(4)
    ]
    (tmp_path / "stars.csv").write_text("user,item,rating,time\n" + "\n".join(rows) + "\n")
    read = Inputs(tmp_path / "stars.csv")
    for model, expected in (("most-popular", True), ("item-knn", False)):
        done = run(read, RunSettings(models=(model,), explained_users=0), tmp_path / model)
        (notes,) = [stage["notes"] for stage in done.record["stages"] if stage["name"] == "train"]
        said = [note for note in notes if "ignores the log's values" in note]
        assert bool(said) is expected
        assert all("most-popular" in note and "item-knn" in note and "gru" not in note for note in said)
