"""Direct and spillover effects as rows of the influence table, and as sentences."""

from collections.abc import Sequence
from typing import Any

from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import as_json
from swayline.causal.interference.results import Design, Found
from swayline.ledger import AssociationRow, EffectRow, Row
from swayline.ledger.schema import ADJUSTED, EXPERIMENT

GIVEN = "least squares given the expected exposure"
PLAIN = "least squares"
TWO_STAGE = "two-stage least squares"


def rows_of(design: Design, found: Sequence[Found], binary: bool) -> list[Row]:
    """The association beside the effects of each mapping; the direct effect once, with the first of them."""
    rows: list[Row] = []
    seen: set[str] = set()
    for one in found:
        word, reason = one.verdict(design.randomised)
        shared: dict[str, Any] = {
            "cause_kind": "treatment", "effect": design.outcome, "n": one.n,
            "unit": "probability" if binary else design.outcome,
        }  # fmt: skip
        told = shared | {
            "evidence": EXPERIMENT if design.randomised else ADJUSTED, "identified": word,
            "refutations": as_json(one.checks),
        }  # fmt: skip
        how = TWO_STAGE if design.taken else ""
        cause = f"{design.taken or design.treatment} of ties: {one.mapping.name}"
        assumptions = f"{reason} {_assumptions(design, one)}"
        spill = told | {"cause": cause, "channel": "social", "estimand": "spillover", "assumptions": assumptions}
        rows.append(EffectRow(**spill, method=how or GIVEN, figure=one.spillover.figure, primary=True))
        rows.append(EffectRow(**spill, method=f"{how or PLAIN}, expected exposures left out", figure=one.plain.figure))
        if one.naive is not None:
            did = f"{design.taken or design.outcome} of ties: {'count' if one.mapping.of == 'count' else 'share'}"
            if did not in seen:
                seen.add(did)
                rows.append(AssociationRow(
                    **shared, cause=did, channel="social", method=PLAIN, figure=one.naive.figure,
                    assumptions="An association, not an effect: ties are alike, and what moves one moves the other.",
                ))  # fmt: skip
        if one.direct is not None and "direct" not in seen:
            seen.add("direct")
            rows.append(EffectRow(
                **told, cause=design.taken or design.treatment, channel="own",
                estimand="late" if design.taken else "ate", method=how or GIVEN, figure=one.direct.figure, primary=True,
                assumptions=assumptions,
            ))  # fmt: skip
    return rows


def _assumptions(design: Design, one: Found) -> str:
    parts = [f"Exposure: {one.mapping.words}; others reach a person along ties alone, and in this way."]
    if design.taken:
        parts.append(f"{design.treatment} moves the outcome only through {design.taken}.")
    by = f"by {design.assigned_by} " if design.assigned_by else ""
    within = f"within {design.strata} " if design.strata else ""
    if design.randomised:
        parts.append(f"Drawn {by}{within}as the table shows.".replace("Drawn as", "Drawn row by row as"))
    errors = f"by {one.clusters:,} clusters of {design.clusters}" if design.clusters else "robust"
    return " ".join([*parts, f"Errors {errors}."])


def words_of(design: Design, found: Sequence[Found]) -> list[str]:
    """Lines: what ties' treatment does by each mapping, the naive figure, checks, the own treatment."""
    lines = []
    for one in found:
        word, reason = one.verdict(design.randomised)
        what = f"{design.taken or design.treatment} of ties → {design.outcome} ({one.mapping.words})"
        lines.append(f"{what}: {_figure(one.spillover)}, n = {one.n:,}  identified: {word}")
        lines.append(f"  {reason}")
        lines.append(f"  expected exposures left out: {_figure(one.plain)}")
        if one.naive is not None:
            lines.append(f"  naive, {design.taken or design.outcome} of ties: {_figure(one.naive)}  (association)")
        lines += [f"  {name}: {check.words}" for name, check in one.checks.items()]
    first = found[0]
    if first.direct is not None:
        lines.append(f"{design.taken or design.treatment} of oneself → {design.outcome}: {_figure(first.direct)}")
    return lines


def _figure(one: Estimate) -> str:
    return f"{one.value:+.4f} (SE {one.se:.4f}) [{one.low:+.4f}, {one.high:+.4f}]"
