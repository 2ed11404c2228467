"""Training: epochs of packed batches, early stopping on validation questions.

The epochs are walked by :func:`swayline.numerics.training_loop.train_epochs`. One file a step:
:mod:`~swayline.models.sequence.optimize.steps` makes an epoch's batches and moves the weights,
:mod:`~swayline.models.sequence.optimize.batch_loss` is the loss of one,
:mod:`~swayline.models.sequence.optimize.record` keeps the epochs and the best weights.
"""

from pathlib import Path

import torch

from swayline.core.progress import task
from swayline.dataset import Sequences
from swayline.models.sequence.network import Network
from swayline.models.sequence.optimize.batch_loss import BatchLoss, batch_loss
from swayline.models.sequence.optimize.distributed import together
from swayline.models.sequence.optimize.epochs import Epoch, Judged, Trained, Watch
from swayline.models.sequence.optimize.record import Record
from swayline.models.sequence.optimize.steps import Run, Share
from swayline.models.sequence.settings import TransformerSettings
from swayline.numerics.training_loop import EpochResult, Limits, train_epochs


def train(
    network: Network,
    histories: Sequences,
    settings: TransformerSettings,
    max_length: int,
    judge: Judged | None,
    checkpoint_file: Path | None = None,
    watch: Watch | None = None,
    loss: BatchLoss = batch_loss,
) -> Trained:
    """Train in place; with a ``judge`` the best epoch's weights are kept.

    With a ``checkpoint_file``, every epoch is written there, and a run that was cut off goes on from it. ``watch`` is
    told of every epoch as it ends, while the network holds the weights that were judged. ``loss`` is that of a batch.
    """
    limits = Limits(settings.max_epochs, settings.patience)
    expected = limits.expected(0, 0, judge is not None)
    with together() as (rank, size), torch.random.fork_rng(), task("train transformer", expected) as bar:
        run = Run(network, histories, settings, max_length, Share(rank, size), loss)
        record = Record(run, checkpoint_file if rank == 0 else None)
        quality: tuple[float | None, float | None] = (None, None)

        def judged() -> float | None:
            nonlocal quality
            quality = judge() if judge is not None else (None, None)
            return quality[0] if quality[1] is None else quality[1]

        def on_epoch(done: EpochResult) -> None:
            ndcg, likelihood = quality
            record.add(Epoch(done.epoch, done.loss, ndcg, done.seconds, done.samples / done.seconds, likelihood))
            bar.expect(limits.expected(done.epoch, done.best_epoch, done.judged is not None))
            bar.note(record.log[-1].line)
            if watch is not None:
                watch(record.log[-1])

        train_epochs(
            network, lambda epoch: run.epoch(epoch, bar), limits, judge=judged, average=run.average,
            standing=record.standing, on_epoch=on_epoch,
        )  # fmt: skip
    return Trained(tuple(record.log), record.standing.best_epoch)
