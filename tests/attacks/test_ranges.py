"""Every number that a verb or a settings file takes has a stated range, and what lies outside it is one line."""

import math
import shutil

import pytest
import typer

from swayline.cli.app import app
from swayline.pipeline import RunSettings
from swayline.testing.attacks import attack, files_of, unchanged

ATTACKS = ("-1", "0", "nan", "inf", "1e30", "9" * 40, "text", "", "0x10")
NEEDED = {
    ("run",): ["log.csv"],
    ("simulate",): [],
    ("fit",): ["log.csv", "--model", "item-knn"],
    ("recommend",): ["model"],
    ("evaluate",): ["log.csv", "--model", "most-popular"],
    ("tune",): ["log.csv"],
    ("experiment", "read"): ["table.csv", "--arm", "t", "--metric", "y"],
    ("experiment", "plan"): ["table.csv", "--metric", "y", "--lift", "0.1"],
    ("experiment", "assign"): ["new", "--ties", "ties.csv"],
    ("experiment", "snapshots"): ["table.csv"],
    ("experiment", "ready"): ["ledger.parquet"],
    ("serve",): ["model"],
    ("live", "lists"): [],
    ("influence", "events"): ["model"],
    ("influence", "behaviors"): ["log.csv", "--treatment", "view"],
    ("influence", "table"): ["table.csv", "--treatment", "t", "--outcome", "y"],
    ("influence", "people"): ["log.csv", "--ties", "ties.csv"],
    ("influence", "contagion"): ["log.csv", "--ties", "ties.csv"],
    ("prepare",): ["trial.csv"],
    ("influence", "paths"): ["log.csv", "--outcome", "view"],
    ("influence", "strangers"): ["log.csv"],
    ("influence", "predict"): ["log.csv", "--ties", "ties.csv"],
    ("influence", "spread"): ["ledger.parquet"],
    ("influence", "launch"): ["ledger.parquet", "--item", "a"],
    ("evolve",): ["log.csv"],
    ("diff",): ["model", "model"],
    ("trust", "fraud"): ["log.csv"],
    ("trust", "attack"): ["log.csv"],
    ("trust", "fairness"): ["log.csv", "--by", "sex"],
    ("trust", "membership"): ["log.csv", "--model", "most-popular"],
    ("anonymize",): ["log.csv", "--key-file", "key"],
    ("alike",): ["items.csv", "--of", "a"],
    ("influence", "content"): ["model"],
    ("distil",): ["model"],
    ("link",): ["log.csv", "log.csv"],
    ("plan",): [],
}
"""What each verb that takes a number cannot do without."""


def numbers(command, path=()):
    """Every option of every verb that takes a number: the verb, the option's name, its kind, its least and its most."""
    for one in command.params:
        kind = getattr(getattr(one, "type_descriptor", None), "annotation", None)
        if any(found in (int, float) for found in (kind, *getattr(kind, "__args__", ()))):
            yield path, one.opts[-1], one.min, one.max
    for name, verb in getattr(command, "commands", {}).items():
        yield from numbers(verb, (*path, name))


OPTIONS = list(numbers(typer.main.get_command(app)))


def outside(text, least, most):
    """Whether a text is no number of the range."""
    try:
        value = float(text)
    except ValueError:
        return True
    return math.isnan(value) or not least <= value <= most


@pytest.fixture(scope="module")
def here(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers") / "x"
    shutil.copytree(made, folder)
    (folder / "table.csv").write_text("t,y\n" + "".join(f"{at % 2},{at}\n" for at in range(40)))
    (folder / "ties.csv").write_text("source,target\n" + "".join(f"u{a},u{(a + 1) % 20}\n" for a in range(20)))
    return folder


def refused(words, here):
    before = files_of(here)
    verdict = attack(words, here)
    unchanged(verdict, before, here)
    assert verdict.code == 2, verdict
    assert files_of(here).keys() == before.keys(), verdict


def test_every_number_has_a_least_and_a_most():
    assert len(OPTIONS) >= 20
    assert [one for one in OPTIONS if one[2] is None or one[3] is None] == []
    assert {path for path, *_ in OPTIONS} == NEEDED.keys()


@pytest.mark.parametrize(
    ("path", "option", "least", "most"), OPTIONS, ids=[" ".join((*path, option)) for path, option, *_ in OPTIONS]
)
def test_numbers_outside_their_range_are_refused(here, path, option, least, most):
    for text in ATTACKS:
        if outside(text, least, most):
            refused([*path, *NEEDED[path], f"{option}={text}"], here)


@pytest.mark.parametrize(
    "words",
    [
        "influence people log.csv --ties ties.csv --max-radius=0",
        "influence people log.csv --ties ties.csv --max-radius=1",
        "experiment table.csv --arm t --metric y --smallest-lift=0",
        "experiment table.csv --arm t --metric y@-1%",
        "experiment table.csv --arm t --metric y@nan%",
        "experiment table.csv --arm t --metric y@1e30%",
        "experiment table.csv --arm t --metric p0:y",
        "experiment table.csv --arm t --metric p100:y",
        "experiment table.csv --arm t --metric pnan:y",
        "experiment table.csv --arm t --metric y --weights 0=-1,1=1",
        "experiment table.csv --arm t --metric y --weights 0=nan,1=1",
        "experiment table.csv --arm t --metric y --weights 0=0,1=0",
        "experiment table.csv --arm t --metric y --weights 0=1e999,1=1",
        "evaluate log.csv --model most-popular --split time --cut 0",
        "evaluate log.csv --model most-popular --split time --cut 1",
        "evaluate log.csv --model most-popular --split time --cut nan",
        "evaluate log.csv --model most-popular --split time --cut -1",
        "evaluate log.csv --model most-popular --split rolling --folds 1000",
    ],
)
def test_numbers_inside_other_words_are_refused(here, words):
    refused(words.split(), here)


SETTINGS = [name for name, field in RunSettings.model_fields.items() if field.annotation is int]


@pytest.mark.parametrize("name", SETTINGS)
def test_numbers_of_a_settings_file_are_refused(here, name):
    assert {"seed", "k", "min_user_events", "min_item_events", "explained_users"} <= set(SETTINGS)
    path = here / "c.toml"
    for text in ("-1", "nan", "inf", "1e30", "10" + "0" * 30, '"text"', "true", "1.5", "[]"):
        path.write_text(f"{name} = {text}\n")
        refused(["run", "log.csv", "--config", "c.toml", "--out", "r"], here)
    path.unlink()
