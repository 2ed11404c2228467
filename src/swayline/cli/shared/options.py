"""Options that several verbs share; those of reading a log are in :mod:`swayline.cli.shared.reading`."""

import tomllib
from typing import Annotated, Any

import typer

from swayline.core.errors import UsageError, shown


def _told(level: str) -> Any:
    """A callback that says how much is told; with both, the last one said counts."""

    def tell(asked: bool) -> bool:
        from swayline.core.progress import set_level

        if asked:
            set_level(level)  # type: ignore[arg-type]
        return asked

    return tell


Verbose = Annotated[
    bool, typer.Option("--verbose", callback=_told("verbose"), help="Tell every step, every epoch and every note.")
]
Quiet = Annotated[bool, typer.Option("--quiet", callback=_told("quiet"), help="No progress; results and errors alone.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Decides every random number.")]
Force = Annotated[
    bool, typer.Option("--force", help="Write over a file or folder at --out that this verb did not make.")
]
K = Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the lists.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="A setting of the model, as fusion=concatenate; again for each.",
        show_default=False,
    ),
]  # fmt: skip


def settings_of(said: list[str] | None) -> dict[str, object]:
    """What ``--set`` said, values as TOML writes them; a word needs no quotes.

    >>> settings_of(["fusion=gate", "embedding_dim=64", "times=true"])
    {'fusion': 'gate', 'embedding_dim': 64, 'times': True}

    Raises
    ------
    UsageError
        There is no name or no value.
    """
    found: dict[str, object] = {}
    for pair in said or ():
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"--set takes NAME=VALUE, not {shown(pair)}: --set fusion=concatenate")
        try:
            found[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[name] = value
    return found
