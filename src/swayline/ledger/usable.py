"""What of the influence table may weigh in a ranker: quoted effects of behaviours, shrunk by their uncertainty."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

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


def usable_peer_effects(ledger: pa.Table) -> dict[str, tuple[float, float]]:
    """Behaviour of a tie → (what it adds to the chance that one who sees it follows, seconds within which it does).

    Only where the ledger supports it: quoted, over everybody, a verdict that is not "no", an interval above zero.
    """
    found: dict[str, tuple[float, float]] = {}
    for row in ledger.filter(pc.equal(ledger["estimand"], "peer_effect")).to_pylist():
        quoted = row["primary"] and row["subject"] is None and row["cause_kind"] == "behavior"
        stands = row["identified"] in ("yes", "assumed") and row["ci_low"] is not None and row["ci_low"] > 0
        if quoted and stands and row["horizon_s"] is not None:
            found.setdefault(row["cause"], (float(row["estimate"]), float(row["horizon_s"])))
    return found


def usable_ties(ledger: pa.Table) -> pa.Table:
    """Rows from person to person that the ledger supports: a verdict that is not "no", an interval above zero.

    ``spread`` where there are such rows at all, else ``excitation`` over all channels; columns as in the ledger.
    """
    people = ledger.filter((pc.field("cause_kind") == "user") & (pc.field("effect_kind") == "user"))
    for estimand in ("spread", "excitation"):
        rows = people.filter(pc.field("estimand") == estimand)
        if estimand == "excitation":
            rows = rows.filter(pc.field("channel") == "all")
        if len(rows):
            break
    stands = pc.is_in(pc.field("identified"), pa.array(["yes", "assumed"])) & (pc.field("ci_low") > 0)
    return rows.filter(stands)


def weights_at(effects: Mapping[str, float], behaviors: Sequence[str], strength: float) -> tuple[float, ...]:
    """Weights of behaviours at a strength.

    >>> weights_at({"cart": 0.04, "favorite": 0.01}, ["view", "cart", "favorite"], 2.0)
    (1.0, 3.0, 1.5)
    """
    largest = max(effects.values(), default=0.0)
    if largest <= 0:
        return tuple(1.0 for _ in behaviors)
    return tuple(1.0 + strength * effects.get(name, 0.0) / largest for name in behaviors)
