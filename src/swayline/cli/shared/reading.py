"""The options of every verb that reads a log, written once: ``@reads(…)`` adds them to a verb."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.models import ArgumentInfo

from swayline.cli.shared.groups import expanded, with_parameters
from swayline.cli.shared.output import warn

if TYPE_CHECKING:
    import pyarrow as pa

    from swayline.engine import Engine
    from swayline.events import EventLog, ReadOptions

Said = dict[str, Any]
"""What was said about reading, by field of ``ReadOptions``; what was not said is left out."""

EventsArgument = Annotated[
    str,
    typer.Argument(
        metavar="EVENTS",
        help="CSV, TSV, JSON lines (also .gz, .zst), Parquet or DuckDB; several files, a folder of parts or a glob;"
        " - for standard input; s3://…, gs://…, postgresql://… or http(s)://….",
        show_default=False,
    ),
]
"""What a verb reads: a name, or a list of several (:func:`reads` hands on either)."""
EventsOption = Annotated[
    str | None,
    typer.Option("--events", help="A newer log of the same shape; by default the one fitted on.", show_default=False),
]
Items = Annotated[
    str | None, typer.Option("--items", help="Table of items (titles, categories, features).", show_default=False)
]
Users = Annotated[str | None, typer.Option("--users", help="Table of users and features.", show_default=False)]
Ties = Annotated[str | None, typer.Option("--ties", help="Who can influence whom: source, target.", show_default=False)]

TiesNeeded = Annotated[str, typer.Option("--ties", help="Who can influence whom: source, target.")]


@dataclass(frozen=True)
class ItemsAndUsers:
    """Tables beside the log that models learn from."""

    items: Items = None
    users: Users = None


@dataclass(frozen=True)
class SideTables:
    """Every table that may stand beside a log."""

    items: Items = None
    users: Users = None
    ties: Ties = None


def read(
    events: str,
    reading: Said,
    engine: "Engine | None" = None,
    *,
    items: str | None = None,
    users: str | None = None,
    ties: str | None = None,
) -> "EventLog":
    """The log that a verb was given, with what a person should know of it on stderr."""
    from swayline.events import read_events

    log = read_events(events, items=items, users=users, ties=ties, options=as_options(reading), engine=engine)
    _tell(log)
    return log


def _tell(log: "EventLog") -> None:
    """What the reader decided, and that rows were rejected, as lines for people."""
    for note in log.notes:
        warn(f"note: {note}")
    if len(log.rejected):
        warn(f"note: {len(log.rejected):,} rows are rejected; swayline check says why")


def as_options(reading: Said) -> "ReadOptions":
    """What was said, as the readers take it."""
    from swayline.events import ReadOptions

    return ReadOptions(**reading)


def reads(*sides: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb the options of reading: its parameter ``reading`` is what was said by them.

    Its option groups (:mod:`swayline.cli.shared.groups`) become options too.

    Parameters
    ----------
    sides : str
        Which side tables the verb reads: ``items``, ``users``, ``ties``, ``graph``.
    """
    wanted = [*_LOG, *(one for which in sides for one in _side(which))]

    def gather(given: dict[str, Any]) -> None:
        if isinstance(events := given.get("events"), list):
            given["events"] = events[0] if len(events) == 1 else events or None
        given["reading"] = {one.field: one.parse(value) for one in wanted if (value := given.pop(one.field))}

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        own = [_several(one) for one in expanded(verb) if one.name != "reading"]
        return with_parameters(verb, [*own, *(one.parameter for one in wanted)], gather)

    return decorate


def _several(one: inspect.Parameter) -> inspect.Parameter:
    """EVENTS as an argument that takes several names; every other parameter as it is."""
    said = getattr(one.annotation, "__metadata__", ())
    if one.name != "events" or not any(isinstance(about, ArgumentInfo) for about in said):
        return one
    kind: Any = list[str] if one.default is inspect.Parameter.empty else list[str] | None
    return one.replace(annotation=Annotated[kind, *said])


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


def _mapping(text: str) -> dict[str, str]:
    from swayline.events import parse_mapping

    return parse_mapping(text)


def _paging(text: str) -> Any:
    from swayline.events import parse_paging

    return parse_paging(text)


@dataclass(frozen=True)
class _Option:
    """One option: the field of ``ReadOptions`` it sets, what help says, how its words become the field's value."""

    field: str
    about: str
    parse: Callable[[Any], Any] = str
    flag: str = ""
    is_flag: bool = False

    @property
    def parameter(self) -> inspect.Parameter:
        option = typer.Option(self.flag or f"--{self.field.replace('_', '-')}", help=self.about, show_default=False)
        kind = Annotated[bool, option] if self.is_flag else Annotated[str | None, option]
        return inspect.Parameter(
            self.field, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=False if self.is_flag else None
        )


_LOG = (
    _Option("columns", "Names of a headerless file's columns: user,item,behavior,time; - skips one.", _words),
    _Option("mapping", "Foreign column names: user=uid,item=iid.", _mapping, flag="--map"),
    _Option("behavior", "Name of the only behaviour, as checkin, where the log has no column of them."),
    _Option("ordered", "Rows are in order and have no times.", bool, is_flag=True),
    _Option("delimiter", "One character, or the word tab or space."),
    _Option("format", "csv, jsonl, parquet, recbole, sequences (a user a line), impressions, cascades."),
    _Option("table", "Which table of a database: name or schema.name."),
    _Option("links", "Table of links between accounts (swayline link): one user a person."),
    _Option("paging", "How an address pages: page=NAME, or cursor=NAME,next=KEY; rows=KEY, per_second=5, keep=DIR.",
            _paging),
)  # fmt: skip


_GRAPH = (
    _Option("graph", "Knowledge graph of the items: head, relation, tail (TSV, CSV; N-Triples end in .nt)."),
    _Option("graph_columns", "Columns of --graph without a header: head,relation,tail.", _words),
    _Option("graph_items", "Which entity of --graph each item is: item, entity."),
    _Option("graph_items_columns", "Columns of --graph-items without a header: item,entity.", _words),
)  # fmt: skip


def _side(which: str) -> tuple[_Option, ...]:
    if which == "graph":
        return _GRAPH
    options = (
        _Option(f"{which}_map", f"Foreign column names in the {which} table.", _mapping),
        _Option(f"{which}_columns", f"Columns of a table of {which} without a header.", _words),
        _Option(f"{which}_table", f"Which table of a database holds the {which}."),
    )
    if which != "ties":
        return options
    return (*options, _Option("ties_undirected", "Each tie runs both ways.", bool, is_flag=True))


def side_table(which: str, source: str | Path) -> "pa.Table":
    """A table of items, users or ties without a log; what is refused of it is said on stderr.

    Parameters
    ----------
    which : ``items``, ``users`` or ``ties``
    """
    from swayline.events import read_side_told

    table, rejected = read_side_told(which, str(source))
    if len(rejected):
        first = rejected.slice(0, 1).to_pylist()[0]
        warn(
            f"note: {len(rejected):,} of the rows of {source} are left out; first: row {first['row']}, "
            f"{first['column']}: {first['reason']}"
        )
    return table
