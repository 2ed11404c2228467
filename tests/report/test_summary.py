"""``summary.md`` says what the page says, with links that lead there, and advice that the figures bear."""

import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from swayline.pipeline import to_mermaid
from swayline.report import write_report
from swayline.report.artifacts import read_artifacts
from swayline.report.blocks import Section
from swayline.report.summary import MOST, summary, what_to_do
from swayline.testing.run_folder import write_run_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_run_folder(folder, effects=True)
    write_report(folder)
    return folder


def test_every_sentence_has_a_figure_and_a_link_that_leads_to_its_section(folder):
    text = (folder / "summary.md").read_text("utf-8")
    page = (folder / "report.html").read_text("utf-8")
    sentences = [line for line in text.splitlines() if line.startswith("- ")]
    assert 3 <= len(sentences) <= MOST
    for line in sentences:
        (place,) = re.findall(r"\(report\.html#([\w-]+)\)", line)
        assert f'id="{place}"' in page, line
    assert sum(bool(re.search(r"\d", line.split("([")[0])) for line in sentences) >= len(sentences) - 1
    assert "## What to do first" in text


def test_advice_follows_the_figures(folder):
    run = read_artifacts(folder)
    assert run.influence is not None
    rows = run.influence
    certain = pc.and_(pc.equal(rows["estimand"], "ate"), pc.greater(pc.fill_null(rows["ci_low"], -1.0), 0.0))
    none = replace(run, influence=rows.filter(pc.invert(pc.fill_null(certain, False))))
    assert "no behaviour's effect is surely above zero" in what_to_do(none)
    first = rows.filter(pc.equal(rows["cause_kind"], "behavior")).slice(0, 1).to_pylist()[0]
    first |= {
        "effect_kind": "outcome", "estimand": "ate", "primary": True, "unit": "probability", "identified": "assumed",
        "cause": "cart", "effect": "purchase", "estimate": 0.12, "ci_low": 0.05, "ci_high": 0.2,
    }  # fmt: skip
    some = replace(run, influence=pa.Table.from_pylist([first], rows.schema))
    assert "+12.0%" in what_to_do(some)
    assert "+5.0% to +20.0%" in what_to_do(some)
    unsure = replace(run, influence=pa.Table.from_pylist([first | {"identified": "no"}], rows.schema))
    assert "+12.0%" not in what_to_do(unsure)
    near = first | {"estimate": 0.06, "ci_low": 0.001, "ci_high": 0.12, "p_value": 0.04}
    others = [near | {"cause": f"other {n}", "ci_low": -0.1, "p_value": 0.5} for n in range(4)]
    among = replace(run, influence=pa.Table.from_pylist([near, *others], rows.schema))
    assert "+6.0%" in what_to_do(replace(run, influence=pa.Table.from_pylist([near], rows.schema)))
    assert "no behaviour's effect is surely above zero" in what_to_do(among)  # as the report says of five together
    broken = replace(run, run={"inputs": {"events": {"rows": 100, "rejected": 40}}})
    assert what_to_do(broken).startswith("Mend the log: 40 of 100 rows (40%)")


def test_names_from_a_log_are_no_markdown(folder):
    section = Section("x", "X", "", [], "The item [click](http://evil) was seen 3 times.")
    text = summary("T", "S", read_artifacts(folder), [section])
    assert r"\[click\](http://evil)" in text


def test_the_guide_draws_the_stages_as_they_are():
    guide = (ROOT / "docs" / "guide" / "run.md").read_text("utf-8")
    assert f"```mermaid\n{to_mermaid()}\n```" in guide
