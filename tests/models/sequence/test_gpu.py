"""What only a GPU can show; everything else here runs on whatever the machine has."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.models.sequence.test_training import QUICK, ring
from torch import distributed

from swayline.dataset import from_lists
from swayline.models import Transformer
from swayline.models.sequence.optimize import steps
from swayline.models.sequence.optimize.distributed import average_gradients
from swayline.models.sequence.serving import blocked

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is at hand")
EXACT = replace(QUICK, max_epochs=3, dropout=0.0, precision="fp32")


@pytest.mark.parametrize("objective", ["next-item", "masked"])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_recorded_steps_learn_what_plain_ones_learn(
    objective: str, accumulation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(EXACT, objective=objective, accumulation=accumulation)
    recorded = Transformer(settings).fit(ring())
    monkeypatch.setattr(steps, "SMALL", 0)
    plain = Transformer(settings).fit(ring())
    np.testing.assert_allclose(recorded.score(ring()), plain.score(ring()), atol=2e-3)
    assert [line["loss"] for line in recorded.history_] == pytest.approx(
        [line["loss"] for line in plain.history_], rel=1e-4
    )


@pytest.mark.parametrize("loss", ["sampled-softmax", "full-softmax", "gbce", "bpr"])
def test_a_gpu_learns_what_a_cpu_learns(loss: str) -> None:
    here, there = (Transformer(replace(EXACT, loss=loss, device=device)).fit(ring()) for device in ("cuda", "cpu"))
    np.testing.assert_allclose(here.score(ring()), there.score(ring()), atol=1e-2)


def test_dropout_differs_from_step_to_step_in_a_recording() -> None:
    model = Transformer(replace(QUICK, dropout=0.5, max_epochs=4, learning_rate=1e-8, averaging=0.0)).fit(ring())
    assert len({line["loss"] for line in model.history_}) == 4


def test_the_best_of_a_catalogue_are_those_a_cpu_finds() -> None:
    rng = np.random.default_rng(0)
    states, table = torch.randn(50, 8), torch.randn(5000, 8)
    table[100:200] = table[0]  # equal scores
    seen = from_lists(rng.integers(5000, size=(50, 30)).tolist(), 5000)
    wanted, values = blocked.best_of(states, table, None, 20, seen)
    items, found = blocked.best_of(states.cuda(), table.cuda(), None, 20, seen)
    assert np.allclose(found, values, atol=1e-4)
    assert (items == wanted).mean() > 0.99


def test_gradients_are_averaged_through_nccl() -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(20000 + os.getpid() % 20000)}
    distributed.init_process_group("nccl", rank=0, world_size=1)
    try:
        weights = [torch.nn.Parameter(torch.ones(n, device="cuda")) for n in (3, 1 << 22)]
        for weight in weights:
            weight.grad = torch.full_like(weight, 2.0)
        average_gradients(weights, 2)
        assert all(bool((weight.grad == 1.0).all()) for weight in weights if weight.grad is not None)
    finally:
        distributed.destroy_process_group()
