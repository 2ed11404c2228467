"""Contagion or likeness, from a log and its ties: the public estimator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from swayline.causal.table.question import LEARNERS
from swayline.core.errors import IdentificationError, UsageError, nearest
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.showing.estimator import InfluenceEstimator
from swayline.core.showing.pictures import effects_picture
from swayline.core.time import seconds_of
from swayline.core.types import Bools
from swayline.influence.contagion import placebos as placebo
from swayline.influence.contagion.calibration import quote_calibrated
from swayline.influence.contagion.covariates import Covariates
from swayline.influence.contagion.exposures import Exposures, FirstActs, exposures, first_acts
from swayline.influence.contagion.measure import quick, whole
from swayline.influence.contagion.parts import Part, by_dose, by_strength, by_valence
from swayline.influence.contagion.persons import by_person
from swayline.influence.contagion.placebos import Placebo, Setting, judged
from swayline.influence.contagion.reading import SocialLog, horizon_of, social_log
from swayline.influence.contagion.rows import Answer, in_words, rows_of
from swayline.influence.contagion.trials import Risk, draw, eligible, first_of_pairs, make_trials
from swayline.ledger import ledger

FEW_EXPOSURES, ENOUGH_OUTCOMES, MANY_EXPOSURES = 10_000, 300, 60_000
_WARM = 0.1
"""Share of the log's span whose exposures only feed controls: nobody's own log is known by then."""


@dataclass(frozen=True)
class _Asked:
    """One behaviour of ties: its first acts, the exposures that they make, those compared, and who may adopt."""

    cause: FirstActs
    seen: Exposures
    first: Exposures
    every: Exposures
    risk: Risk


class Contagion(InfluenceEstimator):
    """Whether a tie's act on an item brings the person's own, or ties only like the same things.

    Parameters
    ----------
    outcome : str, optional
        The behaviour that may be brought about, or a condition on its value (``rate>=4``); by default what was liked
        in a log of ratings alone, else the deepest of the funnel.
    horizon : str or float, optional
        Duration ("7d") or seconds within which the outcome counts. By default 7 days, or one tick of a coarser clock.
    behaviors : sequence of str, optional
        What ties did; by default the outcome itself. Several give a row each: how much a click, a share or a review of
        others moves mine.
    unseen : sequence of str
        Categories that ties cannot see; a placebo, left out elsewhere.
    learner : {"linear", "auto", "boosting"}
    most_exposures : int, optional
        Above so many exposures some are drawn by the seed. By default 10,000, or as many as bring 300 outcomes, at most
        60,000.
    by_person : bool
        Also a row for each person whose acts were seen: how much they move those who see them.
    seed : int
        Decides every random number.

    Attributes
    ----------
    ledger_ : pa.Table
        Rows ``association`` (naive) and ``peer_effect`` (adjusted, by several estimators; ``primary`` is the one to
        quote); those with a ``subject`` are of a part of the exposures.
    answers_ : tuple of Answer
        Per behaviour: figures, placebos, parts, verdict.

    Notes
    -----
    Effect on the exposed. Assumes that the person's own log, the ties' logs and the item carry what moves both; the
    placebos look for what they miss. ``identified`` is never "yes".

    References
    ----------
    Aral, Muchnik & Sundararajan (2009), Distinguishing influence-based contagion from homophily-driven diffusion.
    Eckles & Bakshy (2021), Bias and high-dimensional adjustment in observational studies of peer effects.
    """

    draw = staticmethod(effects_picture)

    def __init__(
        self, outcome: str | None = None, horizon: str | float | None = None, *,
        behaviors: Sequence[str] | None = None, unseen: Sequence[str] = (), learner: str = "linear",
        most_exposures: int | None = None, by_person: bool = False, seed: int = 0,
    ) -> None:  # fmt: skip
        self.outcome = outcome
        self.horizon = horizon
        self.behaviors = behaviors
        self.unseen = unseen
        self.learner = learner
        self.most_exposures = most_exposures
        self.by_person = by_person
        self.seed = seed

    def check_words(self) -> None:
        """Refuse options that no log could answer to, before one is read.

        Raises
        ------
        UsageError
            An option is not one of its words, or no duration.
        """
        if self.learner not in LEARNERS[:3]:
            raise UsageError(f"learner is {self.learner!r}: {nearest(str(self.learner), LEARNERS[:3])}")
        if self.most_exposures is not None and self.most_exposures < 100:
            raise UsageError(f"most_exposures is {self.most_exposures}: at least 100 are needed")
        seconds_of(self.horizon, "horizon")

    def fit(self, log: Any, ties: Any = None, items: Any = None) -> "Contagion":
        """Measure contagion along the ties.

        Parameters
        ----------
        log : EventLog, path, address or frame
        ties : path, address or frame, optional
            ``source``, ``target`` (influence may run source → target), ``time`` where known; by default the log's own.
        items : path, address or frame, optional
            ``item``, ``category``; by default the log's own.

        Raises
        ------
        SchemaError, UsageError, EmptyLogError, OutcomeError
            There are no times, items or ties; no tie joins people of the log; a name is not in it.
        IdentificationError
            No behaviour has exposures and people enough to compare.
        """
        self.check_words()
        social = social_log(log, ties, items, self.outcome)
        self.read_, self.horizon_s_ = social, horizon_of(social, self.horizon)
        self.outcome_ = social.behaviors[social.outcome]
        hidden = self._hidden(social)
        acts = first_acts(social, social.outcome)
        known = Covariates(social, acts, self.horizon_s_, self.seed)
        asked = self._asked(social)
        with task("contagion", total=len(asked)) as bar:
            answers = []
            for behavior in asked:
                answers.append(self._answer(behavior, acts, known, hidden))
                bar.advance()
        self.answers_ = tuple(answers)
        if all(one.main is None for one in answers):
            told = "; ".join(f"{one.behavior!r}: {one.why}" for one in answers)
            raise IdentificationError(f"contagion cannot be told from this log: too few to compare: {told}")
        self.ledger_ = ledger([row for one in answers for row in rows_of(one, social, self.horizon_s_)])
        return self

    def in_words(self) -> list[str]:
        """The answers as lines for people."""
        return in_words(self.answers_, self.read_, self.horizon_s_)

    def _asked(self, social: SocialLog) -> list[str]:
        wanted = list(dict.fromkeys(self.behaviors)) if self.behaviors else [self.outcome_]
        for word in wanted:
            if word not in social.behaviors:
                raise UsageError(f"behavior {word!r} is not in the log; {nearest(word, social.behaviors)}")
        return wanted

    def _hidden(self, social: SocialLog) -> Bools:
        """(I,) items of the categories that ties cannot see."""
        words = social.categories.to_pylist()
        for word in self.unseen:
            if word not in words:
                raise UsageError(f"unseen category {word!r} is not in the log; {nearest(word, words)}")
        hidden = np.flatnonzero(np.asarray(pc.is_in(social.categories, value_set=pc.cast(list(self.unseen), "string"))))
        return np.isin(social.item_category(), hidden)

    def _answer(self, behavior: str, acts: FirstActs, known: Covariates, hidden: Bools) -> Answer:
        social = self.read_
        asked = self._exposed(behavior, acts, hidden)
        rng = generator(self.seed, "contagion", "trials", behavior)
        most = self._most(asked)
        rows = make_trials(asked.risk, draw(asked.first, most, rng), rng)
        main, why = quick(rows, known, self.seed)
        if main is None:
            return Answer(behavior, None, None, exposures=len(asked.first.pair), why=why)
        setting = Setting(asked.risk, known, asked.cause, max(most // 2, 100), self.seed)
        tried = self._placebos(setting, hidden)
        checks = {one.name: judged(one, main) for one in tried}
        found = quote_calibrated(whole(rows, known, checks, (), self.learner, self.seed), main, tried)
        every = make_trials(asked.risk, draw(asked.every, most, rng), rng)
        parts: list[Part] = [
            *by_dose(every, known, self.seed), *by_strength(rows, social, known, self.seed),
            *by_valence(rows, known, self.seed),
        ]  # fmt: skip
        persons = None
        if self.by_person:
            seen = make_trials(asked.risk, draw(asked.first, MANY_EXPOSURES, rng), rng)
            persons = by_person(seen, social, found.estimate)
        return Answer(behavior, main, found, tried, tuple(parts), len(asked.first.pair), persons=persons)

    def _most(self, asked: _Asked) -> int:
        """Exposures to compare: the rarer the outcome, the more."""
        if self.most_exposures is not None:
            return self.most_exposures
        rate = float(asked.risk.outcome(asked.first.pair, asked.first.time).mean()) if len(asked.first.pair) else 0.0
        return int(np.clip(ENOUGH_OUTCOMES / max(rate, 1e-9), FEW_EXPOSURES, MANY_EXPOSURES))

    def _exposed(self, behavior: str, acts: FirstActs, hidden: Bools) -> _Asked:
        """Exposures by a behaviour that can be compared: late enough for a past, in categories that ties can see."""
        social = self.read_
        cause = acts if behavior == self.outcome_ else first_acts(social, social.behaviors.index(behavior))
        seen = exposures(social, cause)
        risk = Risk(social, acts, seen, self.horizon_s_)
        warm = social.start_s + _WARM * (social.end_s - social.start_s)
        good = eligible(risk, seen) & (seen.time >= warm) & ~hidden[seen.pair % len(social.items)]
        first = first_of_pairs(seen)
        return _Asked(cause, seen, seen.only(first & good), seen.only(good), risk)

    def _placebos(self, at: Setting, hidden: Bools) -> tuple[Placebo, ...]:
        tried = [
            placebo.future_acts(at),
            placebo.earlier_acts(at),
            placebo.shuffled_ties(at),
            placebo.shuffled_times(at),
        ]
        if hidden.any():
            tried.append(placebo.unseen_items(at, hidden))
        return tuple(tried)
