"""What ``swayline fit`` is asked for, in options that travel together."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from swayline.cli.shared import options
from swayline.cli.shared.reading import ItemsAndUsers, Said


@dataclass(frozen=True)
class Training:
    """How the model learns, and what is kept while it does."""

    settings: options.Set = None
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint", help="Keep each epoch in this file; the same command goes on from it.", show_default=False
        ),
    ] = None
    tensorboard: Annotated[
        Path | None, typer.Option("--tensorboard", help="Folder for training curves.", show_default=False)
    ] = None
    track: Annotated[
        str | None,
        typer.Option("--track", help="Follow training: tensorboard, mlflow or wandb (offline).", show_default=False),
    ] = None
    seed: options.Seed = 0


@dataclass(frozen=True)
class Given:
    """What is learned from, which model, and where it goes."""

    events: str
    reading: Said
    model: str
    split: str
    out: Path
    sides: ItemsAndUsers


@dataclass(frozen=True)
class Guard:
    """How people's data are kept from the model: differential privacy."""

    private: Annotated[
        bool, typer.Option("--private", help="Differentially private training; needs --epsilon and --items.")
    ] = False
    epsilon: Annotated[
        float | None, typer.Option("--epsilon", help="What this training may cost each person.", show_default=False)
    ] = None
    delta: Annotated[
        float | None, typer.Option("--delta", help="Chance that it costs more; 1/n of n people.", show_default=False)
    ] = None
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", help="What all trainings into this folder may cost; this one's --epsilon.", show_default=False
        ),
    ] = None
    steps: Annotated[
        int | None, typer.Option("--steps", help="Noisy steps of the sequence model.", show_default=False)
    ] = None
    people_share: Annotated[
        float | None,
        typer.Option("--people-share", help="Chance of each person to be in a step.", show_default=False),
    ] = None
    clip: Annotated[
        float | None, typer.Option("--clip", help="How far one person can move a step.", show_default=False)
    ] = None

    def said(self) -> dict[str, object]:
        """What was given of it, by the plan's names."""
        return {name: value for name, value in vars(self).items() if name != "private" and value is not None}
