"""``swayline trust``: may it be used? Verbs of fraud, attacks, fairness; ``anonymize`` stands by itself."""

import typer

from swayline.cli.trust import attack, fairness, fraud, membership

app = typer.Typer(
    help="Ask whether it may be used: fraud in the log, attacks on the lists, fairness, membership.",
    no_args_is_help=True,
)
app.command("fraud")(fraud.fraud)
app.command("attack")(attack.attack)
app.command("fairness")(fairness.fairness)
app.command("membership")(membership.membership)
