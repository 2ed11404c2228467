"""``swayline influence events``: what each past event does to a recommendation."""

from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.influence.shared import Out
from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.model_folder import ModelFolder, newer, user_ids
from swayline.cli.shared.output import show
from swayline.cli.shared.reading import EventsOption
from swayline.core.storage.outputs import claim_file


@option_groups
def events(
    model: ModelFolder,
    events: EventsOption = None,
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
    edits: Annotated[
        bool, typer.Option("--edits", help="Add what adding, removing, replacing each behaviour does to the lists.")
    ] = False,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
) -> None:
    """How much each past event moves a recommendation: score with the event minus score without it."""
    from swayline.ledger import concat, write_ledger
    from swayline.recommend import edit_behaviors, explain_events
    from swayline.training.bundle import ModelBundle

    claim_file(out, "influence events", (model, events, users), ending.force)
    fitted = newer(ModelBundle.load(model), events, users)
    asked = [user] if user is not None else user_ids(users) if users is not None else None
    table = explain_events(fitted, asked, item=item, seed=seed)
    if edits:
        table = concat([table, edit_behaviors(fitted, asked, seed=seed)])
    write_ledger(table, out, "influence events")
    show(
        ending.json,
        {"out": str(out), "rows": len(table)} | ({} if fitted.match is None else {"events": fitted.match.as_json()}),
        [f"{len(table):,} rows: what each event does to each recommendation", f"written: {out}"],
    )
