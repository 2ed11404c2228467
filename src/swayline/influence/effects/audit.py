"""An audit on the user's own log: effects that are known because they were planted, asked of the same estimators.

The episodes that were compared stay as they are: who was treated, what was known before, which item, day and person.
Their outcomes are drawn anew from what the log itself says moves outcomes, and a known effect is added::

    chance of an outcome = controls + what the item, the day and the person add      learned from the untreated
                         + planted effect, where treated

So the log's own confounding is in the copy, as far as controls, items, days and persons carry it; a cause that none of
them carries cannot be copied, and no audit finds it.

Shapes: n episodes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from swayline.causal.answer.results import ArmResult
from swayline.causal.effect import EffectEstimate, estimate
from swayline.causal.nuisance.cross_fitting import crossfit, folds
from swayline.causal.nuisance.learners import Linear
from swayline.causal.table.covariate_table import CovariateTable
from swayline.causal.table.folds import FoldedDesign
from swayline.causal.table.frame import Treatment
from swayline.causal.table.question import EffectQuery
from swayline.causal.table.shared import Shared
from swayline.core.rng import generator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Copies = list[tuple[float, ArmResult]]
DRAWS = 5
"""Copies with no effect, and as many with one."""
MOST_ROWS = 20_000
"""Episodes of a copy; of more, whole users are drawn."""
SECONDS = 60.0
"""No further copy of a treatment is begun after so long."""
_FEWEST_TREATED = 50


@dataclass(frozen=True)
class Asked:
    """A comparison that was made: its table, its question, and what was found."""

    data: CovariateTable
    query: EffectQuery
    design: str
    found: EffectEstimate


@dataclass(frozen=True)
class Audit:
    """What copies of the log with a known effect say of one verdict.

    Attributes
    ----------
    planted : the effect added, in probability; the copies without have 0
    draws : copies without, and copies with the effect
    bias_null, bias : mean error, and that with the effect
    naive : mean error of the difference in means without an effect: the confounding that the copies hold
    noise : mean standard error of the copies: biases within it are chance, since all copies share one assignment
    covered : share of all copies whose interval holds the truth
    false_claims : share of copies without an effect that claim one (interval off zero, verdict not "no")
    found : share of copies with the effect that claim one of its sign
    said_no : share of all copies whose verdict is "no"
    seconds : spent
    """

    treatment: str
    design: str
    verdict: str
    planted: float
    draws: tuple[int, int]
    rows: int
    bias_null: float
    bias: float
    naive: float
    noise: float
    covered: float
    false_claims: float
    found: float
    said_no: float
    seconds: float

    def in_words(self) -> str:
        """One line for people."""
        return (
            f"{self.treatment}: verdict {self.verdict}. In {sum(self.draws)} copies of this log with a known effect: "
            f"bias {self.bias_null:+.4f} ± {self.noise:.4f} (planted 0) and {self.bias:+.4f} (planted "
            f"{self.planted:.3f}); the interval held the truth in {self.covered:.0%}; an effect was claimed where "
            f"there is none in {self.false_claims:.0%}, found where planted in {self.found:.0%}, called no in "
            f"{self.said_no:.0%}; the plain difference is off by {self.naive:+.4f} ({self.seconds:.0f} s)"
        )


def audit_one(
    asked: Asked, seed: int, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
) -> Audit | None:
    """Plant effects into copies of the episodes of one comparison and ask again; None where rows are too few.

    Parameters
    ----------
    seconds : no further pair of copies is begun after so long, so that it takes about that and one pair more
    """
    data = _some(asked.data, seed)
    treated = data.treatment.arm == 1
    if min(int(treated.sum()), int((~treated).sum())) < _FEWEST_TREATED or data.shared is None:
        return None
    begun = clock()
    one = asked.found.arms[0]
    base = _chances(data, treated, seed)
    planted = _size(one, base)
    null: Copies = []
    with_it: Copies = []
    naive: list[float] = []
    for k in range(DRAWS):
        if k and clock() - begun > seconds:
            break
        rng = generator(seed, "audit", asked.query.treatment, str(k))
        uniform = rng.random(len(base))
        for effect, into in ((0.0, null), (planted, with_it)):
            truth, result = _again(data, asked.query, base, effect, uniform, seed)
            into.append((truth, result))
            if effect == 0:
                naive.append(result.estimates["difference in means"].value)
    return _summed(asked, (null, with_it), naive, planted, len(base), clock() - begun)


def _size(one: ArmResult, base: Floats) -> float:
    """An effect worth finding: four standard errors, within 1 and 30 points and what chances leave room for."""
    se = one.estimates[one.quoted].se
    wanted = 4 * se if np.isfinite(se) else 0.1
    return float(np.clip(wanted, 0.01, max(0.01, min(0.3, 1 - float(np.quantile(base, 0.95))))))


def _some(data: CovariateTable, seed: int) -> CovariateTable:
    """A table of at most about :data:`MOST_ROWS` rows, of whole clusters, without checks of the log itself."""
    rows, clusters = np.arange(len(data.y)), data.clusters
    if len(rows) > MOST_ROWS and clusters is not None:
        drawn = generator(seed, "audit people").random(int(clusters.max()) + 1) < MOST_ROWS / len(rows)
        rows = np.flatnonzero(drawn[clusters])
    shared = None if data.shared is None else _shared_of(data.shared, rows)
    return replace(
        data, x=data.x[rows], y=data.y[rows], rows=data.rows[rows], checks={}, objections=(), shared=shared,
        clusters=None if clusters is None else _packed(clusters[rows]),
        treatment=Treatment(data.treatment.arms, data.treatment.arm[rows], data.treatment.dose[rows]),
        propensity=None if data.propensity is None else data.propensity[rows],
        instrument=None,
    )  # fmt: skip


def _packed(values: Ints) -> Ints:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _shared_of(shared: Shared, rows: Ints) -> Shared:
    past = shared.past
    if past is not None:
        parts = {name: getattr(past, name)[rows] for name in ("time", "unit", "treatment", "outcome", "design")}
        past = replace(past, **parts)
    return Shared(
        {words: np.column_stack([_packed(column) for column in codes[rows].T]) for words, codes in shared.held.items()},
        {word: _packed(cell[rows]) for word, cell in shared.cells.items()}, _packed(shared.person[rows]), past,
    )  # fmt: skip


def _chances(data: CovariateTable, treated: npt.NDArray[np.bool_], seed: int) -> Floats:
    """Chance of an outcome without the treatment: controls, and shrunken effects of items, days and persons."""
    assert data.shared is not None
    fold = folds(len(data.y), 5, data.clusters, generator(seed, "audit folds"))
    base = crossfit(FoldedDesign(data.x, fold), data.y, [Linear()], ~treated)[0]
    left = np.where(treated, 0.0, data.y - base)
    coarse_first = reversed([column for codes in data.shared.held.values() for column in codes.T])
    for level in (*coarse_first, data.shared.person):
        base += _level_effects(left, level, ~treated)
        left = np.where(treated, 0.0, data.y - base)
    return np.clip(base, 0.002, 0.95)


def _level_effects(left: Floats, level: Ints, known: npt.NDArray[np.bool_]) -> Floats:
    """What each level adds, as far apart as levels truly are, at every row (n,); zeros where they do not differ.

    Means of levels drawn to zero by their reliability would vary too little, and plain means too much: they are drawn
    by its square root.
    """
    count = np.bincount(level, known).astype(np.float64)
    total = np.bincount(level, left * known, len(count))
    seen = count > 0
    inside = float((left[known] ** 2).sum() - (total[seen] ** 2 / count[seen]).sum())
    noise = inside / max(int(known.sum()) - int(seen.sum()), 1)
    above = float((total[seen] ** 2 / count[seen]).sum()) - noise * int(seen.sum())
    between = above / max(float(count.sum()), 1.0)
    if between <= 0:
        return np.zeros(len(level))
    reliability = count / (count + noise / between)
    return np.asarray((np.sqrt(reliability) * total / np.maximum(count, 1))[level])


def _again(
    data: CovariateTable, query: EffectQuery, base: Floats, effect: float, uniform: Floats, seed: int
) -> tuple[float, ArmResult]:
    """The truth over the rows compared, and what is found in a copy with an effect."""
    treated = data.treatment.arm == 1
    raised = np.minimum(base + effect, 1.0)
    y = (uniform < np.where(treated, raised, base)).astype(np.float64)
    shared = data.shared
    if shared is not None and shared.past is not None:
        # The same part of the outcome that controls explain is taken off the copy's outcomes, learned anew.
        fold = folds(len(y), 5, data.clusters, generator(seed, "own past"))
        expected = crossfit(FoldedDesign(shared.past.design, fold), y, [Linear()])[0]
        shared = replace(shared, past=replace(shared.past, outcome=y - expected))
    result = estimate(replace(data, y=y, shared=shared), replace(query, estimand="ate")).arms[0]
    return float((raised - base)[result.kept].mean()) if result.kept.any() else 0.0, result


def _summed(
    asked: Asked, copies: tuple[Copies, Copies], naive: list[float], planted: float, n: int, seconds: float
) -> Audit:
    null, with_it = copies
    every = [*null, *with_it]

    def mean(values: list[float]) -> float:
        known = [value for value in values if np.isfinite(value)]
        return float(np.mean(known)) if known else float("nan")

    def off(copies: Copies) -> float:
        return mean([_quoted(result)[0] - truth for truth, result in copies])

    def claims(copies: Copies, positive: bool) -> float:
        told = [
            result.identified != "no" and (_quoted(result)[1] > 0 or (_quoted(result)[2] < 0 and not positive))
            for _, result in copies
        ]
        return mean([float(one) for one in told])

    return Audit(
        asked.query.treatment, asked.design, asked.found.arms[0].identified, planted, (len(null), len(with_it)), n,
        off(null), off(with_it), mean(naive),
        mean([result.estimates[result.quoted].se for _, result in null]),
        mean([float(_quoted(result)[1] <= truth <= _quoted(result)[2]) for truth, result in every]),
        claims(null, False), claims(with_it, True), mean([float(one.identified == "no") for _, one in every]), seconds,
    )  # fmt: skip


def _quoted(result: ArmResult) -> tuple[float, float, float]:
    found = result.estimates[result.quoted]
    return found.value, found.low, found.high
