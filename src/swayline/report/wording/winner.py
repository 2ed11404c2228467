"""Which model the page names, why, and what it finds: returns and discoveries apart, one winner, ties said."""

from collections.abc import Mapping
from typing import Any

from swayline.report.wording import words
from swayline.report.wording.naming import metric_words, model_words

_LEVEL = 0.05
_KINDS = {
    "discovery": ("discoveries (items new to the person)", "discovery"),
    "return": ("returns to an item", "return"),
    "repeat": ("rows that repeat an act at its very moment", "row that repeats an act at its very moment"),
}


def named_model(found: Mapping[str, Any]) -> str:
    """The model the page is about: the one that makes the recommendations; where none does, the best on the test."""
    models = found["models"]
    for name in (found.get("chosen"), found.get("best")):
        if name in models:
            return str(name)
    return str(next(iter(models)))


def role(found: Mapping[str, Any], name: str) -> str:
    """What a table says beside a model's name, or nothing.

    >>> both = {"models": {"a": 1, "b": 1}, "chosen": "a", "best": "b"}
    >>> role(both, "a"), role(both, "b"), role({"models": {"a": 1}, "best": "a"}, "a")
    (' (recommends)', ' (highest on the test)', ' (highest on the test)')
    """
    if name == found.get("chosen"):
        return " (recommends)"
    return " (highest on the test)" if name == found.get("best") else ""


def finding(found: Mapping[str, Any], primary: str) -> str:
    """What the top of the page says of the recommender: who recommends and why, what it finds, how sure its lead is."""
    name = named_model(found)
    chosen = name == found.get("chosen")
    opening = f"{words.capital(model_words(name))} " + (
        f"makes the recommendations, chosen on validation questions: {_hits(found, name)}"
        if chosen
        else f"is highest on the test questions by {metric_words(primary)[0]}: {_hits(found, name)}"
    )
    return f"{opening}. {_lead(found, name, primary)}".strip()


def hit_groups(one: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """``discovery``, ``return`` and ``repeat`` → number of questions and hit rate, where a model has them apart."""
    groups = (one.get("groups") or {}).get("answer") or {}
    found: dict[str, Mapping[str, Any]] = {}
    for kind in _KINDS:
        metrics: Mapping[str, Any] = (groups.get(kind) or {}).get("metrics") or {}
        hit = next((value for metric, value in metrics.items() if metric.startswith("hr@")), None)
        if hit is not None and hit.get("value") is not None:
            found[kind] = {"n": int(groups[kind]["n"]), **hit}
    return found


def share_words(one: Mapping[str, Any], kind: str) -> str:
    """A hit rate of one kind of question.

    >>> share_words({"n": 375, "value": 0.0, "ci_low": 0.0, "ci_high": 0.0098}, "discovery")
    '0% of 375 discoveries (items new to the person; 0% to 0.98%)'
    """
    what = _KINDS[kind][0] if one["n"] != 1 else _KINDS[kind][1]
    interval = words.between(one.get("ci_low"), one.get("ci_high"), "percent")
    told = f"{words.percent(one['value'])} of {words.number(one['n'])} {what}"
    if not interval:
        return told
    return f"{told[:-1]}; {interval})" if told.endswith(")") else f"{told} ({interval})"


def _hits(found: Mapping[str, Any], name: str) -> str:
    one, protocol = found["models"][name], found.get("protocol") or {}
    metric = next((metric for metric in one["metrics"] if metric.startswith("hr@")), None)
    if metric is None or one["metrics"][metric].get("value") is None:
        nothing: tuple[str, Mapping[str, Any]] = ("hr@10", {})
        metric, figure = next(iter(one["metrics"].items()), nothing)
        return f"{metric_words(metric)[0]} {words.number(figure.get('value'))}"
    k = metric.partition("@")[2]
    groups = hit_groups(one)
    if groups:
        parts = [share_words(group, kind) for kind, group in groups.items()]
        if set(groups) & {"return", "repeat"} and protocol.get("exclude_seen"):
            parts[-1] += ", where every return is a miss since seen items are left out"
        return f"its first {k} hold what came next in {words.listed(parts)}"
    whole = one["metrics"][metric]
    interval = words.between(whole.get("ci_low"), whole.get("ci_high"), "percent")
    asked = protocol.get("n_questions")
    return (
        f"its first {k} hold what the person did next in {words.percent(whole['value'])} of "
        f"{words.number(asked) + ' ' if asked else ''}questions" + (f" ({interval})" if interval else "")
    )


def _lead(found: Mapping[str, Any], name: str, primary: str) -> str:
    """Whether the named model also leads on the test, and how sure that is."""
    best = str(found.get("best") or name)
    metric = metric_words(primary)[0]
    if best in found["models"] and best != name:
        row = next((one for one in comparisons(found, best, primary) if one["model"] == name), None)
        values = [words.number(found["models"][each]["metrics"][primary]["value"]) for each in (best, name)]
        clear = row is not None and is_clear(row)
        how = "the difference is clear" if clear else "the difference cannot be told from chance"
        if row is None:
            how = "the two were not compared question by question"
        if values[0] == values[1]:
            return f"On the test questions {model_words(best)} scored alike ({metric} {values[0]})."
        higher = f"{model_words(best)} scored higher ({metric} {values[0]} against {values[1]})"
        return f"On the test questions {higher}; {how}."
    rows = comparisons(found, name, primary)
    if not rows:
        return ""
    ties = [one["label"] for one in rows if not is_clear(one)]
    if not ties:
        return (
            f"By {metric} it is clearly ahead of every other model on the test questions; next is {rows[0]['label']}."
        )
    shown = words.listed(ties[:3]) if len(ties) <= 3 else f"{words.listed(ties[:2])} and {len(ties) - 2} others"
    return f"By {metric} it cannot be told apart from {shown} on the test questions."


def is_clear(row: Mapping[str, Any]) -> bool:
    """Whether a lead can be told from chance: by the p-value, which allows for all models, else by the interval."""
    if row.get("p_value") is not None:
        return bool(row["p_value"] <= _LEVEL)
    return row["ci_low"] is not None and row["ci_low"] > 0


def comparisons(found: Mapping[str, Any], best: str, primary: str) -> list[dict[str, Any]]:
    """One model minus each other it was compared with, whichever way round that was written; nearest first."""
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
                "model": other,
                "kind": "difference",
                "estimate": sign * one["difference"],
                "ci_low": low,
                "ci_high": high,
                "p_value": one.get("p_value"),
                "unit": "",
            }
        )
    return sorted(rows, key=lambda one: one["estimate"])
