"""A log with propensities becomes choices with outcomes; ``evaluate --policy`` values a policy on them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import swayline as sw
from swayline.cli.app import app
from swayline.core.errors import SchemaError, SwaylineError, UsageError
from swayline.evaluation.off_policy import choices_from_log, policy_from_table, uniform_policy, value_of_policy
from swayline.events import EventLog
from swayline.simulation.responding import RespondingWorld, events_of, named_world, random_lists, simulate_days

BANDIT = Path(__file__).parents[4] / "shared" / "data" / "open-bandit"


def _log(rows):
    user, item, behavior, time, chance = zip(*rows, strict=True)
    return EventLog(pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": user, "item": item, "behavior": behavior,
        "time": pa.array([datetime.fromtimestamp(1_700_000_000 + t, UTC) for t in time], pa.timestamp("us", "UTC")),
        "propensity": pa.array(chance, pa.float64()),
    }))  # fmt: skip


def test_an_outcome_belongs_to_the_last_time_the_item_was_shown_and_to_a_day():
    log = _log([
        ("u", "a", "impression", 0, 0.5), ("u", "a", "impression", 100, 0.5), ("u", "a", "purchase", 200, None),
        ("u", "b", "impression", 0, 0.5), ("u", "b", "purchase", 90_000, None),
        ("v", "a", "purchase", 0, None), ("v", "a", "impression", 10, 0.5), ("v", "b", "impression", 10, 0.5),
    ])  # fmt: skip
    choices = choices_from_log(log, "purchase")
    assert choices.reward.tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert choices.unit == "probability"


def test_a_simulated_log_values_the_policy_that_made_it():
    world = RespondingWorld(named_world("persuadable", 1))
    days = list(simulate_days(world, random_lists(world), 0, 6, np.zeros((len(world), 48), bool), []))
    events, _ = events_of(world, days)
    choices = choices_from_log(sw.read_events(events), "purchase")
    assert len(choices) == 300 * 6 * 5
    taken = sum(int(np.take_along_axis(day.taken, np.maximum(day.shown, 0), axis=1).sum()) for day in days)
    assert choices.reward.sum() == taken


def test_propensities_that_cannot_be_are_refused_with_their_row():
    with pytest.raises(UsageError, match=r"propensity of row 2 is 0 \(1 such rows\)"):
        choices_from_log(_log([("u", "a", "impression", 0, 0.5), ("u", "b", "impression", 0, 0.0)]), "impression")
    with pytest.raises(SchemaError, match="holds no propensities"):
        choices_from_log(sw.read_events(pa.table({"user": ["u"], "item": ["a"], "time": [1]})))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"item": ["a", "b"], "chance": [0.5, 0.5]}, "no column 'probability'"),
        ({"item": ["a", "b"], "probability": [0.5, 0.6]}, "sum to 1.1"),
        ({"item": ["a", "b"], "probability": [float("nan"), 0.6]}, "probability of row 1 of the policy is nan"),
        ({"item": ["x", "y"], "probability": [0.5, 0.5]}, "the log shows no item of it"),
    ],
)
def test_a_policy_that_is_none_is_refused(table, said):
    choices = choices_from_log(_log([("u", "a", "impression", 0, 0.5), ("u", "b", "impression", 5, 0.5)]), "impression")
    with pytest.raises(SwaylineError) as error:
        policy_from_table(choices, pa.table(table))
    assert said in str(error.value)


def test_what_the_policy_shows_and_the_log_never_did_is_counted():
    choices = choices_from_log(_log([(f"u{n}", "ab"[n % 2], "impression", n, 0.5) for n in range(200)]), "impression")
    table = pa.table({"item": ["a", "z"], "probability": [0.4, 0.6]})
    found = value_of_policy(choices, policy_from_table(choices, table))
    assert found.unsupported == pytest.approx(0.6)
    assert "60% of what the policy shows was never shown" in found.trouble


needs_bandit = pytest.mark.skipif(not BANDIT.is_dir(), reason=f"no {BANDIT}")
MAP = ["--map", "user=user_feature_0,item=item_id,time=timestamp,propensity=propensity_score,value=click"]


@needs_bandit
def test_open_bandit_the_other_policys_true_mean_lies_in_the_intervals(tmp_path, capsys):
    other = pyarrow.csv.read_csv(BANDIT / "men-bts.csv")
    counts = np.zeros((3, 34))
    np.add.at(counts, (other["position"].to_numpy() - 1, other["item_id"].to_numpy()), 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    pq.write_table(pa.table({
        "item": [str(item) for _ in range(3) for item in range(34)],
        "position": [place for place in (1, 2, 3) for _ in range(34)], "probability": shares.ravel(),
    }), tmp_path / "bts.parquet")  # fmt: skip
    said = ["evaluate", str(BANDIT / "men-random.csv"), "--policy", str(tmp_path / "bts.parquet"), *MAP, "--json",
            "--out", str(tmp_path / "v.json"), "--ledger", str(tmp_path / "v.parquet")]  # fmt: skip
    app(said, standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    truth = float(np.mean(other["click"].to_numpy()))
    for name in ("ips", "snips", "dr", "dros", "switch"):
        one = told["estimates"][name]
        assert one["ci_low"] <= truth <= one["ci_high"], name
    assert told["trouble"] is None
    assert pq.read_table(tmp_path / "v.parquet")["estimand"].to_pylist() == ["policy_value"] * 6 + ["policy_gain"]


@needs_bandit
def test_a_policy_of_no_name_and_no_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match="neither a file nor a name: did you mean 'uniform'"):
        app(["evaluate", str(BANDIT / "men-random.csv"), "--policy", "unifrm", *MAP, "--out", str(tmp_path / "v.json")],
            standalone_mode=False)  # fmt: skip


def test_uniform_gives_every_item_the_same():
    choices = choices_from_log(_log([("u", "a", "impression", 0, 0.5), ("u", "b", "impression", 5, 0.5)]), "impression")
    assert uniform_policy(choices).tolist() == [[0.5, 0.5], [0.5, 0.5]]
