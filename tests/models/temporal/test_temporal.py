"""The temporal model sees nothing ahead, finds planted rhythms and distances, and is measured as it says."""

import json
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swayline.core.errors import ArtifactError, MissingExtraError
from swayline.dataset import Catalogue, from_lists
from swayline.models import create, load_model
from swayline.models.temporal.heuristics import replay_heuristic
from swayline.models.temporal.replay import replay
from swayline.models.temporal.state import unit_vectors
from swayline.models.temporal.stream import questions_of, stream_of

pytest.importorskip("numba", reason="the extra 'people' is not installed")
SECOND = 1_000_000
HOUR = 3600 * SECOND


def a_log(rows, n_items=5, n_users=4):
    """Histories of (user, item, second) rows in any order."""
    of_user = [sorted((row for row in rows if row[0] == user), key=lambda row: row[2]) for user in range(n_users)]
    return from_lists(
        [[item for _, item, _ in one] for one in of_user], n_items,
        times=[[time * SECOND for *_, time in one] for one in of_user],
    )  # fmt: skip


def features_of(log, places, **options):
    model = create("temporal", target_time=True)
    stream = stream_of(log)
    model.half_lives_ = np.array([1.0, 2.0, 4.0, 8.0])
    asked = questions_of(stream, places, **options)
    return np.concatenate([found.copy() for _, found in model.start(log, stream).every_item(asked)])


ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 6)), min_size=2, max_size=30)


@settings(max_examples=15, deadline=None)
@given(rows=ROWS, cut=st.integers(0, 6), seed=st.integers(0, 99))
def test_features_do_not_depend_on_what_comes_at_the_same_time_or_later(rows, cut, seed):
    rng = np.random.default_rng(seed)
    other = [row if row[2] < cut else (row[0], int(rng.integers(5)), row[2]) for row in rows]
    first, second = a_log(rows), a_log(other)
    stream = stream_of(first)
    places = np.flatnonzero(stream.order_time == cut)
    if len(places):
        np.testing.assert_array_equal(features_of(first, places), features_of(second, places))


@settings(max_examples=15, deadline=None)
@given(rows=ROWS, by=st.sampled_from(["recency", "count", "popularity"]), block=st.none() | st.integers(1, 4))
def test_heuristic_ranks_are_those_of_brute_force(rows, by, block):
    log = a_log(rows)
    stream = stream_of(log)
    n = len(stream)
    starts = None if block is None else np.arange(0, n, block)
    found = replay_heuristic(log, np.ones(n, bool), by, block_starts=starts)
    for q in range(n):
        until = int(np.searchsorted(stream.order_time, stream.order_time[q])) if block is None else q - q % block
        user, answer = stream.events.users[q], stream.events.items[q]
        own = [stream.events.items[e] for e in range(until) if stream.events.users[e] == user]
        everybody = stream.events.items[:until].tolist()

        def value(item, own=own, everybody=everybody):
            if by == "recency":
                of_own = max((place for place, one in enumerate(own) if one == item), default=-1)
                return of_own, max((place for place, one in enumerate(everybody) if one == item), default=-1)
            of_own = own.count(item) if by == "count" else 0
            return of_own, everybody.count(item)

        assert found.better[q] == sum(value(item) > value(answer) for item in range(5))
        assert found.tied[q] == sum(value(item) == value(answer) for item in range(5) if item != answer)
        assert found.returns[q] == (answer in own)


def test_a_block_is_not_known_inside_itself():
    log = a_log([(0, 1, 0), (0, 2, 1), (0, 3, 2), (1, 3, 3)])
    asked = questions_of(stream_of(log), np.arange(4), block_starts=np.array([0, 2]))
    assert asked.until.tolist() == [0, 0, 2, 2]
    assert (asked.stop - asked.start).tolist() == [0, 0, 2, 0]


def rhythm_world(n_users=40, days=12):
    """Everybody goes to one own place in the morning and to another in the evening, and half of the days to one alone."""
    rng = np.random.default_rng(0)
    items, times = [], []
    for user in range(n_users):
        rows = []
        for day in range(days):
            which = rng.choice([0, 1, 2])
            rows += [] if which == 1 else [(2 * user, (day * 24 + 8) * HOUR)]
            rows += [] if which == 0 else [(2 * user + 1, (day * 24 + 19) * HOUR)]
        items.append([item for item, _ in rows])
        times.append([time + int(rng.integers(HOUR)) for _, time in rows])
    return from_lists(items, 2 * n_users, times=times)


def test_the_hour_is_known_where_the_moment_is():
    log = rhythm_world()
    late = log.times >= 10 * 24 * HOUR
    hits = []
    for target_time in (True, False):
        model = create("temporal", target_time=target_time, n_questions=300, max_epochs=6)
        found = replay(model, log, ~late, late)
        hits.append((found.better == 0).mean())
        assert found.returns.mean() > 0.9
    assert hits[0] > 0.95
    assert hits[1] < 0.9


def wandering_world(n_users=60, length=20):
    """Towns of 20 places; everybody goes on to a new place of the same town, and never back."""
    rng = np.random.default_rng(1)
    towns = rng.uniform(-50, 50, (10, 2))
    places = np.repeat(towns, 20, axis=0) + rng.normal(0, 0.01, (200, 2))
    items = [(rng.integers(10) * 20 + rng.permutation(20)[:length]).tolist() for _ in range(n_users)]
    times = [(np.sort(rng.choice(10_000, length, replace=False)) * HOUR).tolist() for _ in items]
    known = Catalogue(pa.table({"lat": places[:, 0], "lon": places[:, 1]}))
    return from_lists(items, 200, times=times), known


def test_discoveries_are_found_near_the_last_place():
    log, known = wandering_world()
    late = log.times >= 5_000 * HOUR
    found = [
        replay(create("temporal", target_time=True, n_questions=300, max_epochs=6), one, ~late, late)
        for one in (replace(log, catalogue=known), log)
    ]
    assert found[0].returns.mean() == 0
    near, blind = ((1 / (1 + one.better + one.tied / 2)).mean() for one in found)
    assert near > 0.15, "twenty places of one town are left: chance there is .18, among all 200 .03"
    assert near > blind - 0.02


def test_places_that_are_none_are_unknown():
    lat, lon = np.array([91.0, 0.0, np.nan, 10.0, 0.0]), np.array([0.0, 0.0, 1.0, 181.0, 5.0])
    known = (unit_vectors(lat, lon) != 0).any(axis=1)
    assert known.tolist() == [False, False, False, False, True]


def test_without_numba_the_call_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(MissingExtraError, match=r"swayline\[people\]"):
        create("temporal").fit(from_lists([[0, 1]], 2))


def test_a_ring_that_names_unknown_items_is_refused(tmp_path):
    from safetensors.numpy import load_file, save_file

    create("temporal", n_questions=20, max_epochs=1).fit(from_lists([[0, 1, 2], [1, 2]], 3)).save(tmp_path)
    arrays = dict(load_file(tmp_path / "weights.safetensors"))
    arrays["state.next_item"] = arrays["state.next_item"] + 3
    save_file(arrays, tmp_path / "weights.safetensors")
    with pytest.raises(ArtifactError, match="next_item"):
        load_model(tmp_path)


def test_pair_recency_puts_what_came_last_first():
    log = from_lists([[0, 1, 0, 2], [3]], 5)
    assert np.argsort(-create("pair-recency").fit(log).score(log)[0], kind="stable")[:3].tolist() == [2, 0, 1]
    assert np.argsort(-create("pair-recency", by="count").fit(log).score(log)[0], kind="stable")[0] == 0
    assert len(np.unique(create("pair-recency", by="popularity").fit(log).score(log), axis=0)) == 1


def test_the_lines_of_training_can_be_written_as_json():
    model = create("temporal", n_questions=20, max_epochs=2).fit(from_lists([[0, 1, 2], [1, 2]], 3))
    assert [line["epoch"] for line in json.loads(json.dumps(model.history_))] == [1, 2]
