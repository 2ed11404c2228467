"""Blocks about the recommender beyond its ranking: what its lists are like, how sure it is, whom it serves."""

import re
from collections.abc import Mapping
from typing import Any

from swayline.report.blocks import Table
from swayline.report.wording import words
from swayline.report.wording.naming import metric_words, model_words
from swayline.report.wording.winner import named_model, role

_BEYOND = {
    "diversity": "Diversity", "category_coverage": "Categories shown", "novelty": "Novelty, bits",
    "popularity": "Popularity, events", "gini": "Gini of exposure", "auc": "AUC", "log_loss": "Log-loss",
    "calibration_error": "Calibration error",
}  # fmt: skip
_KINDS = {
    "activity": "How active the person is", "popularity": "How popular the true next item is",
    "answer": "Return or discovery", "behavior": "What the person did next",
}  # fmt: skip
_GROUP_METRICS = ("ndcg", "hr", "mrr")


def evaluation_blocks(found: Mapping[str, Any]) -> list[Table]:
    """Tables from ``metrics.json``: every model's lists, and the named model's quality for each group of questions."""
    models = found.get("models") or {}
    if not models:
        return []
    named = named_model(found)
    tables = [_beyond(found)]
    for kind, groups in (models[named].get("groups") or {}).items():
        if len(groups) > 1:
            about = _of_returns(groups, found.get("protocol") or {}) if kind == "answer" else ""
            tables.append(_of_groups(kind, groups, named, about))
    return [table for table in tables if table.rows]


def _beyond(found: Mapping[str, Any]) -> Table:
    models = found["models"]
    figures = {name: {**one["metrics"], **(one.get("measures") or {})} for name, one in models.items()}
    shown = [
        (metric, words_of)
        for metric, words_of in _BEYOND.items()
        if any(metric == name.partition("@")[0] for one in figures.values() for name in one)
    ]
    rows = [
        (model_words(name) + role(found, name), *(_figure(one, metric) for metric, _ in shown))
        for name, one in figures.items()
    ]
    head = ("Model", *(words_of for _, words_of in shown))
    return Table(
        "What each model shows, and how sure it is", head, rows if shown else [], frozenset(range(1, len(head)))
    )


def _figure(one: Mapping[str, Any], metric: str) -> str:
    value = next((value["value"] for name, value in one.items() if name.partition("@")[0] == metric), None)
    return "–" if value is None else words.number(value)


def _of_returns(groups: Mapping[str, Any], protocol: Mapping[str, Any]) -> str:
    """How many answers are returns, and what becomes of them."""
    share = groups.get("return", {}).get("n", 0) / max(1, sum(one["n"] for one in groups.values()))
    again = groups.get("repeat", {}).get("n", 0)
    told = f": {words.percent(share)} of answers are returns"
    if again:
        told += f", {words.number(again)} repeat a row at its very moment"
    return told + (", a miss each since seen items are left out" if protocol.get("exclude_seen") else "")


def _of_groups(kind: str, groups: Mapping[str, Any], best: str, about: str = "") -> Table:
    names = next(iter(groups.values()))["metrics"]
    metrics = [name for one in _GROUP_METRICS for name in names if name.partition("@")[0] == one]
    rows = [
        (
            words.label(label, 60),
            words.number(one["n"]),
            *(_with_interval(one["metrics"].get(metric) or {}) for metric in metrics),
        )
        for label, one in sorted(groups.items(), key=lambda group: _place(group[0]))
    ]
    head = (_KINDS.get(kind, words.label(kind, 40)), "Questions", *(metric_words(metric)[0] for metric in metrics))
    caption = f"{words.capital(model_words(best))}, by {_KINDS.get(kind, words.label(kind, 40)).lower()}{about}"
    return Table(caption, head, rows, frozenset(range(1, len(head))))


def _place(label: str) -> tuple[float, str]:
    """Groups that begin with a number stand by it, then all others by name.

    >>> sorted(["5-9 events", "rare", "10-19 events"], key=_place)
    ['5-9 events', '10-19 events', 'rare']
    """
    number = re.match(r"\d+", label)
    return (float(number[0]) if number else float("inf"), label)


def _with_interval(one: Mapping[str, Any]) -> str:
    if one.get("value") is None:
        return "–"
    return words.estimate(one["value"], one.get("ci_low"), one.get("ci_high"), "", sign=False)
