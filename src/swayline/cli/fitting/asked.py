"""What ``swayline fit`` is asked for, in options that travel together."""

from dataclasses import dataclass, fields
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
    warm_start: Annotated[
        Path | None,
        typer.Option(
            "--warm-start", help="A model folder that goes on from its weights with EVENTS.", show_default=False
        ),
    ] = None
    replay: Annotated[
        float | None,
        typer.Option(
            "--replay",
            min=0.0,
            max=100.0,
            help="Others trained on beside people with new events, as a share (0.5).",
            show_default=False,
        ),
    ] = None
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, max=1000, help="Epochs of a warm start (3).", show_default=False)
    ] = None

    def said_warm(self) -> dict[str, float | int]:
        """What was given of a warm start, by its function's names."""
        return {name: value for name in ("replay", "epochs") if (value := getattr(self, name)) is not None}


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
        float | None,
        typer.Option(
            "--epsilon", min=0.001, max=10_000.0, help="What this training may cost each person.", show_default=False
        ),
    ] = None
    delta: Annotated[
        float | None,
        typer.Option(
            "--delta", min=1e-15, max=0.5, help="Chance that it costs more; 1/n of n people.", show_default=False
        ),
    ] = None
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget",
            min=0.001,
            max=100_000.0,
            help="What all trainings into this folder may cost; this one's --epsilon.",
            show_default=False,
        ),
    ] = None
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, max=1_000_000, help="Noisy steps of the sequence model.", show_default=False),
    ] = None
    people_share: Annotated[
        float | None,
        typer.Option(
            "--people-share", min=1e-6, max=1.0, help="Chance of each person to be in a step.", show_default=False
        ),
    ] = None
    clip: Annotated[
        float | None,
        typer.Option("--clip", min=1e-6, max=1e6, help="How far one person can move a step.", show_default=False),
    ] = None

    def said(self) -> dict[str, object]:
        """What was given of it, by the plan's names."""
        return _said(self, Guard, "private")


@dataclass(frozen=True)
class Apart:
    """Learning from people who keep their data."""

    federated: Annotated[
        bool,
        typer.Option("--federated", help="Federated averaging over simulated clients, a person each; needs --items."),
    ] = False
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, max=100_000, help="Rounds of it.", show_default=False)
    ] = None
    clients: Annotated[
        int | None, typer.Option("--clients", min=3, max=1_000_000, help="People of a round.", show_default=False)
    ] = None
    vanish: Annotated[
        float | None,
        typer.Option(
            "--vanish", min=0.0, max=0.33, help="Share of a round that vanishes, as a trial.", show_default=False
        ),
    ] = None

    def said_apart(self) -> dict[str, object]:
        """What was given of it, by the plan's names."""
        return _said(self, Apart, "federated")


@dataclass(frozen=True)
class Safeguards(Apart, Guard):
    """How people's data are kept from the model, and where they stay."""


def _said(options_given: object, kind: type, switch: str) -> dict[str, object]:
    """The options of one kind that were given, its switch aside."""
    found = {field.name: getattr(options_given, field.name) for field in fields(kind)}
    return {name: value for name, value in found.items() if name != switch and value is not None}
