"""``swayline influence events``: what each past event does to a recommendation."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class How:
    """What is asked of the events, one question at a time."""

    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            help="Leave out together: behavior, category, item or session, each in turn; or a set, 'behavior=view' "
            "(again for more).",
            show_default=False,
        ),
    ] = None
    minimal: Annotated[
        bool, typer.Option("--minimal", help="The fewest events without which the first item would be another.")
    ] = False
    method: Annotated[
        str,
        typer.Option(
            "--method", help="removal (exact), gradient, integrated-gradients, attention or shapley (with its error)."
        ),
    ] = "removal"
    to_show: Annotated[
        str | None, typer.Option("--to-show", help="What to do to be shown this item.", show_default=False)
    ] = None
    edits: Annotated[
        bool, typer.Option("--edits", help="Add what adding, removing, replacing each behaviour does to the lists.")
    ] = False


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
    how: How = How(),
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
) -> None:
    """How much each past event moves a recommendation: score with the event minus score without it."""
    from swayline.core.errors import UsageError
    from swayline.ledger import concat, write_ledger
    from swayline.recommend import edit_behaviors, explain_events, shown_rows
    from swayline.training.bundle import ModelBundle

    if how.to_show is not None and (item is not None or how.without or how.minimal or how.method != "removal"):
        raise UsageError("--to-show asks what to do: leave out --item, --without, --minimal and --method")
    claim_file(out, "influence events", (model, events, users), ending.force)
    fitted = newer(ModelBundle.load(model), events, users)
    asked = [user] if user is not None else user_ids(users) if users is not None else None
    if how.to_show is not None:
        table = shown_rows(fitted, asked, how.to_show, seed=seed)
    else:
        table = explain_events(
            fitted, asked, item=item, seed=seed, method=how.method, without=how.without or (), minimal=how.minimal
        )
    if how.edits:
        table = concat([table, edit_behaviors(fitted, asked, seed=seed)])
    write_ledger(table, out, "influence events")
    show(
        ending.json,
        {"out": str(out), "rows": len(table)} | ({} if fitted.match is None else {"events": fitted.match.as_json()}),
        [f"{len(table):,} rows: {_asked(how)}", f"written: {out}"],
    )


def _asked(how: How) -> str:
    if how.to_show is not None:
        return f"what to do to be shown {how.to_show}"
    if how.minimal:
        return "the fewest events without which the first item would be another"
    if how.without:
        return f"what each recommendation is without {' and '.join(how.without)}"
    return "what each event does to each recommendation" + ("" if how.method == "removal" else f", by {how.method}")
