"""An erased person is in no file, and a count model is the one that never saw them, to the last bit."""

import hashlib
import hmac
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import SourceError, UsageError
from swayline.core.storage.files import fingerprint
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.testing.attacks import attack
from swayline.testing.run_folder import write_run_folder
from swayline.training import ModelBundle, TrainingPlan, fit_log
from swayline.trust.rights import EXACT, erase_person, exported, hits
from swayline.trust.rights.models import FILES, model_without

DAY_US = 86_400_000_000


def _log(n_people=60, n_items=25, seed=0):
    """Some items that one person alone met, some behaviours that few show."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(n_people):
        for step in range(int(rng.integers(1, 9))):
            item = f"i{int(rng.integers(0, n_items))}" if rng.random() > 0.05 else f"only-{person}"
            behavior = ("view", "view", "cart", "purchase")[int(rng.integers(0, 4))]
            rows.append((f"person-{person:04d}", item, behavior, 1_700_000_000_000_000 + step * DAY_US + person))
    users, items, behaviors, times = zip(*rows, strict=True)
    return EventLog(pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": users, "item": items, "behavior": behaviors,
        "time": pa.array(times, pa.timestamp("us", "UTC")),
    }))  # fmt: skip


def _fit(log, model, folder, split="none", seed=3):
    with DuckEngine() as engine:
        bundle = fit_log(engine, log, TrainingPlan.of_one(model, split=split, seed=seed))
    bundle.save(folder)
    return bundle


def _files(folder):
    return [fingerprint(folder / name) for name in FILES]


def _without(log, user):
    return replace(log, events=log.events.filter(pc.not_equal(log.events["user"], user)))


def _digests(model, folder):
    model.save(folder)
    return [fingerprint(folder / name) for name in FILES]


@pytest.mark.parametrize(
    ("model", "n"),
    [
        ("most-popular", 50), ("item-knn", 5), ("markov-chain", 5),
        pytest.param("item-knn", 50, marks=pytest.mark.truth), pytest.param("markov-chain", 50, marks=pytest.mark.truth),
    ],
)  # fmt: skip
def test_erased_people_leave_the_model_that_never_saw_them(model, n, tmp_path):
    log, plan = _log(), TrainingPlan.of_one(model, seed=3)
    people = np.random.default_rng(1).permutation(sorted(set(log.events["user"].to_pylist()))).tolist()[:n]
    equal, changed = 0, 0
    with DuckEngine() as engine:
        bundle = fit_log(engine, log, plan)
        before = _digests(bundle.model, tmp_path / "m")
        for person in people:
            erased, how = model_without(bundle, int(bundle.rows_of([person])[0]))
            assert how == ("decremented" if model == "most-popular" else "retrained")
            never = fit_log(engine, _without(log, person), plan)
            digests = _digests(erased.model, tmp_path / "erased")
            equal += digests == _digests(never.model, tmp_path / "never")
            changed += digests != before
            assert erased.dataset.items.names == never.dataset.items.names
            assert erased.dataset.users.names == never.dataset.users.names
            assert erased.dataset.behaviors.names == never.dataset.behaviors.names
            assert erased.exclude_seen == never.exclude_seen
    assert equal == n
    assert changed >= 0.8 * n  # a file that never changes would be equal too


@pytest.mark.parametrize(
    ("model", "split"), [*((one, "none") for one in EXACT), ("item-knn", "last-out"), ("most-popular", "last-out")]
)
def test_every_model_called_exact_is(model, split, tmp_path):
    log = _log(30, seed=2)
    _fit(log, model, tmp_path / "m", split)
    erase_person(tmp_path / "m", "person-0007")
    erase_person(tmp_path / "m", "person-0011")
    _fit(_without(_without(log, "person-0007"), "person-0011"), model, tmp_path / "never", split)
    assert _files(tmp_path / "m") == _files(tmp_path / "never")


def test_other_models_are_called_approximate_and_keep_no_history(tmp_path):
    log = _log(20)
    bundle = _fit(log, "naive-bayes", tmp_path / "m")
    before = (tmp_path / "m" / "weights.safetensors").read_bytes()
    done = erase_person(tmp_path / "m", "person-0003")
    assert done.models["."]["how"] == "approximate"
    assert done.approximate == [".: the weights hold what was learned"]
    assert (tmp_path / "m" / "weights.safetensors").read_bytes() == before
    assert len(ModelBundle.load(tmp_path / "m").dataset.users) == len(bundle.dataset.users) - 1
    asked = _fit(log, "item-knn", tmp_path / "fast")
    assert erase_person(tmp_path / "fast", "person-0003", exact=False).models["."]["how"] == "approximate"
    assert len(asked.dataset.users) == 20


def test_an_unknown_person_or_folder_is_refused_and_nothing_changes(tmp_path):
    _fit(_log(12), "most-popular", tmp_path / "m")
    before = {path: path.read_bytes() for path in (tmp_path / "m").iterdir()}
    for act in (erase_person, exported):
        with pytest.raises(UsageError, match="nothing in .* names a person 'person-999'"):
            act(tmp_path / "m", "person-999")
        with pytest.raises(UsageError, match="nothing in"):
            act(tmp_path / "m", "person-000")  # the start of others' ids
        with pytest.raises(SourceError, match="no folder of a run or a fitted model"):
            act(tmp_path, "person-0001")
    assert {path: path.read_bytes() for path in (tmp_path / "m").iterdir()} == before


def test_a_number_that_is_an_item_too_costs_the_item_nothing(tmp_path):
    write_run_folder(tmp_path / "run")
    pq.write_table(
        pa.table({"user": ["7", "8"], "item": ["8", "7"], "rank": [1, 1], "score": [0.5, 0.4]}),
        tmp_path / "run" / "recommendations.parquet",
    )
    (tmp_path / "run" / "examples.json").write_text(json.dumps({"people": [{"user": "7"}, {"user": "8", "item": "7"}]}))
    done = erase_person(tmp_path / "run", "7")
    assert pq.read_table(tmp_path / "run" / "recommendations.parquet")["user"].to_pylist() == ["8"]
    assert json.loads((tmp_path / "run" / "examples.json").read_text()) == {"people": [{"user": "8", "item": "7"}]}
    assert done.rows["recommendations.parquet"] == 1


def _named_everywhere(run, user):
    """A run folder in which a person stands in every kind of file."""
    rows = pa.table({"user": [user, "other"], "item": ["a", "b"], "rank": [1, 1], "score": [0.1, 0.2],
                     "reason": ["x", f"people such as {user} took it"], "source": ["model", "model"]})  # fmt: skip
    pq.write_table(rows, run / "recommendations.parquet")
    pq.write_table(pa.table({"source": [user, "other"], "target": ["other", "third"]}), run / "ties.parquet")
    ledger = pa.table({
        "cause_kind": ["user", "event", "behavior"], "cause": [user, "a|view|2024", "view"],
        "effect_kind": ["user", "recommendation", "outcome"], "effect": ["other", f"{user}|a", "purchase"],
    })  # fmt: skip
    pq.write_table(ledger, run / "extra.parquet")
    (run / "examples.json").write_text(json.dumps({"people": [{"user": user, "did": ["a"]}, {"user": "other"}]}))
    (run / "network.json").write_text(json.dumps({"nodes": {user: 1, "other": 2}, "said": f"{user} leads"}))
    (run / "notes.md").write_text(f"# {user}\nfollows other\n")


def test_a_run_folder_keeps_no_byte_of_an_erased_person(tmp_path):
    run, user = tmp_path / "run", "zz-erase-me-7341"
    write_run_folder(run)
    _named_everywhere(run, user)
    _fit(replace(_log(12), events=_renamed(_log(12).events, user)), "item-knn", run / "model")
    found = exported(run, user)
    assert set(found["tables"]) >= {"recommendations.parquet", "ties.parquet", "extra.parquet", "model/people.parquet"}
    assert found["history"]["model"]
    assert {"examples.json", "network.json", "notes.md"} <= set(found["elsewhere"])
    assert attack(["export", "run", "--user", user, "--out", "mine.json"], tmp_path).code == 0
    assert json.loads((tmp_path / "mine.json").read_text())["user"] == user
    done = attack(["erase", "run", "--user", user, "--json"], tmp_path)
    assert done.code == 0, done.err
    assert hits(run, user) == []
    for path in run.rglob("*"):
        if path.is_file():
            assert user.encode() not in path.read_bytes(), path
            if path.suffix == ".parquet":
                assert user not in str(pq.read_table(path).to_pylist()), path
    assert json.loads((run / "network.json").read_text()) == {"nodes": {"other": 2}, "said": "(erased) leads"}
    assert pq.read_table(run / "extra.parquet")["cause"].to_pylist() == ["view"]
    assert pq.read_table(run / "ties.parquet")["source"].to_pylist() == ["other"]
    assert "such as (erased) took" in pq.read_table(run / "recommendations.parquet")["reason"][0].as_py()
    told = done.result
    kept = json.loads((run / "erasures.json").read_text())[0]
    assert "key" not in kept
    proof = hmac.new(bytes.fromhex(told["key"]), user.encode(), hashlib.sha256).hexdigest()
    assert kept["digest"] == proof
    assert told["models"]["model"]["how"] == "retrained"
    again = attack(["erase", "run", "--user", user], tmp_path)
    assert again.code == 2
    assert "nothing in run names a person" in again.err


def _renamed(events, user):
    names = [user if one == "person-0005" else one for one in events["user"].to_pylist()]
    return events.set_column(events.column_names.index("user"), "user", pa.array(names, pa.string()))
