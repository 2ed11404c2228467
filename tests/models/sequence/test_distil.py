from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from swayline.core.errors import UsageError
from swayline.dataset import Sequences, Split, from_lists, last_out
from swayline.models import ItemKNN, ItemKNNSettings, Transformer, TransformerSettings, load_model
from swayline.models.sequence.distil import SmallSize
from swayline.models.sequence.distil.importance import measure
from swayline.models.sequence.distil.prune import choose, pruned, smaller, smaller_sizes
from swayline.models.sequence.serving.scorer import Scorer
from swayline.models.validation import ValidationScorer

SETTINGS = TransformerSettings(
    embedding_dim=32, n_blocks=2, n_heads=4, max_epochs=12, batch_tokens=512, learning_rate=3e-3, averaging=0.9,
    n_negatives=64, warmup_steps=10, neighbours=False, dropout=0.1, device="cpu",
)  # fmt: skip


def ring(n_users: int = 200, n_items: int = 60) -> Sequences:
    starts = np.random.default_rng(0).integers(n_items, size=(n_users, 1))
    return from_lists(((starts + np.arange(8)) % n_items).tolist(), n_items)


@pytest.fixture(scope="module")
def split() -> Split:
    return last_out(ring())


@pytest.fixture(scope="module")
def teacher(split: Split) -> Transformer:
    return Transformer(SETTINGS).fit(split.train, split.valid)


def whole(model: Transformer, **changes: object) -> Scorer:
    """The model's network cut to other sizes, not taught."""
    before = model.decided
    after = replace(smaller(before, before.width, before.depth), **changes)
    scorer = Scorer(before, model.sizes_, model._network)
    kept = choose(measure(scorer, ring(40)), before, after)
    sizes = smaller_sizes(model.sizes_)
    return Scorer(after, sizes, pruned(model._network, kept, before, after, sizes).eval())


@pytest.mark.parametrize("block", ["ligr", "sasrec", "hstu"])
def test_a_network_cut_to_its_own_size_is_the_same_network(split: Split, block: str) -> None:
    model = Transformer(replace(SETTINGS, block=block, max_epochs=1)).fit(split.train)
    np.testing.assert_allclose(whole(model).score(ring(9)), model.score(ring(9)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("block", ["ligr", "sasrec", "hstu"])
def test_silent_channels_neurons_and_heads_are_the_ones_that_go(split: Split, block: str) -> None:
    model = Transformer(replace(SETTINGS, block=block, max_epochs=1, n_blocks=1)).fit(split.train)
    scorer = Scorer(model.decided, model.sizes_, model._network)
    first = model._network.blocks[0]
    first.out.weight.data[:, 8:16] = 0.0  # the second of four heads is not heard
    if hasattr(first, "down"):
        first.down.weight.data[:, :3] = 0.0
    found = measure(scorer, ring(40))
    kept = choose(found, model.decided, replace(smaller(model.decided, 24, 1), n_heads=3))
    assert kept.heads[0].tolist() == [0, 2, 3]
    if len(found.neurons[0]):
        assert set(range(3)).isdisjoint(kept.neurons[0].tolist())


def test_a_taught_network_of_a_quarter_ranks_nearly_as_well_and_stands_alone(
    split: Split, teacher: Transformer, tmp_path: Path
) -> None:
    small = teacher.distilled(split.train, split.valid, SmallSize(width=16, n_blocks=1, max_epochs=8))
    judge = ValidationScorer(split.valid)
    assert judge(teacher) > 0.9
    assert judge(small) > 0.95 * judge(teacher)
    assert small.sizes_.n_items == teacher.sizes_.n_items
    small.in_eight_bits().save(tmp_path)
    loaded = load_model(tmp_path)
    assert loaded.settings.weights == "int8"
    assert (loaded.settings.width, loaded.settings.depth) == (16, 1)
    assert judge(loaded) > 0.95 * judge(teacher)


def test_teaching_beats_cutting_alone(split: Split, teacher: Transformer) -> None:
    judge = ValidationScorer(split.valid)
    cut = whole(teacher, embedding_dim=8, n_heads=1, n_blocks=1)
    taught = teacher.distilled(split.train, split.valid, SmallSize(width=8, n_blocks=1, max_epochs=6))
    assert judge(taught) > judge(cut)


def test_the_teacher_is_left_as_it_was(split: Split, teacher: Transformer) -> None:
    before = teacher.score(ring(5))
    teacher.distilled(split.train, split.valid, SmallSize(width=8, n_blocks=1, max_epochs=1)).in_eight_bits()
    np.testing.assert_array_equal(teacher.score(ring(5)), before)


def test_a_student_that_is_no_smaller_is_refused(teacher: Transformer) -> None:
    with pytest.raises(UsageError, match="width 64 with 1 blocks is no smaller"):
        SmallSize(width=64).settings(teacher.decided)


def test_taught_neighbours_expect_what_the_teacher_expects_and_not_what_the_log_counts(split: Split) -> None:
    class Backwards:
        def score(self, history: Sequences) -> np.ndarray:
            scores = np.zeros((len(history), history.n_items), np.float32)
            last = history.items[history.offsets[1:] - 1]
            scores[np.arange(len(history)), (last - 1) % history.n_items] = 9.0
            scores[np.arange(len(history)), (last + 5) % history.n_items] = 10.0
            return scores

    model = ItemKNN(ItemKNNSettings(neighbours=1)).taught(Backwards(), split.train, split.valid)
    best = model.score(from_lists([[7], [31]], 60)).argmax(1)
    assert best.tolist() == [12, 36]
    assert (np.diff(model.similarity_.indptr) <= 1).all()
