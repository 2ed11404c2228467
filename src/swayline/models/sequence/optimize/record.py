"""The record of a training: its epochs and the best weights so far, in a checkpoint where one is asked for."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from swayline.models.sequence.optimize import checkpoint
from swayline.models.sequence.optimize.epochs import Epoch
from swayline.models.sequence.optimize.steps import Run
from swayline.numerics.training_loop import Standing


class Record:
    """The record of epochs and the best weights so far, kept in a checkpoint where one is asked for."""

    def __init__(self, run: Run, file: Path | None) -> None:
        self.run, self.file = run, file
        self.log: list[Epoch] = []
        self.standing = Standing()
        self.name = checkpoint.fingerprint(run.histories, run.settings) if file else ""
        if file and (found := checkpoint.load(file, self.name, run.descent.optimizer)) is not None:
            self._resume(*found)

    def add(self, epoch: Epoch) -> None:
        """Take an epoch in; the network holds the weights that were judged."""
        self.log.append(epoch)
        if self.file:
            self._write(self.file)

    def _write(self, file: Path) -> None:
        record = {
            "log": [epoch.as_dict() for epoch in self.log], "best": self.standing.best,
            "best_epoch": self.standing.best_epoch, "steps": self.run.descent.steps,
        }  # fmt: skip
        tensors = {f"live.{index}": value for index, value in enumerate(self.run.average.live)}
        tensors |= {f"mean.{index}": value for index, value in enumerate(self.run.average.mean)}
        tensors |= {f"kept.{name}": value for name, value in self.standing.kept.items()}
        checkpoint.save(file, self.name, record, tensors, self.run.descent.optimizer)

    def _resume(self, record: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.log = [Epoch(**epoch) for epoch in record["log"]]
        self.run.descent.steps = record["steps"]
        average = self.run.average
        torch._foreach_copy_(average.live, [tensors[f"live.{index}"] for index in range(len(average.live))])
        if average.mean:
            torch._foreach_copy_(average.mean, [tensors[f"mean.{index}"] for index in range(len(average.mean))])
        kept = "kept."
        weights = {name.removeprefix(kept): value for name, value in tensors.items() if name.startswith(kept)}
        self.standing = Standing(len(self.log), record["best"], record["best_epoch"], weights)
