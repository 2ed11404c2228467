"""The option ``--outcome``: a behaviour or a condition on its value."""

from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared.output import warn
from swayline.core.conditions import parse_condition

if TYPE_CHECKING:
    from swayline.events import EventLog


def checked(written: str | None) -> str | None:
    """The outcome as written, refused at once where it is a condition that cannot be read."""
    if written is not None:
        parse_condition(written)
    return written


Outcome = Annotated[
    str | None,
    typer.Option(
        "--outcome",
        callback=checked,
        help="What counts as success: a behaviour, or a condition on its value as 'rate>=4' (>=, >, <=, <, =); by "
        "default what was liked in a log of ratings alone, else the deepest of the funnel.",
        show_default=False,
    ),
]


def told_outcome(log: "EventLog", wanted: str | None) -> str:
    """The outcome's name; how it was chosen is printed where nobody said it."""
    found = log.outcome_told(wanted)
    if found.why:
        warn(f"note: {found.why}")
    return found.name
