"""The page about values."""

import dataclasses

import pyarrow as pa

from swayline.core.names import DESCRIBE_FILE
from swayline.core.storage.files import write_json
from swayline.engine import DuckEngine
from swayline.events.summary.describe import describe
from swayline.report import write_report
from swayline.testing.run_folder import tiny_log


def _page(folder, log):
    asked, outcome = log.split_by_outcome()
    with DuckEngine() as engine:
        write_json(folder / DESCRIBE_FILE, describe(engine, asked, outcome))
    return write_report(folder).read_text("utf-8")


def _rated():
    log = tiny_log(("rate",))
    values = pa.array([float(1 + row % 5) for row in range(len(log))])
    return dataclasses.replace(log, events=log.events.append_column("value", values))


def test_ratings_have_a_section_that_says_what_is_liked(tmp_path):
    page = _page(tmp_path, _rated())
    assert 'id="values"' in page
    assert "liked: rate ≥ 4" in page
    assert "of the ratings are ≥ 4" in page
    assert "What sways ratings ≥ 4" in page
    assert "This log knows one behaviour, ratings, so no funnel can be drawn" in page
    assert "<script>alert(1)" not in page


def test_a_log_without_values_has_no_such_section(tmp_path):
    assert 'id="values"' not in _page(tmp_path, tiny_log())
