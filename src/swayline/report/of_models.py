"""Section about the recommender: each model with intervals beside its baselines."""

from collections.abc import Mapping
from typing import Any

from swayline.core.names import METRICS_FILE
from swayline.report import figures, words
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table, Tiles
from swayline.report.naming import METRICS, is_share, metric_words, model_words
from swayline.report.of_evaluation import evaluation_blocks

_PANELS = ("ndcg", "hr", "mrr", "coverage")
"""Metrics with a figure of their own; the others stand in the table."""
_ALPHA = 0.05


def _metrics(models: Mapping[str, Any]) -> list[str]:
    """The metrics to show, best known first; recall is left out where it is the hit rate (one answer a question)."""
    names = dict.fromkeys(
        metric for one in models.values() for metric in one["metrics"] if metric.partition("@")[0] in METRICS
    )
    doubled = [
        name
        for name in names
        if name.startswith("recall")
        and all(
            one["metrics"].get(name) == one["metrics"].get("hr" + name.removeprefix("recall"))
            for one in models.values()
        )
    ]
    order = [*METRICS]
    kept = [name for name in names if name not in doubled]
    return sorted(
        kept, key=lambda name: order.index(name.partition("@")[0]) if name.partition("@")[0] in order else len(order)
    )


def models_section(run: Artifacts) -> Section:
    """The recommender beside its baselines."""
    found = run.metrics
    if found is None:
        return Section("recommender", "The recommender", "", [Missing(run.why_missing(METRICS_FILE))])
    models, protocol = found.get("models") or {}, found.get("protocol") or {}
    if not models:
        return Section(
            "recommender",
            "The recommender",
            "",
            [
                Note(
                    "No question could be asked of this log, so no model was compared: people need at least two "
                    "events on items."
                )
            ],
        )
    best = found.get("best") or next(iter(models))
    metrics = _metrics(models)
    primary = next((metric for metric in metrics if metric.startswith("ndcg")), metrics[0])
    title, finding = _verdict(found, best, primary)
    blocks: list[Any] = [_tiles(models[best], best, protocol, primary)]
    blocks += [
        _metric_panel(models, metric, best, title if metric == primary else "", primary)
        for metric in [primary, *(one for one in _drawn(metrics) if one != primary)]
    ]
    blocks += [part for part in (_compare_panel(found, best, primary), _learning_panel(models)) if part is not None]
    blocks.append(_cost_table(models, best, primary))
    blocks += evaluation_blocks(found)
    if found.get("chosen") and found["chosen"] != best:
        blocks.append(
            Note(
                f"{words.capital(model_words(found['chosen']))} was chosen on validation questions and makes the "
                f"recommendations; {model_words(best)} came out ahead on the test questions."
            )
        )
    return Section("recommender", "The recommender", _lead(protocol), blocks, finding)


def _drawn(metrics: list[str]) -> list[str]:
    """The metrics with a figure: one of each of the known kinds."""
    kinds: dict[str, str] = {}
    for name in metrics:
        kinds.setdefault(name.partition("@")[0], name)
    return [kinds[kind] for kind in _PANELS if kind in kinds]


def _lead(protocol: Mapping[str, Any]) -> str:
    if not protocol:
        return "How well each model finds what people did next."
    split = {
        "last-out": "each person's last event is hidden and asked for",
        "time": "everything after a date is hidden and asked for",
    }
    seen = (
        "; items the person had already seen are left out"
        if protocol.get("exclude_seen")
        else "; items the person had already seen stay in, since people come back to them"
    )
    return (
        f"{words.capital(split.get(protocol.get('split', ''), 'later events are hidden and asked for'))}: "
        f"{words.number(protocol.get('n_questions'))} questions, "
        f"{protocol.get('candidates', 'all items')} ranked each time ({words.number(protocol.get('n_items'))}){seen}."
    )


def _shown(one: Mapping[str, Any] | None) -> str:
    if not one or one.get("value") is None:
        return "–"
    return words.estimate(one["value"], one.get("ci_low"), one.get("ci_high"), "", sign=False)


def _verdict(found: Mapping[str, Any], best: str, primary: str) -> tuple[str, str]:
    """(title of the main figure, the finding for the top of the page)."""
    models = found["models"]
    value = _shown(models[best]["metrics"].get(primary))
    name = words.capital(model_words(best))
    title = f"{name} ranks best: {metric_words(primary)[0]} of {value}"
    rows = _comparisons(found, best, primary)
    hit = next((metric for metric in models[best]["metrics"] if metric.startswith("hr@")), None)
    finding = f"{title}."
    if hit is not None:
        one = models[best]["metrics"][hit]
        interval = words.between(one.get("ci_low"), one.get("ci_high"), "percent")
        finding = (
            f"{name} recommends best: its first {hit.partition('@')[2]} hold what the person did next in "
            f"{words.percent(one['value'])} of cases" + (f" ({interval})." if interval else ".")
        )
    if not rows:
        return title, finding
    nearest = min(rows, key=lambda one: one["estimate"])
    equals = [one["label"] for one in rows if one["p_value"] is None or one["p_value"] > _ALPHA]
    if not equals:
        return title, f"{finding} It is clearly ahead of every other model; the nearest is {nearest['label']}."
    leads = f"{name} has the highest {metric_words(primary)[0]} ({value}), not distinguishable from {equals[0]}"
    leads += f" and {len(equals) - 1} more" if len(equals) > 1 else ""
    return leads, f"{finding} It is not distinguishable from: {', '.join(equals)}."


def _comparisons(found: Mapping[str, Any], best: str, primary: str) -> list[dict[str, Any]]:
    """Best minus each other model, whichever way round it was written."""
    rows = []
    for one in found.get("comparisons") or []:
        if one["metric"] != primary or best not in (one["model"], one["baseline"]):
            continue
        sign = 1 if one["model"] == best else -1
        ends = [None if one.get(end) is None else sign * one[end] for end in ("ci_low", "ci_high")]
        low, high = ends if sign == 1 else ends[::-1]
        other = one["baseline"] if sign == 1 else one["model"]
        rows.append(
            {
                "label": model_words(other),
                "kind": "difference",
                "estimate": sign * one["difference"],
                "ci_low": low,
                "ci_high": high,
                "p_value": one.get("p_value"),
                "unit": "",
            }
        )
    return sorted(rows, key=lambda one: one["estimate"])


def _tiles(best: Mapping[str, Any], name: str, protocol: Mapping[str, Any], primary: str) -> Tiles:
    tiles = [(model_words(name), "best model", f"of the models compared, by {metric_words(primary)[0]}")]
    for metric in _metrics({name: best}):
        one = best["metrics"][metric]
        if one.get("value") is None or len(tiles) == 4:
            continue
        share = is_share(metric)
        form = "percent" if share else ""
        interval = words.between(one.get("ci_low"), one.get("ci_high"), form)
        value = words.percent(one["value"]) if share else words.number(one["value"])
        tiles.append(
            (value, metric_words(metric)[0], f"95% interval {interval}" if interval else metric_words(metric)[1])
        )
    return Tiles(tiles)


def _metric_panel(models: Mapping[str, Any], metric: str, best: str, title: str, primary: str) -> Panel:
    name, says = metric_words(metric)
    rows = [
        {
            "label": model_words(model),
            "best": model == best,
            **dict.fromkeys(("ci_low", "ci_high")),
            **one["metrics"][metric],
        }
        for model, one in models.items()
        if one["metrics"].get(metric, {}).get("value") is not None
    ]
    rows.sort(key=lambda one: -one["value"])
    top = rows[0]["label"] if rows else ""
    table = Table(
        f"{name} of each model",
        ("Model", name, "95% interval"),
        [
            (
                one["label"],
                words.percent(one["value"]) if is_share(metric) else words.number(one["value"]),
                words.between(one["ci_low"], one["ci_high"], "percent" if is_share(metric) else "") or "not given",
            )
            for one in rows
        ],
        frozenset({1, 2}),
    )
    return Panel(
        f"metric-{metric.replace('@', '-').replace('_', '-')}",
        title or f"{name}: {top} leads" if rows else name,
        figures.model_scores(rows, name, is_share(metric)),
        table,
        f"Dots with 95% intervals: {name} of each model.",
        words.capital(says + ".") if says else "",
        half=metric != primary,
    )


def _compare_panel(found: Mapping[str, Any], best: str, primary: str) -> Panel | None:
    rows = _comparisons(found, best, primary)
    if not rows:
        return None
    name = metric_words(primary)[0]
    ahead = sum(one["ci_low"] is not None and one["ci_low"] > 0 for one in rows)
    table = Table(
        f"{name} of {model_words(best)} minus each other model, on the same questions",
        ("Against", "Difference", "95% interval", "p-value"),
        [
            (
                one["label"],
                words.signed(one["estimate"], "").strip(),
                words.between(one["ci_low"], one["ci_high"]),
                words.p_value(one["p_value"]),
            )
            for one in rows
        ],
        frozenset({1, 2, 3}),
    )
    return Panel(
        "compared",
        f"{words.capital(model_words(best))} is clearly ahead of {ahead} of {len(rows)} other models, question by "
        "question",
        figures.forest(rows, f"difference in {name} ({model_words(best)} minus the other)"),
        table,
        "Dots with 95% intervals of the paired difference to each other model, which hold for all pairs at once.",
        "Right of zero: the best model does better on the same questions.",
        half=True,
    )


def _learning_panel(models: Mapping[str, Any]) -> Panel | None:
    for name, one in models.items():
        history = [step for step in one.get("history") or [] if step.get("ndcg") is not None]
        if len(history) >= 2:
            best = max(history, key=lambda step: step["ndcg"])
            table = Table(
                f"Training of {model_words(name)}",
                ("Pass", "Loss", "Validation NDCG", "Seconds", "Samples a second"),
                [
                    (
                        words.number(step["epoch"]),
                        words.number(step.get("loss")),
                        words.number(step["ndcg"]),
                        words.number(step.get("seconds")),
                        words.number(step.get("samples_per_s")),
                    )
                    for step in history
                ],
                frozenset(range(5)),
            )
            return Panel(
                "learning",
                f"{words.capital(model_words(name))} was best after {words.number(best['epoch'])} of {len(history)} "
                "passes",
                figures.learning_curve(history),
                table,
                "A line of validation NDCG after each pass over the data.",
                "Training stops when validation no longer improves; the best pass is kept.",
                half=True,
            )
    return None


def _cost_table(models: Mapping[str, Any], best: str, primary: str) -> Table:
    metrics = _metrics(models)
    rows = sorted(models.items(), key=lambda pair: -(pair[1]["metrics"].get(primary, {}).get("value") or 0.0))
    return Table(
        "Every model, with the times it took",
        ("Model", *(metric_words(metric)[0] for metric in metrics), "Fitting", "Ranking"),
        [
            (
                model_words(name) + (" (best)" if name == best else ""),
                *(_bare(metric, one["metrics"].get(metric)) for metric in metrics),
                words.seconds(one.get("fit_s")),
                words.seconds(one.get("score_s")),
            )
            for name, one in rows
        ],
        frozenset(range(1, len(metrics) + 3)),
    )


def _bare(metric: str, one: Mapping[str, Any] | None) -> str:
    """A metric without its interval, which stands under the metric's own figure."""
    if not one or one.get("value") is None:
        return "–"
    return words.percent(one["value"]) if is_share(metric) else words.number(one["value"])
