"""People to follow, lists for groups, questions for newcomers: each finds what is planted."""

import numpy as np
import pyarrow as pa
import pytest

import swayline as sw
from swayline.core.errors import UsageError
from swayline.recommend import Context, group_list, people_to_follow, questions_for_newcomers


@pytest.fixture(scope="module")
def model():
    """Two clubs: people of one meet `a…`, of the other `b…`; everybody meets `all`."""
    rows = [
        (f"u{u}", item, 10 * u + place)
        for u in range(40)
        for place, item in enumerate([f"{'ab'[u % 2]}{(u // 2 + s) % 8}" for s in range(5)] + ["all"])
    ]
    users, items, times = zip(*rows, strict=True)
    return sw.Recommender("item-knn").fit(sw.read_events(pa.table({"user": users, "item": items, "time": times})))


def test_people_of_the_same_club_are_the_ones_to_follow(model):
    found = people_to_follow(model.context, ["u3"], k=5).to_pylist()
    assert [row["rank"] for row in found] == [1, 2, 3, 4, 5]
    assert all(int(row["other"][1:]) % 2 == 1 for row in found)
    assert "u3" not in {row["other"] for row in found}


def test_those_followed_already_are_left_out_and_common_ties_count(model):
    first = people_to_follow(model.context, ["u3"], k=1)["other"][0].as_py()
    ties = pa.table({"source": [first, "u20"], "target": ["u3", first]})
    context = Context(model.bundle(), ties=ties)
    found = people_to_follow(context, ["u3"], k=40)["other"].to_pylist()
    assert first not in found
    plain = people_to_follow(model.context, ["u3"], k=40)["other"].to_pylist()
    assert "u20" in found
    assert found.index("u20") < (plain.index("u20") if "u20" in plain else 99)


def test_a_group_gets_what_all_can_live_with(model):
    # Between them the three have met all of their club's eight items but one.
    assert group_list(model.context, ["u1", "u3", "u5"], k=1, rule="least-misery")["item"].to_pylist() == ["b7"]
    mixed = group_list(model.context, ["u0", "u1"], k=20, rule="least-misery")
    average = group_list(model.context, ["u0", "u1"], k=20)
    assert mixed["lowest"][0].as_py() >= average["lowest"][0].as_py()
    seen = model.bundle().histories.take(model.bundle().rows_of(["u0", "u1"])).items
    names = {model.bundle().dataset.items.names[item] for item in seen}
    assert not names & set(mixed["item"].to_pylist())
    with pytest.raises(UsageError, match="did you mean 'least-misery'"):
        group_list(model.context, ["u1"], rule="least-mysery")
    with pytest.raises(UsageError, match="group is empty"):
        group_list(model.context, [])


def test_a_newcomer_is_asked_first_what_tells_the_clubs_apart(model):
    found = questions_for_newcomers(model.context, 4)
    assert found["item"][0].as_py()[0] in "ab"
    assert "all" not in found["item"].to_pylist()
    gains = np.array(found["gain"].to_pylist())
    assert (np.diff(gains) <= 1e-9).all()
