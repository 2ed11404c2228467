import numpy as np
import pytest
import torch

from swayline.core.errors import UsageError
from swayline.dataset import Sequences, Targets, from_lists
from swayline.models import create
from swayline.models.sequence.batching.layout import bin_width, place
from swayline.models.sequence.heads.behavior_head import platt
from swayline.models.sequence.layers.event_inputs import lag_buckets
from swayline.models.sequence.objectives import OBJECTIVES

SECOND = 1_000_000
CPU = torch.device("cpu")


@pytest.mark.parametrize("objective", ["next-item", "masked"])
def test_lags_are_those_between_events_of_one_history(objective: str) -> None:
    start = 1_600_000_000 * SECOND
    times = [[start, start + 3 * SECOND, start + 3 * SECOND], [start + 9 * SECOND]]
    history = from_lists([[1, 2, 3], [4]], 9, times=times)
    layout, _ = place(history.lengths + 1, bin_width(12))
    batch = OBJECTIVES[objective](history, layout, 12, False, CPU, None)
    found = {int(item): int(bucket) for item, bucket in zip(batch.items, lag_buckets(batch), strict=True) if item < 9}
    assert found == {1: 0, 2: 3, 3: 1, 4: 0}


def behaves(n_users: int = 400, seed: int = 0):
    """Items from 10 are mostly bought by who began with item 0; items mostly follow each other by number."""
    rng = np.random.default_rng(seed)
    items, behaviors = [], []
    for _ in range(n_users):
        buys = rng.random() < 0.5
        row = [0 if buys else 1, int(rng.integers(2, 20))]
        for _ in range(5):
            row.append(2 + (row[-1] - 1) % 18 if rng.random() < 0.8 else int(rng.integers(2, 20)))
        items.append(row)
        behaviors.append([1 if buys and item >= 10 and rng.random() < 0.8 else 0 for item in row])
    return from_lists(items, 20, behaviors=behaviors, n_behaviors=2)


WAITING = {
    "embedding_dim": 16,
    "n_blocks": 1,
    "max_epochs": 50,
    "dropout": 0.0,
    "batch_tokens": 512,
    "learning_rate": 1e-2,
}


def waiting() -> tuple[Sequences, Targets]:
    """People whose next item is 1 after a wait of more than an hour, else 2; what they are asked last."""
    rng = np.random.default_rng(0)
    items, times = [], []
    for _ in range(300):
        waits = rng.random(8) < 0.5
        items.append([0, *np.where(waits, 1, 2).tolist()])
        times.append((SECOND * (1_600_000_000 + np.cumsum([0, *np.where(waits, 5000, 2)]))).tolist())
    asked = questions(from_lists(items, 3, times=times))
    return from_lists([row[:-1] for row in items], 3, times=[row[:-1] for row in times]), asked


def questions(history) -> Targets:
    from swayline.dataset import last_out

    return last_out(history).test


@pytest.fixture(scope="module")
def fitted():
    settings = {"embedding_dim": 32, "behavior_loss": 1.0, "max_epochs": 25, "dropout": 0.1, "batch_tokens": 512}
    model = create("transformer", **settings)
    return model.fit(behaves(seed=1), questions(behaves(seed=2)))


def test_behaviours_are_told_apart_by_history_and_by_item(fitted) -> None:
    histories = from_lists(
        [[0, 13, 14], [1, 13, 14], [0, 4, 5]], 20, behaviors=[[0, 1, 1], [0, 0, 0], [0, 0, 0]], n_behaviors=2
    )
    found = fitted.behavior_probabilities(histories, np.array([15, 15, 6]))[:, 1]
    assert found[0] > 0.5 > found[1]
    assert found[2] < 0.3


def test_probabilities_come_true_as_often_as_they_say(fitted) -> None:
    asked = questions(behaves(4000, seed=3))
    found = fitted.behavior_probabilities(asked.history, asked.items)[:, 1]
    came = asked.behaviors == 1
    edges = np.quantile(found, np.linspace(0, 1, 6)[1:-1])
    bins = np.digitize(found, edges)
    error = sum(abs(found[bins == b].mean() - came[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    assert error < 0.06


def test_what_is_saved_says_the_same_probabilities(fitted, tmp_path) -> None:
    fitted.save(tmp_path)
    again = type(fitted).load(tmp_path)
    asked = questions(behaves(50, seed=4))
    assert np.array_equal(
        again.behavior_probabilities(asked.history, asked.items),
        fitted.behavior_probabilities(asked.history, asked.items),
    )


def test_a_model_without_the_head_says_how_to_get_one() -> None:
    model = create("transformer", max_epochs=1, embedding_dim=8).fit(behaves(20))
    with pytest.raises(UsageError, match="behavior_loss"):
        model.behavior_probabilities(behaves(2), np.array([1, 2]))


def test_platt_repairs_logits_that_are_too_bold() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1, 20_000)
    came = rng.random(20_000) < 1 / (1 + np.exp(-logits))
    scale, shift = platt(3 * logits + 1, came)
    assert scale == pytest.approx(1 / 3, abs=0.02)
    assert shift == pytest.approx(-1 / 3, abs=0.05)
    assert platt(logits, np.zeros(20_000, bool)) == (1.0, 0.0)


def test_times_of_events_are_read_where_asked() -> None:
    """What comes after an hour differs from what comes after a second; only a model that reads times can tell."""
    rng = np.random.default_rng(0)
    items, times = [], []
    for _ in range(300):
        row, clock, at = [0], [0], 1_600_000_000
        for _ in range(8):
            long = rng.random() < 0.5
            at += 4000 if long else 1
            clock.append(at)
            row.append(0)
            row.append(1 if long else 2)
            at += 1
            clock.append(at)
        items.append(row)
        times.append([1_600_000_000 * SECOND, *(t * SECOND for t in clock[1:])])
    history = from_lists(items, 3, times=times)
    asked = questions(history)
    told = {}
    for reads in (False, True):
        model = create(
            "transformer",
            times=reads,
            repeats=False,
            embedding_dim=16,
            max_epochs=15,
            dropout=0.0,
            positions="none",
            batch_tokens=512,
        )
        model.fit(history.keep(~np.isin(history.events, asked.events)))
        told[reads] = float((model.score(asked.history).argmax(1) == asked.items).mean())
    assert told[True] > 0.95
    assert told[False] < 0.7


@pytest.mark.parametrize(
    "change",
    [
        {"objective": "masked"},
        {"objective": "encoder-decoder"},
        {"accumulation": 3},
        {"schedule": "cosine"},
        {"windows": True},
    ],
)
def test_every_way_of_training_learns_a_cycle(change: dict) -> None:
    rows = [[(start + step) % 12 for step in range(9)] for start in range(12)] * 10
    model = create(
        "transformer",
        embedding_dim=32,
        max_epochs=40,
        dropout=0.1,
        batch_tokens=256,
        learning_rate=3e-3,
        max_length=6,
        **change,
    )
    model.fit(from_lists(rows, 12))
    asked = from_lists([[(s + step) % 12 for step in range(5)] for s in range(12)], 12)
    hits = model.score(asked).argmax(1) == (np.arange(12) + 5) % 12
    assert hits.mean() > 0.7, "chance is .08"


def test_an_item_never_met_is_known_by_its_category() -> None:
    import dataclasses

    import pyarrow as pa

    from swayline.dataset.catalogue import Catalogue

    rng = np.random.default_rng(0)
    rows = [(rng.permutation(10)[:6] + 12 * (user % 2)).tolist() for user in range(200)]
    history = from_lists(rows, 24)
    catalogue = Catalogue(pa.table({"category": ["a"] * 12 + ["b"] * 12, "title": [str(i) for i in range(24)]}))
    model = create("transformer", embedding_dim=16, max_epochs=20, batch_tokens=256, warm_start=False)
    model.fit(dataclasses.replace(history, catalogue=catalogue))
    scores = model.score(from_lists([[0, 1, 2], [12, 13, 14]], 24))
    assert (scores[0, [10, 11]] > scores[0, [22, 23]].max()).all()
    assert (scores[1, [22, 23]] > scores[1, [10, 11]].max()).all()


def test_items_of_one_place_share_its_cells() -> None:
    import pyarrow as pa

    from swayline.dataset.attributes import attribute_codes
    from swayline.dataset.catalogue import Catalogue

    table = pa.table(
        {"lat": ["40.701", "40.702", "40.751", "48.1", None], "lon": [-74.001, -74.002, -74.002, 2.3, 1.0]}
    )
    codes, used = attribute_codes(Catalogue(table), 5)
    assert codes.shape == (5, 1), "cells of a kilometre hold one item each but for two, too few to share"
    assert codes[0] == codes[1] == codes[2] != codes[3]
    assert codes[4] == 0
    assert used == 3


def test_what_the_users_table_says_is_read_from_the_first_event_on(tmp_path) -> None:
    import pyarrow as pa

    import swayline as sw
    from swayline.events import EventLog

    rng = np.random.default_rng(0)
    rows = [(f"u{user}", f"i{item + 10 * (user % 2)}") for user in range(1_200) for item in rng.permutation(10)[:3]]
    events = pa.table(
        {
            "row": range(len(rows)),
            "user": [u for u, _ in rows],
            "item": [i for _, i in rows],
            "behavior": ["view"] * len(rows),
            "time": pa.array(range(len(rows)), pa.timestamp("us", tz="UTC")),
        }
    )
    people = pa.table(
        {
            "user": [f"u{user}" for user in range(1_200)],
            "kind": ["even" if user % 2 == 0 else "odd" for user in range(1_200)],
        }
    )
    log = EventLog(events, users=people)
    model = sw.SequenceRecommender(
        profiles=True, embedding_dim=16, max_epochs=15, batch_tokens=256, learning_rate=5e-3
    ).fit(log)
    fitted = model.fitted_
    first = fitted.dataset.sequences.keep(np.zeros(len(rows), bool))
    scores = fitted.model.score(first)
    odd = np.array([int(name[1:]) % 2 == 1 for name in fitted.dataset.users.names])
    high = np.array([int(name[1:]) >= 10 for name in fitted.dataset.items.names])
    assert (high[scores.argmax(1)] == odd).mean() > 0.95
    model.save(tmp_path / "model")
    again = sw.SequenceRecommender.load(tmp_path / "model").fitted_
    assert np.array_equal(again.model.score(again.dataset.sequences.keep(np.zeros(len(rows), bool))), scores)
    stream = fitted.model.stream(first)
    assert np.allclose(stream.score(), scores, atol=1e-4)


def test_the_time_of_the_answer_is_read_only_where_asked() -> None:
    """After a long wait item 1 comes, else item 2: only who knows when the answer came can tell."""
    history, asked = waiting()
    told = {}
    for reads in (False, True):
        model = create("transformer", block="hstu", target_time=reads, repeats=False, **WAITING).fit(history)
        told[reads] = float((model.score(asked.history).argmax(1) == asked.items).mean())
    assert told[True] > 0.95
    assert told[False] < 0.7


def test_only_hstu_reads_the_time_of_the_answer() -> None:
    from swayline.core.errors import ConfigError

    with pytest.raises(ConfigError, match="hstu"):
        create("transformer", target_time=True)
