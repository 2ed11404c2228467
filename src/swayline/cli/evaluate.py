"""``swayline evaluate``: how well models predict what came next."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from swayline.cli.shared import options
from swayline.cli.shared.groups import Ending
from swayline.cli.shared.models import list_models
from swayline.cli.shared.output import json_path, show
from swayline.cli.shared.reading import EventsArgument, ItemsAndUsers, Said, read, reads
from swayline.core.errors import UsageError, nearest


@dataclass(frozen=True)
class Questions:
    """Which models are asked what, and how the log is split for it."""

    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="Which model (transformer); again for each to compare; list says what each is for."
        ),
    ] = None
    split: Annotated[str, typer.Option("--split", help="last-out, time, rolling or k-fold (of users).")] = "last-out"
    cut: Annotated[
        str | None,
        typer.Option(
            "--cut",
            help="For time and rolling: a date, or the share of events before the (first) test (0.9; rolling 0.7).",
            show_default=False,
        ),
    ] = None
    folds: Annotated[int, typer.Option("--folds", min=2, max=50, help="How many, for rolling and k-fold.")] = 3
    target: Annotated[str, typer.Option("--target", help="What is predicted: item, behavior, category or value.")] = (
        "item"
    )
    segment: Annotated[
        str | None,
        typer.Option("--segment", help="A column of the users table to tell groups by.", show_default=False),
    ] = None
    k: options.K = 10
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            help="Refit without it and say what is lost: behavior=NAME, category=NAME, older=30d, column=NAME or "
            "relation=NAME (of --graph; * for all); again for more.",
            show_default=False,
        ),
    ] = None
    misses: Annotated[
        bool, typer.Option("--misses", help="Where each model misses, and which past events held answers back.")
    ] = False


@dataclass(frozen=True)
class Worth:
    """What another policy would have been worth, on a log with propensities."""

    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            help="Value a policy from a log with propensities: uniform, best, or a table of item, probability.",
            show_default=False,
        ),
    ] = None
    outcome: Annotated[
        str | None,
        typer.Option(
            "--outcome", help="With --policy: the behaviour to gain; by default the rows' value.", show_default=False
        ),
    ] = None
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger", help="With --policy or --without: write rows of the influence table here.", show_default=False
        ),
    ] = None


@reads("items", "users", "graph")
def evaluate(
    events: EventsArgument,
    asked: Questions = Questions(),
    worth: Worth = Worth(),
    out: Annotated[Path, typer.Option("--out", callback=json_path, help="JSON to write.")] = Path("metrics.json"),
    sides: ItemsAndUsers = ItemsAndUsers(),
    seed: options.Seed = 0,
    ending: Ending = Ending(),
    *,
    reading: Said,
) -> None:
    """Split, fit, rank everything for every question, and write metrics with intervals."""
    from swayline.core.storage.files import write_json
    from swayline.core.storage.outputs import claim_file, note_output
    from swayline.engine import DuckEngine
    from swayline.evaluation import Plan, evaluate_models, evaluate_values, misses_of_models
    from swayline.models import names as model_names
    from swayline.models import value_model_names

    if asked.model == ["list"]:
        list_models(ending.json)
        return
    if worth.policy is not None:
        claim_file(out, "evaluate", (events, *vars(sides).values()), ending.force)
        _value_policy(events, worth, out, sides, seed, ending, reading)
        return
    if asked.without:
        _without(events, asked, worth, out, sides, seed, ending, reading)
        return
    if worth != Worth():
        raise UsageError("--outcome and --ledger belong to --policy here: say --policy too")
    of_value = asked.target == "value"
    known = value_model_names() if of_value else model_names()
    names = list(dict.fromkeys(asked.model or (known if of_value else ["transformer"])))
    for name in names:
        if name not in known:
            unable = "predicts no values" if of_value else "is unknown"
            raise UsageError(f"model {name!r} {unable}: {nearest(name, known)}")
    claim_file(out, "evaluate", (events, *vars(sides).values()), ending.force)
    plan = Plan(asked.split, asked.cut, asked.folds, asked.k, asked.target, asked.segment, seed)
    with DuckEngine() as engine:
        log = read(events, reading, engine, **vars(sides))
        result = (evaluate_values if of_value else evaluate_models)(engine, log, names, plan)
        if asked.misses:
            result["misses"] = misses_of_models(engine, log, names, plan)
    write_json(out, result)
    note_output(out, "evaluate")
    show(ending.json, result, [*_in_words(result), f"written: {out}"])


def _without(
    events: str, asked: Questions, worth: Worth, out: Path, sides: ItemsAndUsers, seed: int, ending: Ending,
    reading: Said,
) -> None:  # fmt: skip
    """What a model loses without some things."""
    from swayline.core.storage.files import write_json
    from swayline.core.storage.outputs import claim_file, note_output
    from swayline.engine import DuckEngine
    from swayline.evaluation import Plan, parse_left, quality_without
    from swayline.ledger import write_ledger

    if asked.target != "item" or asked.misses or worth.outcome is not None or len(asked.model or ()) > 1:
        raise UsageError("--without asks one model about items: leave out --target, --misses, --outcome and others")
    left = [parse_left(one) for one in asked.without or ()]
    name = asked.model[0] if asked.model else "transformer"
    for path in (out, *([] if worth.ledger is None else [worth.ledger])):
        claim_file(path, "evaluate", (events, *vars(sides).values()), ending.force)
    plan = Plan(asked.split, asked.cut, asked.folds, asked.k, seed=seed)
    with DuckEngine() as engine:
        table = quality_without(engine, read(events, reading, engine, **vars(sides)), name, left, plan)
    rows = [{key: value for key, value in row.items() if value is not None} for row in table.to_pylist()]
    write_json(out, {"model": name, "without": rows})
    note_output(out, "evaluate")
    if worth.ledger is not None:
        write_ledger(table, worth.ledger, "evaluate")
    lines = [
        f"{name} without {row['cause_kind']} {row['cause']}: loses {row['estimate']:+.4f} {row['unit']}"
        + (f"  [{row['ci_low']:+.4f}, {row['ci_high']:+.4f}]" if "ci_low" in row else "")
        for row in rows
    ]
    show(ending.json, {"model": name, "without": rows}, [*lines, f"written: {out}"])


def _value_policy(
    events: str, worth: Worth, out: Path, sides: ItemsAndUsers, seed: int, ending: Ending, reading: Said
) -> None:
    """Value a policy by every estimator."""
    from swayline.core.storage.files import write_json
    from swayline.core.storage.outputs import claim_file, note_output
    from swayline.engine import DuckEngine
    from swayline.evaluation.off_policy import choices_from_log, named_policy, policy_rows, value_of_policy
    from swayline.ledger import ledger, write_ledger

    assert worth.policy is not None
    if worth.ledger is not None:
        claim_file(worth.ledger, "evaluate", (events, *vars(sides).values()), ending.force)
    with DuckEngine() as engine:
        choices = choices_from_log(read(events, reading, engine, **vars(sides)), worth.outcome, seed)
    values = value_of_policy(choices, named_policy(choices, worth.policy))
    result = values.as_json() | {"policy": worth.policy, "outcome": choices.outcome, "unit": choices.unit}
    write_json(out, result)
    note_output(out, "evaluate")
    if worth.ledger is not None:
        rows = policy_rows(values, worth.policy, choices.outcome, choices.unit)
        write_ledger(ledger(rows), worth.ledger, "evaluate")
    lines = [f"policy {worth.policy} on {values.n:,} choices of the log, outcome {choices.outcome}", *values.in_words()]
    show(ending.json, result, [*lines, f"written: {out}"])


def _in_words(result: dict[str, Any]) -> list[str]:
    from swayline.models import values_line

    told = result["protocol"]
    lines = []
    for name, one in result["models"].items():
        ranked = f", all {told['n_items']:,} candidates ranked" if "n_items" in told else ""
        lines.append(f"{name} on {told['n_questions']:,} questions{ranked}")
        lines += [f"  {line}" for line in values_line(name, one.get("values"))]
        lines += [f"  {metric:<22} {_number(value)}" for metric, value in (one["metrics"] | one["measures"]).items()]
        if "groups" in one:
            lines += _apart(one["groups"]["answer"], told["n_questions"])
    for row in result["comparisons"]:
        lines.append(
            f"{row['model']} over {row['baseline']}: {row['metric']} {row['difference']:+.4f}"
            f"{_between(row)}  p {row['p_value']:.4f}"
        )
    for name, one in result.get("misses", {}).items():
        lines += _missed(name, one)
    if result["comparisons"]:
        others = ", ".join(result["not_distinguishable"])
        lines.append(
            f"best: {result['best']}, " + (f"not distinguishable from: {others}" if others else "ahead of every other")
        )
    return lines


def _missed(name: str, one: dict[str, Any]) -> list[str]:
    """Where a model misses most, and what held answers back."""
    lines = [f"{name} misses {one['missed']:.1%} of {one['n']:,} answers (not among the first {one['k']})"]
    for by in dict.fromkeys(row["by"] for row in one["segments"]):
        parts = [f"{row['segment']} {row['missed']:.1%} of {row['n']:,}" for row in one["segments"] if row["by"] == by]
        lines.append(f"  by {by}: {', '.join(parts)}")
    if one["held_back"]:
        lines.append(f"  one past event held back {one['held_back_share']:.1%} of {one['explained']:,} missed answers")
        for by in dict.fromkeys(row["by"] for row in one["held_back"]):
            parts = [f"{row['what']} {row['share']:.1%}" for row in one["held_back"] if row["by"] == by]
            lines.append(f"    by {by}: {', '.join(parts)}")
    return lines


def _apart(answers: dict[str, Any], n_questions: int) -> list[str]:
    """Answers that the user already had, and answers new to them, each on lines of its own."""
    lines = []
    for kind, plural in (("return", "returns"), ("discovery", "discoveries")):
        one = answers.get(kind, {"n": 0, "metrics": {}})
        lines.append(f"  {plural}: {one['n']:,} of {n_questions:,} ({one['n'] / n_questions:.1%})")
        lines += [f"    {metric:<20} {_number(value)}" for metric, value in one["metrics"].items()]
    return lines


def _between(row: dict[str, Any]) -> str:
    return "" if row["ci_low"] is None else f"  [{row['ci_low']:+.4f}, {row['ci_high']:+.4f}]"


def _number(one: dict[str, float | None]) -> str:
    if one["value"] is None:
        return "none"
    if one["ci_low"] is None:
        return f"{one['value']:.4f}"
    return f"{one['value']:.4f}  [{one['ci_low']:.4f}, {one['ci_high']:.4f}]"
