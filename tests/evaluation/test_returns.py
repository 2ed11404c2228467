"""Returns are never ranked first for free: figures on a log where nothing can be foretold are what chance gives."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from swayline.dataset import Catalogue, from_lists, last_out
from swayline.dataset.knowledge import KnowledgeGraph
from swayline.engine import DuckEngine
from swayline.evaluation import (
    Items,
    Plan,
    evaluate_models,
    groups_of,
    inverse_temperature,
    protocol,
    rank_targets,
    repeats,
)
from swayline.events import read_events
from swayline.metrics import ndcg, ranks
from swayline.models import create, names
from swayline.models.validation import quality

N_USERS, N_ITEMS, LENGTH, K = 800, 1200, 10, 10
RETURNS = 0.033
QUICK = {name: {"max_epochs": 1} for name in ("factorization-machine", "graph", "gru", "text-sequence", "transformer")}
QUICK |= {"language": {"max_epochs": 1, "text_epochs": 1}, "boosted-trees": {"n_trees": 20, "n_leaves": 8}}


@pytest.fixture(scope="module")
def noise():
    """Items drawn at random, but that 3.3% of the last two events return to the first one."""
    rng = np.random.default_rng(5)
    items = rng.integers(N_ITEMS, size=(N_USERS, LENGTH))
    for place in (LENGTH - 2, LENGTH - 1):
        back = rng.random(N_USERS) < RETURNS
        items[back, place] = items[back, 0]
    titles = [f"kind{item % 20} number{item}" for item in range(N_ITEMS)]
    graph = KnowledgeGraph(
        np.arange(N_ITEMS), np.zeros(N_ITEMS, np.int64), N_ITEMS + np.arange(N_ITEMS) % 20, ("kind",),
        tuple(f"kind{kind}" for kind in range(20)), N_ITEMS,
    )  # fmt: skip
    return replace(from_lists(items.tolist(), N_ITEMS), catalogue=Catalogue(pa.table({"title": titles})), graph=graph)


class Constant:
    """Scores every item alike."""

    def score(self, history):
        return np.zeros((len(history), history.n_items), np.float32)


@pytest.mark.parametrize("name", [*names(), "constant"])
def test_no_model_is_better_than_chance_where_nothing_can_be_foretold(name, noise):
    split = last_out(noise)
    share = repeats(split.test)
    assert 0.02 < share < 0.05
    model = Constant() if name == "constant" else create(name, **QUICK.get(name, {})).fit(split.train)
    hits = rank_targets(model, split.test, K, exclude_seen=True).values[f"hr@{K}"]
    low, high = binom.interval(0.999, len(hits), (1 - share) * K / N_ITEMS)
    assert low <= hits.sum() <= high, f"{hits.mean():.4f} for a chance of {K / N_ITEMS:.4f}"


def test_validation_judges_as_the_test_does(noise):
    questions = last_out(noise).valid
    model = create("item-knn", neighbours=50).fit(last_out(noise).train)
    judged = quality(model.score(questions.history), questions, hide_seen=True)
    assert judged == pytest.approx(rank_targets(model, questions, 10, True).values["ndcg@10"].mean(), abs=1e-12)
    assert judged < 0.01


def place_by_hand(scores, history, answer, exclude_seen):
    """Every place the answer can take, from 1; none where it may not be recommended."""
    left = [item for item in range(len(scores)) if not (exclude_seen and item in history)]
    if answer not in left:
        return []
    above = sum(scores[item] > scores[answer] for item in left)
    level = sum(scores[item] == scores[answer] for item in left)
    return range(above + 1, above + level + 1)


@pytest.mark.parametrize("exclude_seen", [True, False])
def test_metrics_agree_with_another_implementation(exclude_seen):
    rng = np.random.default_rng(1)
    targets = last_out(from_lists(rng.integers(30, size=(200, 6)).tolist(), 30)).test
    scores = rng.integers(0, 12, (200, 30)).astype(np.float32)

    class Drawn:
        def score(self, history):
            return scores.copy()

    found = rank_targets(Drawn(), targets, 5, exclude_seen, inverse_temperature=0.3).values
    for q in range(200):
        history = targets.history.items[targets.history.offsets[q] : targets.history.offsets[q + 1]].tolist()
        places = place_by_hand(scores[q].tolist(), history, int(targets.items[q]), exclude_seen)
        expected = {
            "hr@5": [float(p <= 5) for p in places],
            "ndcg@5": [1 / np.log2(p + 1) if p <= 5 else 0.0 for p in places],
            "mrr": [1 / p for p in places],
            "precision@5": [float(p <= 5) / 5 for p in places],
            "f1@5": [2 * float(p <= 5) / 6 for p in places],
            "accuracy": [float(p == 1) for p in places],
        }
        for name, values in expected.items():
            assert found[name][q] == pytest.approx(np.mean(values) if values else 0.0, abs=1e-12), (q, name)
        left = [item for item in range(30) if not (exclude_seen and item in history)]
        weights = np.exp(0.3 * scores[q, left].astype(np.float64))
        chance = dict(zip(left, weights / weights.sum(), strict=True))
        brier = sum((p - (item == targets.items[q])) ** 2 for item, p in chance.items()) + (not places)
        assert found["brier"][q] == pytest.approx(brier, abs=1e-5)
        if places:
            assert found["log_loss"][q] == pytest.approx(-np.log(chance[int(targets.items[q])]), abs=1e-5)
        else:
            assert np.isnan(found["log_loss"][q])


def test_a_person_who_has_everything_is_asked_without_a_warning():
    targets = last_out(from_lists([[0, 1, 2, 1]], n_items=3)).test
    values = rank_targets(Constant(), targets, 2, True, inverse_temperature=1.0).values
    assert values["hr@2"].tolist() == [0.0]
    assert values["brier"].tolist() == [1.0]


def test_the_temperature_is_chosen_on_answers_that_may_come():
    valid = last_out(from_lists([[0, 1, 2, 0, 3], [0, 1, 2, 3, 0]] * 20, n_items=6)).valid
    assert inverse_temperature(Constant(), valid, exclude_seen=True) is not None
    only_returns = valid.take(np.arange(0, 40, 2))
    assert repeats(only_returns) == 1.0
    assert inverse_temperature(Constant(), only_returns, exclude_seen=True) is None


def test_the_metrics_file_tells_returns_and_discoveries_apart():
    rng = np.random.default_rng(3)
    rows = [(f"u{user}", f"i{item}") for user in range(150) for item in rng.integers(60, size=8)]
    events = pa.table({"user": [user for user, _ in rows], "item": [item for _, item in rows], "time": np.arange(1200)})
    with DuckEngine() as engine:
        found = evaluate_models(engine, read_events(events, engine=engine), ["item-knn"], Plan(k=5))
    told, answers = found["protocol"], found["models"]["item-knn"]["groups"]["answer"]
    assert set(answers) == {"return", "discovery"}
    assert told["n_returns"] == answers["return"]["n"] > 0
    assert told["share_of_returns"] == answers["return"]["n"] / told["n_questions"]
    parts = [answers[kind]["metrics"]["hr@5"]["value"] * answers[kind]["n"] for kind in answers]
    whole = found["models"]["item-knn"]["metrics"]["hr@5"]["value"]
    assert sum(parts) / told["n_questions"] == pytest.approx(whole, abs=1e-12)
    assert answers["discovery"]["metrics"]["hr@5"]["ci_low"] <= answers["discovery"]["metrics"]["hr@5"]["ci_high"]


def test_a_log_without_returns_says_so():
    split = last_out(from_lists([[0, 1, 2, 3], [3, 2, 1, 0]], n_items=4))
    told = protocol("last-out", split.test, 10, True, split.train)
    assert (told["n_returns"], told["share_of_returns"]) == (0, 0.0)
    assert set(groups_of(split.test, Items.of(split.train), ["view"])["answer"]) == {"discovery"}


def test_an_answer_of_minus_infinity_is_never_level_with_others():
    scores = np.array([[-np.inf, -np.inf, 1.0]])
    assert ndcg(*ranks(scores, np.array([0])), k=10).tolist() == [0.0]
