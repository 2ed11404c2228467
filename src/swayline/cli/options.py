"""Options that several verbs share; those of reading a log are in :mod:`swayline.cli.reading`."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Decides every random number.")]
K = Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the lists.")]
