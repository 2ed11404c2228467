"""What was measured as rows of the influence table, and as sentences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from swayline.causal.effect import EffectEstimate
from swayline.causal.inference.intervals import Estimate
from swayline.core.time import format_duration
from swayline.influence.contagion.measure import Measured
from swayline.influence.contagion.parts import Part
from swayline.influence.contagion.persons import Persons
from swayline.influence.contagion.placebos import Placebo
from swayline.influence.contagion.reading import SocialLog
from swayline.influence.network.reading import CONTENT_BEHAVIORS
from swayline.ledger import AssociationRow, EffectRow, Figure, Row
from swayline.ledger.schema import ADJUSTED

NAIVE = "difference in means, people drawn at random at the same item and moment"
BY_PERSON = "matched differences by who acted, drawn towards the adjusted effect (empirical Bayes)"


@dataclass(frozen=True)
class Answer:
    """What was found of one behaviour of ties.

    Attributes
    ----------
    behavior : what the tie did
    main : naive beside adjusted; None where nothing could be compared (``why``)
    found : every estimator with its refutations and verdict
    placebos, parts : see their modules
    exposures : first exposures of people who could still adopt, of which ``main`` may have drawn some
    persons : the effect by who acted, where that was asked
    """

    behavior: str
    main: Measured | None
    found: EffectEstimate | None
    placebos: tuple[Placebo, ...] = ()
    parts: tuple[Part, ...] = ()
    exposures: int = 0
    why: str = ""
    persons: Persons | None = None

    @property
    def identified(self) -> str:
        """The verdict: assumed or no."""
        return "no" if self.found is None else self.found.identified

    @property
    def claimed(self) -> bool:
        """Whether contagion is claimed: the verdict is not no, and the interval lies above zero."""
        return self.found is not None and self.identified != "no" and self.found.estimate.low > 0


def rows_of(one: Answer, log: SocialLog, horizon_s: float) -> list[Row]:
    """The association, the effect by every estimator, and the effect in parts."""
    shared = _shared(one, log, horizon_s)
    if one.main is None or one.found is None:
        none = EffectRow(
            **shared, estimand="peer_effect", method="none", evidence=ADJUSTED, identified="no", figure=Figure(), n=0,
            primary=True, assumptions=f"Not identified: too few to compare: {one.why}.",
        )  # fmt: skip
        return [none]
    association = AssociationRow(
        **shared, method=NAIVE, figure=one.main.naive.figure, n=one.main.treated,
        assumptions="An association, not an effect: nothing of the person or the ties is held fixed.",
    )  # fmt: skip
    words = _words(one, log, horizon_s)
    rows: list[Row] = [association]
    for row in one.found.rows:
        if isinstance(row, EffectRow) and row.estimand == "att":
            rows.append(replace(
                row, **shared, estimand="peer_effect", reference=None, assumptions=f"{row.assumptions} {words}",
            ))  # fmt: skip
    verdict = one.found.identified
    for part in one.parts:
        rows += _part_rows(part, shared, verdict)
    if one.persons is not None:
        rows += _person_rows(one.persons, log, shared, verdict)
    return rows


def _shared(one: Answer, log: SocialLog, horizon_s: float) -> dict[str, Any]:
    return {
        "cause_kind": "behavior", "cause": one.behavior, "effect_kind": "user", "effect": log.behaviors[log.outcome],
        "channel": "content" if one.behavior.split("<")[0].split(">")[0] in CONTENT_BEHAVIORS else "consumption",
        "unit": "probability", "horizon_s": horizon_s, "as_of": datetime.fromtimestamp(log.end_s, UTC),
    }  # fmt: skip


def _part_rows(part: Part, shared: dict[str, Any], verdict: str) -> list[Row]:
    if part.found is None:
        return []
    adjusted = EffectRow(
        **shared, estimand="peer_effect", method="aipw within item and moment, one part of the exposures",
        evidence=ADJUSTED, identified=verdict if np.isfinite(part.found.adjusted.low) else "no",
        figure=part.found.adjusted.figure, n=part.found.treated, subject=part.words,
        assumptions="As the row over all exposures, whose verdict it has.",
    )  # fmt: skip
    association = AssociationRow(
        **shared, method=NAIVE, figure=part.found.naive.figure, n=part.found.treated, subject=part.words,
    )  # fmt: skip
    return [association, adjusted]


def _person_rows(persons: Persons, log: SocialLog, shared: dict[str, Any], verdict: str) -> list[Row]:
    """A row for each person whose acts were seen."""
    apart = f"p = {persons.p_value:.2g}" if persons.spread > 0 else "they cannot be told apart"
    words = (
        f"What one act of this person does to one who sees it, drawn towards the effect of everybody's acts: people "
        f"differ by a standard deviation of {persons.spread:.3g} ({apart}). Likeness that is left is taken to be "
        f"everybody's alike. The verdict is that over everybody."
    )
    about = shared | {"cause_kind": "user", "effect_kind": "outcome"}
    names = log.users.take(pa.array(persons.person)).to_pylist()
    figures = zip(names, persons.effect, persons.low, persons.high, persons.exposures, strict=True)
    return [
        EffectRow(
            **about | {"cause": name}, estimand="peer_effect", method=BY_PERSON, evidence=ADJUSTED, identified=verdict,
            figure=Figure(float(effect), float(low), float(high)), n=int(n), primary=True, assumptions=words,
        )
        for name, effect, low, high, n in figures
    ]  # fmt: skip


def _words(one: Answer, log: SocialLog, horizon_s: float) -> str:
    """What the effect is of, and what it takes for granted."""
    assert one.main is not None
    since = "" if log.ties_have_times else " Ties have no times: each is taken to stand all through the log."
    tick = f" The log's clock ticks every {format_duration(log.tick_s)}: acts of one tick have no order, and count as "
    coarse = tick + "neither before nor after each other." if log.tick_s >= 60 else ""
    return (
        f"Change of the chance to do it within {format_duration(horizon_s)} after a tie's {one.behavior!r} on the same "
        f"item, over {one.main.treated:,} of {one.exposures:,} first exposures, beside people without such a tie at "
        f"the same item and moment. Later acts of other ties stay as they are.{since}{coarse}"
    )


def in_words(answers: Sequence[Answer], log: SocialLog, horizon_s: float) -> list[str]:
    """The answers as lines: naive, adjusted, verdict, placebos, parts."""
    lines = []
    outcome, span = log.behaviors[log.outcome], format_duration(horizon_s)
    for one in answers:
        if one.main is None or one.found is None:
            lines.append(f"a tie's {one.behavior} → {outcome}: cannot be told: {one.why}")
            continue
        lines += [
            f"a tie's {one.behavior} → {outcome} of the same item within {span}",
            f"  naive     {_figure(one.main.naive)}  (association)",
            f"  adjusted  {_figure(one.found.estimate)}  identified: {one.identified}",
            f"  {_verdict(one)}",
        ]
        for placebo in one.placebos:
            told = (
                placebo.why
                if placebo.found is None
                else f"{_figure(placebo.found.adjusted)}, naive " + _short(placebo.found.naive)
            )
            lines.append(f"  placebo, {placebo.name}: {told}")
        lines += [
            f"  {part.words}: {_figure(part.found.adjusted)}, naive {_short(part.found.naive)}"
            for part in one.parts if part.found is not None
        ]  # fmt: skip
    return lines


def _verdict(one: Answer) -> str:
    assert one.found is not None
    assert one.main is not None
    if one.identified == "no":
        return f"contagion is not claimed. {one.found.arms[0].reason}"
    if not one.claimed:
        return "contagion is not claimed: the interval holds no effect"
    rest = 1 - one.found.estimate.value / one.main.naive.value if one.main.naive.value > 0 else 0.0
    likeness = f"; {rest:.0%} of the naive figure is likeness" if 0 < rest < 1 else ""
    return f"contagion is claimed{likeness}. {one.found.arms[0].reason}"


def _figure(one: Estimate) -> str:
    return f"{one.value:+.5f} [{one.low:+.5f}, {one.high:+.5f}]"


def _short(one: Estimate) -> str:
    return f"{one.value:+.5f}"
