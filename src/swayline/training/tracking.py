"""Training followed by TensorBoard, MLflow or Weights & Biases: settings, a line an epoch, figures at the end.

Everything is written to this disk; nothing is sent anywhere unless the tool's own environment says so
(``MLFLOW_TRACKING_URI``, ``WANDB_MODE=online``).
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from swayline.core.errors import UsageError, nearest, shown
from swayline.core.extras import require
from swayline.models.sequence.optimize.epochs import Epoch

TRACKERS = ("tensorboard", "mlflow", "wandb")


class Tracker(Protocol):
    """Where a training is followed."""

    def watch(self, epoch: Epoch) -> None:
        """Take in an epoch."""
        ...

    def figures(self, figures: Mapping[str, float]) -> None:
        """Take in figures of the whole."""
        ...


def check_tracker(name: str) -> str:
    """The name of a tracker, once it is one and is installed.

    Raises
    ------
    UsageError
        It is unknown.
    MissingExtraError
        It is not installed.
    """
    if name not in TRACKERS:
        raise UsageError(f"--track {shown(name)} is unknown: {nearest(name, TRACKERS)}")
    require(name, extra="tracking")
    return name


@contextmanager
def tracked(name: str, folder: Path, run: str, settings: Mapping[str, object]) -> Iterator[Tracker]:
    """A tracker that is open while something is trained.

    Parameters
    ----------
    name : str
        One of :data:`TRACKERS`.
    folder : Path
        Where it writes.
    run : str
        What the training is called.
    settings : mapping
        What decides it.

    Raises
    ------
    UsageError, MissingExtraError
        The tracker is unknown or not installed.
    """
    kind: Callable[[Path, str, Mapping[str, object]], Any] = {
        "tensorboard": _TensorBoard, "mlflow": _MLflow, "wandb": _WandB
    }[check_tracker(name)]  # fmt: skip
    tracker = kind(folder, run, settings)
    try:
        yield tracker
    finally:
        tracker.close()


def _numbers(epoch: Epoch) -> dict[str, float]:
    return {
        f"train/{name}": float(value)
        for name, value in epoch.as_dict().items()
        if value is not None and name != "epoch"
    }


class _TensorBoard:
    def __init__(self, folder: Path, run: str, settings: Mapping[str, object]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder / run))
        self.writer.add_text("settings", "\n\n".join(f"{name} = {value}" for name, value in settings.items()))

    def watch(self, epoch: Epoch) -> None:
        for name, value in _numbers(epoch).items():
            self.writer.add_scalar(name, value, epoch.epoch)
        self.writer.flush()

    def figures(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.writer.add_scalar(name, value, 0)

    def close(self) -> None:
        self.writer.close()


class _MLflow:
    def __init__(self, folder: Path, run: str, settings: Mapping[str, object]) -> None:
        self.mlflow = require("mlflow", extra="tracking")
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            folder.mkdir(parents=True, exist_ok=True)
            self.mlflow.set_tracking_uri(f"sqlite:///{(folder / 'mlflow.db').absolute()}")
        self.mlflow.set_experiment("swayline")
        self.mlflow.start_run(run_name=run)
        self.mlflow.log_params({name: str(value)[:250] for name, value in settings.items()})

    def watch(self, epoch: Epoch) -> None:
        self.mlflow.log_metrics(
            {name.replace("@", "_at_"): value for name, value in _numbers(epoch).items()}, step=epoch.epoch
        )

    def figures(self, figures: Mapping[str, float]) -> None:
        self.mlflow.log_metrics({name.replace("@", "_at_"): value for name, value in figures.items()})

    def close(self) -> None:
        self.mlflow.end_run()


class _WandB:
    def __init__(self, folder: Path, run: str, settings: Mapping[str, object]) -> None:
        wandb = require("wandb", extra="tracking")
        folder.mkdir(parents=True, exist_ok=True)
        mode = os.environ.get("WANDB_MODE", "offline")
        self.run = wandb.init(project="swayline", name=run, dir=str(folder), config=dict(settings), mode=mode)

    def watch(self, epoch: Epoch) -> None:
        self.run.log(_numbers(epoch), step=epoch.epoch)

    def figures(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.run.summary[name] = value

    def close(self) -> None:
        self.run.finish()
