"""Reading a history once and its removals from the missing event on gives what reading each of them whole gives."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from swayline.dataset import Catalogue, Sequences, from_lists
from swayline.influence.attribution import remove_events
from swayline.models import Recommender, create


@pytest.fixture(scope="module")
def world() -> Sequences:
    rng = np.random.default_rng(0)
    lists = [rng.integers(15, size=n).tolist() for n in rng.integers(1, 9, size=60)]
    acts = [rng.integers(2, size=len(one)).tolist() for one in lists]
    times = [np.sort(rng.integers(10**15, 10**15 + 10**12, size=len(one))).tolist() for one in lists]
    titles = [f"kind{item // 3} number{item}" for item in range(15)]
    made = from_lists(lists, 15, acts, times, n_behaviors=2)
    return replace(made, catalogue=Catalogue(pa.table({"title": titles})))


def by_scoring(model: Recommender, histories: Sequences, row: int, item: int) -> list[float]:
    """Each event deleted, every edited history scored whole."""
    whole = model.score(histories)[row, item]
    found = []
    for place in range(histories.offsets[row], histories.offsets[row + 1]):
        kept = np.ones(len(histories.items), bool)
        kept[place] = False
        found.append(whole - model.score(histories.keep(kept))[row, item])
    return found


@pytest.mark.parametrize(
    "settings",
    [
        {"block": "sasrec", "n_blocks": 2, "n_heads": 2, "times": True, "repeats": False},
        {"positions": "none", "n_blocks": 1, "repeats": True},
        {"n_blocks": 3, "repeats": True, "times": True},
        {"positions": "end", "n_blocks": 1},
        {"block": "hstu", "n_blocks": 1},
        {"max_length": 4, "n_blocks": 2, "repeats": False},
        {"objective": "masked", "n_blocks": 1, "repeats": False},
    ],
    ids=str,
)
def test_a_shared_start_changes_no_answer(settings, world):
    model = create("transformer", embedding_dim=16, max_epochs=2, batch_tokens=256, **settings).fit(world)
    rows = np.repeat(np.arange(20), 2)
    items = np.tile([1, 7], 20)
    removed = remove_events(model, world, rows, items)
    for question in (0, 5, 11, 30, 39):
        expected = by_scoring(model, world, int(rows[question]), int(items[question]))
        np.testing.assert_allclose(
            removed.score_change[removed.recommendation == question], expected, rtol=2e-3, atol=2e-5
        )


def test_neighbours_beside_a_network_lose_the_event_too(world):
    from swayline.models.sequence.knn_blend import BlendWeights, KnnBlend

    model = create("transformer", embedding_dim=16, max_epochs=1, batch_tokens=256, n_blocks=2, repeats=False).fit(
        world
    )
    model.knn_blend_ = KnnBlend.counted(world, BlendWeights(share=3.0, scale=0.7, returning=True))
    removed = remove_events(model, world, np.array([5, 6]), np.array([2, 3]))
    np.testing.assert_allclose(
        removed.score_change,
        by_scoring(model, world, 5, 2) + by_scoring(model, world, 6, 3),
        rtol=2e-3, atol=2e-5,
    )  # fmt: skip
