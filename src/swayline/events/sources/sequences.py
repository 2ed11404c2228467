"""A user a line: the user, then that user's items in order, separated by blanks (the S3-Rec files' form).

::

    u1 7 3 9        becomes   u1,7  u1,3  u1,9
"""

from collections.abc import Iterator
from pathlib import Path

from swayline.core.errors import UsageError
from swayline.core.names import ITEM, USER
from swayline.events.options import ReadOptions
from swayline.events.sources import lists
from swayline.events.sources.block import Block, Refusal, Resolver


def read(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw (user, item) rows; ``row`` counts events from 1, refusals name the line.

    Raises
    ------
    UsageError
        The log is not said to be ordered: such files hold no times.
    SourceError, EmptyLogError
        The file is no text, or empty.
    """
    if not options.ordered:
        raise UsageError("--format sequences has an order and no times: say --ordered too")
    return lists.read(path, (USER, ITEM), _events)


def _events(text: str, number: int) -> list[tuple[str, ...]] | Refusal:
    user, *items = text.split()
    if not items:
        return Refusal(number, ITEM, user, "names a user and no item")
    return [(user, item) for item in items]
