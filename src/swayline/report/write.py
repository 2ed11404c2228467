"""From a run folder to its page."""

from pathlib import Path

from swayline.core.files import whole
from swayline.core.names import REPORT_FILE
from swayline.report import words
from swayline.report.artifacts import Artifacts, read_artifacts
from swayline.report.of_influence import influence_section, ties_section
from swayline.report.of_log import funnel_section, log_section, people_section, time_section
from swayline.report.of_models import models_section
from swayline.report.of_run import examples_section, run_section
from swayline.report.page import render


def write_report(folder: Path) -> Path:
    """Write ``report.html`` from what a run folder holds; parts whose stage did not run say so.

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
    sections = [
        log_section(run),
        funnel_section(run),
        time_section(run),
        people_section(run),
        models_section(run),
        influence_section(run),
        ties_section(run),
        examples_section(run),
        run_section(run),
    ]
    page = render(_title(run), _subtitle(run), [one for one in sections if one is not None])
    path = Path(folder) / REPORT_FILE
    with whole(path) as temporary:
        temporary.write_text(page, "utf-8")
    return path


def _outcome(run: Artifacts) -> str | None:
    return (run.describe or {}).get("outcome") or (run.run or {}).get("outcome")


def _title(run: Artifacts) -> str:
    outcome = _outcome(run)
    return f"What sways {words.noun(outcome, 2)}" if outcome else "What sways people"


def _subtitle(run: Artifacts) -> str:
    """The file the page is about, and when it was read."""
    events = ((run.run or {}).get("inputs") or {}).get("events") or {}
    parts = [words.label(Path(events["path"]).name, 80)] if isinstance(events, dict) and events.get("path") else []
    if (run.run or {}).get("started"):
        parts.append(words.day(run.run["started"]))  # type: ignore[index]
    return ", ".join(parts)
