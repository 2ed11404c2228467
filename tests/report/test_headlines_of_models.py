"""The first sentence about the recommender: one winner with the reason, returns and discoveries apart, ties said."""

import numpy as np
import pytest

from swayline.evaluation.best import compare_all
from swayline.evaluation.significance import bootstrap_mean
from swayline.report.artifacts import Artifacts
from swayline.report.sections.models import models_section


def metric(value):
    return {"value": value, "ci_low": value * 0.9, "ci_high": min(1.0, value * 1.1)}


def model(value, groups=None):
    return {"metrics": {"hr@10": metric(2 * value), "ndcg@10": metric(value)}, "groups": {"answer": groups or {}}}


def kinds(found, missed):
    """375 discoveries of which ``missed`` share is found, 706 returns of which ``found`` is."""
    return {
        "discovery": {"n": 375, "metrics": {"hr@10": {"value": missed, "ci_low": 0.0, "ci_high": 0.0098}}},
        "return": {"n": 706, "metrics": {"hr@10": metric(found)}},
    }


def compared(one, other, difference, low, high, p_value):
    return {
        "model": one, "baseline": other, "metric": "ndcg@10", "difference": difference, "ci_low": low, "ci_high": high,
        "p_value": p_value,
    }  # fmt: skip


def finding(**found):
    return models_section(Artifacts(metrics={"protocol": {"n_questions": 1081}, **found})).finding


def test_hits_on_returns_never_hide_that_no_discovery_is_found():
    models = {"item-knn": model(0.285, kinds(0.87, 0.0))}
    text = finding(models=models, best="item-knn", chosen="item-knn")
    assert "0% of 375 discoveries" in text
    assert "87% of 706 returns" in text
    assert "57%" not in text  # the mixture of both: 0.87 × 706 / 1,081


def test_tiles_never_show_the_mixture_of_returns_and_discoveries():
    models = {"item-knn": model(0.285, kinds(0.87, 0.0))}
    section = models_section(Artifacts(metrics={"models": models, "best": "item-knn", "chosen": "item-knn"}))
    tiles = {label: value for value, label, _ in section.blocks[0].tiles}
    assert tiles["of discoveries found"] == "0%"
    assert tiles["of returns found"] == "87%"
    assert "57%" not in tiles.values()


@pytest.mark.parametrize(
    ("low", "p_value", "said"),
    [(0.05, 0.001, "the difference is clear"), (-0.01, 0.3, "the difference cannot be told from chance")],
)
def test_one_model_is_named_and_a_better_test_score_of_another_is_told_with_how_sure_it_is(low, p_value, said):
    models = {"item-knn": model(0.1), "markov-chain": model(0.2)}
    rows = [compared("markov-chain", "item-knn", 0.1, low, 0.2, p_value)]
    text = finding(models=models, best="markov-chain", chosen="item-knn", comparisons=rows)
    assert text.startswith("Item-kNN makes the recommendations, chosen on validation questions")
    assert f"markov chain scored higher (NDCG@10 0.200 against 0.100); {said}" in text
    assert "recommends best" not in text


def test_equal_scores_are_not_called_higher():
    models = {"item-knn": model(0.5), "markov-chain": model(0.5)}
    text = finding(models=models, best="markov-chain", chosen="item-knn", comparisons=[])
    assert "higher" not in text
    assert "scored alike (NDCG@10 0.500)" in text


def test_rows_that_repeat_an_act_are_told_apart_from_returns():
    groups = kinds(0.3, 0.04) | {"repeat": {"n": 900, "metrics": {"hr@10": metric(0.9)}}}
    models = {"item-knn": model(0.285, groups)}
    text = finding(models=models, best="item-knn", chosen="item-knn")
    assert "30% of 706 returns" in text
    assert "90% of 900 rows that repeat an act at its very moment" in text
    section = models_section(Artifacts(metrics={"models": models, "best": "item-knn", "chosen": "item-knn"}))
    assert {"of discoveries found", "of returns found"} <= {label for _, label, _ in section.blocks[0].tiles}


def test_a_lead_that_is_only_clear_before_correction_is_no_lead():
    models = {"item-knn": model(0.2), "markov-chain": model(0.19)}
    rows = [compared("item-knn", "markov-chain", 0.01, 0.001, 0.02, 0.2)]
    text = finding(models=models, best="item-knn", chosen="item-knn", comparisons=rows)
    assert "cannot be told apart from markov chain" in text
    assert "ahead" not in text


def test_equal_models_are_seldom_told_apart():
    """Ten models of the same quality, twenty times over: a lead is claimed in few of them."""
    claims = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        values = {f"m{k}": rng.random(200) for k in range(10)}
        names = list(values)
        found = compare_all(np.stack(list(values.values()), axis=1), rng, n_flips=2000)
        best = names[int(np.argmax(found.means))]
        rows = [
            compared(best, name, *vars(bootstrap_mean(values[best] - values[name], rng)).values(), float(p))
            for name, p in zip(names, found.p_values, strict=True)
            if name != best
        ]
        models = {name: model(float(one.mean()) / 2) for name, one in values.items()}
        claims += "clearly ahead" in finding(models=models, best=best, chosen=best, comparisons=rows)
    assert claims <= 2
