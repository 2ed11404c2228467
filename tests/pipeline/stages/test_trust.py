"""The stage and the section that ask whether a run may be used: planted shilling is found, clean people are left alone."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.events import EventLog, read_events
from swayline.influence.effects import BehaviorEffects
from swayline.pipeline import STAGES, Inputs, RunSettings, run
from swayline.testing import small_shop
from swayline.trust.attack.defences import without_people
from swayline.trust.attack.profiles import attacked
from swayline.trust.impact import effects_without

PEOPLE, ITEMS, DAY_US, START_US = 160, 120, 86_400_000_000, 1_700_000_000_000_000
NOT_READ = {"describe", "quality", "profiles", "evolve"}


def _ratings(seed=0) -> pa.Table:
    """People of eight tastes who rate what they like, mostly of two of them."""
    rng = np.random.default_rng(seed)
    taste, popularity = np.arange(ITEMS) % 8, 1.0 / (1.0 + np.arange(ITEMS) // 8) ** 0.7
    quality = rng.normal(3.6, 0.5, ITEMS)
    parts = []
    for person in range(PEOPLE):
        weight = popularity * np.where(np.isin(taste, rng.choice(8, 2, replace=False)), 12.0, 1.0)
        n = int(np.clip(rng.lognormal(3.0, 0.4), 12, 60))
        met = rng.choice(ITEMS, n, replace=False, p=weight / weight.sum())
        times = START_US + ((rng.uniform(0, 100) + np.cumsum(rng.exponential(0.4, n))) * DAY_US).astype(np.int64)
        stars = np.clip(np.round(quality[met] + rng.normal(0, 0.9, n)), 1, 5)
        parts.append(pa.table({
            "user": [f"p{person}"] * n, "item": [f"i{one}" for one in met], "behavior": ["rate"] * n,
            "time": pa.array(times, pa.timestamp("us", "UTC")), "value": stars,
        }))  # fmt: skip
    events = pa.concat_tables(parts)
    return events.append_column("row", pa.array(range(1, len(events) + 1)))


def _run(folder, events, *, audit=False):
    pq.write_table(events, folder / "events.parquet")
    pq.write_table(
        pa.table({
            "user": [f"p{at}" for at in range(PEOPLE)],
            "side": [None if at == 0 else "rare" if at < 9 else "left" if at % 2 else "right" for at in range(PEOPLE)],
            "land": ["one"] * PEOPLE,
        }),
        folder / "users.parquet",
    )  # fmt: skip
    settings = RunSettings(models=("item-knn",), explained_users=0, audit=audit)
    with pytest.MonkeyPatch.context() as patched:  # stages that this one does not read would take most of the time
        left = [one for one in STAGES if one.name not in NOT_READ]
        left = [replace(one, needs=tuple(set(one.needs) - NOT_READ)) for one in left]
        patched.setattr("swayline.pipeline.job.STAGES", left)
        return run(Inputs(folder / "events.parquet", users=folder / "users.parquet"), settings, folder / "run").folder


def _told(folder):
    return json.loads((folder / "trust" / "summary.json").read_text())


def _page(folder):
    return (folder / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return _run(tmp_path_factory.mktemp("clean"), _ratings())


@pytest.fixture(scope="module")
def shilled(tmp_path_factory):
    attack = attacked(EventLog(_ratings()), "average", 0.1, target="i90")
    folder = _run(tmp_path_factory.mktemp("shilled"), attack.log.events, audit=True)
    return folder, set(attack.attackers)


def test_a_clean_run_flags_nobody_and_says_so(clean):
    told, page = _told(clean), _page(clean)
    assert told["people_flagged"] == told["items_flagged"] == 0
    assert told["quality"] == []
    assert told["lists"] is None
    assert "Nobody is flagged as manipulating" in page
    assert "--audit" not in page.split('id="trust"')[1].split("<section")[0]


def test_planted_shilling_is_flagged_with_what_it_did(shilled):
    folder, attackers = shilled
    rows = pq.read_table(folder / "trust" / "fraud.parquet").to_pylist()
    people = {one["id"] for one in rows if one["flagged"] and one["kind"] == "user"}
    assert len(people & attackers) >= 0.8 * len(attackers)
    assert len(people - attackers) <= 2
    assert "i90" in {one["id"] for one in rows if one["flagged"] and one["kind"] == "item"}
    told = _told(folder)
    assert told["people_flagged"] == len(people)
    assert told["events_of_flagged"] > 10 * len(people)
    assert {one["model"] for one in told["quality"]} == {"item-knn"}
    for one in told["quality"]:
        assert one["n"] - one["n_without"] == len(people)
    lists = told["lists"]
    assert lists["lists"] == PEOPLE + len(attackers) - len(people)
    assert lists["showing_without"] < lists["showing"]
    assert "no effect of a behaviour is quoted" in told["not_told"][0]
    assert "i90" in _page(folder)


def test_effects_are_measured_again_for_the_same_window_and_horizon():
    log = read_events(small_shop(seed=0).events)
    measured = BehaviorEffects(("cart",), "purchase", learner="linear").fit(log).ledger_
    people = sorted(set(log.events["user"].cast(pa.string()).to_pylist()))[:40]
    (same,) = effects_without(measured, log, "purchase")
    assert same["estimate"] == pytest.approx(same["estimate_without"])
    (less,) = effects_without(measured, without_people(log, frozenset(people)), "purchase")
    assert less["horizon_s"] == same["horizon_s"]
    assert less["estimate_without"] != pytest.approx(less["estimate"])
    assert abs(less["estimate_without"] - less["estimate"]) < 2 * (less["ci_high"] - less["ci_low"])


def test_nobody_is_dropped_from_the_lists_or_the_log(shilled):
    folder, attackers = shilled
    assert attackers <= set(pq.read_table(folder / "recommendations.parquet")["user"].to_pylist())
    assert attackers <= set(pq.read_table(folder / "events.parquet")["user"].cast(pa.string()).to_pylist())


def test_groups_are_told_and_small_ones_are_too_few(clean):
    rows = pq.read_table(clean / "trust" / "fairness.parquet").to_pylist()
    side = {one["group"]: one for one in rows if one["by"] == "side" and not one["measure"].endswith("_gap")}
    assert side["left"]["value"] is not None
    assert side["right"]["n"] > 30
    assert (side["rare"]["told"], side["rare"]["value"]) == ("too few to tell", None)
    assert side["(no value)"]["told"] == "missing"
    (why,) = _told(clean)["fairness_notes"]
    assert why.startswith("land has one group")
    section = _page(clean).split('id="trust"')[1]
    assert "too few to tell" in section
    assert "land has one group" in section.lower()


def test_figures_of_everybody_are_those_of_the_metrics(clean):
    metrics = json.loads((clean / "metrics.json").read_text())["models"]
    questions = pq.read_table(clean / "questions.parquet").to_pylist()
    for name, one in metrics.items():
        own = [row["ndcg"] for row in questions if row["model"] == name]
        assert np.mean(own) == pytest.approx(one["metrics"]["ndcg@10"]["value"])
