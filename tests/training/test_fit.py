"""The one path from a log to a bundle."""

import ast
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import swayline
from swayline.core.errors import ConfigError, UsageError
from swayline.engine import DuckEngine
from swayline.evaluation import Plan, evaluate_models, rank_targets
from swayline.events import EventLog
from swayline.models import load_model
from swayline.training import ModelBundle, TrainingPlan, choose, fit_log, train, training_data
from swayline.training.fit import cut, held_out
from swayline.training.provenance import fingerprint_of

ROOMS_ABOVE = ("recommend", "evaluation", "pipeline", "cli")
OUR_OWN = {"build_dataset", "create", "refit", "with_seed", "seen_leave"}
"""What only training does; evaluation asks ``seen_leave`` of its own folds."""
ASKS_THE_RULE = {
    "evaluation/model.py",
    "evaluation/causes/misses.py",
    "evaluation/causes/without.py",
    "pipeline/stages/evaluate.py",
}


def _log(n_users=60, n_items=15, length=6, items=None):
    rng = np.random.default_rng(0)
    starts = rng.integers(n_items, size=n_users)
    rows = [
        # Every third person takes another way at the end, which nobody can foresee.
        (
            f"u{user}",
            f"i{(start + step + 7 * (step > 3 and user % 3 == 0)) % n_items}",
            "view" if step % 3 else "cart",
            1_700_000_000 + 60 * step + user,
        )
        for user, start in enumerate(starts)
        for step in range(length)
    ]
    users, names, behaviors, times = zip(*rows, strict=True)
    events = pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": users, "item": names, "behavior": behaviors,
        "time": pa.array([datetime.fromtimestamp(t, UTC) for t in times], pa.timestamp("us", tz="UTC")),
    })  # fmt: skip
    return EventLog(events, items=items)


@pytest.fixture(scope="module")
def data():
    with DuckEngine() as engine:
        return training_data(engine, _log())


MODELS = ("most-popular", "item-knn")


def test_the_best_on_validation_is_chosen_and_learns_again_from_everything(data, tmp_path):
    trained = train(data, TrainingPlan(MODELS, split="last-out", candidates=tmp_path))
    figures = {one.name: one.figure for one in trained.candidates}
    assert trained.chosen == max(figures, key=figures.get) == "item-knn"
    assert all(one.model is None for one in trained.candidates), "what a folder keeps is not held in memory as well"
    sequences = data.dataset.sequences
    again = load_model(tmp_path / "item-knn").refit(sequences).score(sequences)
    np.testing.assert_array_equal(trained.bundle.model.score(sequences), again)
    assert not np.array_equal(load_model(tmp_path / "item-knn").score(sequences), again)


def test_a_model_that_is_named_is_chosen_whatever_validation_says(data):
    trained = train(data, TrainingPlan(MODELS, split="last-out", chosen="most-popular"))
    assert trained.chosen == trained.bundle.model.name == "most-popular"


def test_of_equal_candidates_the_first_is_chosen(data):
    first, second = train(data, TrainingPlan(MODELS, split="last-out")).candidates
    assert choose([first, replace(second, quality=first.quality)]) is first


def test_without_a_refit_nothing_that_is_asked_is_learned(data):
    plan = TrainingPlan.of_one("item-knn", split="last-out")
    split = cut(data.dataset.sequences, plan)
    bundle = train(data, plan).bundle
    alone = plan.create("item-knn").fit(split.train, split.valid)
    np.testing.assert_array_equal(bundle.model.score(split.test.history), alone.score(split.test.history))


def test_at_most_a_twentieth_of_the_users_is_held_out_and_asked_once(data):
    sequences = data.dataset.sequences
    split = held_out(sequences, seed=0)
    assert len(split.valid) == 3
    assert len(split.test) == 0
    assert len(split.train.items) + len(split.valid) == len(sequences.items)
    assert not np.isin(split.valid.events, split.train.events).any()


def test_the_figure_in_the_bundle_is_the_one_that_evaluation_gets_from_the_same_questions(data, tmp_path):
    plan = TrainingPlan.of_one("item-knn", split="last-out")
    bundle = train(data, plan).bundle
    split, quality = cut(data.dataset.sequences, plan), bundle.quality
    ranking = rank_targets(bundle.model, split.valid, 10, quality.exclude_seen)
    assert quality.value == pytest.approx(ranking.values["ndcg@10"].mean(), abs=1e-12)
    assert 0 < quality.value < 1
    assert (quality.metric, quality.n_questions, quality.n_items, quality.split) == ("ndcg@10", 60, 15, "last-out")
    assert quality.asked_from == "2023-11-14T22:17:20Z"
    bundle.save(tmp_path / "m")
    loaded = ModelBundle.load(tmp_path / "m")
    assert (loaded.quality, loaded.made, loaded.settings) == (quality, bundle.made, bundle.settings)
    assert loaded.made.data == fingerprint_of(loaded.dataset)


def test_evaluate_measures_the_model_that_fit_writes(data):
    with DuckEngine() as engine:
        result = evaluate_models(engine, _log(), ["item-knn"], Plan())
        bundle = fit_log(engine, _log(), TrainingPlan.of_one("item-knn", split="last-out"))
    split = cut(bundle.dataset.sequences, TrainingPlan(split="last-out"))
    hits = rank_targets(bundle.model, split.test, 10, bundle.exclude_seen).values["ndcg@10"].mean()
    assert result["models"]["item-knn"]["metrics"]["ndcg@10"]["value"] == pytest.approx(hits, abs=1e-12)


def test_a_log_that_is_too_short_to_hold_anything_out_is_learned_whole():
    with DuckEngine() as engine:
        bundle = fit_log(engine, _log(length=2), TrainingPlan.of_one("item-knn"))
    assert bundle.quality is None
    assert len(bundle.recommend(k=3)) == 180


def test_items_that_nobody_met_join_only_where_every_model_can_recommend_them():
    items = pa.table({"item": [f"i{n}" for n in range(20)], "title": [f"Thing {n}" for n in range(20)]})
    with DuckEngine() as engine:
        assert len(training_data(engine, _log(items=items), unmet=True).dataset.items) == 20
        assert len(training_data(engine, _log(items=items)).dataset.items) == 15
    assert TrainingPlan.of_one("text-sequence").wants_unmet
    assert not TrainingPlan(("text-sequence", "item-knn")).wants_unmet
    assert not TrainingPlan(("text-sequence",), unmet=False).wants_unmet


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"models": ("item-kn",)}, "did you mean 'item-knn'"),
        ({"split": "tim"}, "did you mean 'time'"),
        ({"chosen": "ease"}, "not among the models of this run"),
        ({"settings": {"item-kn": {}}}, "did you mean 'item-knn'"),
        ({"settings": {"item-knn": {"neighbors": 5}}}, "did you mean 'neighbours'"),
    ],
)
def test_a_plan_that_cannot_be_walked_is_refused_before_a_log_is_read(said, message):
    with pytest.raises((UsageError, ConfigError), match=message):
        TrainingPlan(**{"models": ("item-knn",)} | said)


def test_a_checkpoint_of_a_model_without_epochs_is_refused(tmp_path):
    with pytest.raises(UsageError, match="does not train in epochs"):
        TrainingPlan.of_one("item-knn", checkpoint=tmp_path / "c").create("item-knn")


def test_two_logs_of_the_same_events_have_one_fingerprint_and_another_log_has_another(data):
    with DuckEngine() as engine:
        assert fingerprint_of(training_data(engine, _log()).dataset) == fingerprint_of(data.dataset)
        assert fingerprint_of(training_data(engine, _log(n_users=61)).dataset) != fingerprint_of(data.dataset)


def test_no_room_above_makes_a_dataset_or_fits_a_model_by_itself():
    source = Path(swayline.__file__).parent
    found = set()
    for path in sorted(path for room in ROOMS_ABOVE for path in (source / room).rglob("*.py")):
        place = path.relative_to(source).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in OUR_OWN and not (name == "seen_leave" and place in ASKS_THE_RULE):
                    found.add(f"{place}: {name}")
    assert not found
