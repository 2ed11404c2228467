"""The one registry of a run's files: documents, stages, report and checks say the same."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from swayline.core.run_folder import ARTIFACTS, artifact, made_by, read_by_the_report, results
from swayline.core.run_folder.registry import EXPERIMENT_VERB, RUN_STAGE
from swayline.pipeline import STAGES
from swayline.report import write_report
from swayline.testing.run_folder import write_run_folder

ROOT = Path(__file__).parents[3]


def _shown(one):
    return one.name + ("/" if one.format == "folder" else "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_run_folder(folder, effects=True)
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return write_report(folder).read_text("utf-8")


def test_every_file_stands_once():
    names = [one.name for one in ARTIFACTS]
    assert len(set(names)) == len(names)


def test_stages_make_what_the_registry_says_and_every_file_has_its_stage():
    assert {one.stage for one in ARTIFACTS} == {stage.name for stage in STAGES} | {RUN_STAGE, EXPERIMENT_VERB}
    for stage in STAGES:
        assert stage.makes == made_by(stage.name)
        assert stage.makes


def test_columns_that_the_report_reads_are_columns_that_are_written():
    for one in ARTIFACTS:
        if one.columns:
            assert {*one.needed, *one.welcome} <= set(one.columns), one.name
        if one.key:
            assert one.key in one.needed, one.name


def test_the_guide_lists_every_file_as_the_registry_does():
    guide = (ROOT / "docs" / "guide" / "run.md").read_text("utf-8")
    part = guide.split("## The files of a run")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| `")
    ]
    assert rows == [
        [f"`{_shown(one)}`", one.format, one.stage, one.holds, "yes" if one.names_people else "no", one.without]
        for one in ARTIFACTS
    ]


def test_the_guide_names_what_each_stage_writes():
    guide = (ROOT / "docs" / "guide" / "run.md").read_text("utf-8")
    for stage in STAGES:
        (row,) = re.findall(rf"^\| {stage.name} \|(.*)\|$", guide, re.M)
        written = row.rsplit("|", 1)[1]
        for one in ARTIFACTS:
            if one.name in stage.makes and not one.is_optional:
                assert f"`{_shown(one)}`" in written, (stage.name, one.name)


def test_the_readme_names_the_results_of_a_run_and_no_other_file():
    readme = (ROOT / "README.md").read_text("utf-8")
    sentence = re.search(r"A run folder holds (.*?); running again", readme, re.S)[1]
    assert set(re.findall(r"`([^`]+)`", sentence)) == {_shown(one) for one in results()}


@pytest.mark.parametrize("one", read_by_the_report(), ids=lambda one: one.name)
def test_the_report_without_a_file_does_what_the_registry_says(folder, page, one, tmp_path):
    import shutil

    sentence = f"the folder has no {one.name}"
    if one.is_optional and not (folder / one.name).exists():
        assert sentence not in page
        return
    assert sentence not in page
    other = Path(shutil.copytree(folder, tmp_path / "run"))
    (other / one.name).unlink()
    without = write_report(other).read_text("utf-8")
    assert (sentence in without) == (one.without == "says so")


def test_a_file_that_names_no_people_holds_no_id_of_a_person(folder):
    ids = {person.as_py() for person in pq.read_table(folder / "profiles" / "users.parquet")["user"]}
    ids = {name for name in ids if len(name) > 2}
    assert ids
    for one in ARTIFACTS:
        path = folder / one.name
        if one.names_people or not path.is_file():
            continue
        if one.format == "json":
            text = json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)
            words = set(re.findall(r'"((?:[^"\\]|\\.)*)"', text))
        else:
            table = pq.read_table(path)
            words = {str(value) for name in table.column_names for value in table[name].to_pylist()}
        assert not ids & words, one.name


def test_an_unknown_file_is_none_of_a_runs():
    with pytest.raises(StopIteration):
        artifact("notes.txt")
