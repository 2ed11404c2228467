"""What the command line prints: one JSON object for machines, few plain lines for people."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from swayline.core.errors import OutputError, UsageError, shown
from swayline.core.progress import level


def show(as_json: bool, result: dict[str, Any], lines: list[str]) -> None:
    """Print the result in the form asked for."""
    text = json.dumps(result, ensure_ascii=True, sort_keys=True, allow_nan=False) if as_json else "\n".join(lines)
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise OutputError("what reads standard output went away before the result was printed") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"the result cannot be printed to standard output ({reason}): send it elsewhere") from None


def warn(text: str) -> None:
    """A line for people beside the result; none where they asked for quiet."""
    if level() == "quiet":
        return
    sys.stderr.write(text + "\n")


def table_path(path: Path | None) -> Path | None:
    """What ``--out`` of a table may be called; said at the door and not after the work."""
    from swayline.core.storage.tables import table_ending

    if path is not None:
        table_ending(path)
    return path


TableOut = Annotated[Path, typer.Option("--out", callback=table_path, help="Table to write (.parquet, .csv, .jsonl).")]


def json_path(path: Path) -> Path:
    """What ``--out`` of a JSON file may be called."""
    if path.suffix.lower() != ".json":
        raise UsageError(f"--out {shown(path.name)}: metrics are written as JSON, so end the name in .json")
    return path


def one_line(text: str) -> str:
    r"""A message on one line whatever it quotes.

    >>> one_line("a\nb")
    'a b'
    """
    return " ".join(text.split())
