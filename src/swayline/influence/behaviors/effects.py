"""What each behaviour causes, from a log of events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from swayline.core import names
from swayline.core.errors import IdentificationError, OutcomeError, UsageError
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.time import format_duration, parse_date, parse_duration_s
from swayline.engine import DuckEngine, Engine
from swayline.influence.behaviors import history
from swayline.influence.behaviors.episodes import (
    EARLY_SHARE,
    Episodes,
    Pairs,
    Timeline,
    choose_horizon_s,
    choose_window_s,
    landmark,
    pairs,
    present,
    timeline,
    trials,
)
from swayline.influence.behaviors.estimate import EffectEstimate, estimate_arms
from swayline.influence.behaviors.estimators import partial_slope
from swayline.influence.behaviors.frame import Treatment, learn_encoder
from swayline.influence.behaviors.joint import joint_slopes, mediate
from swayline.influence.behaviors.nuisance import crossfit, default_learners, folds
from swayline.influence.behaviors.problem import ESTIMANDS, Data, Setting
from swayline.influence.behaviors.refute import Refutation, placebo_outcome
from swayline.influence.ledger import SCHEMA, concat, ledger

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FEWEST_TREATED = 20


@dataclass(frozen=True)
class _Rows:
    """Episodes with their controls, ready to be compared."""

    episodes: Episodes
    compared: Flags
    controls: pa.Table
    moments: history.Moments
    label: str

    def some(self, keep: Flags) -> "_Rows":
        return _Rows(self.episodes, self.compared & keep, self.controls, self.moments, self.label)


class BehaviorEffects:
    """Effects of behaviours on an outcome, with intervals, refutations and a verdict.

    Parameters
    ----------
    treatments : sequence of str, optional
        Behaviours whose effect is asked; None takes every behaviour but the outcome.
    outcome : str, optional
        None takes the deepest behaviour of the funnel that occurs.
    window, horizon : str or float, optional
        Durations ("1d") or seconds; None lets the log choose (see :mod:`.episodes`).
    from_date : str, optional
        Only episodes that open then or later count; earlier events feed the controls.
    unit : {"item", "category"}
    estimand : {"ate", "att", "cate"}
        "cate" adds a row for each episode of the design that is quoted.
    learner : {"auto", "linear", "boosting"}
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
        self.most_rows = most_rows
        self.engine = engine
        self.seed = seed

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
        if self.estimand not in ESTIMANDS:
            raise UsageError(f"estimand is {self.estimand!r}; it must be one of {', '.join(ESTIMANDS)}")
        events = log if isinstance(log, pa.Table) else log.events
        items = items if items is not None else getattr(log, "items", None)
        engine = self.engine or DuckEngine()
        line = timeline(events, self.unit)
        self.outcome_ = self.outcome or _deepest(line)
        asked = present(line, self.outcome_, self.treatments)
        found = pairs(engine, line)
        self.horizon_s_ = _seconds(self.horizon) or choose_horizon_s(line)
        from_us = None if self.from_date is None else int(parse_date(self.from_date).timestamp() * 1e6)
        tables, balances, overlaps, notes = [], [], [], []
        self.results_: dict[tuple[str, str], EffectEstimate] = {}
        with task("effects of behaviors", total=len(asked)) as bar:
            opening = _controls(engine, line, events, items, self.outcome_, found)
            for treatment in asked:
                window_s = _seconds(self.window) or choose_window_s(line, found, treatment)
                made = landmark(line, found, treatment, self.outcome_, window_s, self.horizon_s_, from_us)
                early = made.early_share
                designs = [self._landmark_rows(line, found, made, opening)]
                if early > EARLY_SHARE:
                    tried = trials(engine, line, found, treatment, self.outcome_, self.horizon_s_, from_us)
                    designs.append(self._trial_rows(engine, line, events, items, tried))
                for rows in designs:
                    quoted = rows is designs[-1]
                    table = self._measure(engine, line, found, asked, rows, quoted, early)
                    tables.append(table[0])
                    overlaps.append(table[1])
                    balances += table[2]
                    notes += table[3]
                bar.advance()
        if not self.results_:
            raise IdentificationError(
                f"no behavior has {FEWEST_TREATED} episodes with it and {FEWEST_TREATED} without: {'; '.join(notes)}"
            )
        self.ledger_ = concat(tables)
        self.overlap_ = pa.Table.from_pylist(overlaps)
        self.balance_ = pa.concat_tables(balances)
        self.notes_ = tuple(dict.fromkeys(notes))
        return self

    def _landmark_rows(self, line: Timeline, found: Pairs, made: Episodes, opening: "_Opening") -> _Rows:
        at = np.searchsorted(found.opened, made.order)
        compared = made.opening != line.code(made.treatment)
        picked = opening.moments
        moments = history.Moments(
            *(getattr(picked, name)[at] for name in ("order", "user", "unit", "category", "time"))
        )
        table = opening.controls.take(pa.array(at))
        words = pa.array(line.behaviors).take(pa.array(made.opening))
        rows = _Rows(made, compared, table.append_column("opened by", words), moments, "landmark episodes")
        return self._drawn(rows)

    def _trial_rows(
        self, engine: Engine, line: Timeline, events: pa.Table, items: pa.Table | None, made: Episodes
    ) -> _Rows:
        every = np.ones(len(made.order), dtype=bool)
        blank = pa.table({"none": np.zeros(len(made.order))})
        picked = self._drawn(_Rows(made, every, blank, _no_moments(), "sequential trials")).compared
        made = _only(made, picked)
        moments = history.moments(line, made.order, made.user, made.unit)
        assert self.outcome_ is not None
        table = history.controls(engine, line, moments, self.outcome_, items, pair=True)
        for name, values in history.context(line, events, made.order).items():
            table = table.append_column(name, values)
        return _Rows(made, np.ones(len(made.order), dtype=bool), table, moments, "sequential trials")

    def _drawn(self, rows: _Rows) -> _Rows:
        """Whole users, as many as ``most_rows`` allows."""
        count = int(rows.compared.sum())
        if count <= self.most_rows:
            return rows
        users = np.unique(rows.episodes.user)
        chosen = generator(self.seed, "users").random(len(users)) < self.most_rows / count
        return rows.some(np.isin(rows.episodes.user, users[chosen]))

    def _measure(
        self,
        engine: Engine,
        line: Timeline,
        found: Pairs,
        asked: tuple[str, ...],
        rows: _Rows,
        quoted: bool,
        early: float,
    ) -> tuple[pa.Table, dict[str, Any], list[pa.Table], list[str]]:
        made, at = rows.episodes, np.flatnonzero(rows.compared)
        treated = made.treated[at]
        overlap: dict[str, Any] = {
            "treatment": made.treatment, "design": rows.label, "rows": len(at), "treated": int(treated.sum()),
            "outcomes": int(made.outcome[at].sum()), "window_s": made.window_s, "horizon_s": made.horizon_s,
            "share_kept": None, "ess_treated": None, "ess_control": None, "early_share": early, **made.counts,
        }  # fmt: skip
        if min(int(treated.sum()), int((~treated).sum())) < FEWEST_TREATED or not made.outcome[at].any():
            why = (
                f"{made.treatment!r} ({rows.label}): {int(treated.sum()):,} episodes with it, "
                f"{int((~treated).sum()):,} without, {int(made.outcome[at].sum()):,} with the outcome: too few"
            )
            return SCHEMA.empty_table(), overlap, [], [why]
        data = self._data(engine, line, rows, at, quoted, early)
        assert self.outcome_ is not None
        setting = Setting(
            made.treatment, self.outcome_, self.estimand if quoted else "ate", "user", None, False, None,
            self.learner if quoted or self.learner != "auto" else "linear", (), 5, self.seed,
        )  # fmt: skip
        result = estimate_arms(data, setting)
        self.results_[made.treatment, rows.label] = result
        one = result.arms[0]
        overlap |= {"share_kept": one.share_kept, "ess_treated": one.effective[0], "ess_control": one.effective[1]}
        labels = pa.table({"treatment": [made.treatment] * len(one.balance), "design": [rows.label] * len(one.balance)})
        for name in one.balance.column_names:
            labels = labels.append_column(name, one.balance.column(name))
        table = self._relabel(result.ledger, line, rows, at, quoted)
        if made.kind == "landmark":
            table = concat([table, self._several(line, found, asked, rows, data, one.identified)])
        return table, overlap, [labels], [f"{made.treatment} ({rows.label}): {note}" for note in result.notes]

    def _data(
        self, engine: Engine, line: Timeline, rows: _Rows, at: npt.NDArray[np.int64], quoted: bool, early: float
    ) -> Data:
        made = rows.episodes
        table = rows.controls.take(pa.array(at))
        encoder, x = learn_encoder(table, table.column_names)
        clusters = np.unique(made.user[at], return_inverse=True)[1].astype(np.int64)
        treated = made.treated[at]
        treatment = Treatment(("0", "1"), treated.astype(np.int64), treated.astype(np.float64))
        against: tuple[str, ...] = ()
        if made.kind == "landmark" and early > EARLY_SHARE:
            against = (f"{early:.0%} of the outcomes come before the landmark, and are left out",)
        checks = self._placebo(engine, line, rows, at, clusters) if quoted else {}
        y = made.outcome[at].astype(np.float64)
        return Data(x, y, treatment, clusters, encoder, None, {}, made.order[at], 0, checks, against)

    def _placebo(
        self, engine: Engine, line: Timeline, rows: _Rows, at: npt.NDArray[np.int64], clusters: npt.NDArray[np.int64]
    ) -> dict[str, Refutation]:
        """The person's outcomes in the horizon before t0, which what came after cannot have caused.

        Controls on the person's own outcomes are taken as of that earlier time, since they would give it away.
        """
        made = rows.episodes
        back = int(made.horizon_s * 1e6)
        moments = history.Moments(
            *(getattr(rows.moments, name)[at] for name in ("order", "user", "unit", "category", "time"))
        )
        assert self.outcome_ is not None
        happened, earlier = history.own_outcomes(engine, line, moments, self.outcome_, back)
        early = moments.time - back >= line.start_us
        y, t = (happened > 0).astype(np.float64)[early], made.treated[at][early].astype(np.float64)
        if min(y.sum(), t.sum()) < FEWEST_TREATED or min((1 - y).sum(), (1 - t).sum()) < FEWEST_TREATED:
            return {}
        told = [f"own: {self.outcome_}", f"own: time since {self.outcome_}", f"own in category: {self.outcome_}"]
        kept = [name for name in rows.controls.column_names if name not in told]
        table = rows.controls.select(kept).take(pa.array(at[early]))
        encoder, x = learn_encoder(
            table.append_column("own: earlier outcomes", pa.array(np.log1p(earlier[early]))),
            [*kept, "own: earlier outcomes"],
        )
        packed = np.unique(clusters[early], return_inverse=True)[1].astype(np.int64)
        if packed.max() < 10:
            return {}
        fold = folds(len(y), 5, packed, generator(self.seed, "placebo"))
        learners = default_learners(x, encoder.groups, True, "linear", self.seed)[0]
        left_t, left_y = (values - crossfit(x, values, fold, learners)[0] for values in (t, y))
        return {
            "placebo outcome": placebo_outcome(partial_slope(left_t, left_y, packed), f"{self.outcome_!r} before t0")
        }

    def _relabel(
        self, table: pa.Table, line: Timeline, rows: _Rows, at: npt.NDArray[np.int64], quoted: bool
    ) -> pa.Table:
        made = rows.episodes
        left = made.counts
        design = (
            f"{rows.label}: {len(at):,} of {len(made.order):,} (left out: {left['left_out_end']:,} that the log's end "
            f"cuts off, {left['left_out_early']:,} with the outcome by the landmark, "
            f"{left['left_out_before']:,} before the start)."
        )
        renamed = []
        for row in table.to_pylist():
            words = {"method": f"{row['method']}, {rows.label}", "assumptions": f"{row['assumptions']} {design}"}
            if row["subject"] is not None:
                user = made.user[np.searchsorted(made.order, int(row["subject"]))]
                words = {"method": f"{row['method']}, {rows.label}", "subject": line.users[int(user)].as_py()}
            renamed.append(
                row | _stamp(line, made) | words | {"cause": made.treatment, "reference": None, "effect": self.outcome_,
                "recommended": bool(row["recommended"] and quoted)}
            )  # fmt: skip
        return ledger(renamed)

    def _several(
        self, line: Timeline, found: Pairs, asked: tuple[str, ...], rows: _Rows, data: Data, identified: str
    ) -> pa.Table:
        """Effects with the other treatments held fixed, and through each later step of the funnel."""
        made, at = rows.episodes, np.flatnonzero(rows.compared)
        time = line.column("t")
        others = [name for name in asked if name != made.treatment]
        if not others:
            return SCHEMA.empty_table()
        mark = time[made.order] + int(made.window_s * 1e6)
        index = np.searchsorted(found.opened, made.order)
        columns, kept = [made.treated[at].astype(np.float64)], []
        for name in others:
            first = found.first[name][index]
            inside = (first < len(time)) & (time[np.minimum(first, len(time) - 1)] <= mark)
            values = inside[at].astype(np.float64)
            if FEWEST_TREATED <= values.sum() <= len(values) - FEWEST_TREATED:
                columns.append(values)
                kept.append(name)
        if not kept:
            return SCHEMA.empty_table()
        fold = folds(len(data.y), 5, data.clusters, generator(self.seed, "folds"), data.treatment.arm)
        learners = default_learners(data.x, data.encoder.groups, False, "linear", self.seed)[0][:1]
        left = np.column_stack([values - crossfit(data.x, values, fold, learners)[0] for values in columns])
        y = data.y - crossfit(data.x, data.y, fold, learners)[0]
        both = joint_slopes(left, y).estimate(0, data.clusters)
        base = _stamp(line, made) | {
            "cause_kind": "behavior", "cause": made.treatment, "effect_kind": "outcome", "effect": self.outcome_,
            "channel": "own", "unit": "probability", "n": len(at), "identified": identified,
        }  # fmt: skip
        rows_out = [
            base | _numbers(both) | {
                "estimand": "ate_joint", "method": f"dml, {rows.label}",
                "assumptions": f"With {', '.join(kept)} held fixed: what {made.treatment!r} adds beside them.",
            }
        ]  # fmt: skip
        depth = names.funnel_depth(made.treatment)
        for j, name in enumerate(kept, start=1):
            if names.funnel_depth(name) <= depth:
                continue
            split = mediate(left[:, 0], left[:, j], y, data.clusters)
            for word, part in (("direct", split.direct), (f"through {name}", split.through)):
                rows_out.append(
                    base | _numbers(part) | {
                        "estimand": "ate_direct" if word == "direct" else "ate_through",
                        "method": f"linear mediation, {word}{' of ' + name if word == 'direct' else ''}, {rows.label}",
                        "reference": name,
                        "assumptions": f"Split at {name!r}; needs no unseen cause of {name!r} and the outcome.",
                    }
                )  # fmt: skip
        return ledger(rows_out)


@dataclass(frozen=True)
class _Opening:
    """Controls of every pair at its opening."""

    moments: history.Moments
    controls: pa.Table = field(repr=False)


def _controls(
    engine: Engine, line: Timeline, events: pa.Table, items: pa.Table | None, outcome: str, found: Pairs
) -> _Opening:
    moments = history.moments(line, found.opened, found.user, found.unit)
    table = history.controls(engine, line, moments, outcome, items, pair=False)
    for name, values in history.context(line, events, found.opened).items():
        table = table.append_column(name, values)
    return _Opening(moments, table)


def _no_moments() -> history.Moments:
    nothing = np.zeros(0, dtype=np.int64)
    return history.Moments(nothing, nothing, nothing, nothing, nothing)


def _only(made: Episodes, keep: Flags) -> Episodes:
    return Episodes(
        made.kind, made.treatment, made.order[keep], made.user[keep], made.unit[keep], made.opening[keep],
        made.treated[keep], made.outcome[keep], made.lag_s[keep], made.window_s, made.horizon_s, made.counts,
    )  # fmt: skip


def _deepest(line: Timeline) -> str:
    known = [word for word in line.behaviors if names.funnel_depth(word) >= 0]
    if not known:
        raise OutcomeError(f"the outcome cannot be told from the behaviors {', '.join(line.behaviors)}: name one")
    return max(known, key=names.funnel_depth)


def _seconds(value: str | float | None) -> float | None:
    if value is None:
        return None
    seconds = parse_duration_s(value) if isinstance(value, str) else float(value)
    if seconds <= 0:
        raise UsageError(f"a window or horizon of {format_duration(seconds)} holds nothing: give a positive duration")
    return seconds


def _stamp(line: Timeline, made: Episodes) -> dict[str, Any]:
    return {
        "cause_kind": "behavior", "channel": "own", "window_s": made.window_s, "horizon_s": made.horizon_s,
        "as_of": datetime.fromtimestamp(line.end_us / 1e6, UTC),
    }  # fmt: skip


def _numbers(found: Any) -> dict[str, float | None]:
    pairs_ = (("estimate", found.value), ("ci_low", found.low), ("ci_high", found.high), ("p_value", found.p))
    return {key: value if np.isfinite(value) else None for key, value in pairs_}
