"""What of the influence table may weigh in a ranker: quoted effects of behaviours, shrunk by their uncertainty."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

EFFECTS = ("ate", "att")
"""Estimands that say what a behaviour causes."""


def usable_effects(ledger: pa.Table, estimands: Sequence[str] = EFFECTS) -> dict[str, float]:
    """Behaviour → its quoted effect, shrunk towards zero by its uncertainty; unidentified and negative ones are 0.

    References
    ----------
    Efron & Morris (1973): the positive-part factor 1 - 1/z².
    """
    found: dict[str, float] = {}
    for row in ledger.to_pylist():
        quoted = row["primary"] or row["estimand"] == "association"
        if row["cause_kind"] != "behavior" or row["estimand"] not in estimands or not quoted:
            continue
        if row["estimate"] is None or row["ci_low"] is None or row["unit"] != "probability" or row["cause"] in found:
            continue
        se = max((row["ci_high"] - row["ci_low"]) / 3.92, 1e-12)
        kept = max(0.0, 1 - (se / row["estimate"]) ** 2) if row["estimate"] else 0.0
        stands = row["identified"] != "no" or row["estimand"] == "association"
        found[row["cause"]] = max(0.0, row["estimate"]) * kept * stands
    return found


def weights_at(effects: Mapping[str, float], behaviors: Sequence[str], strength: float) -> tuple[float, ...]:
    """Weights of behaviours at a strength.

    >>> weights_at({"cart": 0.04, "favorite": 0.01}, ["view", "cart", "favorite"], 2.0)
    (1.0, 3.0, 1.5)
    """
    largest = max(effects.values(), default=0.0)
    if largest <= 0:
        return tuple(1.0 for _ in behaviors)
    return tuple(1.0 + strength * effects.get(name, 0.0) / largest for name in behaviors)
