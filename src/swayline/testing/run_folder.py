"""A small run folder made by hand, for tests of the pages that read one: every artifact, nothing trained."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.names import (
    DESCRIBE_FILE,
    EVOLUTION_FOLDER,
    EXAMPLES_FILE,
    FLAGS_FILE,
    INFLUENCE_FILE,
    METRICS_FILE,
    PROFILES_FOLDER,
    QUALITY_FILE,
    RECOMMENDATIONS_FILE,
    REJECTED_FILE,
    RUN_FILE,
    TRUST_FOLDER,
)
from swayline.core.run_folder.registry import FAIRNESS_FILE, FRAUD_FILE, TRUST_FILE
from swayline.core.storage.files import write_json
from swayline.dataset import with_categories
from swayline.engine import DuckEngine
from swayline.events import EventLog, ReadOptions
from swayline.events.summary.describe import describe
from swayline.evolution import evolve_log
from swayline.features.bots import FLAGS, BotFlags
from swayline.features.column_quality import column_quality
from swayline.features.profiles import build_profiles
from swayline.ledger import (
    AssociationRow,
    EffectRow,
    Figure,
    ModelRow,
    Row,
    event_id,
    ledger,
    recommendation_id,
    write_ledger,
)
from swayline.trust.fairness import FAIRNESS

HOSTILE = (
    "</script><script>alert(1)</script>",
    "{{7*7}}",
    "<img src=x onerror=alert(1)>",
    "a\u202eb",
    "'\"--",
    "<b>bold</b>",
)
"""Ids and titles that must come out as the text they are."""


def tiny_log(behaviors: Sequence[str] = ("view", "cart", "purchase"), ordered: bool = False) -> EventLog:
    """Twelve people who go through the behaviours, one behind the other, every few hours."""
    start, rows = datetime(2026, 1, 5, 9, tzinfo=UTC), []
    for user in range(12):
        for step in range(3 + user):
            item = HOSTILE[(user * step) % len(HOSTILE)]
            behavior = behaviors[min(step % (len(behaviors) + user % 2), len(behaviors) - 1)]
            rows.append(
                (f"u{user}{HOSTILE[0] if user == 0 else ''}", item, behavior, start + timedelta(hours=5 * step + user))
            )
    users, items, acts, times = zip(*rows, strict=True)
    events = pa.table(
        {
            "row": pa.array(range(1, len(rows) + 1), pa.int64()),
            "user": users,
            "item": items,
            "behavior": acts,
            "category": [HOSTILE[5] if item == HOSTILE[0] else "lamps" for item in items],
            "time": pa.array([None] * len(rows) if ordered else list(times), pa.timestamp("us", tz="UTC")),
        }
    )
    titles = pa.table({"item": list(HOSTILE), "title": [f"{title} lamp" for title in HOSTILE]})
    rejected = pa.table(
        {
            "file": ["events.csv"] * 2,
            "row": [7, 9],
            "column": ["time"] * 2,
            "value": [HOSTILE[0], "soon"],
            "reason": ["is no time"] * 2,
        }
    )
    return EventLog(events, rejected, len(rows) + 3, 1, ReadOptions(ordered=ordered), items=titles)


def write_run_folder(
    folder: Path, behaviors: Sequence[str] = ("view", "cart", "purchase"), *, effects: bool = False
) -> None:
    """Write every artifact that a report is made from; the last behaviour is the outcome.

    Parameters
    ----------
    effects : bool
        Whether the ledger holds effects and ties beside associations.
    """
    log, outcome = tiny_log(behaviors), behaviors[-1]
    with DuckEngine() as engine:
        write_json(folder / DESCRIBE_FILE, describe(engine, with_categories(log), outcome))
        flags = BotFlags(_flags(), 12)
        build_profiles(engine, log, outcome, flags, segments=2).save(folder / PROFILES_FOLDER)
    evolve_log(log, quick=True).save(folder / EVOLUTION_FOLDER)
    pq.write_table(flags.table, folder / FLAGS_FILE)
    write_json(folder / QUALITY_FILE, _quality(log))
    pq.write_table(log.rejected, folder / REJECTED_FILE)
    write_json(folder / METRICS_FILE, _metrics())
    _trust(folder)
    rows = [row for behavior in behaviors[:-1] for row in _behavior_rows(behavior, outcome, effects)]
    write_ledger(ledger([*rows, *(_ties() if effects else ())]), folder / INFLUENCE_FILE)
    names = [(f"u{user}", item) for user in range(10) for item in HOSTILE]
    recommended = {
        "user": [user for user, _ in names],
        "item": [item for _, item in names],
        "rank": [*range(1, 7)] * 10,
    }
    recommended |= {"score": [1.0] * len(names), "reason": ["because"] * len(names)}
    pq.write_table(pa.table(recommended), folder / RECOMMENDATIONS_FILE)
    write_json(folder / EXAMPLES_FILE, [_person(user, behaviors) for user in range(10)])
    write_json(folder / RUN_FILE, _run(outcome))


def _flags() -> pa.Table:
    """One person with two flags."""
    about = {"user": f"u0{HOSTILE[0]}", "value": 120.0, "limit": 90.0, "events": 3}
    return pa.Table.from_pylist(
        [
            about | {"reason": "impossible rate", "explanation": "120 acts within a minute; more than 90 are flagged"},
            about | {"reason": "no sleep", "explanation": "3 acts over 50 hours without a pause of 4 hours"},
        ],
        schema=FLAGS,
    )


def _trust(folder: Path) -> None:
    """One person and one item flagged; two groups that differ, one of too few."""
    (folder / TRUST_FOLDER).mkdir(exist_ok=True)
    found = {
        "kind": ["user", "item"],
        "id": [f"u0{HOSTILE[0]}", HOSTILE[2]],
        "score": [0.9, 0.8],
        "flagged": [True] * 2,
    }
    pq.write_table(pa.table(found | {"reason": [f"met {HOSTILE[0]}"] * 2}), folder / FRAUD_FILE)
    told = {"measure": "ndcg@10", "by": HOSTILE[5], "told": "measured", "value": 0.2, "ci_low": 0.1, "ci_high": 0.3}
    rows = [
        told | {"group": "left", "n": 40}, told | {"group": HOSTILE[0], "n": 50},
        told | {"group": "rare", "n": 3, "told": "too few to tell", "value": None, "ci_low": None, "ci_high": None},
        told | {"measure": "ndcg@10_gap", "group": "left over right", "n": 90, "told": "differs", "p_value": 0.001,
                "q_value": 0.002},
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, FAIRNESS), folder / FAIRNESS_FILE)
    quality = {"model": "item-knn", "n": 12, "value": 0.2, "ci_low": 0.1, "ci_high": 0.3}
    quality |= {f"{key}_without": quality[key] for key in ("n", "value", "ci_low", "ci_high")}
    write_json(folder / TRUST_FILE, {
        "k": 10, "model": "item-knn", "audited": False, "people": 12, "items": 6, "unjudged": 4, "people_flagged": 1,
        "items_flagged": 1, "events": 100, "events_of_flagged": 3, "fraud_notes": [f"No ties {HOSTILE[0]}."],
        "shown": {"lists": 9, "showing": 2}, "quality": [quality], "lists": None, "effects": None, "not_told": [],
        "groups_asked": True, "people_asked": 12, "fairness_notes": [],
    })  # fmt: skip


def _quality(log: EventLog) -> dict[str, Any]:
    columns = [one.as_json() for one in column_quality("events", log.events, features=False)]
    gap = {"table": "items", "column": HOSTILE[2], "kind": "double", "rows": 6, "missing": 2, "filled_by": "median"}
    bots = {"people": 12, "flagged": 1, "left_out": [], "reasons": {"impossible rate": 1, "no sleep": 1}}
    return {"bots": bots, "columns": [*columns, gap | {"outliers": 1}]}


def _metrics() -> dict[str, Any]:
    def metric(value: float) -> dict[str, float]:
        return {"value": value, "ci_low": value * 0.9, "ci_high": value * 1.1}

    models = {
        name: {
            "metrics": {
                "ndcg@10": metric(value),
                "hr@10": metric(2 * value),
                "mrr": metric(value / 2),
                "coverage@10": {"value": value, "ci_low": None, "ci_high": None},
            },
            "groups": {
                "answer": {
                    "return": {"n": 8, "metrics": {"ndcg@10": metric(1.2 * value), "hr@10": metric(2.4 * value)}},
                    "discovery": {"n": 4, "metrics": {"ndcg@10": metric(0.6 * value), "hr@10": metric(1.2 * value)}},
                },
            },
            "fit_s": 1.5,
            "score_s": 0.2,
            "history": [
                {"epoch": n, "loss": 5 / n, "ndcg": value * (1 - 1 / (n + 1)), "seconds": 1.0, "samples_per_s": 900}
                for n in (1, 2, 3)
            ]
            if name == "transformer"
            else [],
        }
        for name, value in (("transformer", 0.12), ("item-knn", 0.1), ("most-popular", 0.02))
    }
    comparisons = [
        {
            "model": "transformer",
            "baseline": name,
            "metric": "ndcg@10",
            "difference": 0.12 - value,
            "ci_low": 0.11 - value,
            "ci_high": 0.13 - value,
            "p_value": 0.0002,
        }
        for name, value in (("item-knn", 0.1), ("most-popular", 0.02))
    ]
    protocol = {
        "split": "last-out",
        "k": 10,
        "n_questions": 12,
        "n_items": 6,
        "n_returns": 8,
        "share_of_returns": 8 / 12,
        "exclude_seen": False,
        "candidates": "all items",
        "min_events": 3,
    }
    return {
        "protocol": protocol,
        "models": models,
        "comparisons": comparisons,
        "best": "transformer",
        "not_distinguishable": [],
        "chosen": "transformer",
    }


def _behavior_rows(behavior: str, outcome: str, effects: bool) -> list[Row]:
    association = AssociationRow(
        cause_kind="behavior", cause=behavior, effect=outcome, channel="own", unit="probability", n=400, primary=True,
        method="difference in means", figure=Figure(0.2, 0.15, 0.25, 0.001), assumptions="Nothing is adjusted for.",
        window_s=86400.0, horizon_s=172800.0,
    )  # fmt: skip
    score = ModelRow(
        cause_kind="behavior", cause=behavior, effect="top recommendations", estimand="score_change", unit="logit",
        method="removal", figure=Figure(0.8, 0.6, 1.0), n=400, primary=True,
    )  # fmt: skip
    one_event = replace(
        score, cause_kind="event", cause=event_id(HOSTILE[0], behavior, "2026-01-05T09:00:00Z"),
        effect=recommendation_id("u|1", HOSTILE[2]), figure=Figure(1.5), primary=False,
    )  # fmt: skip
    ranks = replace(score, estimand="rank_change", unit="rank", figure=Figure(4.0, 2.0, 6.0))
    effect = EffectRow(
        cause_kind="behavior", cause=behavior, effect=outcome, channel="own", estimand="ate", unit="probability",
        n=400, primary=True, method="double machine learning", figure=Figure(0.05, 0.02, 0.08, 0.001),
        evidence="adjusted", identified="assumed", assumptions="What drives both was measured.",
        window_s=86400.0, horizon_s=172800.0,
    )  # fmt: skip
    return [association, score, ranks, one_event, *([effect] if effects else [])]


def _ties() -> list[Row]:
    strong = EffectRow(
        cause_kind="user", cause=HOSTILE[0], effect_kind="user", effect="u2", channel="all", estimand="excitation",
        unit="actions", method="Hawkes", evidence="adjusted", identified="assumed", primary=True, n=9,
        figure=Figure(0.3, 0.1, 0.5, 0.003),
    )  # fmt: skip
    return [strong, replace(strong, cause="u3", effect="u4", figure=Figure(0.01, -0.1, 0.12, 0.86))]


def _person(user: int, behaviors: Sequence[str]) -> dict[str, Any]:
    history = [
        {
            "item": item,
            "label": f"{item} lamp",
            "behavior": behaviors[place % len(behaviors)],
            "time": "2026-01-05T09:00:00Z",
        }
        for place, item in enumerate(HOSTILE)
    ]
    recommended = [
        {
            "rank": place + 1,
            "item": item,
            "label": f"{item} lamp",
            "score": 3.2 - place,
            "cause_item": item,
            "score_change": 0.8,
            "reason": f"because of the {behaviors[0]} of {item} on 5 Jan 2026",
            "cause_behavior": behaviors[0],
        }
        for place, item in enumerate(HOSTILE)
    ]
    return {"user": f"u{user}{HOSTILE[user % len(HOSTILE)]}", "history": history, "recommendations": recommended}


def _run(outcome: str) -> dict[str, Any]:
    return {
        "swayline": "0.1.0",
        "seed": 0,
        "outcome": outcome,
        "settings": {"k": 10, "models": ["transformer"]},
        "inputs": {"events": {"path": f"/data/{HOSTILE[2]}.csv", "sha256": "ab" * 32, "rows": 100}, "items": None},
        "versions": {"duckdb": "2.0.0"},
        "started": "2026-01-31T12:00:00Z",
        "machine": {"cores": 2},
        "stages": [{"name": "read", "seconds": 1.2, "peak_mb": 300.0, "reused": False}],
    }
