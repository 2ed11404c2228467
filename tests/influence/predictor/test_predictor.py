"""People whose acts move others are found by what they do, among people the predictor never saw."""

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import DataError, UsageError
from swayline.core.rng import generator
from swayline.influence.contagion.exposures import first_acts
from swayline.influence.contagion.reading import read_social
from swayline.influence.predictor.examples import ExampleMaker
from swayline.influence.predictor.judged import of_predictions, paired_gain
from swayline.influence.predictor.labels import Gains, gains
from swayline.testing.contagion_worlds import ContagionDials, contagion_world

DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def voices():
    world = contagion_world(
        0, ContagionDials(contagion=0.005, likeness=0.3), people=320, items=150, days=56, acts=20.0, voices=(0.15, 0.3),
    )  # fmt: skip
    return world, sw.InfluencePredictor("purchase", "7d", head="mlp").fit(world.log)


def test_planted_influencers_never_seen_in_training_are_called(voices):
    world, found = voices
    users = found.read_.users.to_pylist()
    group = generator(0, "predictor", "people").random(len(users))
    unseen = {users[one] for one in np.flatnonzero(group >= 0.75)}
    rows = [row for row in found.table_.to_pylist() if row["user"] in unseen]
    truth = np.array([world.is_voice[int(row["user"][1:])] for row in rows])
    reach = np.array([row["reach"] for row in rows])
    assert 5 <= truth.sum() < len(truth) / 3
    top = np.argsort(-reach)[: truth.sum()]
    assert truth[top].mean() >= 0.8


def test_figures_stand_beside_those_of_degree_and_pagerank(voices):
    _, found = voices
    assert set(found.metrics_) == {"mlp", "degree", "pagerank", "past reach"}
    assert found.metrics_["mlp"]["auc"] > 0.75
    assert found.metrics_["mlp"]["reach_of_top"] > found.metrics_["degree"]["reach_of_top"]
    gain, low, high = found.paired_["degree"]
    assert low < gain < high
    lines = "\n".join(found.in_words())
    assert "people never seen in training" in lines


def test_predictions_have_intervals_and_stand_in_order(voices):
    table = voices[1].table_.to_pandas()
    assert list(table.columns) == ["user", "reach", "ci_low", "ci_high", "influencer"]
    assert (np.diff(table["reach"]) <= 0).all()
    assert ((table["ci_low"] < table["reach"]) & (table["reach"] < table["ci_high"])).all()
    assert table["user"].is_unique


def test_a_prediction_is_explained_by_the_persons_own_acts(voices):
    world, found = voices
    user = found.table_["user"][0].as_py()
    acts = found.explain(user, most=4).to_pylist()
    own = {(row["item"], row["behavior"]) for row in world.events.to_pylist() if row["user"] == user}
    assert len(acts) == 4
    assert {(row["item"], row["behavior"]) for row in acts} <= own
    with pytest.raises(UsageError, match="no prediction of 'nobody'"):
        found.explain("nobody")


def small(rows, ties):
    users, items, days = zip(*rows, strict=True)
    events = pa.table({
        "user": users, "item": items, "behavior": ["buy"] * len(rows),
        "time": pa.array([int(day * DAY_US) for day in days]).cast(pa.timestamp("us", "UTC")),
    })  # fmt: skip
    source, target = zip(*ties, strict=True)
    return read_social(events, pa.table({"source": source, "target": target}), "buy", None)


def test_an_act_is_credited_with_those_who_follow_less_what_untied_people_do():
    early = [(name, "cup", 0.1) for name in ("bob", "ann", "cat", "dan", "eve", "fay")]
    rows = [*early, ("bob", "lamp", 2.0), ("ann", "lamp", 4.0), ("eve", "cup2", 30.0)]
    social = small(rows, [("bob", "ann"), ("bob", "cat"), ("dan", "eve"), ("dan", "fay")])
    found = gains(social, first_acts(social, social.outcome), 7 * 86400.0, np.random.default_rng(0))
    names = social.users.to_pylist()
    of_bob = found.gained[(found.person == names.index("bob")) & (found.time == 2.0 * 86400)]
    assert of_bob.tolist() == [1.0]  # ann follows, and no untied person buys the lamp


def test_examples_do_not_see_the_date_or_later():
    rows = [("bob", f"i{day}", float(day)) for day in range(1, 20)] + [("ann", "i1", 1.5), ("ann", "i9", 18.0)]
    social = small(sorted(rows, key=lambda row: row[2]), [("bob", "ann")])
    acts = first_acts(social, social.outcome)
    none = Gains(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0))
    one = ExampleMaker(social, acts, none, 3 * 86400.0).at(10 * 86400.0)
    assert len(one) == 1  # ann has no tie that leaves
    assert int((one.behavior > 0).sum()) == 9  # days 1 to 9
    assert one.ago[one.behavior > 0].min() == pytest.approx(np.log1p(1.0))


def test_figures_of_predictions_are_those_of_the_field():
    label, truth = np.array([0.0, 0.0, 2.0, 3.0]), np.array([0, 0, 1, 1])
    found = of_predictions(label, truth, label, np.array([0.1, 0.7, 0.6, 0.9]), 0.5)
    assert (found["precision"], found["recall"], found["accuracy"], found["mse"]) == (2 / 3, 1.0, 0.75, 0.0)
    assert found["f1"] == pytest.approx(0.8)
    gain = paired_gain(np.arange(100.0), np.arange(100.0), -np.arange(100.0), np.random.default_rng(0))
    assert gain[0] == pytest.approx(90.0)


def test_what_cannot_be_predicted_is_said_in_one_line():
    with pytest.raises(UsageError, match="head 'transfomer' is unknown: did you mean 'transformer'"):
        sw.InfluencePredictor(head="transfomer").check_words()
    world = contagion_world(0, ContagionDials(contagion=0.1), people=60, items=30, days=20, n_ties=4, acts=5.0)
    with pytest.raises(DataError, match="horizons of"):
        sw.InfluencePredictor("purchase", "7d").fit(world.log)
