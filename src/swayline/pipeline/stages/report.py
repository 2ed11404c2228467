"""Report: one page."""

from swayline.pipeline.workspace import Workspace
from swayline.report import write_report


def report(work: Workspace) -> None:
    """One self-contained page from the folder's files."""
    write_report(work.folder)
