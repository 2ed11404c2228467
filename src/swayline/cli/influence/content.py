"""``swayline influence content``: what pictures, titles and sounds do to recommendations."""

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
def content(
    model: ModelFolder,
    events: EventsOption = None,
    users: Annotated[
        Path | None,
        typer.Option(
            "--users", help="File of user ids, one a line; by default 100 drawn by the seed.", show_default=False
        ),
    ] = None,
    item: Annotated[
        str | None,
        typer.Option("--item", help="Ask about this item; by default each user's top 10.", show_default=False),
    ] = None,
    seed: options.Seed = 0,
    out: Out = Path("influence.parquet"),
    ending: Ending = Ending(),
) -> None:
    """How far an item's picture, title or sound moves its recommendation: the score with it minus that with another."""
    from swayline.influence.attribution.rows import TOP
    from swayline.ledger import write_ledger
    from swayline.recommend.why.content import explain_content
    from swayline.training.bundle import ModelBundle

    claim_file(out, "influence content", (model, events, users), ending.force)
    fitted = newer(ModelBundle.load(model), events, users)
    table = explain_content(fitted, None if users is None else user_ids(users), item=item, seed=seed)
    write_ledger(table, out, "influence content")
    shown = ("cause", "estimand", "estimate", "ci_low", "ci_high", "unit", "method", "n", "effect", "primary")
    means = [row for row in table.select(shown).to_pylist() if row["effect"] == TOP]
    lines = [
        f"{row['cause']}: {row['estimand'].replace('_', ' ')} {row['estimate']:+.3f}{_between(row)} {row['unit']}"
        f" by {row['method']}, {row['n']:,} people"
        for row in means
    ]
    if not means:
        lines = ["no recommended item has a content that could be replaced"]
    show(
        ending.json,
        {"out": str(out), "rows": len(table), "means": means},
        [*lines, f"{len(table):,} rows", f"written: {out}"],
    )


def _between(row: dict[str, object]) -> str:
    low, high = row["ci_low"], row["ci_high"]
    return "" if low is None or high is None else f" ({low:+.3f} to {high:+.3f})"
