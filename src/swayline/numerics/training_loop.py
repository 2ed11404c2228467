"""The training loop of everything that learns by gradients: losses to steps, steps to epochs, the best epoch kept.

Read from the inside out::

    Descent        one step: rates by the schedule, gradients clipped, optimiser, moving average of the weights
    train          losses → steps, epoch by epoch, with a progress bar and a limit of time
    train_epochs   the epochs around it: validation, early stopping, the best weights, a hook for checkpoints

Who makes batches and losses in a way of its own (recorded graphs, several processes) uses :class:`Descent` and
:func:`train_epochs` and leaves :func:`train` out. Random numbers are the caller's: a loss that draws any seeds them.

References
----------
Prechelt, "Early Stopping — But When?", in Neural Networks: Tricks of the Trade, 1998.
Pascanu, Mikolov and Bengio, "On the Difficulty of Training Recurrent Neural Networks", ICML 2013 (clipping).
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from swayline.core.progress import task
from swayline.numerics.weight_average import Average

Losses = Callable[[int], Iterable[tuple[Tensor, int]]]
"""Epoch (from 1) → mean loss and number of samples of each batch; a batch is computed when it is asked for."""
Rates = Callable[[int], Sequence[float]]
"""Step (from 1) → learning rate of each of the optimiser's groups."""


@dataclass(frozen=True)
class Limits:
    """When training ends: whichever comes first.

    Parameters
    ----------
    max_epochs : int
        Passes over the data.
    patience : int, optional
        Epochs without a better validation figure; None: all epochs run.
    deadline : float
        On the clock of ``time.perf_counter``; the step that passes it is the last one, and there is always one.
    """

    max_epochs: int
    patience: int | None = None
    deadline: float = math.inf

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return time.perf_counter() > self.deadline

    def expected(self, epochs: int, best_epoch: int, judged: bool) -> int:
        """Epochs in all after so many, unless a better one comes: for who waits.

        >>> Limits(60, 5).expected(3, 2, judged=True), Limits(60, 5).expected(3, 3, judged=False)
        (7, 60)
        """
        if self.patience is None or not judged:
            return self.max_epochs
        return min(self.max_epochs, max(epochs, best_epoch + self.patience))


@dataclass(frozen=True)
class EpochResult:
    """What an epoch came to: mean loss, samples learned from, wall clock without validation, validation figure."""

    epoch: int
    best_epoch: int
    loss: float
    samples: int
    seconds: float
    judged: float | None


@dataclass
class Standing:
    """Where training stands after an epoch; with the weights and the optimiser, all that going on from there needs."""

    epochs: int = 0
    best: float = -1.0
    best_epoch: int = 0
    kept: dict[str, Tensor] = field(default_factory=dict)
    """Weights of the best epoch, on the CPU; none where nobody judged."""

    def take(self, judged: float | None, network: nn.Module) -> None:
        """Count an epoch, and keep the network's weights where they are the best so far."""
        self.epochs += 1
        if judged is None:
            self.best_epoch = self.epochs
        elif judged > self.best:
            self.best, self.best_epoch = judged, self.epochs
            self.kept = {name: value.detach().to("cpu", copy=True) for name, value in network.state_dict().items()}


@dataclass(frozen=True)
class Trained:
    """The best epoch, what each epoch came to, and the loss of every step."""

    best_epoch: int
    epochs: tuple[EpochResult, ...]
    losses: tuple[float, ...]


class Descent:
    """One step down the gradients.

    Parameters
    ----------
    max_gradient : float, optional
        Norm above which gradients are shortened to it; None: they are taken as they are.
    clipped : parameters, optional
        Whose norm that is; by default all that the optimiser moves.
    average : Average, optional
        Follows the weights.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        max_gradient: float | None = None,
        clipped: Iterable[Tensor] | None = None,
        average: Average | None = None,
    ) -> None:
        self.optimizer, self.max_gradient, self.average = optimizer, max_gradient, average
        every = [weight for group in optimizer.param_groups for weight in group["params"]]
        self.clipped = every if clipped is None else list(clipped)
        self.steps = 0

    def learn(self, loss: Tensor, rates: Rates | None = None) -> None:
        """Step down the gradients of a loss."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.move(rates)

    def move(self, rates: Rates | None = None) -> None:
        """Step down the gradients that were gathered, and keep these."""
        self.steps += 1
        if rates is not None:
            for group, rate in zip(self.optimizer.param_groups, rates(self.steps), strict=True):
                group["lr"] = rate
        if self.max_gradient is not None:
            nn.utils.clip_grad_norm_(self.clipped, self.max_gradient)
        self.optimizer.step()
        if self.average is not None:
            self.average.follow(self.steps)


def train_epochs(
    network: nn.Module,
    run_epoch: Callable[[int], tuple[float, int]],
    limits: Limits,
    *,
    judge: Callable[[], float | None] | None = None,
    average: Average | None = None,
    standing: Standing | None = None,
    on_epoch: Callable[[EpochResult], None] | None = None,
) -> Standing:
    """Run epochs until a limit is met, and leave the network with the best one's weights, ready to predict.

    Parameters
    ----------
    run_epoch : callable
        Epoch (from 1) → mean loss and number of samples.
    judge : callable, optional
        Validation figure of the network as it stands (with its average for weights); higher is better. Without it, or
        where it says None, the last epoch is the best one.
    standing : Standing, optional
        Where an earlier run was cut off; training goes on from there.
    on_epoch : callable
        Told of each epoch while the network holds the weights that were judged: a line of history, a checkpoint.
    """
    standing = standing or Standing()
    patience = math.inf if limits.patience is None else limits.patience
    while standing.epochs < limits.max_epochs and standing.epochs - standing.best_epoch < patience:
        number, began = standing.epochs + 1, time.perf_counter()
        network.train()
        loss, samples = run_epoch(number)
        seconds = time.perf_counter() - began
        network.eval()
        with nullcontext() if average is None else average.in_place():
            judged = judge() if judge is not None else None
            standing.take(judged, network)
            if on_epoch is not None:
                on_epoch(EpochResult(number, standing.best_epoch, loss, samples, seconds, judged))
        if limits.late:
            break
    if standing.kept:
        network.load_state_dict(standing.kept)
    elif average is not None:
        average.settle()
    network.eval()
    return standing


def train(
    network: nn.Module,
    losses: Losses,
    descent: Descent,
    limits: Limits,
    label: str,
    *,
    rates: Rates | None = None,
    n_batches: int | None = None,
    judge: Callable[[], float | None] | None = None,
) -> Trained:
    """Train in place: :func:`train_epochs` of steps down the losses.

    Parameters
    ----------
    network : Module
        What switches between training and predicting, and whose best weights are kept.
    label : str
        Of the progress bar, which goes by epochs, or by steps where ``n_batches`` (of an epoch) is given.
    rates : callable, optional
        The schedule; without it the optimiser's own rates stay.
    judge
        As in :func:`train_epochs`.
    """
    results: list[EpochResult] = []
    of_steps: list[float] = []
    an_epoch = n_batches or 1
    with task(label, limits.expected(0, 0, judge is not None) * an_epoch) as bar:

        def run_epoch(number: int) -> tuple[float, int]:
            total, samples = 0.0, 0
            for loss, n in losses(number):
                descent.learn(loss, rates)
                of_steps.append(float(loss.detach()))
                total, samples = total + of_steps[-1] * n, samples + n
                bar.advance(1.0 if n_batches else 0.0)
                if limits.late:
                    break
            bar.advance(0.0 if n_batches else 1.0)
            return total / max(1, samples), samples

        def on_epoch(result: EpochResult) -> None:
            results.append(result)
            quality = "" if result.judged is None else f" · NDCG@10 {result.judged:.4f}"
            bar.expect(limits.expected(result.epoch, result.best_epoch, result.judged is not None) * an_epoch)
            bar.note(f"epoch {result.epoch} · loss {result.loss:.3f}{quality}")

        standing = train_epochs(network, run_epoch, limits, judge=judge, average=descent.average, on_epoch=on_epoch)
    return Trained(standing.best_epoch, tuple(results), tuple(of_steps))
