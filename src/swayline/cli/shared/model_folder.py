"""What the verbs that start from a model folder share: the folder, a newer log, and for whom."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared.output import warn
from swayline.core.errors import SourceError

if TYPE_CHECKING:
    from swayline.training.bundle import ModelBundle

ModelFolder = Annotated[
    Path, typer.Argument(metavar="MODEL_DIR", help="Folder that fit or run wrote.", show_default=False)
]


def newer(fitted: "ModelBundle", events: str | None, users: Path | None) -> "ModelBundle":
    """The model for a newer log and for what a table of users says, with what it does not know on stderr."""
    table = users if users is not None and is_table(users) else None
    if events is not None:
        fitted = fitted.with_log(events, table)
    elif table is not None:
        fitted = fitted.with_people(table)
    for note in fitted.match.notes() if fitted.match is not None else ():
        warn(f"note: {note}")
    return fitted


def is_table(path: Path) -> bool:
    """Whether a file of users is a table with a header, and no list of ids, one a line."""
    from swayline.events.options import KNOWN_NAMES, plain_name

    try:
        with path.open("rb") as stream:
            first = stream.read(65_536)
    except OSError as error:
        raise SourceError(f"{path} cannot be read as a list of users: {error}") from None
    if first[:4] == b"PAR1" or path.suffix.lower() in (".parquet", ".jsonl"):
        return True
    head = (first.decode("utf-8-sig", "replace").splitlines() or [""])[0]
    names = [plain_name(name) for name in head.replace("\t", ",").split(",")]
    return len(names) > 1 and any(name in KNOWN_NAMES["user"] for name in names)


def user_ids(path: Path) -> list[str]:
    """Ids from a text file, one a line (blank lines and a header ``user`` are left out), or of a table of users.

    Raises
    ------
    SourceError
        The file is missing or no UTF-8 text.
    """
    if is_table(path):
        from swayline.events import read_people

        return read_people(path)["user"].to_pylist()  # type: ignore[no-any-return]
    try:
        names = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as a list of users: {error}") from None
    return list(dict.fromkeys(name for place, name in enumerate(names) if name and not (place == 0 and name == "user")))


def item_ids(path: Path) -> list[str]:
    """Ids of items from a text file, one a line; blank lines and a header ``item`` are left out.

    Raises
    ------
    SourceError
        The file is missing, no UTF-8 text, or names nothing.
    """
    try:
        names = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as a list of items: {error}") from None
    found = list(dict.fromkeys(name for at, name in enumerate(names) if name and not (at == 0 and name == "item")))
    if not found:
        raise SourceError(f"{path} names no item: write ids, one a line")
    return found
