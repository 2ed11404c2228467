"""What a page is made of: sections of blocks, each block one thing a reader sees. The template draws them by kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import plotly.graph_objects as go


@dataclass(frozen=True)
class Table:
    """A table: text cells, the columns in ``numeric`` set to the right; ``half`` as in :class:`Panel`."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    half: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Panel:
    """A figure under the finding it shows, with the same numbers as a table for who cannot see or hover.

    Parameters
    ----------
    id : str
        Unique in the page; letters and hyphens.
    title : str
        The finding, a sentence without a full stop.
    says : str
        What is drawn, read aloud in place of the figure.
    note : str
        What a reader must know to read it right.
    half : bool
        Whether two such panels share a row on wide screens.
    """

    id: str
    title: str
    figure: go.Figure
    table: Table
    says: str
    note: str = ""
    half: bool = False
    kind: str = "panel"


@dataclass(frozen=True)
class Drawing:
    """A network of people that a reader can move about in, drawn by the page's own script; fields as in :class:`Panel`.

    Parameters
    ----------
    data : mapping
        As :func:`swayline.report.figures.people.network_data` makes it.
    """

    id: str
    title: str
    data: Mapping[str, Any]
    table: Table
    says: str
    note: str = ""
    kind: str = "drawing"


@dataclass(frozen=True)
class Missing:
    """What this page would show, and which stage did not run."""

    text: str
    kind: str = "missing"


@dataclass(frozen=True)
class Note:
    """A paragraph; ``warn`` for what must not be overlooked."""

    text: str
    warn: bool = False
    kind: str = "note"


@dataclass(frozen=True)
class Tiles:
    """Key numbers: (figure, what it counts, detail)."""

    tiles: Sequence[tuple[str, str, str]]
    kind: str = "tiles"


@dataclass(frozen=True)
class Verdicts:
    """Answers in a row of cards: (cause, verdict, tone, figure, reason); tone is up, down, open, none or stop."""

    cards: Sequence[tuple[str, str, str, str, str]]
    kind: str = "verdicts"


@dataclass(frozen=True)
class Examples:
    """People with what they did and what they are recommended."""

    people: Sequence[Any]
    kind: str = "examples"


@dataclass(frozen=True)
class Section:
    """A part of the page: a heading, a lead, blocks; ``finding`` goes to the top of the page."""

    id: str
    title: str
    lead: str = ""
    blocks: Sequence[Any] = field(default_factory=tuple)
    finding: str = ""


def paired(blocks: Sequence[Any]) -> list[Any]:
    """The blocks with every half block that would stand alone in its row made wide."""
    laid: list[Any] = []
    alone = False
    for block in blocks:
        half = isinstance(block, Panel | Table) and block.half
        if alone and not half:
            laid[-1] = replace(laid[-1], half=False)
        alone = half and not alone
        laid.append(block)
    if alone:
        laid[-1] = replace(laid[-1], half=False)
    return laid
