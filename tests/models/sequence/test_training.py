import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from swayline.dataset import Sequences, from_lists, last_out
from swayline.models import Transformer, TransformerSettings
from swayline.models.sequence.for_data import for_data

QUICK = TransformerSettings(
    embedding_dim=16,
    n_heads=2,
    max_epochs=4,
    batch_tokens=256,
    learning_rate=3e-3,
    averaging=0.9,
    n_negatives=16,
    warmup_steps=10,
)
EXACT = replace(QUICK, device="cpu")  # a GPU adds gradients up in no fixed order
SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from test_training import EXACT, ring
from swayline.models import Transformer
epochs, folder = int(sys.argv[1]), Path(sys.argv[2])
model = Transformer(replace(EXACT, max_epochs=epochs), checkpoint=folder / "checkpoint").fit(ring())
import os
np.save(folder / f"scores-{os.environ.get('RANK', '0')}.npy", model.score(ring()))
"""


def ring(n_users: int = 120, n_items: int = 20) -> Sequences:
    starts = np.random.default_rng(0).integers(n_items, size=(n_users, 1))
    return from_lists(((starts + np.arange(8)) % n_items).tolist(), n_items)


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def environment() -> dict[str, str]:
    root = Path(__file__).parents[3]
    return os.environ | {"PYTHONPATH": f"{Path(__file__).parent}:{root / 'src'}", "OMP_NUM_THREADS": "1"}


def with_epochs(n: int, **changes) -> TransformerSettings:
    return replace(QUICK, max_epochs=n, **changes)


def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    split = last_out(ring())
    whole = Transformer(EXACT).fit(split.train, split.valid)
    Transformer(with_epochs(2, device="cpu"), checkpoint=tmp_path / "run").fit(split.train, split.valid)
    resumed = Transformer(EXACT, checkpoint=tmp_path / "run").fit(split.train, split.valid)
    np.testing.assert_array_equal(resumed.score(split.train), whole.score(split.train))
    assert [line["loss"] for line in resumed.history_] == [line["loss"] for line in whole.history_]
    assert resumed.best_epoch_ == whole.best_epoch_


def test_a_killed_process_is_resumed_exactly(tmp_path: Path) -> None:
    killed = subprocess.Popen(python("-c", SCRIPT, "100000", str(tmp_path)), env=environment())
    deadline = time.monotonic() + 120
    while not (tmp_path / "checkpoint").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    from safetensors import safe_open

    with safe_open(tmp_path / "checkpoint", framework="pt") as stored:
        done = len(__import__("json").loads(stored.metadata()["record"])["log"])
    assert 1 <= done < 100_000
    resumed = Transformer(with_epochs(done + 2, device="cpu"), checkpoint=tmp_path / "checkpoint").fit(ring())
    whole = Transformer(with_epochs(done + 2, device="cpu")).fit(ring())
    np.testing.assert_allclose(resumed.score(ring()), whole.score(ring()), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("change", ["settings", "data"])
def test_a_checkpoint_of_another_run_is_not_resumed(tmp_path: Path, change: str) -> None:
    Transformer(with_epochs(2, device="cpu"), checkpoint=tmp_path / "run").fit(ring())
    settings = (
        with_epochs(2, device="cpu", learning_rate=1e-3) if change == "settings" else with_epochs(2, device="cpu")
    )
    data = ring(n_users=100) if change == "data" else ring()
    again = Transformer(settings, checkpoint=tmp_path / "run").fit(data)
    np.testing.assert_array_equal(again.score(data), Transformer(settings).fit(data).score(data))


def test_a_damaged_checkpoint_is_trained_over(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"nonsense")
    model = Transformer(with_epochs(1), checkpoint=tmp_path / "run").fit(ring())
    assert len(model.history_) == 1


def test_two_processes_end_with_the_same_weights_and_learn(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    run = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(20000 + os.getpid() % 20000)]
    subprocess.run(
        python(*run, str(script), "60", str(tmp_path)), env=environment(), check=True, capture_output=True, timeout=240
    )
    first, second = (np.load(tmp_path / f"scores-{rank}.npy") for rank in range(2))
    np.testing.assert_array_equal(first, second)
    following = (ring().items[ring().offsets[1:] - 1] + 1) % 20
    assert (first.argmax(1) == following).mean() > 0.9


def test_fitting_leaves_the_callers_random_numbers_alone() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    Transformer(with_epochs(1)).fit(ring())
    assert torch.equal(torch.rand(3), wanted)


def test_early_stopping_keeps_the_best_epoch_and_stops_after_patience() -> None:
    split = last_out(ring())
    model = Transformer(with_epochs(60, patience=2)).fit(split.train, split.valid)
    found = [line["valid_ndcg"] for line in model.history_]
    assert model.best_epoch_ == int(np.argmax(found)) + 1
    assert len(found) <= model.best_epoch_ + 2 < 60


def test_where_a_list_holds_the_whole_catalogue_the_likelihood_chooses_the_epoch() -> None:
    few = last_out(ring(n_items=6))
    model = Transformer(with_epochs(12, patience=12, neighbours=False)).fit(few.train, few.valid)
    found = [line["valid_likelihood"] for line in model.history_]
    assert model.best_epoch_ == int(np.argmax(found)) + 1
    chance = np.exp(model.score(few.valid.history).astype(np.float64))
    mine = np.log((chance / chance.sum(1, keepdims=True))[np.arange(len(few.valid)), few.valid.items]).mean()
    assert np.exp(mine) == pytest.approx(max(found), rel=1e-4)
    many = last_out(ring())
    assert Transformer(with_epochs(1)).fit(many.train, many.valid).history_[0]["valid_likelihood"] is None


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile wants g++, which is not installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*:UserWarning")  # PyTorch's own, of its own parts
def test_compiled_blocks_learn_what_plain_ones_learn() -> None:
    settings = with_epochs(2, dropout=0.0, precision="fp32", n_heads=1)
    compiled, plain = (Transformer(replace(settings, compile=choice)).fit(ring()).history_ for choice in (True, False))
    assert [line["loss"] for line in compiled] == pytest.approx([line["loss"] for line in plain], rel=1e-4)


@pytest.mark.parametrize("loss", ["sampled-softmax", "full-softmax", "gbce", "bpr"])
@pytest.mark.parametrize("block", ["sasrec", "ligr", "hstu"])
def test_every_loss_and_block_learns_the_ring(loss: str, block: str) -> None:
    epochs = 80 if loss == "gbce" else 25  # it first has to learn how rare any item is
    model = Transformer(with_epochs(epochs, loss=loss, block=block, embedding_dim=32)).fit(ring())
    following = (ring().items[ring().offsets[1:] - 1] + 1) % 20
    assert (model.score(ring()).argmax(1) == following).mean() > 0.9


def test_a_log_that_meets_its_items_rarely_gets_a_narrow_table_and_a_dense_one_little_dropout(tmp_path: Path) -> None:
    rare = from_lists([[user, user + 1] for user in range(0, 400, 2)], 500)
    model = Transformer(TransformerSettings(max_epochs=1)).fit(rare)
    assert model._network.items.embedding_dim == 64
    assert model._network.dropout.dropped == 128
    model.save(tmp_path)
    np.testing.assert_array_equal(Transformer.load(tmp_path).score(rare), model.score(rare))
    dense = Transformer(TransformerSettings(max_epochs=1)).fit(ring(n_users=200))
    assert (dense._network.items.embedding_dim, len(dense._network.blocks)) == (128, 2)
    assert dense._network.dropout.dropped == 51


@pytest.mark.parametrize(("n_users", "length", "n_blocks"), [(9000, 60, 4), (45_000, 12, 2), (2000, 60, 2)])
def test_many_long_histories_of_a_dense_log_get_four_blocks(n_users: int, length: int, n_blocks: int) -> None:
    log = ring(n_users, 20)
    grown = replace(log, items=np.resize(log.items, n_users * length), offsets=np.arange(n_users + 1) * length)
    assert for_data(TransformerSettings(), grown).n_blocks == n_blocks


@pytest.mark.parametrize(("length", "chosen"), [(10, (256, 1, 1)), (60, (128, 2, 2))])
def test_long_histories_get_a_second_block(length: int, chosen: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    n_users = 1200 // length
    log = from_lists([rng.integers(0, 120, length).tolist() for _ in range(n_users)], 120)  # 10 events an item
    model = Transformer(TransformerSettings(max_epochs=1)).fit(log)
    assert (model.chosen_["embedding_dim"], model.chosen_["n_blocks"], model.chosen_["n_heads"]) == chosen
    assert not model.chosen_["windows"]


def test_curves_reach_tensorboard(tmp_path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from swayline.models.sequence.optimize.tensorboard import to_tensorboard

    model = Transformer(TransformerSettings(embedding_dim=8, max_epochs=3))
    model.watch = to_tensorboard(tmp_path)
    model.fit(from_lists([[1, 2, 3], [2, 3, 4]], 6))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [line.value for line in events.Scalars("train/loss")] == pytest.approx(
        [line["loss"] for line in model.history_], rel=1e-5
    )
