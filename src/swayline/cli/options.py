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
    str | None, typer.Option("--delimiter", help="One character, or the word tab.", show_default=False)
]
FormatOption = Annotated[str, typer.Option("--format", help="auto, csv, jsonl, parquet, sequences (a user a line).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Decides every random number.")]
K = Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the lists.")]
Items = Annotated[
    Path | None, typer.Option("--items", help="Table of items (titles, categories, features).", show_default=False)
]


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


def read_options(
    columns: str | None, mapping: str | None, ordered: bool, delimiter: str | None, format: str
) -> "ReadOptions":
    """The same as the readers take it."""
    from swayline.events import ReadOptions

    said = reading(columns, mapping, ordered, delimiter, format)
    return ReadOptions(**{("mapping" if name == "map" else name): value for name, value in said.items()})
