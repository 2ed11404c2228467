"""What strangers do, as rows of the influence table and as sentences."""

from datetime import UTC, datetime
from typing import Any

from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import as_json
from swayline.core.time import format_duration
from swayline.influence.contagion.reading import SocialLog
from swayline.influence.strangers.authors import Authors
from swayline.influence.strangers.reading import Reading
from swayline.influence.strangers.rows import ON_TOP
from swayline.ledger import AssociationRow, EffectRow, Figure, Row
from swayline.ledger.schema import ADJUSTED

VALENCE = "value of the reviews on top"
BY_WRITERS = "two-stage least squares within item and period, by reviewers' leniency on other items"
MOST_AUTHORS = 10_000
ALARM = 0.01


def ledger_rows(
    reading: Reading | None, authors: Authors | None, log: SocialLog, horizon_s: float, within_s: float
) -> list[Row]:
    """The association, the effect within items, the one by who wrote (to quote), and the reach of authors."""
    rows: list[Row] = []
    shared: dict[str, Any] = {
        "effect": log.behaviors[log.outcome], "horizon_s": horizon_s, "as_of": datetime.fromtimestamp(log.end_s, UTC),
    }  # fmt: skip
    if reading is not None:
        rows += _reading_rows(reading, shared, within_s)
    if authors is not None:
        rows += _author_rows(authors, shared, horizon_s)
    return rows


def _reading_rows(one: Reading, shared: dict[str, Any], within_s: float) -> list[Row]:
    about = shared | {
        "cause_kind": "content", "cause": VALENCE, "channel": "content", "unit": "probability", "n": one.n,
        "window_s": within_s,
    }  # fmt: skip
    words = (
        f"Change of the chance when the mean of the latest {ON_TOP} reviews of strangers is one point higher, among "
        f"people who came to one item within {format_duration(within_s)}; own reviews, and people whose ties reviewed "
        f"it, are left out. p over orders of those people drawn anew: {one.p_value:.3g}."
    )
    failed = [check.words for check in one.checks.values() if not check.passed]
    reason = f"Not identified: {'; '.join(failed)}." if failed else "Assumed: who wrote just before is chance."
    checks = as_json(one.checks)
    effect = about | {"estimand": "content_effect", "evidence": ADJUSTED, "effect_kind": "outcome"}
    return [
        AssociationRow(
            **about, method="least squares", figure=one.naive.figure,
            assumptions="An association, not an effect: good items have good reviews.",
        ),
        EffectRow(
            **effect, method="least squares within item and period", figure=one.within.figure, identified="no",
            assumptions="Not identified: an item's quality of the hour moves its reviews and the next person alike.",
        ),
        EffectRow(
            **effect, method=BY_WRITERS, figure=one.effect.figure, identified=one.identified, primary=True,
            assumptions=f"{reason} {words}", refutations=checks,
        ),
    ]  # fmt: skip


def _author_rows(authors: Authors, shared: dict[str, Any], horizon_s: float) -> list[Row]:
    verdict = "assumed" if authors.p_value < ALARM else "no"
    words = (
        f"Acts of others on one item of this author within {format_duration(horizon_s)} of its appearing, beyond those "
        "on items of other authors of the category that appeared about then, drawn towards none. p of authors who do "
        f"not differ, over authors dealt anew among such items: {authors.p_value:.3g}. What an author makes and who it "
        "is are one."
    )
    figures = zip(authors.name, authors.reach, authors.low, authors.high, authors.items, strict=True)
    return [
        EffectRow(
            **shared, cause_kind="user", cause=name, channel="content", estimand="reach", unit="actions",
            method="acts on items beside other authors' items (empirical Bayes)", evidence=ADJUSTED, identified=verdict,
            figure=Figure(float(reach), float(low), float(high)), n=int(n), primary=True, assumptions=words,
        )
        for name, reach, low, high, n in sorted(figures, key=lambda one: -one[1])[:MOST_AUTHORS]
    ]  # fmt: skip


def in_words(reading: Reading | None, authors: Authors | None, outcome: str, within_s: float) -> list[str]:
    """Lines for people."""
    lines = []
    if reading is not None:
        claim = "is claimed" if reading.claimed else "is not claimed"
        lines += [
            f"{VALENCE}, one point higher → {outcome} ({reading.n:,} people, {reading.items:,} items, within "
            f"{format_duration(within_s)})",
            f"  naive     {_figure(reading.naive)}  (association)",
            f"  within    {_figure(reading.within)}  (item and period held fixed)",
            f"  by writer {_figure(reading.effect)}  identified: {reading.identified}",
            f"  influence of strangers' reviews {claim}; p over orders drawn anew {reading.p_value:.3g}",
            *(f"  {name}: {check.words}" for name, check in reading.checks.items()),
        ]
    if authors is not None:
        apart = "differ" if authors.p_value < ALARM else "cannot be told apart"
        lines.append(
            f"{len(authors.name):,} authors {apart} (p = {authors.p_value:.3g}); {authors.stranger_share:.0%} of the "
            "acts on their items are strangers'"
        )
        best = sorted(range(len(authors.name)), key=lambda one: -authors.reach[one])[:5]
        lines += [
            f"  {authors.name[one]}: {authors.reach[one]:+.2f} acts an item "
            f"[{authors.low[one]:+.2f}, {authors.high[one]:+.2f}], {authors.strangers[one]:+.2f} of strangers"
            for one in best
        ]
    return lines


def _figure(one: Estimate) -> str:
    return f"{one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}]"
