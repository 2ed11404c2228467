"""``swayline influence``: verbs that measure what moved what."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli import options
from swayline.cli.output import show
from swayline.cli.recommend import user_ids

app = typer.Typer(help="Measure what moved what; every verb writes rows of one influence table.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", help="Influence table to write (Parquet).")]


@app.command("events")
def events(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL_DIR", help="Folder that fit or run wrote.", show_default=False)
    ],
    events: Annotated[
        Path | None, typer.Option("--events", help="The log; by default the histories fitted on.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="One user.", show_default=False)] = None,
    users: Annotated[
        Path | None,
        typer.Option(
            "--users", help="File of user ids, one a line; by default 100 drawn by the seed.", show_default=False
        ),
    ] = None,
    item: Annotated[
        str | None, typer.Option("--item", help="Explain this item; by default each user's top 10.", show_default=False)
    ] = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    json: options.Json = False,
) -> None:
    """How much each past event moves a recommendation: score with the event minus score without it."""
    from swayline.influence.ledger import write_ledger
    from swayline.recommend import FittedModel, explain_events, with_log

    fitted = FittedModel.load(model)
    if events is not None:
        fitted = with_log(fitted, events)
    asked = [user] if user is not None else user_ids(users) if users is not None else None
    table = explain_events(fitted, asked, item=item, seed=seed)
    write_ledger(table, out)
    show(
        json,
        {"out": str(out), "rows": len(table)},
        [f"{len(table):,} rows: what each event does to each recommendation", f"written: {out}"],
    )
