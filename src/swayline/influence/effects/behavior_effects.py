"""What each behaviour causes, from a log of events."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.causal.estimate.estimate_effect import EffectEstimate, estimate
from swayline.causal.identify.discover import EDGES
from swayline.causal.identify.graph import adjust, read_graph
from swayline.causal.table.frame import Treatment, learn_encoder
from swayline.causal.table.problem import ESTIMANDS, LEARNERS, Data, Setting
from swayline.core import names
from swayline.core.errors import IdentificationError, UsageError, nearest
from swayline.core.progress import task
from swayline.core.time import format_duration, parse_date, parse_duration_s
from swayline.engine import DuckEngine, Engine
from swayline.events import EventLog
from swayline.influence.effects import covariates as history
from swayline.influence.effects.contrasts import beside_rows, further_rows, window
from swayline.influence.effects.episodes import (
    EARLY_SHARE,
    Episodes,
    Pairs,
    Timeline,
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
from swayline.influence.effects.shared_covariates import Design, Known, draw, look_up
from swayline.ledger import SCHEMA, PersonRows, Row, concat, ledger

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
AnyRow = TypeVar("AnyRow", bound=Row)


class BehaviorEffects:
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
    notes_ : tuple of str
    """

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
        for duration in (self.window, self.horizon):
            _seconds(duration)
        if self.from_date is not None:
            parse_date(self.from_date)
        elif self.sequence_state:
            raise UsageError("sequence_state needs from_date (--from): its model learns from the events before it")

    def fit(self, log: Any, items: pa.Table | None = None) -> "BehaviorEffects":
        """Measure the effects.

        Parameters
        ----------
        log : the event log, or its events as an Arrow table
        items : side table; by default the log's own

        Raises
        ------
        UsageError, OutcomeError, EmptyLogError
            A name is not in the log, an option is not one of its words, the log has no times.
        IdentificationError
            No treatment has enough episodes to be compared.
        """
        self.check_words()
        events, self.outcome_ = _told(log, self.outcome)
        items = items if items is not None else getattr(log, "items", None)
        engine = self.engine or DuckEngine()
        line = timeline(events, self.unit)
        asked = present(line, self.outcome_, self.treatments)
        found = pairs(engine, line)
        self.horizon_s_ = _seconds(self.horizon) or choose_horizon_s(line)
        from_us = None if self.from_date is None else int(parse_date(self.from_date).timestamp() * 1e6)
        state = None
        if self.sequence_state and from_us is not None:
            state = SequenceState(self.sequence_state, seed=self.seed).fit(engine, line, events, from_us)
        self.graph_ = EDGES.empty_table()
        tables, balances, overlaps = [], [], []
        unmeasured = left_out(line, asked) if self.treatments is None else None
        notes = [unmeasured] if unmeasured else []
        self.results_: dict[tuple[str, str], EffectEstimate] = {}
        designs = self._designs(engine, line, found, asked, from_us)
        together = self._together(line, found, asked, from_us)
        wanted = [one.episodes.order[one.compared] for one in designs]
        if together is not None:
            wanted.append(together.order)
        with task("effects of behaviors", total=len(designs)) as bar:
            known = look_up(engine, line, events, items, self.outcome_, wanted, self.horizon_s_, state)
            for design in designs:
                table, overlap, balance, said = self._measure(line, events, found, asked, design, known)
                tables.append(table)
                overlaps.append(overlap)
                balances += balance
                notes += said
                bar.advance()
            if together is not None:
                tables.append(self._further(line, found, asked, together, known))
        if not self.results_:
            raise IdentificationError(
                f"no behavior has {FEWEST_TREATED} episodes with it and {FEWEST_TREATED} without: {'; '.join(notes)}"
            )
        self.ledger_ = concat(tables)
        self.overlap_ = pa.Table.from_pylist(overlaps)
        self.balance_ = pa.concat_tables(balances)
        self.notes_ = tuple(dict.fromkeys(notes))
        return self

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

    def _designs(
        self, engine: Engine, line: Timeline, found: Pairs, asked: Sequence[str], from_us: int | None
    ) -> list[Design]:
        """Landmark episodes of every treatment, and trials where many outcomes precede the landmark."""
        assert self.outcome_ is not None
        designs = []
        for treatment in asked:
            window_s = _seconds(self.window) or choose_window_s(line, found, treatment)
            made = landmark(line, found, treatment, self.outcome_, window_s, self.horizon_s_, from_us)
            early = made.early_share
            compared = made.opening != line.code(treatment)
            compared[compared] = draw(line, made.user[compared], self.most_rows, self.seed)
            designs.append(Design(made, compared, "landmark episodes", early <= EARLY_SHARE, early))
            if early > EARLY_SHARE:
                tried = trials(engine, line, found, treatment, self.outcome_, self.horizon_s_, from_us)
                drawn = draw(line, tried.user, self.most_rows, self.seed)
                designs.append(Design(tried, drawn, "sequential trials", True, early))
        return designs

    def _measure(
        self, line: Timeline, events: pa.Table, found: Pairs, asked: tuple[str, ...], design: Design, known: Known
    ) -> tuple[pa.Table, dict[str, Any], list[pa.Table], list[str]]:
        made, at = design.episodes, np.flatnonzero(design.compared)
        said = {name: history.number_at(line, events, name, made.order) for name in self._columns()}
        asked_of = len(at)
        at = at[np.all([np.isfinite(values[at]) for values in said.values()], axis=0)] if said else at
        lacking = f"{asked_of - len(at):,} episodes without {' or '.join(self._columns())} left out"
        treated = made.treated[at]
        overlap: dict[str, Any] = {
            "treatment": made.treatment, "design": design.label, "rows": len(at), "treated": int(treated.sum()),
            "outcomes": int(made.outcome[at].sum()), "window_s": made.window_s, "horizon_s": made.horizon_s,
            "share_kept": None, "ess_treated": None, "ess_control": None, "early_share": design.early, **made.counts,
        }  # fmt: skip
        if min(int(treated.sum()), int((~treated).sum())) < FEWEST_TREATED or not made.outcome[at].any():
            why = (
                f"{made.treatment!r} ({design.label}): {int(treated.sum()):,} episodes with it, "
                f"{int((~treated).sum()):,} without, {int(made.outcome[at].sum()):,} with the outcome: too few"
                + (f" ({lacking})" if len(at) < asked_of else "")
            )
            return SCHEMA.empty_table(), overlap, [], [why]
        chance, pull = ((said[name][at] if name else None) for name in (self.propensity, self.instrument))
        if chance is not None and not ((chance > 0) & (chance < 1)).all():
            raise UsageError(f"propensity column {self.propensity!r} must lie strictly between 0 and 1")
        data = replace(self._data(line, design, at, known), known=chance, instrument=pull)
        data = replace(data, remarks=(lacking,)) if len(at) < asked_of else data
        assert self.outcome_ is not None
        setting = Setting(
            made.treatment, self.outcome_, self.estimand if design.quoted else "ate", "user", None, chance is not None,
            self.propensity, self.learner if design.quoted or self.learner != "auto" else "linear", (), 5, self.seed,
            self.instrument,
        )  # fmt: skip
        result = estimate(data, setting)
        self.results_[made.treatment, design.label] = result
        one = result.arms[0]
        overlap |= {"share_kept": one.share_kept, "ess_treated": one.effective[0], "ess_control": one.effective[1]}
        words = {"treatment": made.treatment, "design": design.label}
        labels = pa.table({name: [word] * len(one.balance) for name, word in words.items()})
        for name in one.balance.column_names:
            labels = labels.append_column(name, one.balance.column(name))
        table = ledger(self._relabel(result.rows, line, design, at))
        if design.is_landmark:
            table = concat([table, self._beside(line, found, asked, design, at, data, one.identified)])
        return table, overlap, [labels], [f"{made.treatment} ({design.label}): {note}" for note in result.notes]

    def _columns(self) -> list[str]:
        """Event columns that the question needs."""
        return [name for name in (self.propensity, self.instrument) if name]

    def _data(self, line: Timeline, design: Design, at: npt.NDArray[np.int64], known: Known) -> Data:
        made = design.episodes
        table = known.take(made.order[at], design.is_landmark)
        if design.is_landmark:
            table = _with_opening(table, line, made.opening[at])
        encoder, x = learn_encoder(table, table.column_names)
        clusters = np.unique(made.user[at], return_inverse=True)[1].astype(np.int64)
        treated = made.treated[at]
        treatment = Treatment(("0", "1"), treated.astype(np.int64), treated.astype(np.float64))
        against: tuple[str, ...] = ()
        if design.is_landmark and design.early > EARLY_SHARE:
            against = (_early_words(design.early),)
        told = None
        if self.graph is not None:
            others = [word for word in line.behaviors if word not in (made.treatment, self.outcome_)]
            told = adjust(read_graph(self.graph), made.treatment, str(self.outcome_), others)
            against += () if told.controls is not None else (told.why,)
        checks = {}
        if design.quoted and self.outcome_:
            place = known.at(made.order[at])
            checks = placebo_before(
                table, treated, known.happened[place], known.earlier[place],
                known.time[place] - int(made.horizon_s * 1e6) >= line.start_us, clusters, self.outcome_, self.seed,
            )  # fmt: skip
        y = made.outcome[at].astype(np.float64)
        words = "" if told is None else f"{told.why} (as each behaviour was counted before t0)"
        return Data(x, y, treatment, clusters, encoder, None, {}, made.order[at], 0, checks, against, words)

    def _beside(
        self, line: Timeline, found: Pairs, asked: tuple[str, ...], design: Design, at: npt.NDArray[np.int64],
        data: Data, identified: str,
    ) -> pa.Table:  # fmt: skip
        """The effect with the other treatments held fixed, and through each later step of the funnel."""
        others = [name for name in asked if name != design.episodes.treatment]
        if not others or data.clusters is None or self.outcome_ is None:
            return SCHEMA.empty_table()
        inside = window(line, found, design.episodes, pa.table({}), asked, (), self.seed, counted=False)
        made = beside_rows(inside, at, others, self.outcome_, data.x, data.encoder.groups, data.clusters, identified)
        return ledger([replace(row, **_stamp(line, design.episodes)) for row in made])

    def _together(self, line: Timeline, found: Pairs, asked: tuple[str, ...], from_us: int | None) -> Episodes | None:
        """Episodes of one window for all the behaviours asked for; None where no outcome comes after it."""
        assert self.outcome_ is not None
        if not asked:
            return None
        said = _seconds(self.window)
        windows = [said] if said else sorted({choose_window_s(line, found, name) for name in asked}, reverse=True)
        # The longest by which no more than a fifth of the outcomes have come, else the shortest.
        for window_s in windows:
            made = landmark(line, found, asked[0], self.outcome_, window_s, self.horizon_s_, from_us)
            if made.early_share <= EARLY_SHARE and made.outcome.any():
                break
        return _only(made, draw(line, made.user, self.most_rows, self.seed)) if made.outcome.any() else None

    def _further(self, line: Timeline, found: Pairs, asked: tuple[str, ...], made: Episodes, known: Known) -> pa.Table:
        """Doses, orders, timings and combinations, and the graph of hypotheses."""
        assert self.outcome_ is not None
        controls = _with_opening(known.take(made.order, True), line, made.opening)
        against = (_early_words(made.early_share),) if made.early_share > EARLY_SHARE else ()
        inside = window(line, found, made, controls, asked, against, self.seed)
        self.graph_ = behavior_graph(inside, asked, self.outcome_)
        return ledger([replace(row, **_stamp(line, made)) for row in further_rows(inside, asked, self.outcome_)])

    def _relabel(
        self, rows: Sequence[Row | PersonRows], line: Timeline, design: Design, at: npt.NDArray[np.int64]
    ) -> list[Row | PersonRows]:
        """A table's rows as those of episodes: the behaviour, the outcome, the design and who was left out."""
        made = design.episodes
        told = _span_words(design, len(at))
        renamed: list[Row | PersonRows] = []
        for row in rows:
            if isinstance(row, PersonRows):
                of = made.user[np.searchsorted(made.order, row.subjects.cast(pa.int64()).to_numpy())]
                about = self._renamed(row.about, line, design)
                renamed.append(replace(row, about=about, subjects=line.users.take(pa.array(of))))
            else:
                whole = replace(row, assumptions=f"{row.assumptions} {told}")
                renamed.append(self._renamed(whole, line, design))
        return renamed

    def _renamed(self, row: AnyRow, line: Timeline, design: Design) -> AnyRow:
        assert self.outcome_ is not None
        of_instrument = row.estimand == "reduced_form"
        return replace(
            row, cause_kind=row.cause_kind if of_instrument else "behavior",
            cause=row.cause if of_instrument else design.episodes.treatment, effect=self.outcome_, channel="own",
            method=f"{row.method}, {design.label}", reference=None, primary=row.primary and design.quoted,
            **_stamp(line, design.episodes),
        )  # fmt: skip


def _span_words(design: Design, n: int) -> str:
    """When treatment and outcome are looked for, and which episodes are left out."""
    made, left = design.episodes, design.episodes.counts
    horizon = format_duration(made.horizon_s)
    span = (
        f"Treated within {format_duration(made.window_s)} of the opening, outcome in the {horizon} after that"
        if design.is_landmark
        else f"Treated at the event itself, outcome in the {horizon} after it"
    )
    return (
        f"{span}. {design.label.capitalize()}: {n:,} of {len(made.order):,} (left out: "
        f"{left['left_out_end']:,} that the log's end cuts off, {left['left_out_early']:,} with the outcome by the "
        f"landmark, {left['left_out_before']:,} before the start)."
    )


def _with_opening(controls: pa.Table, line: Timeline, opening: npt.NDArray[np.int64]) -> pa.Table:
    return controls.append_column("opened by", pa.array(line.behaviors).take(pa.array(opening)))


def _only(made: Episodes, keep: Flags) -> Episodes:
    return Episodes(
        made.kind, made.treatment, made.order[keep], made.user[keep], made.unit[keep], made.opening[keep],
        made.treated[keep], made.outcome[keep], made.lag_s[keep], made.window_s, made.horizon_s, made.counts,
    )  # fmt: skip


def _early_words(share: float) -> str:
    return f"{share:.0%} of the outcomes come before the landmark, and are left out"


def _told(log: Any, outcome: str | None) -> tuple[pa.Table, str]:
    """Events that say whether they meet the outcome's condition, and the outcome."""
    events = log if isinstance(log, pa.Table) else log.events
    if names.BEHAVIOR not in events.column_names:
        return events, outcome or names.INTERACT
    split, name = EventLog(events).split_by_outcome(outcome)
    return split.events, name


def _seconds(value: str | float | None) -> float | None:
    if value is None:
        return None
    seconds = parse_duration_s(value) if isinstance(value, str) else float(value)
    if seconds <= 0:
        raise UsageError(f"a window or horizon of {format_duration(seconds)} holds nothing: give a positive duration")
    return seconds


def _stamp(line: Timeline, made: Episodes) -> dict[str, Any]:
    """The columns about time of every row of some episodes."""
    as_of = datetime.fromtimestamp(line.end_us / 1e6, UTC)
    return {"window_s": made.window_s, "horizon_s": made.horizon_s, "as_of": as_of}
