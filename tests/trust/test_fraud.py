"""Campaigns are found; whoever is only odd, busy, related or imported is left alone."""

import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import DataError, SchemaError
from swayline.metrics.prediction import auc
from swayline.trust.acts import Acts
from swayline.trust.attack import attacked
from swayline.trust.fraud import detect_fraud
from swayline.trust.fraud.labelled import detect_with_labels
from swayline.trust.fraud.labels import labels_of
from swayline.trust.fraud.lockstep import find_lockstep
from swayline.trust.fraud.reviews import score_reviews

_spec = importlib.util.spec_from_file_location("trust_world", Path(__file__).with_name("conftest.py"))
conftest = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conftest)
DAY_US, START_US, log_of, more, world = (
    getattr(conftest, name) for name in ("DAY_US", "START_US", "log_of", "more", "world")
)


def judged(found, attackers):
    scores = found.scores()
    truth = np.array([name in attackers for name in scores])
    flagged = set(found.flagged())
    return (
        auc(truth, np.array(list(scores.values()))),
        len(flagged & attackers) / len(attackers),
        len(flagged - attackers),
    )


def test_nobody_of_a_genuine_log_is_flagged(engine, people):
    found = detect_fraud(engine, people)
    assert found.flagged() == []
    assert found.flagged("item") == []
    assert set(found.table["kind"].to_pylist()) == {"user", "item"}


@pytest.mark.parametrize("kind", ["random", "average", "bandwagon", "segment", "copy"])
def test_a_campaign_is_found_and_its_target_named(engine, people, kind):
    made = attacked(people, kind, 0.05, seed=1)
    found = detect_fraud(engine, made.log)
    area, caught, false = judged(found, set(made.attackers))
    assert area > 0.95
    assert caught > 0.7
    assert false <= 4  # of 300 genuine
    assert made.target in found.flagged("item")


def test_a_campaign_is_found_in_a_log_without_ratings_or_times(engine):
    plain = world(rated=False)
    bare = log_of(plain.events["user"].to_pylist(), plain.events["item"].to_pylist())
    made = attacked(bare, "random", 0.05, seed=2)
    area, caught, false = judged(detect_fraud(engine, made.log), set(made.attackers))
    assert (area > 0.95, caught > 0.7, false <= 3) == (True, True, True)


def test_a_bad_rating_campaign_is_found(engine, people):
    made = attacked(people, "reverse", 0.05, seed=3)
    area, _, false = judged(detect_fraud(engine, made.log), set(made.attackers))
    assert area > 0.9
    assert false <= 3


def test_households_heavy_users_and_imports_are_not_flagged(engine, people):
    rng = np.random.default_rng(5)
    acts = Acts.of(people.events)
    log = people
    # Three households of three: the same items, minutes apart.
    for home in range(3):
        own = np.flatnonzero(acts.user == home)
        for member in range(2):
            times = acts.time[own] + rng.integers(0, 600_000_000, len(own))
            log = more(
                log,
                [f"home{home}-{member}"] * len(own),
                [acts.items[at] for at in acts.item[own]],
                times,
                acts.value[own],
            )
    # Three people who met nearly everything.
    for heavy in range(3):
        met = rng.permutation(len(acts.items))[:200]
        times = START_US + np.sort(rng.uniform(0, 200, len(met)) * DAY_US).astype(np.int64)
        log = more(
            log, [f"heavy{heavy}"] * len(met), [acts.items[at] for at in met], times, rng.integers(1, 6, len(met))
        )
    # Forty people imported at one moment.
    for copied in range(40):
        own = np.flatnonzero(acts.user == 100 + copied)
        mixed = rng.permutation(len(acts))[:0]
        at = np.concatenate([own, mixed])
        log = more(
            log,
            [f"imported{copied}"] * len(at),
            [acts.items[one] for one in acts.item[at][::2].repeat(2)[: len(at)]],
            np.full(len(at), START_US + 5 * DAY_US),
            acts.value[at],
        )
    found = detect_fraud(engine, log)
    assert found.flagged() == []
    assert any("import" in note for note in found.notes)


def test_a_click_farm_in_step_is_flagged_and_a_broadcast_is_not(engine, people):
    rng = np.random.default_rng(7)
    farm = [f"i{one}" for one in rng.permutation(240)[:8]]
    moments = START_US + (20 + 3 * np.arange(8)) * DAY_US
    log = people
    for member in range(15):
        log = more(log, [f"farm{member}"] * 8, farm, moments + rng.integers(0, 200_000_000, 8), np.full(8, 5.0))
    shows = [f"show{one}" for one in range(8)]
    airings = START_US + (40 + 7 * np.arange(8)) * DAY_US
    for fan in range(40):
        log = more(log, [f"p{fan}"] * 8, shows, airings + rng.integers(0, 200_000_000, 8), np.full(8, 4.0))
    found = detect_fraud(engine, log)
    flagged = set(found.flagged())
    assert {f"farm{member}" for member in range(15)} <= flagged
    assert not {name for name in flagged if name.startswith("p")}
    assert set(farm) <= set(found.flagged("item"))


def test_lockstep_says_why_it_cannot_be_asked(people):
    bare = log_of(people.events["user"].to_pylist(), people.events["item"].to_pylist())
    assert "no times" in find_lockstep(Acts.of(bare.events)).why_not


def test_bought_followers_are_flagged_and_friends_are_not(engine, people):
    source, target = [], []
    for fake in range(20):
        for star in ("p1", "p2", "p3", "p4"):
            source.append(star)
            target.append(f"bot{fake}")
    friends = [f"p{one}" for one in range(20, 32)]
    for one in friends:
        for other in friends:
            if one != other:
                source.append(one)
                target.append(other)
    rng = np.random.default_rng(1)
    for person in range(50, 250):
        for other in rng.integers(50, 250, 5):
            source.append(f"p{other}")
            target.append(f"p{person}")
    found = detect_fraud(engine, people, pa.table({"source": source, "target": target}))
    assert set(found.flagged()) == {f"bot{fake}" for fake in range(20)}
    reasons = {row["id"]: row["reason"] for row in found.table.to_pylist()}
    assert "followers look bought" in reasons["p1"]
    with pytest.raises(SchemaError, match="source"):
        detect_fraud(engine, people, pa.table({"from": ["a"], "target": ["b"]}))


def test_one_text_from_three_accounts_is_flagged(engine):
    long = "the room was clean and quiet and the staff could not have been kinder to our tired children"
    texts = [long, long, long, "fine", "fine", "fine", "fine", long + " twice"]
    found = detect_fraud(engine, log_of([f"u{one}" for one in range(8)], ["hotel"] * 8, texts=texts))
    assert set(found.flagged()) == {"u0", "u1", "u2"}


def test_a_bot_is_flagged_by_its_speed(engine, people):
    times = START_US + np.arange(200) * 200_000
    log = more(people, ["bot"] * 200, [f"i{one}" for one in range(200)], times, np.full(200, 3.0))
    assert detect_fraud(engine, log).flagged() == ["bot"]


def test_labels_teach_and_are_judged_on_people_not_learned_from(engine, people):
    made = attacked(people, "average", 0.1, seed=4)
    labels = {name: name in made.attackers for name in Acts.of(made.log.events).users} | {"nobody": True}
    del labels["p7"]
    learned = detect_with_labels(engine, made.log, labels)
    assert learned.auc > 0.95
    assert learned.ci_low <= learned.auc <= learned.ci_high
    assert (learned.n_unknown, learned.n_labelled) == (1, len(labels) - 1)
    assert "p7" not in learned.found.flagged()


def test_random_labels_teach_nothing(engine, people):
    rng = np.random.default_rng(0)
    learned = detect_with_labels(engine, people, {f"p{one}": bool(rng.random() < 0.3) for one in range(300)})
    assert 0.35 < learned.auc < 0.65
    assert learned.ci_low < 0.55


def test_too_few_labels_are_refused(engine, people):
    with pytest.raises(DataError, match="10 of each"):
        detect_with_labels(engine, people, {"p1": True, "p2": False})


def test_labels_are_read_in_words_and_others_refused():
    table = pa.table({"user": ["a", "b", "c"], "fraud": ["yes", "no", None]})
    assert labels_of(table) == {"a": True, "b": False}
    with pytest.raises(SchemaError, match="perhaps"):
        labels_of(pa.table({"user": ["a"], "label": ["perhaps"]}))
    with pytest.raises(SchemaError, match="no column of labels"):
        labels_of(pa.table({"user": ["a"], "age": [3]}))


def test_fake_reviews_are_told_by_their_words():
    true = [f"the lift was slow and room {n} had a stain near the window" for n in range(20)]
    fake = [f"my husband and i had an amazing luxury stay {n} times in chicago" for n in range(20)]
    score = score_reviews(
        true + fake, np.array([False] * 20 + [True] * 20), ["an amazing luxury stay", "a stain near the window"]
    )
    assert score[0] > 0 > score[1]
