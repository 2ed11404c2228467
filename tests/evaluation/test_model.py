"""Whole evaluations on a world where what comes next is known."""

import json

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import SchemaError, UsageError
from swayline.engine import DuckEngine
from swayline.evaluation import Plan, evaluate_models
from swayline.events import EventLog, read_events

N_USERS, N_EVENTS = 120, 12
MEASURES = {"log_loss", "brier", "novelty@3", "popularity@3", "dwell_s@3"}


@pytest.fixture(scope="module")
def engine():
    with DuckEngine() as one:
        yield one


@pytest.fixture(scope="module")
def log(engine) -> EventLog:
    """Everybody walks round a ring of 12 items; behaviours alternate; categories are halves of the ring."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(N_USERS):
        start, at = rng.integers(12), 1_700_000_000 + int(rng.integers(0, 3600))
        for step in range(N_EVENTS):
            item = (start + step) % 12
            rows.append((f"u{user}", f"i{item}", ["view", "cart"][step % 2], at + 60 * step, "ab"[item // 6]))
    names = ("user", "item", "behavior", "time", "category")
    events = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    users = pa.table({
        "user": [f"u{n}" for n in range(N_USERS)], "country": [["FI", "JP", None][n % 3] for n in range(N_USERS)],
    })  # fmt: skip
    return read_events(events, users=users, engine=engine)


def evaluated(engine, log, *names, **plan):
    found = evaluate_models(engine, log, names or ("item-knn",), Plan(k=3, **plan))
    json.dumps(found, allow_nan=False)
    return found


def test_every_metric_stands_there_with_its_interval(engine, log):
    found = evaluated(engine, log, "item-knn", "most-popular", split="time", cut="0.8")
    one = found["models"]["item-knn"]
    expected = {
        "hr@3", "ndcg@3", "mrr", "recall@3", "precision@3", "f1@3", "map@3", "auc", "accuracy", "log_loss", "brier",
        "calibration_error", "coverage@3", "category_coverage@3", "diversity@3", "novelty@3", "popularity@3", "gini@3",
        "dwell_s@3", "repeat_rate@3", "later_precision@3", "later_recall@3", "later_f1@3", "later_map@3",
        "later_ndcg@3", "macro_f1",
    }  # fmt: skip
    assert set(one["metrics"]) == expected - MEASURES
    assert set(one["measures"]) == MEASURES
    assert all(0 <= value["value"] <= 1 for value in one["metrics"].values())
    figures = one["metrics"] | one["measures"]
    alone = {"coverage@3", "category_coverage@3", "gini@3", "calibration_error", "macro_f1"}
    for name in expected - alone:
        value = figures[name]
        assert value["ci_low"] <= value["value"] <= value["ci_high"], name
    assert one["measures"]["dwell_s@3"]["value"] == pytest.approx(60.0)
    assert one["metrics"]["hr@3"]["value"] > found["models"]["most-popular"]["metrics"]["hr@3"]["value"]
    assert found["best"] == "item-knn"
    (row,) = found["comparisons"]
    assert row["baseline"] == "most-popular"
    assert row["ci_low"] > 0
    assert max(row["p_raw"], row["p_value"]) < 0.05
    assert found["not_distinguishable"] == []


def test_last_out_has_nothing_that_follows(engine, log):
    metrics = evaluated(engine, log)["models"]["item-knn"]["metrics"]
    assert not [name for name in metrics if name.startswith(("later", "dwell", "repeat"))]


def test_groups_add_up_to_all_questions_and_have_intervals(engine, log):
    found = evaluated(engine, log, split="time", cut="0.5", segment="country")
    groups = found["models"]["item-knn"]["groups"]
    assert set(groups["country"]) == {"FI", "JP", "others"}
    assert set(groups) >= {"activity", "country"}
    for kind in groups.values():
        assert sum(one["n"] for one in kind.values()) == found["protocol"]["n_questions"]
        for one in kind.values():
            hit = one["metrics"]["hr@3"]
            assert hit["ci_low"] <= hit["value"] <= hit["ci_high"]


@pytest.mark.parametrize("split", ["rolling", "k-fold"])
def test_several_folds_are_told_apart_and_together(engine, log, split):
    found = evaluated(engine, log, split=split, n_folds=3)
    folds = found["models"]["item-knn"]["folds"]
    assert len(folds) == len(found["protocol"]["folds"]) == 3
    assert sum(one["n"] for one in folds) == found["protocol"]["n_questions"]
    whole = found["models"]["item-knn"]["metrics"]["hr@3"]["value"]
    mean = np.average([one["metrics"]["hr@3"]["value"] for one in folds], weights=[one["n"] for one in folds])
    assert whole == pytest.approx(mean)


def test_the_next_behaviour_is_predicted_where_it_alternates(engine, log):
    found = evaluated(engine, log, target="behavior")
    assert (found["protocol"]["target"], found["protocol"]["n_items"]) == ("behavior", 2)
    assert not found["protocol"]["exclude_seen"]
    one = found["models"]["item-knn"]
    assert {"accuracy", "macro_f1", "auc", "calibration_error"} <= set(one["metrics"])
    assert "log_loss" in one["measures"]


def test_the_next_category_is_predicted_from_events_or_from_items(engine, log):
    metrics = evaluated(engine, log, target="category")["models"]["item-knn"]["metrics"]
    assert metrics["accuracy"]["value"] > 0.7
    bare = log.events.drop_columns(["category"])
    items = pa.table({"item": [f"i{n}" for n in range(12)], "category": ["ab"[n // 6] for n in range(12)]})
    again = evaluated(engine, EventLog(bare, items=items), target="category")["models"]["item-knn"]["metrics"]
    assert again["accuracy"] == metrics["accuracy"]
    with pytest.raises(SchemaError, match="needs a category"):
        evaluated(engine, EventLog(bare), target="category")


@pytest.mark.parametrize(
    ("plan", "kind", "message"),
    [
        ({"target": "itm"}, UsageError, "did you mean 'item'"),
        ({"segment": "contry"}, SchemaError, "did you mean 'country'"),
    ],
)
def test_mistakes_name_what_is_there(engine, log, plan, kind, message):
    with pytest.raises(kind, match=message):
        evaluated(engine, log, **plan)


def test_a_segment_needs_a_users_table(engine, log):
    with pytest.raises(UsageError, match="--users"):
        evaluated(engine, EventLog(log.events), segment="country")


def test_a_model_that_knows_nothing_has_the_log_loss_of_chance(engine):
    rng = np.random.default_rng(1)
    n = 4000
    events = pa.table({
        "user": [f"u{u}" for u in rng.integers(0, 400, n)], "item": [f"i{i}" for i in rng.integers(0, 8, n)],
        "time": 1_700_000_000 + np.arange(n),
    })  # fmt: skip
    one = evaluated(engine, read_events(events, engine=engine), "most-popular")["models"]["most-popular"]
    metrics = one["metrics"]
    assert one["measures"]["log_loss"]["value"] == pytest.approx(np.log(8), abs=0.02)
    assert metrics["auc"]["ci_low"] < 0.5 < metrics["auc"]["ci_high"]
    assert metrics["calibration_error"]["value"] < 0.06
