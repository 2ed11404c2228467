"""Read: the log checked and cleaned."""

from swayline.core.extras import require
from swayline.events import read_events, write_log
from swayline.pipeline.workspace import Workspace


def read(work: Workspace) -> None:
    """Read, check and clean the log; say at once if the outcome cannot be told."""
    inputs = work.inputs
    if inputs.ties is not None:
        require("numba", extra="people")  # said now and not after an hour of training
    log = read_events(
        inputs.events, items=inputs.items, users=inputs.users, ties=inputs.ties, options=work.settings.reading
    )
    log.outcome(work.settings.outcome)
    write_log(log, work.folder)
