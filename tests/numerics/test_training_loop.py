"""The one training loop: it stops where it is told, keeps the best weights, and follows the schedule."""

import time

import pytest
import torch
from torch import nn

from swayline.core.progress import Task
from swayline.numerics.schedules import SCHEDULES, linear
from swayline.numerics.training_loop import Descent, Limits, Standing, train, train_epochs
from swayline.numerics.weight_average import Average


def line(slope: float = 0.0) -> nn.Linear:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, slope)
    return network


def toward_three(network: nn.Linear, batches: int = 4):
    """Losses whose best slope is 3."""
    given = torch.arange(1.0, 9.0)[:, None]

    def losses(epoch: int):
        for part in given.split(len(given) // batches):
            yield ((network(part) - 3.0 * part) ** 2).mean(), len(part)

    return losses


def descent_of(network: nn.Module, rate: float = 0.01, **asked) -> Descent:
    return Descent(torch.optim.SGD(network.parameters(), lr=rate), **asked)


def test_steps_lead_to_the_answer_and_every_loss_is_told():
    network = line()
    done = train(network, toward_three(network), descent_of(network), Limits(20), "test")
    assert network.weight.item() == pytest.approx(3.0, abs=1e-3)
    assert len(done.losses) == 80
    assert [one.samples for one in done.epochs] == [8] * 20
    assert done.epochs[0].loss > done.epochs[-1].loss
    assert not network.training


def test_the_best_epoch_is_kept_and_patience_ends_the_rest():
    network, told = line(), iter([0.1, 0.5, 0.4, 0.3, 0.9])
    seen = []

    def judge() -> float:
        assert not network.training
        seen.append(network.weight.item())
        return next(told)

    done = train(network, toward_three(network), descent_of(network), Limits(9, patience=2), "test", judge=judge)
    assert done.best_epoch == 2
    assert [one.judged for one in done.epochs] == [0.1, 0.5, 0.4, 0.3]
    assert network.weight.item() == seen[1]


def test_who_waits_is_told_when_patience_would_end_it(monkeypatch):
    network, told, heard = line(), iter([0.1, 0.5, 0.4, 0.3]), []
    monkeypatch.setattr("swayline.core.progress._level", "silent")  # an earlier test may have asked for lines
    monkeypatch.setattr(Task, "expect", lambda self, total: heard.append(total))
    limits = Limits(60, patience=2)
    train(network, toward_three(network), descent_of(network), limits, "test", judge=lambda: next(told))
    assert heard == [3, 4, 4, 4]
    train(network, toward_three(network), descent_of(network), Limits(3, patience=2), "test")
    assert heard[4:] == [3, 3, 3]


def test_without_a_judge_the_last_weights_stand_or_their_average():
    bare, averaged = line(), line()
    train(bare, toward_three(bare), descent_of(bare, 0.001), Limits(1, patience=1), "test")
    average = Average(averaged, 0.99)
    train(averaged, toward_three(averaged), descent_of(averaged, 0.001, average=average), Limits(1), "test")
    assert 0.0 < averaged.weight.item() < bare.weight.item() < 3.0


def test_a_deadline_ends_training_after_the_step_that_passes_it():
    network = line()
    done = train(
        network, toward_three(network), descent_of(network), Limits(50, deadline=time.perf_counter() - 1.0), "test"
    )
    assert len(done.losses) == len(done.epochs) == 1


def test_gradients_are_shortened_and_rates_follow_the_schedule():
    network = line()
    descent = descent_of(network, rate=1.0, max_gradient=0.5)
    descent.learn(((network(torch.ones(1, 1)) - 100.0) ** 2).mean(), lambda step: [0.1 * step])
    assert network.weight.item() == pytest.approx(0.05, rel=1e-4)  # rate .1 times a gradient of norm .5
    descent.learn(((network(torch.ones(1, 1)) - 100.0) ** 2).mean(), lambda step: [0.1 * step])
    assert network.weight.item() == pytest.approx(0.15, rel=1e-4)


def test_a_run_that_was_cut_off_goes_on_from_where_it_stood():
    ran = []

    def run_epoch(number: int) -> tuple[float, int]:
        ran.append(number)
        return 0.0, 1

    network = line(7.0)
    kept = {"weight": torch.full((1, 1), 2.0)}
    standing = train_epochs(
        network, run_epoch, Limits(5, patience=2), judge=lambda: 0.1, standing=Standing(2, 0.8, 2, kept)
    )
    assert ran == [3, 4]
    assert (standing.best_epoch, standing.epochs) == (2, 4)
    assert network.weight.item() == 2.0


def test_schedules_rise_to_the_rate_and_then_differ():
    ends = {name: schedule(2.0, 100, 100, 10) for name, schedule in SCHEDULES.items()}
    assert ends == {"constant": 2.0, "cosine": pytest.approx(0.04), "linear": pytest.approx(0.02)}
    for schedule in SCHEDULES.values():
        assert schedule(2.0, 1, 100, 10) == pytest.approx(0.2)
    assert linear(2.0, 1, 100, 0) == 2.0
