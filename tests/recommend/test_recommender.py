import json

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.numpy import load_file, save_file

import swayline as sw
from swayline.core.errors import ArtifactError, ConfigError, UsageError
from swayline.dataset import returns_share
from swayline.events import EventLog
from swayline.training.bundle import ModelBundle

FAST = {"model": "item-knn"}


def _log(n_users=40, n_items=12, length=8, repeat=False):
    rng = np.random.default_rng(0)
    rows = []
    for user in range(n_users):
        start = rng.integers(n_items)
        for step in range(length):
            item = start if repeat else (start + step) % n_items
            rows.append((f"u{user}", f"i{item}", "view" if step % 3 else "cart", 1_700_000_000_000_000 + step * 10**6))
    users, items, behaviors, times = zip(*rows, strict=True)
    events = pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": users, "item": items, "behavior": behaviors,
        "time": pa.array(times, pa.timestamp("us", tz="UTC")),
    })  # fmt: skip
    titles = pa.table({"item": [f"i{i}" for i in range(n_items)], "title": [f"Thing {i}" for i in range(n_items)]})
    return EventLog(events, items=titles)


def test_recommends_what_follows_in_the_users_own_ids():
    model = sw.SequenceRecommender(**FAST).fit(_log())
    recs = model.recommend(["u3"], k=3).to_pylist()
    last = int(_log().events.filter(pa.compute.equal(_log().events["user"], "u3"))["item"][-1].as_py()[1:])
    assert [row["rank"] for row in recs] == [1, 2, 3]
    assert {row["user"] for row in recs} == {"u3"}
    assert f"i{(last + 1) % 12}" in {row["item"] for row in recs}


def test_everybody_is_served_by_default_and_scores_fall():
    recs = sw.SequenceRecommender(**FAST).fit(_log()).recommend(k=2)
    assert len(recs["user"].unique()) == 40
    scores = recs["score"].to_numpy().reshape(-1, 2)
    assert (scores[:, 0] >= scores[:, 1]).all()


def test_saved_and_loaded_model_says_the_same(tmp_path):
    model = sw.SequenceRecommender(**FAST).fit(_log())
    model.save(tmp_path / "m")
    again = sw.SequenceRecommender.load(tmp_path / "m")
    assert again.recommend(k=4).equals(model.recommend(k=4))
    assert not [path for path in (tmp_path / "m").iterdir() if path.suffix not in (".json", ".safetensors", ".parquet")]


def test_unknown_user_is_named_with_the_nearest():
    model = sw.SequenceRecommender(**FAST).fit(_log())
    with pytest.raises(UsageError, match="u399.*has no history"):
        model.recommend(["u399"])


def test_unfitted_recommender_says_so():
    with pytest.raises(UsageError, match="call fit"):
        sw.SequenceRecommender(**FAST).recommend()


def test_wrong_settings_are_refused_at_once():
    with pytest.raises(ConfigError, match="neighbors"):
        sw.SequenceRecommender("item-knn", neighbors=3)


def test_explains_each_event_of_a_user():
    model = sw.SequenceRecommender(**FAST).fit(_log())
    rows = sw.attribute_events(model, user="u1", k=2).to_pylist()
    assert len(rows) == 8 * 2
    assert {row["effect"].split("|")[0] for row in rows} == {"u1"}
    assert any(abs(row["estimate"]) > 0 for row in rows)


def test_users_who_return_to_items_keep_them_in_their_lists():
    log = _log(repeat=True)
    model = sw.SequenceRecommender(**FAST).fit(log)
    assert returns_share(model.fitted_.dataset.sequences) > 0.5
    assert not model.fitted_.exclude_seen


@pytest.mark.parametrize("damage", ["histories.safetensors", "items.parquet", "people.parquet", "log.json"])
def test_damaged_folder_is_refused_in_one_line(tmp_path, damage):
    sw.SequenceRecommender(**FAST).fit(_log()).save(tmp_path / "m")
    (tmp_path / "m" / damage).write_bytes(b"\x00damaged")
    with pytest.raises(ArtifactError) as error:
        ModelBundle.load(tmp_path / "m")
    assert "\n" not in str(error.value)


def test_histories_that_point_outside_the_catalogue_are_refused(tmp_path):
    from safetensors.numpy import load_file, save_file

    sw.SequenceRecommender(**FAST).fit(_log()).save(tmp_path / "m")
    path = tmp_path / "m" / "histories.safetensors"
    arrays = load_file(path)
    arrays["items"][0] = 10_000
    save_file(arrays, path)
    with pytest.raises(ArtifactError, match="does not fit"):
        ModelBundle.load(tmp_path / "m")


def test_reading_options_are_remembered(tmp_path):
    model = sw.SequenceRecommender(**FAST).fit(_log())
    model.save(tmp_path / "m")
    stored = json.loads((tmp_path / "m" / "log.json").read_text())
    assert stored["options"] == model.fitted_.options.as_json()


def test_behaviours_of_the_next_event_are_told_in_the_users_own_ids():
    model = sw.SequenceRecommender(behavior_loss=1.0, embedding_dim=16, max_epochs=3).fit(_log())
    found = model.behavior_probabilities(["u3", "u4"], ["i5", "i6"])
    assert found["user"].to_pylist() == ["u3", "u3", "u4", "u4"]
    assert found["item"].to_pylist() == ["i5", "i5", "i6", "i6"]
    assert sorted(found["behavior"].to_pylist()) == ["cart", "cart", "view", "view"]
    assert all(0 < value < 1 for value in found["probability"].to_pylist())
    with pytest.raises(UsageError, match="nowhere"):
        model.behavior_probabilities(["u3"], ["nowhere"])
    with pytest.raises(UsageError, match="side by side"):
        model.behavior_probabilities(["u3"], [])
    with pytest.raises(UsageError, match="behavior_loss"):
        sw.SequenceRecommender(**FAST).fit(_log()).behavior_probabilities(["u3"], ["i5"])


def test_lists_are_asked_for_when_the_log_ends():
    """Everybody's last event but one person's is two hours before the log's end: they are known to be away."""
    log = _log()
    late = log.events["time"].cast(pa.int64()).to_numpy().copy()
    late[-1] += 7_200_000_000
    log = EventLog(log.events.set_column(4, "time", pa.array(late, pa.timestamp("us", tz="UTC"))), items=log.items)
    fitted = sw.SequenceRecommender(max_epochs=2, embedding_dim=16, request_time=True).fit(log).fitted_
    torch.nn.init.normal_(fitted.model._network.away.table.weight, std=0.3)
    assert (fitted.histories.asked_at == late[-1]).all()
    lists = fitted.recommend(["u3"], k=2)
    history = fitted.histories.take(fitted.rows_of(["u3"]))
    scores, unseen = fitted.model.score(history)[0], ~np.isin(np.arange(12), history.items)
    assert lists["score"].to_pylist() == pytest.approx(sorted(scores[unseen], reverse=True)[:2], abs=1e-5)
    assert not np.allclose(scores, fitted.model.score(fitted.dataset.sequences.take(fitted.rows_of(["u3"])))[0])


def test_values_are_kept_with_the_histories_and_damaged_ones_are_refused(tmp_path):
    log = _log()
    stars = np.where(np.arange(len(log.events)) % 3, np.nan, 4.5)
    log = EventLog(log.events.append_column("value", pa.array(stars)), items=log.items)
    model = sw.SequenceRecommender(**FAST).fit(log)
    model.save(tmp_path / "m")
    loaded = ModelBundle.load(tmp_path / "m").dataset.sequences
    np.testing.assert_array_equal(loaded.values, model.fitted_.dataset.sequences.values)
    assert sw.SequenceRecommender(**FAST).fit(_log()).fitted_.dataset.sequences.values is None
    path = tmp_path / "m" / "histories.safetensors"
    for bad in (loaded.values[:-1], np.full(len(loaded.items), np.inf), loaded.values.astype(np.float32)):
        save_file({**load_file(path), "values": bad}, path)
        with pytest.raises(ArtifactError, match="does not fit"):
            ModelBundle.load(tmp_path / "m")


def test_similar_items_are_those_of_the_same_people():
    model = sw.Recommender("item-knn").fit(_log())
    like = model.similar_items("i3", k=4)
    assert like["rank"].to_pylist() == [1, 2, 3, 4]
    assert {"i2", "i4"} <= set(like["item"].to_pylist())
    assert "i3" not in like["item"].to_pylist()
    with pytest.raises(UsageError, match="item 'i33' is not in the model's catalogue"):
        model.similar_items("i33")


def test_pairs_are_scored_as_the_lists_are():
    model = sw.Recommender("item-knn").fit(_log())
    lists = model.recommend(["u1", "u2"], k=3)
    pairs = list(zip(lists["user"].to_pylist(), lists["item"].to_pylist(), strict=True))
    assert model.score(pairs)["score"].to_pylist() == pytest.approx(lists["score"].to_pylist(), abs=1e-5)
    assert model.score(lists.table)["score"].to_pylist() == pytest.approx(lists["score"].to_pylist(), abs=1e-5)
    for wrong in (["u1"], "u1", [("u1",)], {"user": ["u1"]}):
        with pytest.raises(UsageError, match="pairs"):
            model.score(wrong)


def test_partial_fit_of_the_rest_ends_where_one_fit_would():
    whole = _log()
    first, second = whole.events.slice(0, 200), whole.events.slice(200)
    fixed = {"neighbours": 100, "shrinkage": 5.0, "decay": 0.8, "distance_decay": 0.9, "backward": 0.5, "returns": 0.0,
             "value_weight": 0.0}  # fmt: skip
    stepwise = sw.Recommender("item-knn", **fixed).fit(EventLog(first, items=whole.items))
    before = set(stepwise.bundle().dataset.users.names)
    stepwise.partial_fit(EventLog(second))
    at_once = sw.Recommender("item-knn", **fixed).fit(whole)
    users = at_once.bundle().dataset.users.names
    assert set(users) > before
    assert stepwise.recommend(users, k=3).equals(at_once.recommend(users, k=3))
    assert stepwise.bundle().labels == at_once.bundle().labels
    again = stepwise.partial_fit(EventLog(second)).bundle()
    assert len(again.dataset.sequences.items) == len(whole.events)


def test_what_is_known_of_items_is_kept_in_the_folder(tmp_path):
    log = _log()
    prices = pa.table({"item": [f"i{i}" for i in range(12)], "price": [float(i) for i in range(12)]})
    sw.Recommender("item-knn").fit(EventLog(log.events, items=prices)).save(tmp_path / "m")
    again = sw.Recommender.load(tmp_path / "m")
    lists = again.recommend(k=2, filter="price < 4", seen="keep")
    assert set(lists["item"].to_pylist()) <= {"i0", "i1", "i2", "i3"}
    (tmp_path / "m" / "catalogue.parquet").write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match=r"catalogue.parquet is damaged"):
        ModelBundle.load(tmp_path / "m")
