"""Run folders that are damaged, foreign or hostile: each file is refused in one line that names it, or shown safely."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ArtifactError
from swayline.core.names import (
    AUDIT_FILE,
    DESCRIBE_FILE,
    EXAMPLES_FILE,
    EXPERIMENTS_FILE,
    FLAGS_FILE,
    INFLUENCE_FILE,
    METRICS_FILE,
    NETWORK_FILE,
    OVERLAP_FILE,
    QUALITY_FILE,
    RECOMMENDATIONS_FILE,
    REJECTED_FILE,
    REPORT_FILE,
    RUN_FILE,
)
from swayline.core.run_folder import read_by_the_report
from swayline.core.run_folder.registry import PEOPLE_FILE, PROFILES_FILE, RELATED_FILE, THINGS_FILE
from swayline.core.storage.artifacts import MAX_DEPTH, read_json
from swayline.core.storage.files import fingerprint
from swayline.ledger import read_ledger
from swayline.pipeline.job import _past
from swayline.report import write_report
from swayline.report.artifacts import read_artifacts
from swayline.testing.run_folder import write_run_folder

JSON_FILES = tuple(one.name for one in read_by_the_report() if one.format == "json")
TABLES = tuple(one.name for one in read_by_the_report() if one.format != "json")
MARKUP = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_run_folder(folder, effects=True)
    (folder / RELATED_FILE).parent.mkdir()
    for name in (AUDIT_FILE, NETWORK_FILE, OVERLAP_FILE, RELATED_FILE):
        (folder / name).write_text("{}")
    shutil.copy(folder / INFLUENCE_FILE, folder / EXPERIMENTS_FILE)
    return folder


@pytest.fixture
def folder(clean, tmp_path):
    return Path(shutil.copytree(clean, tmp_path / "run"))


def _gone(path: Path) -> None:
    path.unlink()


def _link(path: Path) -> None:
    _gone(path)
    path.symlink_to(path.parent / "nowhere")


def _loop(path: Path) -> None:
    _gone(path)
    path.symlink_to(path)


def _directory(path: Path) -> None:
    _gone(path)
    path.mkdir()


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _text(content: str):
    return lambda path: path.write_text(content)


ON_ANY_FILE = {
    "a folder": _directory, "a link to nothing": _link, "a link to itself": _loop, "empty": _text(""),
    "noise": lambda path: path.write_bytes(b"\xff\xfe\x00PAR1" * 9),
}  # fmt: skip
ON_JSON = ON_ANY_FILE | {
    "cut off": lambda path: path.write_text(path.read_text()[:-20] if path.stat().st_size > 30 else "{"),
    "another kind": lambda path: path.write_text("{}" if path.name == EXAMPLES_FILE else "[]"),
    "null": _text("null"),
    "a number": _text("7"),
    "too deep for the parser": _text("[" * 200_000 + "]" * 200_000),
    "too deep": _text('{"a":' * (MAX_DEPTH + 5) + "1" + "}" * (MAX_DEPTH + 5)),
    "NaN": _text('{"a": [{"b": NaN}]}'),
    "infinite": _text('{"a": 1e999}'),
    "huge": _text('{"a": ' + "9" * 3000 + "}"),
    "huger": _text('{"a": ' + "9" * 30_000 + "}"),
}
ON_TABLE = ON_ANY_FILE | {"cut off": _half, "JSON": _text("{}")}


@pytest.mark.parametrize("attack", ON_JSON)
@pytest.mark.parametrize("name", JSON_FILES)
def test_a_damaged_json_file_is_refused_in_one_line_that_names_it(folder, name, attack):
    ON_JSON[attack](folder / name)
    found = read_artifacts(folder)
    assert name in found.missing
    assert found.missing[name].startswith(name)
    assert "\n" not in found.missing[name]
    if attack in ("NaN", "infinite", "huge", "huger"):
        assert "a.0.b" in found.missing[name] or "'a'" in found.missing[name]


@pytest.mark.parametrize("attack", ON_TABLE)
@pytest.mark.parametrize("name", TABLES)
def test_a_damaged_table_is_refused_in_one_line_that_names_it(folder, name, attack):
    ON_TABLE[attack](folder / name)
    found = read_artifacts(folder)
    assert found.missing[name].startswith(name)
    assert "\n" not in found.missing[name]


@pytest.mark.parametrize("attack", ["missing", "type", "null", "twice"])
@pytest.mark.parametrize(
    ("name", "column"),
    [(INFLUENCE_FILE, "cause"), (RECOMMENDATIONS_FILE, "user"), (FLAGS_FILE, "user"), (PEOPLE_FILE, "user"),
     (THINGS_FILE, "item"), (REJECTED_FILE, "reason")],
)  # fmt: skip
def test_a_table_whose_columns_are_wrong_is_refused_with_the_column(folder, name, column, attack):
    table = pq.read_table(folder / name)
    place = table.column_names.index(column)
    if attack == "missing":
        table = table.drop_columns([column])
    elif attack == "type":
        table = table.set_column(place, column, pa.array([[1]] * len(table), pa.list_(pa.int64())))
    elif attack == "twice":
        table = table.append_column(column, table[column])
    elif name == REJECTED_FILE:
        pytest.skip("a reason is no id")
    else:
        table = table.set_column(place, column, pa.nulls(len(table), pa.string()))
    assert len(table)
    pq.write_table(table, folder / name)
    found = read_artifacts(folder)
    assert found.missing[name].startswith(name)
    assert column in found.missing[name]


def _set(content, keys, value):
    for key in keys[:-1]:
        content = content[key]
    content[keys[-1]] = value


FIELDS = [
    (METRICS_FILE, ("models",), ["transformer"]),
    (METRICS_FILE, ("models", "transformer"), 3),
    (METRICS_FILE, ("models", "transformer", "metrics"), []),
    (METRICS_FILE, ("models", "transformer", "metrics"), {}),
    (METRICS_FILE, ("models", "transformer", "metrics", "ndcg@10", "value"), "high"),
    (METRICS_FILE, ("models", "transformer", "metrics", "ndcg@10", "value"), -1e300),
    (METRICS_FILE, ("models", "transformer", "history"), [{"epoch": "x"}, 3]),
    (METRICS_FILE, ("models", "transformer", "groups"), {"answer": {"return": 3}}),
    (METRICS_FILE, ("models", MARKUP), {"metrics": {MARKUP: {"value": 0.5}}}),
    (METRICS_FILE, ("best",), "another run's model"),
    (METRICS_FILE, ("chosen",), {"a": 1}),
    (METRICS_FILE, ("protocol",), []),
    (METRICS_FILE, ("protocol", "n_items"), MARKUP),
    (METRICS_FILE, ("comparisons",), [{}]),
    (METRICS_FILE, ("comparisons",), [1, None]),
    (DESCRIBE_FILE, ("outcome",), ["purchase"]),
    (DESCRIBE_FILE, ("outcome",), MARKUP),
    (DESCRIBE_FILE, ("behaviors",), {}),
    (DESCRIBE_FILE, ("rows", "read"), None),
    (DESCRIBE_FILE, ("funnel", "pairs"), []),
    (DESCRIBE_FILE, ("span",), 3),
    (DESCRIBE_FILE, ("per_user",), {"edges": [], "counts": []}),
    (DESCRIBE_FILE, ("activity",), {"window_s": 0, "starts": [], "series": {}}),
    (DESCRIBE_FILE, ("top_items",), [{"id": MARKUP, "label": MARKUP}]),
    (RUN_FILE, ("stages",), {"read": 1}),
    (RUN_FILE, ("stages",), [{"name": ["read"]}]),
    (RUN_FILE, ("started",), "yesterday"),
    (RUN_FILE, ("started",), "9999-99-99T99:99:99Z"),
    (RUN_FILE, ("inputs",), ["a"]),
    (RUN_FILE, ("inputs", "events", "path"), {"a": [1]}),
    (RUN_FILE, ("settings",), {MARKUP: {MARKUP: [MARKUP]}}),
    (EXAMPLES_FILE, (0, "user"), None),
    (EXAMPLES_FILE, (0, "history"), {}),
    (EXAMPLES_FILE, (0, "history"), [{"label": MARKUP}]),
    (EXAMPLES_FILE, (0, "recommendations"), [{"rank": [1], "label": {}, "score_change": "x"}]),
    (QUALITY_FILE, ("bots",), 1),
    (QUALITY_FILE, ("columns",), [{"column": MARKUP}]),
    (PROFILES_FILE, ("outcome",), None),
    (NETWORK_FILE, ("nodes",), 3),
    (OVERLAP_FILE, ("overlap",), [3]),
]


@pytest.mark.parametrize(("name", "keys", "value"), FIELDS, ids=lambda one: json.dumps(one)[:40])
def test_a_field_of_another_kind_is_named_or_shown_safely(folder, name, keys, value):
    content = json.loads((folder / name).read_text())
    _set(content, keys, value)
    (folder / name).write_text(json.dumps(content))
    html = write_report(folder).read_text("utf-8")
    assert MARKUP not in html
    assert "Traceback" not in html


def test_a_table_of_markup_and_huge_numbers_is_shown_safely(folder):
    things = pq.read_table(folder / THINGS_FILE)
    n = len(things)
    for column, values in (("label", [MARKUP] * n), ("events", [2**62] * n), ("conversion", [float("nan")] * n)):
        things = things.set_column(things.column_names.index(column), column, pa.array(values))
    pq.write_table(things, folder / THINGS_FILE)
    assert MARKUP not in write_report(folder).read_text("utf-8")


def test_a_folder_in_the_reports_place_is_refused(folder):
    (folder / REPORT_FILE).mkdir()
    with pytest.raises(ArtifactError, match="is a folder"):
        write_report(folder)


@pytest.mark.parametrize("attack", ON_JSON)
def test_a_hostile_record_of_an_earlier_run_makes_no_stage_reused(folder, attack):
    ON_JSON[attack](folder / RUN_FILE)
    assert _past(folder) == {}


@pytest.mark.parametrize(
    "stage",
    [3, "read", {}, {"name": "read"}, {"name": "read", "key": "k", "seconds": "1", "peak_mb": 1.0, "outputs": {}},
     {"name": ["read"], "key": "k", "seconds": 1.0, "peak_mb": 1.0, "outputs": {}},
     {"name": "read", "key": "k", "seconds": 1.0, "peak_mb": None, "outputs": {"a": 1}}],
)  # fmt: skip
def test_a_stage_of_another_layout_is_never_reused(folder, stage):
    (folder / RUN_FILE).write_text(json.dumps({"stages": [stage]}))
    assert _past(folder) == {}


def test_a_ledger_that_holds_no_numbers_is_refused_before_it_is_spread(folder):
    table = pq.read_table(folder / INFLUENCE_FILE)
    place = table.column_names.index("estimate")
    table = table.set_column(place, "estimate", pa.array(["much"] * len(table)))
    pq.write_table(table, folder / INFLUENCE_FILE)
    with pytest.raises(ArtifactError, match=r"influence\.parquet is no influence table"):
        read_ledger(folder / INFLUENCE_FILE)


def test_the_message_names_file_field_and_value(tmp_path):
    (tmp_path / "metrics.json").write_text('{"models": {"a": {"metrics": {"ndcg@10": {"value": NaN}}}}}')
    with pytest.raises(ArtifactError, match=r"metrics\.json: 'models\.a\.metrics\.ndcg@10\.value' is nan: a finite"):
        read_json(tmp_path / "metrics.json")


def test_a_file_of_another_run_is_told_where_it_is_shown(folder):
    record = json.loads((folder / RUN_FILE).read_text())
    record["stages"] = [
        {"name": "evaluate", "seconds": 1.0, "peak_mb": 1.0, "outputs": {METRICS_FILE: "0" * 64}},
        {"name": "describe", "seconds": 1.0, "peak_mb": 1.0, "outputs": {DESCRIBE_FILE: fingerprint(folder / DESCRIBE_FILE)}},
    ]  # fmt: skip
    (folder / RUN_FILE).write_text(json.dumps(record))
    assert read_artifacts(folder).foreign == (METRICS_FILE,)
    page = write_report(folder).read_text("utf-8")
    assert page.count(f"{METRICS_FILE} is not the file that this run wrote") == 2  # in its section, and how it was made
    assert "with 1 of its files not as this run wrote them" in page
