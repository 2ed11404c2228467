"""The effect of a treatment in any table: estimated several ways, bounded, refuted, and judged.

The way of a table to its rows in the ledger, one file a step::

    effect.py            estimate_effect: the question, checked (table/question.py)
    table/               the rows as arrays (covariate_table.py), controls standardised (frame.py), folds
    answer/arms.py       arms: nuisances once (nuisance/), then for each arm
    answer/dose.py         estimates (estimate/), attempts to break them (refute/), a bound, a verdict
    answer/rows.py       the answer as rows of the ledger
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import special

from swayline.causal.answer.arms import answer_arms
from swayline.causal.answer.by_instrument import ByInstrument, by_instrument, rows_by_instrument
from swayline.causal.answer.dose import answer_dose
from swayline.causal.answer.results import ArmResult, Models
from swayline.causal.answer.rows import base_row, method_rows, person_rows
from swayline.causal.answer.words import in_words
from swayline.causal.identify.graph import adjust, read_graph
from swayline.causal.inference.intervals import Estimate
from swayline.causal.table.covariate_table import CovariateTable, read
from swayline.causal.table.frame import Encoder, as_table
from swayline.causal.table.question import EffectQuery, check
from swayline.core.errors import UsageError, nearest
from swayline.core.showing.pictures import effects_picture
from swayline.core.showing.result import Result
from swayline.ledger import PersonRows, Row, ledger
from swayline.numerics.cores import small_products

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class EffectEstimate:
    """What :func:`estimate_effect` returns; shown, it says what to quote and whether it holds.

    Attributes
    ----------
    rows : of the influence table: associations, every estimator, the bound, and for "cate" a row a person
    arms : one :class:`ArmResult` for each arm but the reference; a dose has one
    notes : what was chosen, and why
    by_instrument : what each instrument says, where the table or its graph has one
    alpha : share of samples in which an interval may miss the truth; the influence table's are always at .05
    """

    rows: tuple[Row | PersonRows, ...] = field(repr=False)
    arms: tuple[ArmResult, ...]
    notes: tuple[str, ...]
    encoder: Encoder
    models: Models
    by_instrument: tuple[ByInstrument, ...] = ()
    alpha: float = 0.05
    design: npt.NDArray[Any] = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    def __repr__(self) -> str:
        return "\n".join(in_words(self.ledger))

    def _repr_html_(self) -> str:
        return self.result()._repr_html_()

    def result(self) -> Result:
        """The rows of the influence table as a result that draws itself."""
        return Result(self.ledger, "\n".join(in_words(self.ledger)[:2]), effects_picture)

    def to_pandas(self) -> Any:
        """Rows of the influence table as a pandas frame."""
        return self.result().to_pandas()

    def to_polars(self) -> Any:
        """Rows of the influence table as a Polars frame."""
        return self.result().to_polars()

    def plot(self) -> Any:
        """Effects beside associations with their intervals, a Plotly figure."""
        return self.result().plot()

    def summary(self, alpha: float | None = None) -> Result:
        """Every estimate of every arm with its interval, the one to quote marked.

        Parameters
        ----------
        alpha : share of samples in which an interval may miss the truth; None is the estimate's own

        Returns
        -------
        Result
            ``arm``, ``method``, ``estimate``, ``se``, ``ci_low``, ``ci_high``, ``p_value``, ``quoted``, ``identified``.
        """
        level = self.alpha if alpha is None else alpha
        check_alpha(level)
        rows = [
            {"arm": arm.arm, "method": method, "estimate": one.value, "se": one.se, "ci_low": low, "ci_high": high,
             "p_value": one.p, "quoted": method == arm.quoted, "identified": arm.identified}
            for arm in self.arms for method, one in arm.estimates.items() for low, high in (one.at(level),)
        ]  # fmt: skip
        return Result(pa.Table.from_pylist(rows), f"{1 - level:.0%} intervals; {self.arms[0].reason}")

    @cached_property
    def ledger(self) -> pa.Table:
        """The rows as an influence table."""
        return ledger(self.rows)

    @property
    def estimate(self) -> Estimate:
        """The estimate to quote of the first arm."""
        return self.arms[0].estimates[self.arms[0].quoted]

    @property
    def identified(self) -> str:
        """The verdict on the first arm: yes, assumed or no."""
        return self.arms[0].identified

    def interval(self, alpha: float | None = None) -> tuple[float, float]:
        """Interval of the estimate to quote of the first arm; ``alpha`` None is the estimate's own."""
        level = self.alpha if alpha is None else alpha
        check_alpha(level)
        return self.estimate.at(level)

    def effect(self, frame: Any = None, arm: str | None = None) -> Floats:
        """The effect at each row of a frame with the same controls, shape (rows,); None: the rows it was learned from.

        The frame may be an array of the controls in order.
        """
        return self._at(frame, arm)[0]

    def effect_interval(self, frame: Any = None, arm: str | None = None, alpha: float | None = None) -> Floats:
        """Interval of the effect at each row, shape (rows, 2); ``alpha`` None is the estimate's own."""
        level = self.alpha if alpha is None else alpha
        check_alpha(level)
        mean, spread = self._at(frame, arm)
        z = float(special.ndtri(1 - level / 2))
        return np.column_stack([mean - z * spread, mean + z * spread])

    def _at(self, frame: Any, arm: str | None) -> tuple[Floats, Floats]:
        known = [one.arm for one in self.arms]
        if arm is not None and arm not in known:
            raise UsageError(f"there is no arm {arm!r}; {nearest(arm, known)}")
        x = self.design if frame is None else self.encoder.transform(frame)
        return self.models()[known.index(arm) if arm is not None else 0].effect(x)


def check_alpha(alpha: float) -> None:
    """Refuse an alpha that is no share.

    Raises
    ------
    UsageError
        It is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise UsageError(f"alpha is {alpha}: give a share between 0 and 1, as .05 for 95% intervals")


def estimate_effect(
    frame: Any,
    treatment: str,
    outcome: str,
    controls: Sequence[str] | None = None,
    *,
    estimand: str = "ate",
    clusters: str | None = None,
    reference: str | None = None,
    randomised: bool = False,
    propensity: str | None = None,
    learner: str = "auto",
    outcome_learner: Any = None,
    treatment_learner: Any = None,
    negative_controls: Sequence[str] = (),
    graph: Any = None,
    instrument: str | None = None,
    beside: bool = False,
    n_folds: int = 5,
    alpha: float = 0.05,
    seed: int = 0,
) -> EffectEstimate:
    """The effect of a column on another, from an experiment or from observation.

    Parameters
    ----------
    frame : Arrow, pandas or Polars frame, DuckDB relation, or mapping
        Arrow, pandas or Polars frame, or a mapping of columns.
    treatment : str
        Column with two or more arms, or with a dose (a numeric column of more than ten values).
    outcome : str
        Numeric or true/false column.
    controls : sequence of str, optional
        Columns known before the treatment that may cause it and the outcome; None takes every other column.
    estimand : str
        "ate" (over everybody), "att" (over the treated), "cate" (the ate, and a row for each person).
    clusters : str, optional
        Column whose rows are not independent of each other (a user, a village).
    reference : str, optional
        The arm compared with; by default the one whose word means none.
    randomised : bool
        Whether the treatment was drawn at random.
    propensity : str, optional
        Column with the known probability of the (two-armed) treatment; implies ``randomised``.
    learner : str
        "auto" chooses by size; "linear", "boosting" or "gaussian" asks for one family; "forest" takes a causal forest
        for who is affected how much.
    outcome_learner, treatment_learner : scikit-learn estimator, optional
        Scikit-learn regressor or classifier that predicts the outcome (in each arm) and the treatment from the
        standardised controls, cross-fitted; None takes what ``learner`` says.
    negative_controls : sequence of str
        Outcome columns that the treatment cannot have caused.
    graph : str, pairs or table, optional
        A causal graph (text, DOT, pairs, or what :func:`.discover_graph` made; see :func:`.read_graph`), from which
        controls and instrument are chosen; ``controls`` then only says which columns may serve.
    instrument : str, optional
        Column that moves the treatment and reaches the outcome through it alone; adds rows ``late``.
    beside : bool
        Whether estimates of EconML and DoWhy stand in the table too.
    n_folds : int
        Folds of the cross-fitting.
    alpha : float
        Intervals of ``summary``, ``interval`` and ``effect_interval`` miss the truth in this share of samples; the
        influence table's are always at .05.
    seed : int
        Decides folds, shuffles and half samples.

    Returns
    -------
    :class:`EffectEstimate`

    Raises
    ------
    UsageError, SchemaError
        A column is not there, an option is not one of its words, or columns are used twice.
    IdentificationError
        Nothing can be compared: a single arm, fewer than two rows in one, no outcome.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=400)
    >>> t = rng.random(400) < 1 / (1 + np.exp(-x))
    >>> table = {"x": x, "t": t, "y": 2.0 * t + x + rng.normal(size=400)}
    >>> found = estimate_effect(table, "t", "y", ["x"], learner="linear")
    >>> bool(found.estimate.low < 2 < found.estimate.high), found.identified
    (True, 'assumed')
    """
    check_alpha(alpha)
    table = as_table(frame)
    query = EffectQuery(
        treatment, outcome, estimand, clusters, reference, randomised or propensity is not None, propensity, learner,
        tuple(negative_controls), n_folds, seed, instrument, beside, outcome_learner, treatment_learner,
    )  # fmt: skip
    chosen = check(table, query, controls)
    if graph is not None:
        return replace(estimate(*_by_graph(table, query, chosen, graph)), alpha=alpha)
    return replace(estimate(read(table, query, chosen), query), alpha=alpha)


def _by_graph(
    table: pa.Table, query: EffectQuery, controls: tuple[str, ...], graph: Any
) -> tuple[CovariateTable, EffectQuery]:
    """The table read with the controls, and where it needs one the instrument, that a graph chooses."""
    chosen = adjust(read_graph(graph), query.treatment, query.outcome, controls)
    if query.instrument is None and chosen.controls is None and chosen.instruments:
        # The instrument of the fewest conditions; the adjusted rows stay, marked as not identified.
        fewest = min(chosen.instruments, key=lambda name: (len(chosen.instruments[name]), name))
        query = replace(query, instrument=fewest)
    used = chosen.controls
    if used is None:
        used = chosen.instruments.get(query.instrument or "", ())
    data = read(table, query, tuple(name for name in used if name != query.instrument))
    objections = () if chosen.controls is not None else (chosen.why,)
    return replace(data, graph_rationale=chosen.why, objections=objections), query


def estimate(data: CovariateTable, query: EffectQuery) -> EffectEstimate:
    """The effect in a table that has been read: arms or a dose, what its instrument says, and all of it as rows."""
    with small_products():
        found = answer_dose(data, query) if data.treatment.is_dose else answer_arms(data, query)
    rows: list[Row | PersonRows] = [*method_rows(found.data, query, found.arms, found.notes)]
    if query.estimand == "cate":
        rows += person_rows(found.data, query, found.arms, found.models)
    instruments: tuple[ByInstrument, ...] = ()
    if data.instrument is not None and query.instrument is not None:
        instruments = (by_instrument(data, query, query.instrument, data.instrument),)
        base = base_row(data, query, found.arms[0])
        rows += [row for one in instruments for row in rows_by_instrument(base, one)]
    return EffectEstimate(
        tuple(rows), found.arms, found.notes, found.data.encoder, found.models, instruments, design=found.data.x
    )
