"""What rows share, held fixed where the data allow it and checked where they do not."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from swayline.causal.estimate.estimators import Contrast, residuals
from swayline.causal.estimate.within import LEAST_WITHIN, WithinSlope, hold, moved_by, shift, slope_within
from swayline.causal.inference.intervals import Estimate
from swayline.causal.inference.refutation import Refutation
from swayline.causal.refute.shared_causes import Lasting, lasting, shared_cause
from swayline.causal.table.shared import OwnPast, Shared

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ALARM = 0.01
_TASTE, _STOLEN = "own past", "own other items"


@dataclass(frozen=True)
class Held:
    """What holding shared levels fixed came to.

    Attributes
    ----------
    method, estimate : the row to quote; None where no level can be held
    checks : of what is left, by name
    moves : whether holding moves the estimate by more than chance, so that estimators which hold nothing are off
    """

    method: str | None
    estimate: Estimate | None
    checks: dict[str, Refutation]
    moves: bool


def answer_shared(c: Contrast, shared: Shared) -> Held:
    """The estimate with shared levels held fixed, and checks across people and along each person's time.

    A person's own level is held only where that person's past says that something lasts (:class:`.Lasting`), and not
    where treatments act on the person's later rows too: rows of one person are then no fair comparison.
    """
    kept = np.flatnonzero(c.kept)
    held = {words: codes[kept] for words, codes in shared.held.items()}
    person = np.unique(shared.person[kept], return_inverse=True)[1].astype(np.int64)
    d, y, _ = residuals(c)
    slope = hold(d, y, held, person)
    checks: dict[str, Refutation] = {}
    if shared.past is not None:
        own = _of_rows(shared.past, kept)
        slope, checks = _along_time(own, person, held, slope)
    found = moved_by(c, slope) if slope.words else None
    se = (found or slope.estimate).se
    for word, cell in shared.cells.items():
        if word not in slope.words.split(", "):
            checks[f"shared by {word}"] = shared_cause(slope.d, slope.left, cell[kept], person, f"one {word}", se)
    method = f"aipw within {slope.words}" if slope.words else None
    return Held(method, found, checks, bool(slope.words) and shift(c, slope).p < ALARM)


def _of_rows(past: OwnPast, rows: Ints) -> OwnPast:
    parts = {name: getattr(past, name)[rows] for name in ("time", "unit", "treatment", "outcome")}
    return replace(past, **parts)


def _along_time(
    past: OwnPast, person: Ints, held: dict[str, Ints], slope: WithinSlope
) -> tuple[WithinSlope, dict[str, Refutation]]:
    """The slope with the person held fixed where something lasts, and what the person's own time says."""
    codes = held.get(slope.words)
    plain = slope_within(past.treatment, past.outcome, codes, person, slope.words)
    found = lasting(past, plain.d, plain.left, person)
    checks = {_STOLEN: _stolen(found)}
    if found.back.p >= ALARM:
        return slope, checks | {_TASTE: _taste(found, plain, True, "nothing that lasts")}
    if found.spread.p < ALARM and found.spread.value > 0:
        words = "something lasts and something spreads, which rows of one person cannot tell apart"
        return slope, checks | {_TASTE: _taste(found, plain, False, words)}
    codes = person[:, None] if codes is None else np.column_stack([codes, person])
    inside = slope_within(past.treatment, past.outcome, codes, person, ", ".join(filter(None, [slope.words, "person"])))
    if float(inside.d @ inside.d) < LEAST_WITHIN * float(plain.d @ plain.d):
        words = "something lasts, and too few rows a person to hold it fixed"
        return slope, checks | {_TASTE: _taste(found, plain, False, words)}
    return inside, checks | {_TASTE: _taste(found, plain, True, "something lasts, and is held fixed")}


def _taste(found: Lasting, plain: WithinSlope, passed: bool, words: str) -> Refutation:
    bias = found.back.value / float(plain.d @ plain.d / len(plain.d))
    return Refutation(
        passed, bias, f"{words}: bias by treatments and the person's earlier outcomes, p = {found.back.p:.2g}"
    )


def _stolen(found: Lasting) -> Refutation:
    worst = min((found.near, found.spread), key=lambda one: one.value / max(one.se, 1e-300))
    taken = worst.p < ALARM and worst.value < 0
    return Refutation(
        not taken, worst.value,
        f"product of a treatment and the person's other outcomes open at the time, p = {worst.p:.2g}; below zero: "
        "outcomes are taken from other items",
    )  # fmt: skip
