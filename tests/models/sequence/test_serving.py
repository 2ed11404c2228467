"""The forms a fitted model serves in: event by event, and in eight bits."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.numpy import load_file, save_file

from swayline.core.errors import ArtifactError, UsageError
from swayline.dataset import Sequences, from_lists
from swayline.dataset.catalogue import Catalogue
from swayline.models import create, load_model

SECOND = 1_000_000


def log(n_users: int = 60, n_items: int = 40, seed: int = 0, longest: int = 14) -> Sequences:
    rng = np.random.default_rng(seed)
    items = [((rng.integers(n_items) + np.arange(rng.integers(0, longest))) % n_items).tolist() for _ in range(n_users)]
    behaviors = [[int(item % 3 == 0) for item in row] for row in items]
    times = [(1_600_000_000 + np.cumsum(rng.integers(1, 10_000, len(row)))).astype(int) * SECOND for row in items]
    return from_lists(items, n_items, behaviors, [row.tolist() for row in times], n_behaviors=2)


def fitted(**settings):
    chosen = {"embedding_dim": 16, "n_heads": 2, "n_blocks": 2, "max_epochs": 3, "times": True, "max_length": 12}
    chosen["request_time"] = True
    return create("transformer", **(chosen | settings)).fit(log())


@pytest.mark.parametrize("settings", [{}, {"block": "sasrec", "positions": "none"}, {"max_length": 5}])
def test_event_by_event_scores_what_the_whole_history_scores(settings: dict) -> None:
    model = fitted(**settings)
    torch.nn.init.normal_(model._network.away.table.weight, std=0.3)
    whole = log(8, seed=1, longest=12)
    whole = whole.take(np.flatnonzero(whole.lengths >= 3))
    place = np.arange(len(whole.items)) - np.repeat(whole.offsets[:-1], whole.lengths)
    so_far = whole.keep(place < np.repeat(whole.lengths - 3, whole.lengths))
    stream = model.stream(so_far)
    assert np.allclose(stream.score(), model.score(so_far), atol=1e-4)
    for left in (2, 1, 0):
        newest = whole.offsets[1:] - 1 - left
        stream.add(whole.items[newest], whole.behaviors[newest], whole.times[newest])
        so_far = whole.keep(place < np.repeat(whole.lengths - left, whole.lengths))
        assert np.allclose(stream.score(), model.score(so_far), atol=1e-4)
        moments = so_far.times[so_far.offsets[1:] - 1] + 3_000 * SECOND
        asked = stream.score(moments)
        assert np.allclose(asked, model.score(dataclasses.replace(so_far, asked_at=moments)), atol=1e-4)
        assert not np.allclose(asked, stream.score(), atol=1e-2)


@pytest.mark.parametrize("settings", [{"block": "hstu"}, {"objective": "masked"}, {"positions": "end"}])
def test_models_that_look_ahead_do_not_stream(settings: dict) -> None:
    with pytest.raises(UsageError, match="event by event"):
        fitted(max_epochs=1, **settings).stream(log(2))


def test_a_stream_refuses_events_that_cannot_be() -> None:
    stream = fitted(max_epochs=1).stream(log(2))
    for items, behaviors, times, said in (
        ([1], [0], [1], "2 histories"), ([1, 40], [0, 0], [1, 1], "item"), ([1, 2], [0, 9], [1, 1], "behaviour"),
        ([1, 2], None, None, "times"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            stream.add(np.array(items), behaviors and np.array(behaviors), times and np.array(times))
    with pytest.raises(UsageError, match="a moment for each of the 2 histories, not 3"):
        stream.score(np.array([1, 2, 3]))


def test_eight_bits_rank_nearly_as_the_full_weights() -> None:
    history = log(50, seed=2)
    full, small = fitted().score(history), fitted(weights="int8").score(history)
    assert np.corrcoef(full.ravel(), small.ravel())[0, 1] > 0.999
    assert np.mean([len(set(a[-5:]) & set(b[-5:])) for a, b in zip(full.argsort(), small.argsort(), strict=True)]) > 4.5


def test_eight_bits_score_the_same_saved_and_unsaved_in_less_room(tmp_path) -> None:
    full, small = fitted(embedding_dim=64), fitted(embedding_dim=64, weights="int8")
    full.save(tmp_path / "full")
    small.save(tmp_path / "small")
    sizes = {name: (tmp_path / name / "weights.safetensors").stat().st_size for name in ("full", "small")}
    assert sizes["small"] < 0.35 * sizes["full"]
    again = load_model(tmp_path / "small")
    assert np.array_equal(again.score(log(9, seed=3)), small.score(log(9, seed=3)))


def test_an_attribute_outside_its_table_is_refused(tmp_path) -> None:
    catalogue = Catalogue(pa.table({"category": [f"c{item % 4}" for item in range(40)]}))
    model = create("transformer", embedding_dim=8, max_epochs=1)
    model.fit(dataclasses.replace(log(), catalogue=catalogue)).save(tmp_path)
    weights = tmp_path / "weights.safetensors"
    arrays = load_file(weights)
    assert arrays["codes"].max() == 4
    save_file(arrays | {"codes": arrays["codes"] + 1}, weights)
    with pytest.raises(ArtifactError, match="outside its table"):
        load_model(tmp_path)
