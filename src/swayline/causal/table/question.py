"""The question asked of a table, and whether it makes sense."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from swayline.causal.table.frame import column
from swayline.core.errors import UsageError, nearest

ESTIMANDS = ("ate", "att", "cate")
LEARNERS = ("auto", "linear", "boosting", "gaussian", "forest")


@dataclass(frozen=True)
class EffectQuery:
    """What was asked; the fields are :func:`.estimate_effect`'s arguments."""

    treatment: str
    outcome: str
    estimand: str
    clusters: str | None
    reference: str | None
    randomised: bool
    propensity: str | None
    learner: str
    negative_controls: tuple[str, ...]
    n_folds: int
    seed: int
    instrument: str | None = None
    beside: bool = False
    outcome_learner: Any = None
    treatment_learner: Any = None

    @property
    def own_learners(self) -> bool:
        """Whether the caller's estimators predict treatment or outcome."""
        return self.outcome_learner is not None or self.treatment_learner is not None


def check(table: pa.Table, s: EffectQuery, controls: Sequence[str] | None) -> tuple[str, ...]:
    """The controls to use, once the question makes sense.

    Raises
    ------
    UsageError
        An option is not one of its words, a column is missing or used twice.
    """
    if s.estimand not in ESTIMANDS:
        raise UsageError(f"estimand is {s.estimand!r}; it must be one of {', '.join(ESTIMANDS)}")
    if s.learner not in LEARNERS:
        raise UsageError(f"learner is {s.learner!r}; it must be one of {', '.join(LEARNERS)}")
    if s.n_folds < 2:
        raise UsageError(f"n_folds is {s.n_folds}; cross-fitting needs at least 2")
    used = [s.treatment, s.outcome, *([s.clusters] if s.clusters else []), *s.negative_controls]
    used += [name for name in (s.propensity, s.instrument) if name]
    if s.instrument in (s.treatment, s.outcome):
        raise UsageError(f"{s.instrument!r} cannot be the instrument of itself: name another column")
    if s.treatment == s.outcome:
        raise UsageError(f"{s.treatment!r} is both treatment and outcome")
    if controls is None:
        return tuple(name for name in table.column_names if name not in used)
    if isinstance(controls, str):
        raise UsageError(f"controls is {controls!r}; a list of columns is needed, as in ['{controls}']")
    for name in controls:
        if name in (s.treatment, s.outcome):
            raise UsageError(f"control {name!r} is the treatment or the outcome: leave it out")
        if name == s.instrument:
            raise UsageError(f"{name!r} is the instrument, which must not be a control too: leave it out")
        if name not in table.column_names:
            raise UsageError(f"the table has no control {name!r}; {nearest(name, table.column_names)}")
        if column(table, name).null_count == table.num_rows:
            raise UsageError(f"control {name!r} is empty in every row, so nothing can be adjusted for: leave it out")
    return tuple(dict.fromkeys(controls))
