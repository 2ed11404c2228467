"""Options that several verbs share, and how they become settings. Heavy imports stay inside the verbs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from swayline.events import ReadOptions

EventsArgument = Annotated[
    Path, typer.Argument(metavar="EVENTS", help="CSV, TSV, JSON lines (also .gz) or Parquet.", show_default=False)
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help="Names of a headerless file's columns: user,item,behavior,time; - skips one.",
        show_default=False,
    ),
]
Map = Annotated[str | None, typer.Option("--map", help="Foreign column names: user=uid,item=iid.", show_default=False)]
Ordered = Annotated[bool, typer.Option("--ordered", help="Rows are in order and have no times.")]
Delimiter = Annotated[
    str | None, typer.Option("--delimiter", help="One character, or the word tab or space.", show_default=False)
]
FormatOption = Annotated[
    str, typer.Option("--format", help="auto, csv, jsonl, parquet, sequences (a user a line), impressions, cascades.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Decides every random number.")]
K = Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the lists.")]
Items = Annotated[
    Path | None, typer.Option("--items", help="Table of items (titles, categories, features).", show_default=False)
]
ItemsMap = Annotated[str | None, typer.Option("--items-map", help="Names in the items table.", show_default=False)]
ItemsColumns = Annotated[
    str | None, typer.Option("--items-columns", help="Columns of an items table without a header.", show_default=False)
]
UsersMap = Annotated[str | None, typer.Option("--users-map", help="Names in the users table.", show_default=False)]
UsersColumns = Annotated[
    str | None, typer.Option("--users-columns", help="Columns of a users table without a header.", show_default=False)
]
TiesMap = Annotated[str | None, typer.Option("--ties-map", help="Names in the ties table.", show_default=False)]
TiesColumns = Annotated[
    str | None,
    typer.Option("--ties-columns", help="Columns of ties without a header: target,source.", show_default=False),
]
TiesUndirected = Annotated[bool, typer.Option("--ties-undirected", help="Each tie runs both ways.")]


def reading(
    columns: str | None, mapping: str | None, ordered: bool, delimiter: str | None, format: str
) -> dict[str, Any]:
    """What was said about reading, by setting; what was not said is left out."""
    from swayline.events import parse_mapping

    said: dict[str, Any] = {}
    if columns:
        said["columns"] = tuple(name.strip() for name in columns.split(","))
    if mapping:
        said["map"] = parse_mapping(mapping)
    if ordered:
        said["ordered"] = True
    if delimiter:
        said["delimiter"] = delimiter
    if format != "auto":
        said["format"] = format
    return said


def side_tables(undirected: bool = False, **said: str | None) -> dict[str, Any]:
    """What was said about side tables (``items_map``, ``ties_columns`` …); what was not said is left out."""
    from swayline.events import parse_mapping

    found: dict[str, Any] = {"ties_undirected": True} if undirected else {}
    for name, text in said.items():
        if text:
            columns = name.endswith("_columns")
            found[name] = tuple(part.strip() for part in text.split(",")) if columns else parse_mapping(text)
    return found


def read_options(
    columns: str | None, mapping: str | None, ordered: bool, delimiter: str | None, format: str, **side: Any
) -> "ReadOptions":
    """The same as the readers take it."""
    from swayline.events import ReadOptions

    said = reading(columns, mapping, ordered, delimiter, format) | side
    return ReadOptions(**{("mapping" if name == "map" else name): value for name, value in said.items()})
