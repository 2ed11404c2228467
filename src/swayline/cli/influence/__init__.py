"""``swayline influence``: verbs that measure what moved what, one file each."""

import typer

from swayline.cli.influence import (
    behaviors,
    contagion,
    content,
    events,
    launch,
    paths,
    people,
    predict,
    spread,
    strangers,
    table,
)

app = typer.Typer(help="Measure what moved what; every verb writes rows of one influence table.", no_args_is_help=True)
app.command("events")(events.events)
app.command("content")(content.content)
app.command("behaviors")(behaviors.behaviors)
app.command("table")(table.table)
app.command("paths")(paths.paths)
app.command("people")(people.people)
app.command("spread")(spread.spread)
app.command("launch")(launch.launch)
app.command("contagion")(contagion.contagion)
app.command("strangers")(strangers.strangers)
app.command("predict")(predict.predict)
