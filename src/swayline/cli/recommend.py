"""``swayline recommend``: lists from a model folder."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli import options
from swayline.cli.output import show
from swayline.cli.reading import EventsOption
from swayline.core.errors import SourceError


def recommend(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL_DIR", help="Folder that fit or run wrote.", show_default=False)
    ],
    events: EventsOption = None,
    users: Annotated[
        Path | None,
        typer.Option("--users", help="File of user ids, one a line; by default everybody.", show_default=False),
    ] = None,
    k: options.K = 10,
    out: Annotated[Path, typer.Option("--out", help="Parquet to write: user, item, rank, score.")] = Path(
        "recs.parquet"
    ),
    json: options.Json = False,
) -> None:
    """Write the best next items of each user."""
    import pyarrow.parquet as pq

    from swayline.core.files import whole
    from swayline.recommend import FittedModel, with_log

    fitted = FittedModel.load(model)
    if events is not None:
        fitted = with_log(fitted, events)
    lists = fitted.recommend(user_ids(users) if users else None, k)
    with whole(out) as temporary:
        pq.write_table(lists, temporary)
    n_users = len(lists["user"].unique())
    show(
        json,
        {"out": str(out), "users": n_users, "rows": len(lists)},
        [f"{len(lists):,} recommendations for {n_users:,} users", f"written: {out}"],
    )


def user_ids(path: Path) -> list[str]:
    """Ids from a text file, one a line; blank lines and a header ``user`` are left out.

    Raises
    ------
    SourceError
        The file is missing or no UTF-8 text.
    """
    try:
        names = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as a list of users: {error}") from None
    return list(dict.fromkeys(name for place, name in enumerate(names) if name and not (place == 0 and name == "user")))
