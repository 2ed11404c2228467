"""The ``swayline`` command: verbs gathered, errors in one line, exit codes as promised (0 done, 1 data, 2 misuse)."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from swayline import __version__
from swayline.cli import (
    clicks,
    evaluate,
    experiment,
    influence,
    link,
    live,
    mcp,
    recommend,
    report,
    run,
    serve,
    simulate,
    trust,
    truth,
    tune,
)
from swayline.cli.content import alike, encode
from swayline.cli.evolution import diff, evolve, forecast
from swayline.cli.fitting import fit
from swayline.cli.preparing import check, prepare
from swayline.cli.scale import distil, plan
from swayline.cli.shared.edge import guarded
from swayline.cli.trust import anonymize, rights
from swayline.core.progress import set_level

app = typer.Typer(
    name="swayline",
    help="Measures what sways users, and uses it to recommend better.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"swayline {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def _verb(name: str, verb: Callable[..., None]) -> None:
    """A verb with its whole first line in the list of verbs, never cut."""
    app.command(name, short_help=(verb.__doc__ or "").strip().splitlines()[0])(verb)


_verb("run", run.run)
_verb("check", check.check)
_verb("encode", encode.encode)
_verb("alike", alike.alike)
_verb("prepare", prepare.prepare)
_verb("simulate", simulate.simulate)
_verb("truth", truth.truth)
_verb("fit", fit.fit)
_verb("distil", distil.distil)
_verb("recommend", recommend.recommend)
_verb("evaluate", evaluate.evaluate)
app.add_typer(influence.app, name="influence")
_verb("evolve", evolve.evolve)
_verb("forecast", forecast.forecast)
_verb("link", link.link)
_verb("diff", diff.diff)
_verb("report", report.report)
_verb("tune", tune.tune)
app.add_typer(experiment.app, name="experiment")
app.add_typer(trust.app, name="trust")
_verb("anonymize", anonymize.anonymize)
_verb("export", rights.export)
_verb("erase", rights.erase)
_verb("plan", plan.plan)
app.command("clicks")(clicks.clicks)
app.command("serve")(serve.serve)
_verb("mcp", mcp.mcp)
app.add_typer(live.app, name="live")


def _first_line(text: object) -> str:
    return str(text or "").strip().partition("\n")[0]


for _one in app.registered_commands:
    # The list of verbs has their whole first line: click would cut it.
    _one.short_help = _one.short_help or _first_line(_one.callback.__doc__ if _one.callback else "")
for _group in app.registered_groups:
    if _group.typer_instance is not None:
        _group.short_help = _first_line(_group.typer_instance.info.help)


def main() -> None:
    """Run the command line; whatever goes wrong becomes one line and an exit code, never a traceback."""
    set_level("normal")
    guarded(lambda: app(standalone_mode=False))
