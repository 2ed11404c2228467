"""The training loop: epochs of packed batches, early stopping on validation questions.

One file a step: :mod:`~swayline.models.sequence.optimize.steps` makes an epoch's batches and moves the weights,
:mod:`~swayline.models.sequence.optimize.batch_loss` is the loss of one,
:mod:`~swayline.models.sequence.optimize.record` keeps the epochs and the best weights.
"""

import time
from pathlib import Path

import torch

from swayline.core.progress import task
from swayline.dataset import Sequences
from swayline.models.sequence.network import Network
from swayline.models.sequence.optimize.distributed import together
from swayline.models.sequence.optimize.epochs import Epoch, Judged, Trained, Watch
from swayline.models.sequence.optimize.record import Record
from swayline.models.sequence.optimize.steps import Run
from swayline.models.sequence.settings import TransformerSettings


def train(
    network: Network,
    histories: Sequences,
    settings: TransformerSettings,
    max_length: int,
    judge: Judged | None,
    checkpoint_file: Path | None = None,
    watch: Watch | None = None,
) -> Trained:
    """Train in place; with a ``judge`` the best epoch's weights are kept.

    With a ``checkpoint_file``, every epoch is written there, and a run that was cut off goes on from it. ``watch`` is
    told of every epoch as it ends, while the network holds the weights that were judged.
    """
    with together() as (rank, size), torch.random.fork_rng(), task("train transformer", settings.max_epochs) as bar:
        run = Run(network, histories, settings, max_length, rank, size)
        record = Record(run, checkpoint_file if rank == 0 else None)
        while len(record.log) < settings.max_epochs and len(record.log) - record.best_epoch < settings.patience:
            epoch, began = len(record.log) + 1, time.perf_counter()
            loss, samples = run.epoch(epoch, bar)
            seconds = time.perf_counter() - began
            network.eval()
            with run.average.in_place():
                ndcg, likelihood = judge() if judge is not None else (None, None)
                record.add(Epoch(epoch, loss, ndcg, seconds, samples / seconds, likelihood))
                bar.note(record.log[-1].line)
                if watch is not None:
                    watch(record.log[-1])
        if record.kept:
            network.load_state_dict(record.kept)
        else:  # nobody judged, so the last weights are the best
            run.average.settle()
    network.eval()
    return Trained(tuple(record.log), record.best_epoch)
