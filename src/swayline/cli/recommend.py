"""``swayline recommend``: lists from a model folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.output import show, table_path, warn
from swayline.cli.shared.reading import EventsOption
from swayline.core.errors import SourceError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from swayline.training.bundle import ModelBundle


def recommend(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL_DIR", help="Folder that fit or run wrote.", show_default=False)
    ],
    events: EventsOption = None,
    users: Annotated[
        Path | None,
        typer.Option(
            "--users",
            help="Whom to serve: ids, one a line, or a table whose further columns are their profiles.",
            show_default=False,
        ),
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(
            "--query",
            help="Items whose titles answer these words; with --users, those each user would take first.",
            show_default=False,
        ),
    ] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(
            "--encoder",
            help="Folder of a Hugging Face text encoder for --query; by default MiniLM.",
            show_default=False,
        ),
    ] = None,
    k: options.K = 10,
    out: Annotated[
        Path,
        typer.Option(
            "--out", callback=table_path, help="File to write: user, item, rank, score (.parquet, .csv, .jsonl)."
        ),
    ] = Path("recs.parquet"),
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """Write the best next items of each user, or the items that answer a query."""
    from swayline.core.storage.outputs import claim_file
    from swayline.core.storage.tables import write_table
    from swayline.training.bundle import ModelBundle

    claim_file(out, "recommend", (model, events, users, encoder), force)
    if query is None and encoder is not None:
        raise UsageError("--encoder belongs to a search: say --query too")
    wanted = user_ids(users) if users else None
    fitted = ModelBundle.load(model)
    fitted = newer(fitted, events, users)
    lists = fitted.recommend(wanted, k) if query is None else _found(fitted, query, wanted, k, model, encoder)
    write_table(out, lists, "recommend")
    n_users = len(lists["user"].unique()) if "user" in lists.column_names else 0
    result = {"out": str(out), "users": n_users, "rows": len(lists)} | _told(fitted, lists)
    if query is not None and not n_users:
        labels = dict(zip(fitted.dataset.items.names, fitted.labels, strict=True))
        lines = [f"{row['rank']:>3}  {row['item']}  {labels[row['item']]}" for row in lists.to_pylist()]
        show(json, result | {"query": query, "items": lists.to_pylist()}, [*lines, f"written: {out}"])
        return
    what = "recommendations" if query is None else f"answers to {query!r}"
    show(json, result, [f"{len(lists):,} {what} for {n_users:,} users", f"written: {out}"])


def _found(
    fitted: "ModelBundle", query: str, users: list[str] | None, k: int, folder: Path, encoder: Path | None
) -> "pa.Table":
    """The answers to a query; the titles' vectors are kept beside the model, so that the next one is quick."""
    import warnings

    from swayline.encoders import TextEncoder
    from swayline.recommend import ItemSearch

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        found = ItemSearch(fitted, encoder=TextEncoder(encoder, cache=folder / "vectors")).search(query, users, k)
    for note in said:
        typer.echo(f"note: {note.message}", err=True)
    return found


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


def _told(fitted: "ModelBundle", lists: "pa.Table") -> dict[str, object]:
    """What a newer log held that the model does not know, and how many lists are not the model's own."""
    told: dict[str, object] = {} if fitted.match is None else {"events": fitted.match.as_json()}
    if "source" not in lists.column_names:
        return told
    import pyarrow.compute as pc

    popular = lists.filter(pc.equal(lists["source"], "popular"))
    n = len(popular["user"].unique())
    if n and (fitted.match is None or n > fitted.match.without_history):
        warn(f"note: the model can tell nothing of {n:,} people: their lists are what most take (source popular)")
    return told | {"popular": n}


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
