"""Split, fit, rank: one model's quality on a log."""

import time
from typing import Any

import pyarrow as pa

from swayline.dataset import build_dataset, split_by_name
from swayline.engine import Engine
from swayline.evaluate.ranking import REPEATS_MATTER, protocol, rank_targets, repeats, summary
from swayline.models import create, with_seed


def evaluate_model(
    engine: Engine,
    events: pa.Table,
    name: str,
    *,
    split: str = "last-out",
    cut: str | None = None,
    k: int = 10,
    seed: int = 0,
    items: pa.Table | None = None,
) -> dict[str, Any]:
    """Metrics of one model with intervals, in the form of ``metrics.json``.

    With an items table, models that read titles and categories have them. Seen items leave the ranking where users
    rarely return to them (told from validation, never from the test).

    Raises
    ------
    UsageError, DataError
        The split cannot be made, or nobody can be asked.
    """
    parts = split_by_name(build_dataset(engine, events, side=items).sequences, split, cut)
    exclude = repeats(parts.valid) < REPEATS_MATTER
    started = time.perf_counter()
    model = create(name, **with_seed(name, {}, seed)).fit(parts.train, parts.valid)
    fit_s = time.perf_counter() - started
    ranking = rank_targets(model, parts.test, k, exclude)
    return {
        "protocol": protocol(split, parts.test, k, exclude, parts.train),
        "models": {name: {
            "metrics": summary(ranking, k, seed), "fit_s": fit_s, "score_s": ranking.seconds,
            "history": getattr(model, "history_", []),
        }},
        "comparisons": [], "best": name,
    }  # fmt: skip
