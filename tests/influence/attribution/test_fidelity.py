import numpy as np
import pytest

from swayline.dataset import from_lists
from swayline.influence.attribution import EventRemovals, remove_events
from swayline.influence.attribution.fidelity import fidelity, supporting
from swayline.models import create, recommend


def test_only_events_that_support_are_taken_strongest_first():
    said = EventRemovals(
        np.array([0, 0, 0, 1]), np.array([4, 5, 6, 9]), np.array([0.1, -2.0, 0.7, 0.0])
    )  # fmt: skip
    assert [one.tolist() for one in supporting(said, 3, most=5)] == [[6, 4], [], []]
    assert [one.tolist() for one in supporting(said, 1, most=1)] == [[6]]


class Additive:
    name = "additive"

    def score(self, history):
        out = np.zeros((len(history), 4), np.float32)
        np.add.at(out, (history.users, 3), np.where(history.items == 0, 2.0, 0.0).astype(np.float32))
        return out


def test_metrics_are_what_their_definitions_say():
    history = from_lists([[0, 1]], 4)
    found = fidelity(Additive(), history, np.array([0]), np.array([3]), [np.array([0])], most=2, k=1).values
    # Without event 0 every score is 0: of the unseen items 2 and 3, number 3 stands second.
    assert found["POS"].tolist() == [[0.0, 0.0]]
    assert found["CDCG"] == pytest.approx(np.full((1, 2), 1 / np.log2(3)))
    assert found["DEL"] == pytest.approx(np.full((1, 2), 0.25))
    assert found["INS"] == pytest.approx(np.full((1, 2), np.exp(2) / (np.exp(2) + 3)))


def test_what_removal_says_is_truer_than_chance():
    rng = np.random.default_rng(0)
    lists = [((int(start) + np.arange(8)) % 30)[rng.permutation(8)].tolist() for start in rng.integers(30, size=80)]
    history = from_lists(lists, 30)
    model = create("item-knn").fit(history)
    users = np.arange(80)
    items = recommend(model, history, 1)[0][:, 0].astype(np.int64)
    removed = remove_events(model, history, users, items)
    chance = EventRemovals(removed.recommendation, removed.position, rng.random(len(removed.position)))
    ours, theirs = (fidelity(model, history, users, items, supporting(one, 80, 3), most=3) for one in (removed, chance))
    for metric in ("CDCG", "DEL"):
        assert (ours.mean(metric) < theirs.mean(metric)).all()
    assert (ours.mean("INS") > theirs.mean("INS")).all()
