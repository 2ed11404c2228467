"""Read: the log checked and cleaned."""

from swayline.core.extras import require
from swayline.events import read_events, write_log
from swayline.pipeline.workspace import Workspace, wanted_outcome


def read(work: Workspace) -> None:
    """Read, check and clean the log; say at once if the outcome cannot be told."""
    inputs = work.inputs
    if inputs.ties is not None:
        require("numba", extra="people")  # said now and not after an hour of training
    log = read_events(
        inputs.events, items=inputs.items, users=inputs.users, ties=inputs.ties, options=work.settings.reading
    )
    wanted = wanted_outcome(log, work.settings)
    scenario = work.settings.scenario
    if scenario is not None and scenario.outcomes and wanted is None:
        work.say("read", f"none of the outcomes of scenario {scenario.name} occurs ({', '.join(scenario.outcomes)})")
    log.outcome(wanted)
    write_log(log, work.folder)
