"""``swayline experiment``: verbs of randomised experiments, one file each; without a verb, TABLE is read."""

from typing import Any

import typer
from typer.core import TyperGroup

from swayline.cli.experiment import assign, bandit, ledger_verbs, long_term, plan, read, snapshots


class _ReadsByDefault(TyperGroup):
    """``swayline experiment TABLE …`` is ``swayline experiment read TABLE …``; ``./plan`` names a file called plan."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put ``read`` before arguments that begin with no verb."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["read", *args]
        return list(super().parse_args(ctx, args))


app = typer.Typer(
    cls=_ReadsByDefault,
    help="What the arms of a randomised experiment changed, with a verdict in words. "
    "swayline experiment TABLE is short for swayline experiment read TABLE.",
    no_args_is_help=False,
)
app.command("read")(read.read)
app.command("plan")(plan.plan)
app.command("assign")(assign.assign)
app.command("snapshots")(snapshots.snapshots)
app.command("bandit")(bandit.bandit)
app.command("long-term")(long_term.long_term)
app.command("ready")(ledger_verbs.ready)
app.command("recalibrate")(ledger_verbs.recalibrate)
