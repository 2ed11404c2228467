"""A scenario says what suits a log; what is said otherwise stands above it; an unknown word is one line."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ConfigError, UsageError
from swayline.events import ReadOptions
from swayline.pipeline import Inputs, RunSettings, load_scenario, scenario_names
from swayline.pipeline.stages.look import describe_log
from swayline.pipeline.stages.read import read
from swayline.pipeline.stages.recommend import recommend
from swayline.pipeline.stages.train import train
from swayline.pipeline.workspace import Workspace
from swayline.report import write_report

KINDS = ["ads", "finance", "health", "home", "music", "news", "shop", "social", "travel", "video"]


def test_every_kind_of_log_has_its_file():
    assert scenario_names() == KINDS
    for name in KINDS:
        scenario = load_scenario(name)
        assert scenario.about
        assert scenario.outcomes
        assert scenario.steps is not None
        assert scenario.words.title


def test_what_a_run_says_stands_above_its_scenario():
    scenario = load_scenario("news")
    settings = RunSettings.load(None, {"scenario": "news"})
    assert (settings.window, settings.models) == (scenario.window, scenario.models)
    assert settings.reading.synonyms == scenario.behaviors
    own = RunSettings.load(None, {"scenario": "news", "window": "3d", "reading": {"synonyms": {"open": "view"}}})
    assert (own.window, own.horizon) == ("3d", scenario.horizon)
    assert own.reading.synonyms == scenario.behaviors | {"open": "view"}
    said = RunSettings(models=("most-popular",), reading=ReadOptions(timezone="Asia/Shanghai"))
    above = said.with_scenario("news")
    assert (above.models, above.reading.timezone) == (("most-popular",), "Asia/Shanghai")
    assert above.reading.synonyms == scenario.behaviors


def test_a_settings_file_names_its_scenario_and_goes_above_it(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('scenario = "music"\nhorizon = "2d"\n')
    settings = RunSettings.load(path, {})
    assert (settings.scenario.name, settings.horizon, settings.window) == ("music", "2d", "1d")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('about = "x"\noutcoms = ["play"]', "did you mean 'outcomes'"),
        ('about = "x"\noutcomes = ["play>=x"]', "play>=x"),
        ('about = "x"\nmodels = ["item-kn"]', "did you mean 'item-knn'"),
        ('about = "x"\ntables = ["bundels"]', "did you mean 'bundles'"),
        ('about = "x"\nwindow = "one day"', "one day"),
        ('about = "x"\n[words]\npeople = ""', "people"),
        ('about = "x"\n[words]\npeeple = "fans"', "did you mean 'people'"),
        ('about = "x"\n[chain]\nsteps = [{step = "modle"}]', "did you mean 'model'"),
        ('about = "x"\n[chain]\nsteps = [{step = "model"}]', "a chain ranks once"),
        ('about = "x"\nneeded = ["cap"]\n[chain]\nsteps = [{step = "model"}, {step = "rank"}]', "no step 'cap'"),
        ('about = "x"\nname = "y"', "named by its file"),
        ('outcomes = ["play"]', "about"),
        ("about = ", "TOML"),
    ],
)
def test_a_wrong_word_of_ones_own_file_is_refused_in_one_line(tmp_path, text, words):
    path = tmp_path / "radio.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match="radio.toml") as caught:
        load_scenario(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError):
        RunSettings.load(None, {"scenario": str(path)})


def test_an_unknown_scenario_says_the_nearest_and_a_missing_file_its_path(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'music'"):
        RunSettings.load(None, {"scenario": "musik"})
    with pytest.raises(ConfigError, match="none.toml"):
        load_scenario(tmp_path / "none.toml")


@pytest.fixture(scope="module")
def trained(shop, tmp_path_factory):
    """A run read and trained once; each test makes lists and the page anew by another scenario."""
    folder = tmp_path_factory.mktemp("scenario")
    events = pq.read_table(shop / "events.parquet").drop_columns(["session"])
    words = ["look" if word == "view" else word for word in events["behavior"].cast(pa.string()).to_pylist()]
    events = events.set_column(events.column_names.index("behavior"), "behavior", pa.array(words))
    pq.write_table(events, folder / "events.parquet")
    items = pq.read_table(shop / "items.parquet")
    allowed = pa.array([one % 3 == 0 for one in range(len(items))])
    pq.write_table(items.append_column("allowed", allowed), folder / "items.parquet")
    (folder / "run").mkdir()
    settings = RunSettings(models=("most-popular",), reading=ReadOptions(synonyms={"look": "view"}))
    work = Workspace(folder / "run", Inputs(folder / "events.parquet", items=folder / "items.parquet"), settings)
    read(work)
    train(work)
    return work


RADIO = """
about = "A radio."
outcomes = ["skip", "view"]
needed = ["abstain"]
tables = ["bundles", "posts", "rising"]
limits = ["No more than this."]
[words]
title = "What the radio plays"
people = "listeners"
items = "songs"
[chain]
steps = [{step = "model"}, {step = "seen"}, {step = "where", condition = "mood = 'calm'"}, {step = "abstain", least = 12},
         {step = "rank"}]
"""


def served(trained, tmp_path, text=None, name=None):
    """The run's folder after its lists, tables and page were made by a scenario; and what was said."""
    if text is not None:
        (tmp_path / "own.toml").write_text(text)
    scenario = None if text is None and name is None else tmp_path / "own.toml" if text is not None else name
    settings = trained.settings if scenario is None else trained.settings.with_scenario(scenario)
    work = Workspace(trained.folder, trained.inputs, settings)
    recommend(work)
    describe_log(work)
    write_report(work.folder)
    return work, work.said.get("recommend", []), pq.read_table(work.folder / "recommendations.parquet")


def test_the_first_outcome_that_the_log_holds_is_taken_and_the_runs_own_stands_above(trained, tmp_path):
    (tmp_path / "own.toml").write_text(RADIO)
    settings = trained.settings.with_scenario(tmp_path / "own.toml")
    assert Workspace(trained.folder, trained.inputs, settings).outcome == "view"
    own = RunSettings(outcome="cart").with_scenario(tmp_path / "own.toml")
    assert Workspace(trained.folder, trained.inputs, own).outcome == "cart"
    assert Workspace(trained.folder, trained.inputs, trained.settings).outcome == "purchase"
    none = RADIO.replace('"skip", "view"', '"skip"')
    (tmp_path / "own.toml").write_text(none)
    work = Workspace(trained.folder, trained.inputs, trained.settings.with_scenario(tmp_path / "own.toml"))
    assert work.outcome == "purchase"
    read(work)
    assert "none of the outcomes of scenario own occurs (skip)" in work.said["read"][0]


def test_a_step_the_log_cannot_feed_is_left_out_and_said_and_the_needed_one_holds(trained, tmp_path):
    work, notes, table = served(trained, tmp_path, RADIO)
    assert any("step where is left out" in note and "mood" in note for note in notes)
    met = work.log.events.filter(work.log.events["item"].is_valid())
    counts = {one["values"]: one["counts"] for one in met["user"].value_counts().to_pylist()}
    people = set(table["user"].to_pylist())
    assert people == {user for user, count in counts.items() if count >= 12}
    assert 0 < len(people) < len(counts)


def test_its_tables_words_and_limits_stand_in_the_report_and_what_fails_is_said(trained, tmp_path):
    work, notes, _ = served(trained, tmp_path, RADIO)
    told = json.loads((work.folder / "related" / "summary.json").read_text())
    assert "rising" in [one["name"] for one in told["tables"]]
    assert any(note.startswith("posts cannot be told") for note in notes)
    page = (work.folder / "report.html").read_text()
    for words in ("What the radio plays", "listeners on", "songs", "No more than this.", "A radio."):
        assert words in page
    for one in told["tables"]:
        assert pq.read_table(work.folder / one["file"]).num_rows
    work, _, table = served(trained, tmp_path)
    assert not (work.folder / "related").exists()
    assert "What the radio plays" not in (work.folder / "report.html").read_text()
    assert len(table["user"].unique()) > 0


def test_of_allowed_items_alone_lists_are_made_and_without_the_column_none_is(trained, tmp_path):
    work, _, table = served(trained, tmp_path, name="health")
    items = pq.read_table(work.folder / "items.parquet")
    allowed = set(items.filter(items["allowed"])["item"].to_pylist())
    shown = set(table["item"].to_pylist())
    assert shown
    assert shown <= allowed
    for one in json.loads((work.folder / "examples.json").read_text()):
        assert {item["item"] for item in one["recommendations"]} <= allowed
    assert "Nothing here is medical advice" in (work.folder / "report.html").read_text()
    strict = RADIO.replace('["abstain"]', '["abstain", "where"]')
    work, notes, table = served(trained, tmp_path, strict)
    assert any("no list is made, as scenario own wants it" in note and "mood" in note for note in notes)
    assert not len(table)
    assert all(not one["recommendations"] for one in json.loads((work.folder / "examples.json").read_text()))


def test_a_chain_of_the_settings_own_stands_above_and_is_never_thinned(trained, tmp_path):
    settings = trained.settings.with_scenario("health").model_copy(
        update={
            "chain": {"steps": [{"step": "model"}, {"step": "where", "condition": "mood = 'calm'"}, {"step": "rank"}]}
        }
    )
    with pytest.raises(UsageError, match="mood"):
        recommend(Workspace(trained.folder, trained.inputs, settings))
