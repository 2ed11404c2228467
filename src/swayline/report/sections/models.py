"""Section about the recommender: each model with intervals beside its baselines."""

from collections.abc import Mapping
from typing import Any

from swayline.core.names import METRICS_FILE
from swayline.report import figures
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Panel, Section, Table, Tiles
from swayline.report.sections.evaluation import evaluation_blocks
from swayline.report.wording import words
from swayline.report.wording.naming import METRICS, is_share, metric_words, model_words
from swayline.report.wording.returning import repeats_words
from swayline.report.wording.winner import comparisons, finding, hit_groups, is_clear, named_model, role

_TILES = {"discovery": "discoveries", "return": "returns"}
"""Kinds of answers with a tile: to repeat a row is no feat."""
_PANELS = ("ndcg", "hr", "mrr", "coverage")
"""Metrics with a figure of their own; the others stand in the table."""


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
    best = found["best"] if found.get("best") in models else next(iter(models))
    metrics = _metrics(models)
    primary = next((metric for metric in metrics if metric.startswith("ndcg")), metrics[0])
    title = _title(found, best, primary)
    blocks: list[Any] = [_tiles(found)]
    blocks += [
        _metric_panel(models, metric, best, title if metric == primary else "", primary)
        for metric in [primary, *(one for one in _drawn(metrics) if one != primary)]
    ]
    blocks += [part for part in (_compare_panel(found, best, primary), _learning_panel(models)) if part is not None]
    blocks.append(_cost_table(found, primary))
    blocks += evaluation_blocks(found)
    told = finding(found, primary)
    repeats = repeats_words(run.describe)
    if repeats:
        told += f" {words.capital(repeats)}: naming such an item again is no foresight, the discoveries say more."
    return Section("recommender", "The recommender", _lead(protocol), blocks, told)


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


def _title(found: Mapping[str, Any], best: str, primary: str) -> str:
    """The main figure's title; a lead that chance may have made is told as one."""
    text = f"{words.capital(model_words(best))} is highest: {metric_words(primary)[0]} of " + _shown(
        found["models"][best]["metrics"].get(primary)
    )
    rows = comparisons(found, best, primary)
    if not rows or is_clear(rows[0]):
        return text
    return f"{text}, not told apart from {rows[0]['label']}"


def _tiles(found: Mapping[str, Any]) -> Tiles:
    """The model the page names and what it finds; a hit rate over returns and discoveries together stands nowhere."""
    name = named_model(found)
    one = found["models"][name]
    what = "makes the recommendations" if name == found.get("chosen") else "highest on the test questions"
    tiles = [(model_words(name), what, "chosen on validation questions" if name == found.get("chosen") else "")]
    groups = hit_groups(one)
    tiles += [
        (
            words.percent(group["value"]),
            f"of {_TILES[kind]} found",
            f"of {words.number(group['n'])}; 95% interval "
            + words.between(group.get("ci_low"), group.get("ci_high"), "percent"),
        )
        for kind, group in groups.items()
        if kind in _TILES
    ]
    for metric in _metrics({name: one}):
        figure = one["metrics"][metric]
        mixed = groups and metric.partition("@")[0] in ("hr", "recall")
        if figure.get("value") is None or len(tiles) == 4 or mixed:
            continue
        share = is_share(metric)
        interval = words.between(figure.get("ci_low"), figure.get("ci_high"), "percent" if share else "")
        value = words.percent(figure["value"]) if share else words.number(figure["value"])
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
        title or (f"{name}: {top} is highest" if rows else name),
        figures.model_scores(rows, name, is_share(metric)),
        table,
        f"Dots with 95% intervals: {name} of each model.",
        words.capital(says + ".") if says else "",
        half=metric != primary,
    )


def _compare_panel(found: Mapping[str, Any], best: str, primary: str) -> Panel | None:
    rows = comparisons(found, best, primary)
    if not rows:
        return None
    name = metric_words(primary)[0]
    ahead = sum(map(is_clear, rows))
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
        f"Right of zero: {model_words(best)} does better on the same questions. Clear: the p-value, which allows "
        "for the best being picked on these questions, is at most .05.",
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


def _cost_table(found: Mapping[str, Any], primary: str) -> Table:
    models = found["models"]
    metrics = _metrics(models)
    rows = sorted(models.items(), key=lambda pair: -(pair[1]["metrics"].get(primary, {}).get("value") or 0.0))
    return Table(
        "Every model, with the times it took",
        ("Model", *(metric_words(metric)[0] for metric in metrics), "Fitting", "Ranking"),
        [
            (
                model_words(name) + role(found, name),
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
