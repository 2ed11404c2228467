import hashlib
import json
import re
import shutil
from base64 import b64encode
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ArtifactError
from swayline.core.names import (
    DESCRIBE_FILE,
    EXAMPLES_FILE,
    INFLUENCE_FILE,
    METRICS_FILE,
    QUALITY_FILE,
    RECOMMENDATIONS_FILE,
    REJECTED_FILE,
    RUN_FILE,
)  # fmt: skip
from swayline.engine import DuckEngine
from swayline.events.summary.describe import describe
from swayline.report import write_report
from swayline.testing.run_folder import HOSTILE, tiny_log, write_run_folder

PROFILES_FILE = "profiles/summary.json"
FILES = (
    DESCRIBE_FILE, EXAMPLES_FILE, INFLUENCE_FILE, METRICS_FILE, QUALITY_FILE, RECOMMENDATIONS_FILE, REJECTED_FILE,
    RUN_FILE,
)  # fmt: skip


class Page(HTMLParser):
    """Scripts, headings and text of a page, as a browser would split them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.scripts: list[tuple[str | None, str]] = []
        self.headings: list[int] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self._script: str | None = None
        self._in_script = False
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("script", "style"):
            self._in_script, self._script = True, found.get("type")
            self.scripts += [(found.get("type"), "")] if tag == "script" else []

    def handle_endtag(self, tag):
        self._in_script = self._in_script and tag not in ("script", "style")

    def handle_data(self, data):
        if self._in_script:
            if self.lasttag == "script":
                self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        else:
            self.words.append(data)


def page_of(folder: Path) -> tuple[str, Page]:
    html = write_report(folder).read_text("utf-8")
    return html, Page(html)


@pytest.fixture(scope="module")
def whole_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_run_folder(folder, effects=True)
    return folder


@pytest.fixture(scope="module")
def whole_page(whole_folder) -> tuple[str, Page]:
    return page_of(whole_folder)


def test_loads_nothing_from_anywhere(whole_page):
    html, page = whole_page
    outside = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    assert "http" not in outside.replace("http-equiv", "")
    assert not {"link", "iframe", "object", "embed", "base"} & set(page.tags) - {"link"}
    assert re.findall(r"<link[^>]*>", outside) == ['<link rel="icon" href="data:,">']
    assert len(html) < 6_000_000


def test_policy_allows_the_three_scripts_of_the_page_and_no_other(whole_page):
    html, page = whole_page
    policy = re.search(r'Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")
    running = [text for kind, text in page.scripts if kind is None]
    assert len(running) == 3  # Plotly, the network of people, the page
    assert {f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in running} == set(
        re.findall(r"'sha256-[^']+'", policy)
    )
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("style-src")[0]


def test_ids_and_titles_are_text_and_nothing_else(whole_page):
    html, page = whole_page
    assert "<img" not in html.partition("<script>")[0]
    assert all("alert(1)" not in text for kind, text in page.scripts if kind is None)
    assert "{{7*7}}" in page.text
    assert "<script>alert(1)" in page.text
    assert "\u202e" not in html
    assert not {"img", "b"} & set(page.tags)
    for kind, text in page.scripts:
        if kind == "application/json":
            json.loads(text)
            assert "<" not in text


def test_headings_step_down_one_at_a_time(whole_page):
    headings = whole_page[1].headings
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(next_ - one <= 1 for one, next_ in pairwise(headings))


def test_ids_are_unique_and_every_link_leads_somewhere(whole_page):
    html, page = whole_page
    assert len(page.ids) == len(set(page.ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(page.ids)


def test_every_figure_has_its_numbers_as_a_table(whole_page):
    html = whole_page[0]
    panels = re.findall(r"<figure.*?</figure>", html, flags=re.S)
    assert len(panels) >= 18
    assert all("<table>" in panel and "aria-label" in panel for panel in panels)


def test_association_and_effect_are_told_apart(whole_page):
    text = whole_page[1].text
    assert "Likely raises purchases" in text
    assert (
        "likely raises the chance of a purchase by 5.0 percentage points (2.0 to 8.0), measured on 400 cases; it holds if"
        in text
    )
    assert "if all that drives both was measured" in text
    assert "the association is +20.0 percentage points (+15.0 to +25.0)" in text
    assert "1 of 2 ties whose source acted at least 5 times carries influence" in text


def test_associations_alone_make_no_claim_about_causes(tmp_path):
    write_run_folder(tmp_path)
    text = page_of(tmp_path)[1].text
    assert "Goes with more purchases" in text
    assert "An association; whether" in text
    assert "Raises" not in text
    assert "Likely raises" not in text


def test_words_follow_the_behaviors_of_the_log(tmp_path):
    write_run_folder(tmp_path, ("play", "like", "quiz_passed"))
    text = page_of(tmp_path)[1].text
    assert "What sways “quiz passed” events" in text
    assert "plays" in text
    assert not re.search(r"purchase|cart|shop|buy", text)


@pytest.mark.parametrize("kept", FILES)
def test_missing_artifacts_name_the_stages_that_did_not_run(tmp_path, whole_folder, kept):
    shutil.copy(whole_folder / kept, tmp_path)
    text = page_of(tmp_path)[1].text
    for file in FILES:
        # The description already counts what was refused, so the list of it is not missed beside one.
        missed = file != kept and not (file == REJECTED_FILE and kept == DESCRIBE_FILE)
        assert (f"stage did not run: the folder has no {file}" in text) is missed, file


@pytest.mark.parametrize("kept", [DESCRIBE_FILE, METRICS_FILE])
def test_damaged_artifacts_are_said_and_survived(tmp_path, whole_folder, kept):
    shutil.copy(whole_folder / kept, tmp_path)
    for file in set(FILES) - {kept}:
        (tmp_path / file).write_bytes(b"\x00{[")
    text = page_of(tmp_path)[1].text
    assert all(f"{file} could not be read" in text for file in set(FILES) - {kept, REJECTED_FILE})


def test_an_artifact_of_another_layout_is_said_and_the_rest_is_drawn(tmp_path, whole_folder):
    shutil.copytree(whole_folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / METRICS_FILE).write_text(json.dumps({"models": {"transformer": {"scores": 1}}, "best": "transformer"}))
    (tmp_path / RUN_FILE).write_text(json.dumps({"stages": 3, "inputs": []}))
    text = page_of(tmp_path)[1].text
    assert "metrics.json is not laid out as this version writes it (KeyError: 'metrics')" in text
    assert "run.json could not be read ('stages' is '3': input should be a valid list)" in text
    assert "Likely raises purchases" in text


def test_a_whole_run_has_no_part_missing(whole_page):
    assert "not laid out" not in whole_page[1].text
    assert "did not run" not in whole_page[1].text


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="none of a run's files"):
        write_report(tmp_path)
    with pytest.raises(ArtifactError, match="is no folder"):
        write_report(tmp_path / "missing")


def test_an_ordered_log_says_that_it_has_no_clock(tmp_path):
    log = tiny_log(ordered=True)
    with DuckEngine() as engine:
        (tmp_path / DESCRIBE_FILE).write_text(json.dumps(describe(engine, log, "purchase")))
    html, page = page_of(tmp_path)
    assert "has an order and no times" in page.text
    assert 'id="activity"' not in html


def test_a_log_of_one_behavior_has_no_funnel_to_draw(tmp_path):
    with DuckEngine() as engine:
        (tmp_path / DESCRIBE_FILE).write_text(json.dumps(describe(engine, tiny_log(["play"]), "play")))
    assert "This log knows one behaviour, plays" in page_of(tmp_path)[1].text


def test_an_empty_ledger_says_why(tmp_path):
    from swayline.ledger import no_rows

    pq.write_table(no_rows("the log has an order but no times"), tmp_path / INFLUENCE_FILE)
    assert "the log has an order but no times" in page_of(tmp_path)[1].text


def test_metrics_without_models_are_said_and_survived(tmp_path):
    (tmp_path / METRICS_FILE).write_text(
        json.dumps({"protocol": {}, "models": {}, "comparisons": [], "best": None, "chosen": "most-popular"})
    )
    assert "no model was compared" in page_of(tmp_path)[1].text


def test_refused_rows_are_listed_with_examples(whole_page):
    assert "row 7: </script><script>alert(1)</script>; row 9: soon" in whole_page[1].text
    assert HOSTILE[0] in whole_page[1].text


def test_flagged_people_are_listed_with_reasons_and_gaps_with_what_fills_them(whole_page):
    text = whole_page[1].text
    assert "1 person was flagged as acting unlike a person" in text
    assert "impossible rate; no sleep" in text
    assert "120 acts within a minute; more than 90 are flagged" in text
    assert "kept in every figure" in text
    assert f"{HOSTILE[2]} items 2 33% median 1" in text


def test_people_come_in_segments_and_stages(whole_page):
    page = whole_page[1]
    assert "People fall into 2 segments" in page.text
    assert "segments differ most in" in page.text
    assert {"segments", "segment-hours", "stages", "long-tail"} <= set(page.ids)


def test_items_on_the_move_are_drawn_and_named(tmp_path, whole_folder):
    shutil.copytree(whole_folder, tmp_path, dirs_exist_ok=True)
    assert "none rises or fades" in page_of(tmp_path)[1].text
    summary = json.loads((tmp_path / PROFILES_FILE).read_text())
    summary["item_stages"] = {"rising": 2, "fading": 1, "steady": 3, "too few visits to tell": 9}
    (tmp_path / PROFILES_FILE).write_text(json.dumps(summary))
    things = pq.read_table(tmp_path / "profiles" / "items.parquet")
    stages = pa.array(["rising"] + ["steady"] * (len(things) - 1))
    pq.write_table(
        things.set_column(things.column_names.index("stage"), "stage", stages), tmp_path / "profiles/items.parquet"
    )
    page = page_of(tmp_path)[1]
    assert "item-stages" in page.ids
    assert "3 of 6 items with visits enough to tell are on the move" in page.text
    assert "9 items have too few visits to tell" in page.text
    assert f"Largest rising items Item Events People {things['label'][0].as_py()}" in page.text


def test_example_people_are_introduced(whole_page):
    who = re.escape(f"u0{HOSTILE[0]}")
    assert re.search(who + r" 3 acts on \d+ items? over 1 active day: .* Segment: ", whole_page[1].text)


def test_profiles_that_were_not_made_are_said(tmp_path, whole_folder):
    shutil.copytree(whole_folder, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "profiles")
    page = page_of(tmp_path)[1]
    assert f"The profiles stage did not run: the folder has no {PROFILES_FILE}" in page.text
    assert "segments" not in page.ids
    assert "long-tail" in page.ids
    (tmp_path / "profiles").mkdir()
    (tmp_path / PROFILES_FILE).write_text("{[")
    assert f"{PROFILES_FILE} could not be read" in page_of(tmp_path)[1].text


def test_people_of_one_kind_are_said_to_be_one_group(tmp_path, whole_folder):
    shutil.copytree(whole_folder, tmp_path, dirs_exist_ok=True)
    summary = json.loads((tmp_path / PROFILES_FILE).read_text())
    summary["segments"]["groups"] = summary["segments"]["groups"][:1]
    summary["segments"]["tried"] = [{"k": 2, "strength": 0.51, "error": 0.02}, {"k": 3, "strength": 0.4, "error": 0.1}]
    (tmp_path / PROFILES_FILE).write_text(json.dumps(summary))
    text = page_of(tmp_path)[1].text
    assert "no split into segments stays the same" in text
    assert "into 2, keeps 51% of pairs together" in text
