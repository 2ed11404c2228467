import json
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from swayline.testing.attacks import command

SOUND = "user,item,behavior,time\n" + "".join(
    f"u{user},i{(user + step) % 8},{'view' if step < 4 else 'purchase'},{1_700_000_000 + 60 * step}\n"
    for user in range(20)
    for step in range(6)
)


def swayline(*words, cwd="."):
    return command(words, Path(cwd))


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "events.csv"
    path.write_text(SOUND)
    return path


@pytest.fixture(scope="module")
def model(log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("m") / "model"
    done = swayline("fit", log, "--model", "item-knn", "--out", folder, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["users"] == 20
    return folder


def _cpu(*words: str) -> float:
    """CPU seconds of a program, the least of three."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert subprocess.run([sys.executable, "-W", "error", *words], check=False).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def test_help_costs_little_more_than_the_library_that_writes_it():
    assert _cpu("-m", "swayline.cli", "--help") < 6 * _cpu("-c", "import typer.main, typer.rich_utils")


def test_help_loads_nothing_heavy():
    heavy = {"numpy", "scipy", "pandas", "polars", "pyarrow", "duckdb", "torch", "sklearn", "lightgbm", "pydantic"}
    words = f"import sys; import swayline.cli.app; print(*({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "verb", ["run", "check", "simulate", "fit", "recommend", "evaluate", "report", "influence", "tune"]
)
def test_every_verb_explains_itself(verb):
    done = swayline(verb, "--help")
    assert done.code == 0
    assert "--" in done.out


def test_check_says_what_is_read_and_exits_0(log):
    done = swayline("check", log, "--json")
    result = json.loads(done.out)
    assert (done.code, result["kept"], result["rejected"]) == (0, 120, 0)


def test_check_exits_1_and_shows_each_rejected_row(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(SOUND + "u1,,view,1700000000\nu2,i1,view,never\n")
    done = swayline("check", path, "--out", tmp_path / "rejected.parquet")
    assert done.code == 1
    assert "row 122: item '' is missing" in done.out
    assert "row 123: time 'never' is no time" in done.out
    assert pq.read_table(tmp_path / "rejected.parquet")["row"].to_pylist() == [122, 123]


def test_fit_lists_the_models_without_a_log():
    done = swayline("fit", "--model", "list")
    assert {"most-popular", "item-knn", "transformer"} <= set(done.out.split())


def test_recommend_serves_those_asked_for(model, tmp_path):
    (tmp_path / "users.txt").write_text("u3\nu7\n")
    done = swayline("recommend", model, "--users", tmp_path / "users.txt", "-k", 3, "--out", tmp_path / "r.parquet")
    assert done.code == 0, done.err
    table = pq.read_table(tmp_path / "r.parquet")
    assert table.column_names == ["user", "item", "rank", "score", "source"]
    assert set(table["user"].to_pylist()) == {"u3", "u7"}


def test_recommend_takes_newer_events_read_as_the_first_were(model, tmp_path):
    newer = tmp_path / "newer.csv"
    newer.write_text("user,item,behavior,time\nnobody,i2,view,1700000000\nnobody,i3,view,1700000060\n")
    done = swayline("recommend", model, "--events", newer, "--out", tmp_path / "r.parquet")
    assert done.code == 0, done.err
    assert set(pq.read_table(tmp_path / "r.parquet")["user"].to_pylist()) == {"nobody"}


def test_influence_events_explains_one_user(model, tmp_path):
    done = swayline(
        "influence", "events", model, "--user", "u3", "--item", "i1", "--out", tmp_path / "i.parquet", "--json"
    )
    assert done.code == 0, done.err
    table = pq.read_table(tmp_path / "i.parquet").to_pylist()
    assert len(table) == 6
    assert {row["effect"] for row in table} == {"u3|i1"}


@pytest.mark.parametrize("split", ["last-out", "time"])
def test_evaluate_writes_metrics_with_intervals(log, tmp_path, split):
    done = swayline("evaluate", log, "--model", "item-knn", "--split", split, "--out", tmp_path / "m.json", "--json")
    if split == "last-out":
        assert done.code == 0, done.err
        metrics = json.loads((tmp_path / "m.json").read_text())["models"]["item-knn"]["metrics"]
        assert metrics["ndcg@10"]["ci_low"] <= metrics["ndcg@10"]["value"] <= metrics["ndcg@10"]["ci_high"]
    else:
        assert done.code in (0, 1)
        assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("check", "no-such.csv"), 1, "does not exist"),
        (("run", "no-such.csv", "--out", "r"), 1, "does not exist"),
        (("fit", "no-such.csv", "--model", "transfomer"), 2, "did you mean 'transformer'"),
        (("fit",), 2, "give the log"),
        (("recommend", "nowhere"), 1, "nowhere"),
        (("report", "nowhere"), 1, "no run folder"),
        (("influence", "events", "nowhere"), 1, "nowhere"),
        (("check", "x.csv", "--map", "user"), 2, "ours=theirs"),
        (("check", "x.csv", "--map", "usr=u"), 2, "did you mean 'user'"),
    ],
)
def test_mistakes_end_in_one_line_and_the_promised_code(tmp_path, words, code, message):
    done = swayline(*words, cwd=tmp_path)
    assert done.code == code
    assert message in done.err
    assert "secret" not in done.err
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def test_one_user_and_one_item_still_give_an_answer(tmp_path):
    path = tmp_path / "tiny.csv"
    path.write_text("user,item,time\nu,i,1700000000\n")
    done = swayline("run", path, "--out", tmp_path / "run", "--config", _quick(tmp_path))
    assert done.code == 0, done.err
    assert (tmp_path / "run" / "report.html").exists()


def test_run_says_how_each_stage_went(log, tmp_path):
    done = swayline("run", log, "--out", tmp_path / "run", "--config", _quick(tmp_path))
    assert done.code == 0, done.err
    for stage in ("read", "describe", "train", "evaluate", "influence", "recommend", "report"):
        assert stage in done.err
    assert "report.html" in done.out


def test_run_stops_and_lists_the_choices_when_the_outcome_cannot_be_told(tmp_path):
    path = tmp_path / "lessons.csv"
    path.write_text(SOUND.replace("view", "open").replace("purchase", "finish"))
    done = swayline("run", path, "--out", tmp_path / "run")
    assert done.code == 1
    assert "--outcome" in done.err
    assert "open" in done.err
    assert "finish" in done.err


def _quick(folder):
    path = folder / "quick.toml"
    path.write_text('models = ["most-popular", "item-knn"]\n')
    return path


@pytest.fixture(scope="module")
def shop(log, tmp_path_factory):
    """A DuckDB file that holds the log and its items."""
    import duckdb

    path = tmp_path_factory.mktemp("db") / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE log AS SELECT * FROM read_csv('{log}', all_varchar = true)")
        connection.execute("CREATE TABLE goods AS SELECT DISTINCT item AS item_id, upper(item) AS title FROM log")
    return path


def test_a_database_is_events_and_side_tables_of_every_verb(shop, log, tmp_path):
    said = ("--table", "log", "--items", shop, "--items-table", "goods")
    result = json.loads(swayline("check", shop, *said, "--json").out)
    assert (result["kept"], result["rejected"], result["sides"]) == (120, 0, {"items": 8})
    done = swayline("fit", shop, "--model", "item-knn", "--out", tmp_path / "m", *said)
    assert done.code == 0, done.err
    done = swayline("recommend", tmp_path / "m", "--events", shop, "--out", tmp_path / "r.parquet")
    assert done.code == 0, done.err
    done = swayline("check", shop)
    assert (done.code, "say --table NAME, one of: main.goods, main.log" in done.err) == (2, True)


def test_an_address_is_events_and_its_pages_are_told_on_the_command_line(log, tmp_path):
    import csv
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from urllib.parse import parse_qs, urlsplit

    rows = list(csv.DictReader(log.read_text().splitlines()))

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self):
            at = int(parse_qs(urlsplit(self.path).query)["p"][0])
            body = json.dumps({"data": {"events": rows[50 * at : 50 * at + 50]}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *about): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/events"
        done = swayline("check", address, "--paging", "page=p,first=0,rows=data.events,per_second=100", "--json")
    finally:
        server.shutdown()
        server.server_close()
    result = json.loads(done.out)
    assert (done.code, result["kept"], result["rejected"]) == (0, 120, 0)


def test_what_the_reader_decided_is_told(tmp_path):
    path = tmp_path / "odd.csv"
    lines = [f"{line},top" for line in SOUND.splitlines()[1:]]
    path.write_text("\n".join(["user,item,behavior,time,position", *lines, "u1,,view,1700000000,top"]))
    done = swayline("check", path)
    assert "note: column 'position' holds no such numbers and was left aside" in done.out
    done = swayline("fit", path, "--model", "most-popular", "--out", tmp_path / "m", "--json")
    assert done.code == 0, done.err
    assert "note: column 'position'" in done.err
    assert "note: 1 rows are rejected; swayline check says why" in done.err
    json.loads(done.out)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("pag=p", "did you mean 'page'"),
        ("page", "is not understood"),
        ("page=p,first=one", "first must be a number"),
        ("page=p,cursor=c", "say one of the two"),
        ("page=p", "a name in an address is not sent"),
    ],
)
def test_mistakes_in_paging_are_told_in_one_line(said, message):
    done = swayline("check", "http://me:secret@127.0.0.1:9/x", "--paging", said)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
    assert "secret" not in done.err


def test_evaluate_compares_models_by_protocol_target_and_segment(log, tmp_path):
    users = tmp_path / "users.csv"
    users.write_text("user,age\n" + "".join(f"u{n},{20 + n % 2}\n" for n in range(20)))
    words = (
        "--model",
        "item-knn",
        "--model",
        "most-popular",
        "--users",
        users,
        "--segment",
        "age",
        "--target",
        "behavior",
    )
    done = swayline("evaluate", log, *words, "--split", "k-fold", "--folds", 2, "--out", tmp_path / "m.json")
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "m.json").read_text())
    assert set(found["models"]) == {"item-knn", "most-popular"}
    assert found["protocol"]["folds"] == ["part 1", "part 2"]
    assert set(found["models"]["item-knn"]["groups"]["age"]) == {"20", "21"}
    assert "best: " in done.out
    for words, message in (
        (("--split", "k-fold", "--folds", 1), "than or equal to 2"),
        (("--split", "rollin"), "did you mean 'rolling'"),
        (("--segment", "age"), "--users"),
    ):
        done = swayline("evaluate", log, "--model", "item-knn", *words)
        assert (done.code, done.err.count("\n"), message in done.err) == (2, 1, True), done.err
