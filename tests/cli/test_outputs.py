import json

import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.core.errors import UsageError

ROWS = "user,item,behavior,time\n" + "".join(
    f"u{user},i{(user + step) % 8},{'view' if step < 4 else 'purchase'},{1_700_000_000 + 60 * step}\n"
    for user in range(20)
    for step in range(6)
)


def call(*words):
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs")
    (folder / "events.csv").write_text(ROWS)
    done = call("fit", folder / "events.csv", "--model", "item-knn", "--out", folder / "m")
    assert done.exit_code == 0, done.output
    return folder / "m"


def _rows(path):
    if path.suffix == ".csv":
        return pyarrow.csv.read_csv(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize(
    "words",
    [("recommend", "{model}"), ("influence", "events", "{model}"), ("check", "{bad}")],
    ids=["recommend", "influence events", "check"],
)
def test_outputs_follow_their_ending(model, tmp_path, words):
    (tmp_path / "bad.csv").write_text(ROWS + "u1,,view,1700000000\n")
    said = [word.format(model=model, bad=tmp_path / "bad.csv") for word in words]
    found = {}
    for ending in (".parquet", ".csv", ".jsonl"):
        done = call(*said, "--out", tmp_path / f"out{ending}")
        assert done.exit_code == (1 if words[0] == "check" else 0), done.output
        found[ending] = _rows(tmp_path / f"out{ending}")
    assert found[".parquet"]
    assert (tmp_path / "out.csv").read_bytes()[:4] != b"PAR1"
    assert len(found[".csv"]) == len(found[".jsonl"]) == len(found[".parquet"])
    assert list(found[".csv"][0]) == list(found[".jsonl"][0]) == list(found[".parquet"][0])


@pytest.mark.parametrize(
    "words",
    [
        ("check", "no.csv"), ("recommend", "no"), ("influence", "events", "no"),
        ("influence", "behaviors", "no", "--treatment", "cart"), ("influence", "people", "no", "--ties", "t"),
        ("influence", "table", "no", "--treatment", "a", "--outcome", "b"), ("influence", "spread", "no"),
    ],
    ids=lambda words: " ".join(words[:2]),
)  # fmt: skip
def test_another_ending_is_refused_before_anything_is_read(words):
    done = call(*words, "--out", "out.xlsx")
    assert isinstance(done.exception, UsageError)
    assert ".parquet, .csv or .jsonl" in str(done.exception)


def test_metrics_are_json_by_name():
    done = call("evaluate", "no", "--out", "m.parquet")
    assert isinstance(done.exception, UsageError)
    assert ".json" in str(done.exception)
