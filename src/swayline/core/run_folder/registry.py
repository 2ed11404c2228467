"""Every file of a run folder, once: who makes it, how it is read, what the report does without it, whom it names.

::

    ARTIFACTS ─┬─ pipeline   what each stage makes                      made_by("evaluate")
               ├─ report     how a file is read, what is said of none   read_by_the_report()
               ├─ testing    what a finished run must hold              results()
               └─ docs       the tables of README.md and docs/guide/run.md (a test compares them)

A new file of a run is one row here, its name in :mod:`swayline.core.names`, and the stage that writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from swayline.core import names
from swayline.core.run_folder.layouts import Anything, Describe, Examples, Metrics, Run
from swayline.core.storage.artifacts import Accepts, is_number, is_text, is_yes_or_no

Format = Literal["json", "table", "ledger", "page", "folder"]
Without = Literal["says so", "leaves it out", "does not read it"]

PROFILES_FILE = f"{names.PROFILES_FOLDER}/summary.json"
PEOPLE_FILE = f"{names.PROFILES_FOLDER}/{names.USERS_FILE}"
THINGS_FILE = f"{names.PROFILES_FOLDER}/{names.ITEMS_FILE}"
EVOLUTION_FILE = f"{names.EVOLUTION_FOLDER}/summary.json"
RELATED_FILE = f"{names.RELATED_FOLDER}/summary.json"
TRUST_FILE = f"{names.TRUST_FOLDER}/summary.json"
FRAUD_FILE = f"{names.TRUST_FOLDER}/fraud.parquet"
FAIRNESS_FILE = f"{names.TRUST_FOLDER}/fairness.parquet"
RUN_STAGE = "run"
"""What writes ``run.json``: the run itself, after every stage."""
EXPERIMENT_VERB = "experiment"
"""What writes ``experiments.parquet``: no stage of a run, but ``swayline experiment --out DIR/experiments.parquet``."""


@dataclass(frozen=True)
class Artifact:
    """A file or folder of a run.

    Parameters
    ----------
    name : str
        Its place in the run folder; a folder's name ends in no slash.
    format : str
        ``json``, ``table`` (Parquet), ``ledger`` (the influence table), ``page`` or ``folder``.
    stage : str
        The stage that makes it.
    holds : str
        What is in it, as the documents say.
    without : str
        What the report does where it is missing.
    names_people : bool
        Whether ids of people stand in it: such a file is not for sharing outside.
    is_result : bool
        Whether it is made for people; else later stages alone read it.
    is_optional : bool
        Whether a run may end without it, as the log or what could be measured decides.
    layout : type, optional
        What a JSON file must hold to be drawn.
    columns : tuple of str
        All columns of a table, in order, where every run writes the same.
    needed, welcome : mapping
        Columns that the report reads → whether a type will do; those of ``welcome`` may be missing.
    key : str
        The column of ids, never null.
    """

    name: str
    format: Format
    stage: str
    holds: str
    without: Without = "does not read it"
    names_people: bool = False
    is_result: bool = False
    is_optional: bool = False
    layout: Any = None
    columns: tuple[str, ...] = ()
    needed: Mapping[str, Accepts] = field(default_factory=dict)
    welcome: Mapping[str, Accepts] = field(default_factory=dict)
    key: str = ""

    @property
    def folder(self) -> str:
        """The folder of the run that it lies in; empty for the run folder itself."""
        return self.name.rpartition("/")[0]


_REASONED = ("user", "item", "rank", "score", "reason", "source")
_REJECTED = {"file": is_text, "row": is_number, "column": is_text, "value": is_text, "reason": is_text}
_FRAUD = {"kind": is_text, "id": is_text, "score": is_number, "flagged": is_yes_or_no, "reason": is_text}
_FAIRNESS = {
    "measure": is_text, "by": is_text, "group": is_text, "step": is_text, "strength": is_number, "value": is_number,
    "ci_low": is_number, "ci_high": is_number, "p_value": is_number, "q_value": is_number, "n": is_number,
    "told": is_text,
}  # fmt: skip
_FLAGS = ("user", "reason", "value", "limit", "events", "explanation")

ARTIFACTS = (
    Artifact(names.EVENTS_FILE, "table", "read", "the cleaned log", names_people=True),
    Artifact(
        names.REJECTED_FILE, "table", "read", "rows that were refused: file, row, column, value, reason",
        without="leaves it out", names_people=True, is_result=True, columns=tuple(_REJECTED), needed=_REJECTED,
    ),
    Artifact(names.ITEMS_FILE, "table", "read", "the table of items", is_optional=True),
    Artifact(names.USERS_FILE, "table", "read", "the table of users", names_people=True, is_optional=True),
    Artifact(names.TIES_FILE, "table", "read", "the table of ties", names_people=True, is_optional=True),
    Artifact(names.LOG_FILE, "json", "read", "how the log was read, and how many rows each table has"),
    Artifact(
        names.DESCRIBE_FILE, "json", "describe", "counts of the log: funnel, flow, time, values, people, items",
        without="says so", layout=Describe,
    ),
    Artifact(
        names.FLAGS_FILE, "table", "quality", "people who act as no person does, with reasons",
        without="says so", names_people=True, is_result=True, columns=_FLAGS,
        needed={"user": is_text, "reason": is_text, "events": is_number, "explanation": is_text}, key="user",
    ),
    Artifact(
        names.QUALITY_FILE, "json", "quality", "gaps and outliers by column, flags by reason",
        without="says so", layout=Anything,
    ),
    Artifact(
        names.PROFILES_FOLDER, "folder", "profiles", "every person and every item described",
        names_people=True, is_result=True,
    ),
    Artifact(
        PROFILES_FILE, "json", "profiles", "what profiles are read against: segments, stages, tiers",
        without="says so", layout=Anything,
    ),
    Artifact(
        PEOPLE_FILE, "table", "profiles", "a row a person", without="leaves it out", names_people=True,
        needed={"user": is_text, "profile": is_text, "events": is_number, "segment": is_text, "stage": is_text},
        key="user",
    ),
    Artifact(
        THINGS_FILE, "table", "profiles", "a row an item", without="leaves it out", needed={"item": is_text},
        welcome=dict.fromkeys(("label", "profile", "category", "tier", "stage"), is_text)
        | dict.fromkeys(("events", "users", "reached", "conversion"), is_number),
        key="item",
    ),
    Artifact(
        names.EVOLUTION_FOLDER, "folder", "evolve", "what changed, what follows what, who comes back",
        names_people=True, is_result=True,
    ),
    Artifact(
        EVOLUTION_FILE, "json", "evolve", "how behaviour evolves, as it is drawn", without="says so", layout=Anything,
    ),
    Artifact(
        names.MODEL_FOLDER, "folder", "train", "the model that recommends (safetensors and JSON)",
        names_people=True, is_result=True,
    ),
    Artifact(names.CANDIDATES_FOLDER, "folder", "train", "every model, fitted on the training part", names_people=True),
    Artifact(names.CHOICE_FILE, "json", "train", "which model validation chose, and how each was fitted"),
    Artifact(
        names.METRICS_FILE, "json", "evaluate", "every model on the test questions, with intervals",
        without="says so", is_result=True, layout=Metrics,
    ),
    Artifact(
        names.QUESTIONS_FILE, "table", "evaluate", "each person's test question: NDCG of every model",
        names_people=True, columns=("user", "model", "ndcg"),
    ),
    Artifact(
        names.INFLUENCE_FILE, "ledger", "influence", "everything measured about influence, a row each",
        without="says so", names_people=True, is_result=True,
    ),
    Artifact(
        names.EXPERIMENTS_FILE, "ledger", EXPERIMENT_VERB, "what randomised experiments showed, with their verdicts",
        without="leaves it out", is_optional=True,
    ),
    Artifact(
        names.NETWORK_FILE, "json", "influence", "the network of people as it is drawn",
        without="leaves it out", names_people=True, is_optional=True, layout=Anything,
    ),
    Artifact(
        names.OVERLAP_FILE, "json", "influence", "how alike the treated and the others are",
        without="leaves it out", is_optional=True, layout=Anything,
    ),
    Artifact(
        names.AUDIT_FILE, "json", "influence", "what planted effects say of each verdict (`--audit`)",
        without="leaves it out", is_result=True, is_optional=True, layout=Anything,
    ),
    Artifact(
        names.RECOMMENDATIONS_FILE, "table", "recommend", "everybody's list, each row with a reason",
        without="says so", names_people=True, is_result=True, columns=_REASONED, needed={"user": is_text}, key="user",
    ),
    Artifact(
        names.EXAMPLES_FILE, "json", "recommend", "ten people with what they did and what they are recommended",
        without="says so", names_people=True, layout=Examples,
    ),
    Artifact(
        names.RELATED_FOLDER, "folder", "recommend", "what a scenario makes beside lists: a table each",
        names_people=True, is_result=True, is_optional=True,
    ),
    Artifact(
        RELATED_FILE, "json", "recommend", "the scenario's tables as they are drawn, and what it does not tell",
        without="leaves it out", is_optional=True, layout=Anything,
    ),
    Artifact(
        names.TRUST_FOLDER, "folder", "trust", "whether this may be used: who looks manipulated, who is served worse",
        names_people=True, is_result=True,
    ),
    Artifact(
        TRUST_FILE, "json", "trust", "what was asked, what could not be judged, what flagged people changed",
        without="says so", names_people=True, layout=Anything,
    ),
    Artifact(
        FRAUD_FILE, "table", "trust", "a score and reasons for every person and item",
        without="says so", names_people=True, columns=tuple(_FRAUD), needed=_FRAUD, key="id",
    ),
    Artifact(
        FAIRNESS_FILE, "table", "trust", "quality by groups of the users table's columns",
        without="leaves it out", names_people=True, is_optional=True, columns=tuple(_FAIRNESS), needed=_FAIRNESS,
    ),
    Artifact(
        names.REPORT_FILE, "page", "report", "one page from the files above; opens offline",
        names_people=True, is_result=True,
    ),
    Artifact(
        names.SUMMARY_FILE, "page", "report", "ten sentences to send on, with figures and links, and what to do first",
        names_people=True, is_result=True,
    ),
    Artifact(
        names.RUN_FILE, "json", RUN_STAGE, "settings, seed, versions, hashes, time and memory of each stage",
        without="says so", is_result=True, layout=Run,
    ),
)  # fmt: skip
"""In the order of the stages."""


def artifact(name: str) -> Artifact:
    """The row of a file or folder.

    >>> artifact("metrics.json").stage
    'evaluate'
    """
    return next(one for one in ARTIFACTS if one.name == name)


def made_by(stage: str) -> tuple[str, ...]:
    """The files and folders that a stage makes; a file in a folder of its own stage counts with the folder.

    >>> made_by("profiles"), made_by("recommend")
    (('profiles',), ('recommendations.parquet', 'examples.json', 'related'))
    """
    made = [one for one in ARTIFACTS if one.stage == stage]
    folders = {one.name for one in made if one.format == "folder"}
    return tuple(one.name for one in made if one.folder not in folders)


def read_by_the_report() -> tuple[Artifact, ...]:
    """What the page is made from."""
    return tuple(one for one in ARTIFACTS if one.without != "does not read it")


def results() -> tuple[Artifact, ...]:
    """What a run is made for: the files and folders that people read."""
    return tuple(one for one in ARTIFACTS if one.is_result)
