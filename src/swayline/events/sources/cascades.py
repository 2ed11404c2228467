"""A cascade a line: the root user, then each user with the seconds since the root's act.

::

    158 244 48358445,2287 53292083,      becomes   158,1,0   244,1,48358445   2287,1,53292083

The item is the cascade (its line's number); the root acts at second 0, from which the others are counted.
"""

from collections.abc import Iterator
from pathlib import Path

from swayline.core.errors import UsageError
from swayline.core.names import ITEM, TIME, USER
from swayline.events.options import ReadOptions
from swayline.events.sources import lists
from swayline.events.sources.block import Block, Refusal, Resolver


def read(path: Path, options: ReadOptions, resolve: Resolver) -> Iterator[Block]:
    """Blocks of raw (user, item, time) rows; ``row`` counts acts from 1, refusals name the line.

    Raises
    ------
    UsageError
        The log is said to have no times.
    SourceError, EmptyLogError
        The file is no text, or empty.
    """
    if options.ordered:
        raise UsageError("--format cascades has times: leave --ordered out")
    return lists.read(path, (USER, ITEM, TIME), _acts, time_unit_us=1e6)


def _acts(text: str, number: int) -> list[tuple[str, ...]] | Refusal:
    root, _, rest = text.partition(" ")
    acts: list[tuple[str, ...]] = [(root, str(number), "0")]
    for part in rest.removesuffix(",").split(","):
        words = part.split()
        if len(words) != 2:
            return Refusal(number, "", part or text, "is no cascade: write root user seconds,user seconds,…")
        acts.append((words[0], str(number), words[1]))
    return acts
