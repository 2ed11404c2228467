"""From a run folder to its page."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from swayline.core.errors import ArtifactError, SwaylineError
from swayline.core.names import (
    DESCRIBE_FILE,
    EXAMPLES_FILE,
    EXPERIMENTS_FILE,
    INFLUENCE_FILE,
    METRICS_FILE,
    QUALITY_FILE,
    REPORT_FILE,
    RUN_FILE,
    SUMMARY_FILE,
)
from swayline.core.run_folder import artifact
from swayline.core.run_folder.registry import EVOLUTION_FILE, PROFILES_FILE, RELATED_FILE, TRUST_FILE
from swayline.core.storage.files import whole, write_text
from swayline.report.artifacts import Artifacts, read_artifacts
from swayline.report.blocks import Missing, Section
from swayline.report.page import render
from swayline.report.sections.audience import audience_section
from swayline.report.sections.catalogue import catalogue_section
from swayline.report.sections.evolution.section import ID as EVOLUTION_ID
from swayline.report.sections.evolution.section import TITLE as EVOLUTION_TITLE
from swayline.report.sections.evolution.section import evolution_section
from swayline.report.sections.examples import examples_section
from swayline.report.sections.experiments.section import TITLE as EXPERIMENTS_TITLE
from swayline.report.sections.experiments.section import experiments_section
from swayline.report.sections.funnel import funnel_section
from swayline.report.sections.influence import influence_section
from swayline.report.sections.models import models_section
from swayline.report.sections.overview import overview_section
from swayline.report.sections.people import people_section
from swayline.report.sections.quality import quality_section
from swayline.report.sections.run import run_section
from swayline.report.sections.scenario.section import related_section
from swayline.report.sections.time import time_section
from swayline.report.sections.trust.section import ID as TRUST_ID
from swayline.report.sections.trust.section import TITLE as TRUST_TITLE
from swayline.report.sections.trust.section import trust_section
from swayline.report.sections.values import values_section
from swayline.report.summary import summary
from swayline.report.wording import words

_BRACKETS = "Figures in brackets are 95% intervals."

_SECTIONS: tuple[tuple[Callable[[Artifacts], Section | None], str, str, str], ...] = (
    (overview_section, "overview", "At a glance", DESCRIBE_FILE),
    (quality_section, "quality", "Data quality", QUALITY_FILE),
    (funnel_section, "funnel", "Funnel and flow", DESCRIBE_FILE),
    (time_section, "time", "Time", DESCRIBE_FILE),
    (values_section, "values", "Values", DESCRIBE_FILE),
    (audience_section, "audience", "The people", PROFILES_FILE),
    (catalogue_section, "catalogue", "The items", PROFILES_FILE),
    (evolution_section, EVOLUTION_ID, EVOLUTION_TITLE, EVOLUTION_FILE),
    (models_section, "recommender", "The recommender", METRICS_FILE),
    (influence_section, "influence", "What sways what", INFLUENCE_FILE),
    (experiments_section, "experiments", EXPERIMENTS_TITLE, EXPERIMENTS_FILE),
    (people_section, "people", "Who sways whom", INFLUENCE_FILE),
    (trust_section, TRUST_ID, TRUST_TITLE, TRUST_FILE),
    (related_section, "scenario", "The scenario", RELATED_FILE),
    (examples_section, "examples", "Example people", EXAMPLES_FILE),
    (run_section, "run", "How this was made", RUN_FILE),
)
"""Builder, id and title of each section, and the file it is made from, in reading order."""


def build_sections(run: Artifacts, *names: str) -> list[Section]:
    """Sections of the page by their ids, in the order asked; one that the run has nothing for is left out."""
    known = {name: (build, name, title, file) for build, name, title, file in _SECTIONS}
    built = [_built(known[name][0], run, *known[name][1:]) for name in names]
    return [one for one in built if one is not None]


def write_report(folder: Path) -> Path:
    """Write ``report.html`` and ``summary.md`` from what a run folder holds; parts whose stage did not run say so.

    Parameters
    ----------
    folder : Path
        What a run wrote.

    Returns
    -------
    Path
        The page: self-contained, opens offline.

    Raises
    ------
    ArtifactError
        The folder does not exist or holds none of a run's files.
    """
    run = read_artifacts(Path(folder))
    sections = [_built(build, run, *where) for build, *where in _SECTIONS]
    page = render(_title(run), _subtitle(run), [one for one in sections if one is not None])
    path = Path(folder) / REPORT_FILE
    if path.is_dir():
        raise ArtifactError(f"{path} is a folder: move it away, the report is written there")
    with whole(path) as temporary:
        temporary.write_text(page, "utf-8")
    built = [one for one in sections if one is not None]
    write_text(Path(folder) / SUMMARY_FILE, summary(_title(run), _subtitle(run), run, built))
    return path


def write_experiment_page(experiment: pa.Table, path: Path, about: str) -> None:
    """Write one page about an experiment: its verdict in words, figures and checks; it opens offline.

    Parameters
    ----------
    experiment : pa.Table
        The ledger of an experiment, with its verdicts in the metadata.
    about : str
        What the page is about, as its line under the title says.
    """
    section = experiments_section(Artifacts(experiments=experiment))
    page = render(EXPERIMENTS_TITLE, f"{words.label(about, 80)}. {_BRACKETS}", [] if section is None else [section])
    with whole(path) as temporary:
        temporary.write_text(page, "utf-8")


_WRONG_LAYOUT = (
    LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, OSError, pa.ArrowException,
    SwaylineError,
)  # fmt: skip
"""What drawing a part can raise where its file holds other values than this version writes."""


def _built(
    build: Callable[[Artifacts], Section | None], run: Artifacts, name: str, title: str, file: str
) -> Section | None:
    """A section; where its file parses and yet is not laid out as this version writes it, a section that says so."""
    try:
        return _told_if_foreign(build(run), run, file)
    except _WRONG_LAYOUT as error:
        what = f"{type(error).__name__}: {words.label(error, 80)}"
        stage = f"run the {artifact(file).stage} stage again"
        return Section(
            name, title, "", [Missing(f"{file} is not laid out as this version writes it ({what}): {stage}.")]
        )


def _told_if_foreign(section: Section | None, run: Artifacts, file: str) -> Section | None:
    """A section that says so where its file, or for the last section any file, is not the one that the run wrote."""
    named = [one for one in run.foreign if file in (one, RUN_FILE)]
    if section is None or not named:
        return section
    told = [
        Missing(f"{one} is not the file that this run wrote: it was changed since, or is of another run.")
        for one in named
    ]
    return replace(section, blocks=[*told, *section.blocks])


def _outcome(run: Artifacts) -> str | None:
    return (run.describe or {}).get("outcome") or (run.run or {}).get("outcome")


def _title(run: Artifacts) -> str:
    outcome = _outcome(run)
    said = ((run.related or {}).get("words") or {}).get("title")
    if said:
        return words.label(said, 100)
    return f"What sways {words.noun(outcome, 2)}" if outcome else "What sways people"


def _subtitle(run: Artifacts) -> str:
    """The file the page is about, and when it was read."""
    events = ((run.run or {}).get("inputs") or {}).get("events") or {}
    parts = [words.label(Path(str(events["path"])).name, 80)] if isinstance(events, dict) and events.get("path") else []
    if (run.run or {}).get("started"):
        try:
            parts.append(words.day(run.run["started"]))  # type: ignore[index]
        except _WRONG_LAYOUT:
            parts.append("at an unknown time")
    if run.foreign:
        parts.append(f"with {words.number(len(run.foreign))} of its files not as this run wrote them")
    about = ", ".join(parts)
    return f"{about}. {_BRACKETS}" if about else _BRACKETS
