"""What each behaviour causes, from a log of events."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.effect import EffectEstimate, estimate
from swayline.causal.identify.discover import EDGES
from swayline.causal.table.covariate_table import LEAST_PROPENSITY, CovariateTable
from swayline.causal.table.frame import Treatment, learn_encoder
from swayline.causal.table.question import ESTIMANDS, LEARNERS, EffectQuery
from swayline.core import names
from swayline.core.errors import IdentificationError, UsageError, nearest
from swayline.core.progress import task
from swayline.core.showing.estimator import InfluenceEstimator
from swayline.core.showing.pictures import effects_picture
from swayline.core.time import parse_date, seconds_of
from swayline.engine import DuckEngine, Engine
from swayline.events import as_log
from swayline.influence.effects import covariates as history
from swayline.influence.effects.audit import SECONDS, Asked, Audit, audit_one
from swayline.influence.effects.comparison import (
    LogView,
    events_and_outcome,
    labelled,
    objections_to,
    overlap_of,
    too_few,
)
from swayline.influence.effects.contrasts import contrast_rows, joint_rows, window
from swayline.influence.effects.episode_rows import early_words, only, rows_of_episodes, times_of, with_opening
from swayline.influence.effects.episodes import (
    EARLY_SHARE,
    Episodes,
    choose_horizon_s,
    choose_window_s,
    landmark,
    left_out,
    pairs,
    present,
    timeline,
    trials,
)
from swayline.influence.effects.hypotheses import behavior_graph
from swayline.influence.effects.placebo import FEWEST_TREATED, placebo_before
from swayline.influence.effects.sequence_state import SequenceState
from swayline.influence.effects.shared_covariates import Design, Known, Sides, draw, look_up
from swayline.influence.effects.shared_levels import Compared, own_rates, shared_of
from swayline.influence.effects.steps import right_before
from swayline.ledger import SCHEMA, concat, ledger
from swayline.numerics.cores import small_products

Int64s = npt.NDArray[np.int64]


class BehaviorEffects(InfluenceEstimator):
    """Effects of behaviours on an outcome, with intervals, refutations and a verdict.

    Parameters
    ----------
    treatments : sequence of str, optional
        Behaviours whose effect is asked; None takes every behaviour but the outcome.
    outcome : str, optional
        A behaviour, or a condition on its value (``rate>=4``). None takes what was liked in a log of ratings alone,
        else the deepest behaviour of the funnel that occurs.
    window, horizon : str or float, optional
        Durations ("1d") or seconds; None lets the log choose (see :mod:`.episodes`).
    from_date : str, optional
        Only episodes that open then or later count; earlier events feed the controls.
    unit : {"item", "category"}
    estimand : {"ate", "att", "cate"}
        "cate" adds a row for each episode of the design that is quoted.
    learner : {"auto", "linear", "boosting", "forest"}
    graph : optional
        A causal graph of behaviours (text, DOT, pairs; see :func:`.read_graph`). Behaviours that it makes confounders
        are adjusted for as of t0; a back door that they do not close makes the verdict "no".
    propensity : str, optional
        Event column with the chance, known when the episode opened, that the treatment would follow: randomised.
    instrument : str, optional
        Event column (say ``position``) of the opening event that moves the treatment and reaches the outcome through
        it alone; adds rows ``late``.
    sequence_state : int
        So many numbers of a sequence model's expectation just before t0 are controls too (see :mod:`.state`); the
        model learns from events before ``from_date``, which must then be given.
    most_rows : int
        Above so many episodes whole users are drawn by the seed.
    engine : Engine, optional
        Where tables are computed; DuckDB in this process by default.
    seed : int
        Decides every random number.

    Attributes
    ----------
    ledger_ : pa.Table
        Associations and effects by every estimator, joint and mediated effects, the hidden-cause bound.
    balance_ : pa.Table
        treatment, design, control, before, after: standardised differences.
    overlap_ : pa.Table
        A row a treatment and design: rows, treated, share kept by trimming, effective sample sizes, left-out counts.
    graph_ : pa.Table
        Hypotheses: which behaviours of the window may drive which and the outcome (see :mod:`.hypotheses`).
    results_ : dict
        (treatment, design) → :class:`EffectEstimate`.
    asked_ : dict
        Treatment → the comparison that is quoted: what :meth:`audit` plants effects into.
    notes_ : tuple of str
    """

    draw = staticmethod(effects_picture)

    def __init__(
        self,
        treatments: Sequence[str] | None = None,
        outcome: str | None = None,
        window: str | float | None = None,
        horizon: str | float | None = None,
        *,
        from_date: str | None = None,
        unit: str = names.ITEM,
        estimand: str = "ate",
        learner: str = "auto",
        graph: Any = None,
        propensity: str | None = None,
        instrument: str | None = None,
        sequence_state: int = 0,
        most_rows: int = 300_000,
        engine: Engine | None = None,
        seed: int = 0,
    ) -> None:
        self.treatments = treatments
        self.outcome = outcome
        self.window = window
        self.horizon = horizon
        self.from_date = from_date
        self.unit = unit
        self.estimand = estimand
        self.learner = learner
        self.graph = graph
        self.propensity = propensity
        self.instrument = instrument
        self.sequence_state = sequence_state
        self.most_rows = most_rows
        self.engine = engine
        self.seed = seed

    def check_words(self) -> None:
        """Refuse options that no log could answer to, before one is read.

        Raises
        ------
        UsageError
            An option is not one of its words, no duration or no date.
        """
        for name, word, words in (
            ("estimand", self.estimand, ESTIMANDS),
            ("learner", self.learner, tuple(one for one in LEARNERS if one != "gaussian")),
            ("unit", self.unit, (names.ITEM, names.CATEGORY)),
        ):
            if word not in words:
                hint = nearest(str(word), words)
                raise UsageError(f"{name} is {word!r}; for a log it must be one of {', '.join(words)}: {hint}")
        seconds_of(self.window, "window")
        seconds_of(self.horizon, "horizon")
        if self.from_date is not None:
            parse_date(self.from_date)
        elif self.sequence_state:
            raise UsageError("sequence_state needs from_date (--from): its model learns from the events before it")

    def fit(self, log: Any, items: Any = None, users: Any = None) -> "BehaviorEffects":
        """Measure the effects.

        Parameters
        ----------
        log : the event log, or a path, address or frame of events
        items, users : side tables in any of these forms; by default the log's own

        Raises
        ------
        UsageError, OutcomeError, EmptyLogError
            A name is not in the log, an option is not one of its words, the log has no times.
        IdentificationError
            No treatment has enough episodes to be compared.
        """
        self.check_words()
        log = as_log(log, items=items, users=users)
        events, self.outcome_ = events_and_outcome(log, self.outcome)
        sides = Sides(log.items, log.users)
        view = self._view(events, self.outcome_, sides)
        self.horizon_s_ = seconds_of(self.horizon, "horizon") or choose_horizon_s(view.line)
        self.graph_ = EDGES.empty_table()
        tables, balances, overlaps = [], [], []
        unmeasured = left_out(view.line, view.asked) if self.treatments is None else None
        notes = [unmeasured] if unmeasured else []
        self.results_: dict[tuple[str, str], EffectEstimate] = {}
        self.asked_: dict[str, Asked] = {}
        designs, together = self._designs(view), self._together(view)
        with small_products(), task("effects of behaviors", total=len(designs)) as bar:
            known = self._known(view, designs, together)
            for design in designs:
                table, overlap, balance, remarks = self._measure(view, design, known)
                tables.append(table)
                overlaps.append(overlap)
                balances += balance
                notes += remarks
                bar.advance()
            if together is not None:
                tables.append(self._contrasts(view, together, known))
        if not self.results_:
            raise IdentificationError(
                f"no behavior has {FEWEST_TREATED} episodes with it and {FEWEST_TREATED} without: "
                f"{'; '.join(notes) or f'beside the outcome {self.outcome_!r} the log holds none'}"
            )
        self.ledger_ = concat(tables)
        self.overlap_ = pa.Table.from_pylist(overlaps)
        self.balance_ = pa.concat_tables(balances)
        self.notes_ = tuple(dict.fromkeys(notes))
        return self

    def _view(self, events: pa.Table, outcome: str, sides: Sides) -> LogView:
        """The log as every step reads it."""
        engine = self.engine or DuckEngine()
        line = timeline(events, self.unit, sides.items, engine)
        asked = present(line, outcome, self.treatments)
        from_us = None if self.from_date is None else int(parse_date(self.from_date).timestamp() * 1e6)
        return LogView(engine, line, events, pairs(engine, line), asked, outcome, from_us, sides)

    def _known(self, view: LogView, designs: Sequence[Design], together: Episodes | None) -> Known:
        """Controls of every moment that a comparison asks about."""
        state = None
        if self.sequence_state and view.from_us is not None:
            state = SequenceState(self.sequence_state, seed=self.seed)
            state.fit(view.engine, view.line, view.events, view.from_us)
        wanted = [one.episodes.order[one.compared] for one in designs]
        if together is not None:
            wanted.append(together.order)
        return look_up(view.engine, view.line, view.events, view.sides, view.outcome, wanted, self.horizon_s_, state)

    def picture(self, most: int = 20) -> dict[str, list[dict[str, Any]]]:
        """Overlap, balance and the graph of hypotheses as JSON can say them: what the report draws.

        ``balance`` holds the ``most`` controls of each treatment that differed most before weighting.
        """
        designs = dict(self.results_.keys())  # the last design of a treatment is the one quoted
        balance = []
        for treatment, label in designs.items():
            of = [
                row for row in self.balance_.to_pylist()
                if (row["treatment"], row["design"]) == (treatment, label)
                and np.isfinite([row["before"], row["after"]]).all()
            ]  # fmt: skip
            balance += sorted(of, key=lambda row: -abs(row["before"]))[:most]
        overlap = [row for row in self.overlap_.to_pylist() if designs.get(row["treatment"]) == row["design"]]
        return {"overlap": overlap, "balance": balance, "graph": self.graph_.to_pylist()}

    def audit(self, seconds: float = SECONDS) -> tuple[Audit, ...]:
        """Known effects planted into copies of this log's own episodes, asked of the same estimators (:mod:`.audit`).

        Parameters
        ----------
        seconds : no further copy of a treatment is begun after so long

        Returns
        -------
        One for each treatment that has episodes enough.
        """
        with task("audit", total=len(self.asked_)) as bar:
            made = []
            for asked in self.asked_.values():
                made.append(audit_one(asked, self.seed, seconds))
                bar.advance()
        return tuple(one for one in made if one is not None)

    def _designs(self, view: LogView) -> list[Design]:
        """Landmark episodes of every treatment, and trials where many outcomes precede the landmark."""
        line, designs = view.line, []
        for treatment in view.asked:
            window_s = seconds_of(self.window, "window") or choose_window_s(line, view.pairs, treatment)
            made = landmark(line, view.pairs, treatment, view.outcome, window_s, self.horizon_s_, view.from_us)
            early = made.early_share
            compared = made.opening != line.code(treatment)
            compared[compared] = draw(line, made.user[compared], self.most_rows, self.seed)
            designs.append(Design(made, compared, "landmark episodes", early <= EARLY_SHARE, early))
            if early > EARLY_SHARE:
                tried = trials(view.engine, line, view.pairs, treatment, view.outcome, self.horizon_s_, view.from_us)
                drawn = draw(line, tried.user, self.most_rows, self.seed)
                designs.append(Design(tried, drawn, "sequential trials", True, early))
        return designs

    def _measure(
        self, view: LogView, design: Design, known: Known
    ) -> tuple[pa.Table, dict[str, Any], list[pa.Table], list[str]]:
        """One comparison: its rows, who was compared, the balance of its controls, and notes."""
        made, every = design.episodes, np.flatnonzero(design.compared)
        given = {name: history.number_at(view.line, view.events, name, made.order) for name in self._columns()}
        at = every[np.all([np.isfinite(values[every]) for values in given.values()], axis=0)] if given else every
        lacking = f"{len(every) - len(at):,} episodes without {' or '.join(self._columns())} left out"
        overlap = overlap_of(design, at)
        why = too_few(design, at)
        if why:
            why += f" ({lacking})" if len(at) < len(every) else ""
            return SCHEMA.empty_table(), overlap, [], [why]
        chance, pull = ((given[name][at] if name else None) for name in (self.propensity, self.instrument))
        if chance is not None and not ((chance >= LEAST_PROPENSITY) & (chance <= 1 - LEAST_PROPENSITY)).all():
            raise UsageError(f"propensity column {self.propensity!r} must lie strictly between 0 and 1")
        data = replace(self._data(view, design, at, known), propensity=chance, instrument=pull)
        data = replace(data, remarks=(lacking,)) if len(at) < len(every) else data
        query = self._query(view, design)
        result = estimate(data, query)
        self.results_[made.treatment, design.label] = result
        if design.quoted:
            self.asked_[made.treatment] = Asked(data, query, design.label, result)
        one = result.arms[0]
        overlap |= {"share_kept": one.share_kept, "ess_treated": one.effective[0], "ess_control": one.effective[1]}
        table = ledger(rows_of_episodes(result.rows, view.line, design, len(at), view.outcome))
        if design.is_landmark:
            table = concat([table, self._held_fixed(view, design, at, data, one.identified)])
        notes = [f"{made.treatment} ({design.label}): {note}" for note in result.notes]
        return table, overlap, [labelled(one.balance, design)], notes

    def _query(self, view: LogView, design: Design) -> EffectQuery:
        """The question that a design's rows are asked."""
        return EffectQuery(
            design.episodes.treatment, view.outcome, self.estimand if design.quoted else "ate", "user", None,
            bool(self.propensity), self.propensity,
            self.learner if design.quoted or self.learner != "auto" else "linear", (), 5, self.seed, self.instrument,
        )  # fmt: skip

    def _columns(self) -> list[str]:
        """Event columns that the question needs."""
        return [name for name in (self.propensity, self.instrument) if name]

    def _data(self, view: LogView, design: Design, at: Int64s, known: Known) -> CovariateTable:
        """The episodes compared as a table: controls as of t0, treatment, outcome, and what is known against it."""
        line = view.line
        made = design.episodes
        table = known.take(made.order[at], design.is_landmark)
        if design.is_landmark:
            table = with_opening(table, line, made.opening[at])
        table = own_rates(line, view.pairs, made.order[at], table, (made.treatment, view.outcome))
        encoder, x = learn_encoder(table, table.column_names)
        clusters = np.unique(made.user[at], return_inverse=True)[1].astype(np.int64)
        treated = made.treated[at]
        treatment = Treatment(("0", "1"), treated.astype(np.int64), treated.astype(np.float64))
        objections, graph_rationale = objections_to(view, design, self.graph)
        checks = {}
        if design.quoted:
            place = known.at(made.order[at])
            checks = placebo_before(
                table, treated, known.happened[place], known.earlier[place],
                known.time[place] - int(made.horizon_s * 1e6) >= line.start_us, clusters, view.outcome, self.seed,
            ) | right_before(line, view.pairs, made.treatment, view.outcome)  # fmt: skip
        shared = shared_of(Compared(line, made, at, table, clusters, view.outcome), design.quoted, self.seed)
        y = made.outcome[at].astype(np.float64)
        return CovariateTable(
            x, y, treatment, clusters, encoder, None, {}, made.order[at], 0, checks, objections, graph_rationale,
            shared=shared,
        )  # fmt: skip

    def _held_fixed(self, view: LogView, design: Design, at: Int64s, data: CovariateTable, identified: str) -> pa.Table:
        """The effect with the other treatments held fixed, and through each later step of the funnel."""
        others = [name for name in view.asked if name != design.episodes.treatment]
        if not others or data.clusters is None:
            return SCHEMA.empty_table()
        inside = window(view.line, view.pairs, design.episodes, pa.table({}), view.asked, (), self.seed, counted=False)
        made = joint_rows(inside, at, others, view.outcome, data.x, data.encoder.groups, data.clusters, identified)
        return ledger([replace(row, **times_of(view.line, design.episodes)) for row in made])

    def _together(self, view: LogView) -> Episodes | None:
        """Episodes of one window for all the behaviours asked for; None where no outcome comes after it."""
        if not view.asked:
            return None
        line, given = view.line, seconds_of(self.window, "window")
        chosen = {choose_window_s(line, view.pairs, name) for name in view.asked} if given is None else {given}
        # The longest by which no more than a fifth of the outcomes have come, else the shortest.
        for window_s in sorted(chosen, reverse=True):
            made = landmark(line, view.pairs, view.asked[0], view.outcome, window_s, self.horizon_s_, view.from_us)
            if made.early_share <= EARLY_SHARE and made.outcome.any():
                break
        return only(made, draw(line, made.user, self.most_rows, self.seed)) if made.outcome.any() else None

    def _contrasts(self, view: LogView, made: Episodes, known: Known) -> pa.Table:
        """Doses, orders, timings and combinations, and the graph of hypotheses."""
        controls = with_opening(known.take(made.order, True), view.line, made.opening)
        objections = (early_words(made.early_share),) if made.early_share > EARLY_SHARE else ()
        inside = window(view.line, view.pairs, made, controls, view.asked, objections, self.seed)
        self.graph_ = behavior_graph(inside, view.asked, view.outcome)
        rows = contrast_rows(inside, view.asked, view.outcome)
        return ledger([replace(row, **times_of(view.line, made)) for row in rows])
