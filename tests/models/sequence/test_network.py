import numpy as np
import pytest
import torch

from swayline.dataset import from_lists
from swayline.models.sequence.batching.layout import bin_width, place
from swayline.models.sequence.blocks import BLOCKS
from swayline.models.sequence.layers import attention
from swayline.models.sequence.layers.attention import causal_attention
from swayline.models.sequence.layers.dropout import Dropout
from swayline.models.sequence.layers.embedding_rows import first_rows, rows
from swayline.models.sequence.network import Network
from swayline.models.sequence.objectives import next_item
from swayline.models.sequence.settings import TransformerSettings
from swayline.models.sequence.sizes import Sizes
from swayline.numerics.weight_average import Average

CPU = torch.device("cpu")


def network(block: str = "sasrec", **settings) -> Network:
    made = Network(
        TransformerSettings(embedding_dim=16, n_heads=2, n_blocks=2, block=block, **settings), Sizes(20, 3, 12)
    )
    generator = torch.Generator().manual_seed(0)
    made.start(generator)
    with torch.no_grad():  # blocks start as the identity, which sees nothing
        for parameter in made.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return made.eval()


def test_every_block_starts_as_the_identity() -> None:
    for block in BLOCKS:
        made = Network(TransformerSettings(embedding_dim=16, n_heads=2, block=block), Sizes(20, 1, 12))
        made.start(torch.Generator().manual_seed(0))
        batch = packed([1, 2, 3])
        tokens = torch.randn(len(batch.items), 16)
        with torch.no_grad():
            assert torch.equal(made.eval().blocks[0](tokens, batch), tokens)


def packed(*rows, behaviors=None):
    history = from_lists(rows, 20, behaviors=behaviors, n_behaviors=3)
    layout, _ = place(history.lengths + 1, bin_width(12))
    return next_item.arrange(history, layout, 12, False, CPU)


def states_of(made: Network, *rows, behaviors=None) -> list[torch.Tensor]:
    """The states of each history in turn, its start first."""
    batch = packed(*rows, behaviors=behaviors)
    with torch.no_grad():
        states = made(batch)
    return [states[end - len(row) : end + 1] for row, end in zip(rows, batch.last.tolist(), strict=True)]


@pytest.mark.parametrize("written_out", [0, 256])
def test_packed_attention_is_attention_of_each_history_alone(monkeypatch, written_out: int) -> None:
    monkeypatch.setattr(attention, "_WRITTEN_OUT", written_out)
    torch.manual_seed(0)
    rows = ([1, 2, 3, 4], [5, 6, 7], [8], [], [9, 10, 11])
    batch = packed(*rows)
    qkv = torch.randn(len(batch.items), 48)
    found = causal_attention(qkv, batch, n_heads=2)
    for row, end in zip(rows, batch.last.tolist(), strict=True):
        own = slice(end - len(row), end + 1)
        query, key, value = qkv[own].view(1, -1, 3, 2, 8).permute(2, 0, 3, 1, 4)
        wanted = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        torch.testing.assert_close(found[own], wanted.transpose(1, 2).reshape(-1, 16), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("block", sorted(BLOCKS))
def test_no_state_sees_the_future_or_another_history(block: str) -> None:
    made = network(block)
    (short,) = states_of(made, [1, 2, 3])
    longer, _ = states_of(made, [1, 2, 3, 4, 5], [6, 7])
    torch.testing.assert_close(short, longer[:4], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("block", sorted(BLOCKS))
def test_every_state_sees_its_whole_past(block: str) -> None:
    one, other = states_of(network(block), [1, 2, 3], [9, 2, 3])
    assert not torch.allclose(one[-1], other[-1], atol=1e-4)


def test_behaviours_are_told_apart() -> None:
    viewed, bought = states_of(network(), [1, 2], [1, 2], behaviors=[[0, 0], [0, 2]])
    torch.testing.assert_close(viewed[:2], bought[:2])
    assert not torch.allclose(viewed[2], bought[2])


def test_the_average_follows_the_weights_and_stands_in_for_them_only_inside() -> None:
    layer = torch.nn.Linear(1, 1, bias=False)
    average = Average(layer, keep=0.9)
    with torch.no_grad():
        for step in range(1, 200):
            layer.weight.fill_(float(step % 2))
            average.follow(step)
    with average.in_place():
        assert layer.weight.item() == pytest.approx(0.5, abs=0.05)
    assert layer.weight.item() == 1.0


def test_dropout_drops_its_share_keeps_the_mean_and_sleeps_in_use() -> None:
    torch.manual_seed(0)
    drop, ones = Dropout(0.3), torch.ones(400, 500)
    dropped = drop(ones)
    assert float((dropped == 0).float().mean()) == pytest.approx(77 / 256, abs=0.005)
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.01)
    assert torch.equal(drop.eval()(ones), ones)


def test_row_gradients_are_those_of_an_embedding() -> None:
    torch.manual_seed(0)
    table, ids, weights = torch.nn.Embedding(6, 3), torch.tensor([1, 1, 4]), torch.randn(3, 3)
    (table(ids) * weights).sum().backward()
    wanted = table.weight.grad.clone()
    table.weight.grad = None
    (rows(table, ids) * weights).sum().backward()
    torch.testing.assert_close(table.weight.grad, wanted)


def test_gradients_of_the_first_rows_join_those_already_there() -> None:
    table = torch.nn.Embedding(4, 2)
    table.weight.grad = torch.ones(4, 2)
    (first_rows(table, 3) * 2.0).sum().backward()
    assert table.weight.grad[:, 0].tolist() == [3.0, 3.0, 3.0, 1.0]


def test_bf16_scores_like_fp32_after_training() -> None:
    from swayline.models import create

    rng = np.random.default_rng(0)
    log = from_lists(((rng.integers(30, size=(200, 1)) + np.arange(8)) % 30).tolist(), 30)
    settings = {"embedding_dim": 32, "max_epochs": 15, "learning_rate": 3e-3, "batch_tokens": 256}
    full, half = (create("transformer", precision=p, **settings).fit(log) for p in ("fp32", "bf16"))
    losses = [model.history_[-1]["loss"] for model in (full, half)]
    assert losses[1] == pytest.approx(losses[0], rel=0.1)
