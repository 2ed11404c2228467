"""Who will move others in the next days: a head learned from behaviour and ties, judged on people it never saw."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from swayline.core.errors import DataError, UsageError, nearest
from swayline.core.rng import generator
from swayline.core.showing.estimator import Estimator
from swayline.core.time import format_duration, seconds_of
from swayline.core.types import Bools, Ints
from swayline.influence.contagion.exposures import first_acts
from swayline.influence.contagion.reading import Floats, SocialLog, horizon_of, social_log
from swayline.influence.predictor.baselines import simple_scores, trees
from swayline.influence.predictor.encoders import ENCODERS
from swayline.influence.predictor.examples import ExampleMaker, Examples, join
from swayline.influence.predictor.judged import of_predictions, of_scores, paired_gain
from swayline.influence.predictor.labels import gains
from swayline.influence.predictor.learning import Learned, learn

DATES = 8
"""Dates at most from which examples are taken, a horizon apart, the latest first."""
FEWEST = 100


class InfluencePredictor(Estimator):
    """How many acts of others each person brings about in the next horizon, from behaviour and ties alone.

    Parameters
    ----------
    outcome : str, optional
        The behaviour of others that counts; by default what was liked in a log of ratings, else the funnel's deepest.
    horizon : str or float, optional
        Duration ("7d") or seconds: whose acts count, and within how long of each act others' count. By default 7 days,
        or one tick of a coarser clock.
    head : {"transformer", "gru", "cnn", "mlp"}
    beside : sequence of str
        Other heads, and "trees" (extra ``models``), to be judged beside it.
    seed : int
        Decides every random number.

    Attributes
    ----------
    table_ : pa.Table
        ``user``, ``reach``, ``ci_low``, ``ci_high`` (95% of people held out stay within), ``influencer`` (chance of
        being among the top tenth), highest reach first.
    metrics_ : dict
        Model or baseline → figures on people never seen in training at the last watched date.
    paired_ : dict
        Baseline → by how much the head's top tenth brings more later, with 95% over people drawn anew.

    Notes
    -----
    Truth is what ties did on the same item within the horizon of each act, less what untied people did at the same item
    and moment: an adjusted count, not an experiment. ``sw.Contagion`` says whether the log shows contagion at all.
    """

    def __init__(
        self, outcome: str | None = None, horizon: str | float | None = None, *, head: str = "transformer",
        beside: tuple[str, ...] = (), seed: int = 0,
    ) -> None:  # fmt: skip
        self.outcome = outcome
        self.horizon = horizon
        self.head = head
        self.beside = beside
        self.seed = seed

    def check_words(self) -> None:
        """Refuse options that no log could answer to, before one is read.

        Raises
        ------
        UsageError
            A head is unknown, or the horizon no duration.
        """
        for name in (self.head, *self.beside):
            known = [*ENCODERS] if name == self.head else [*ENCODERS, "trees"]
            if name not in known:
                raise UsageError(f"head {name!r} is unknown: {nearest(name, known)}")
        seconds_of(self.horizon, "horizon")

    def fit(self, log: Any, ties: Any = None, items: Any = None) -> "InfluencePredictor":
        """Learn from the log, judge on people held out, predict everybody from the log's end on.

        Raises
        ------
        SchemaError, UsageError, EmptyLogError, OutcomeError
            There are no times, items or ties; a name is not in the log.
        DataError
            The log is too short for three horizons, too few people act, or nobody's acts are followed.
        """
        self.check_words()
        social = social_log(log, ties, items, self.outcome)
        self.read_, self.horizon_s_ = social, horizon_of(social, self.horizon)
        self.outcome_ = social.behaviors[social.outcome]
        acts = first_acts(social, social.outcome)
        brought = gains(social, acts, self.horizon_s_, generator(self.seed, "predictor", "labels"))
        if not brought.brought.any():
            raise DataError(
                f"nobody does {self.outcome_!r} within the horizon of a tie's: there is no influence to learn"
            )
        self.maker_ = ExampleMaker(social, acts, brought, self.horizon_s_)
        learned, held, tested = self._split(social)
        self.sizes_ = (self.maker_.n_behaviors, self.maker_.n_categories)
        self.learned_: Learned = learn(self.head, learned, held, self.sizes_, self.seed)
        self._judge(learned, held, tested)
        self.now_ = self.maker_.at(social.end_s + 1.0)
        self.table_ = self._table(self.now_)
        return self

    def explain(self, user: str, most: int = 5) -> pa.Table:
        """Which of a person's last acts make the predicted reach: the reach less that without each act.

        Parameters
        ----------
        user : a person of ``table_``
        most : acts, the largest first

        Raises
        ------
        UsageError
            There is no prediction of that person.
        """
        names = self.read_.users.to_pylist()
        place = {names[one]: at for at, one in enumerate(self.now_.person)}
        if user not in place:
            raise UsageError(f"there is no prediction of {user!r}: {nearest(user, list(place)[:1000])}")
        one = self.now_.take(np.array([place[user]]))
        real = np.flatnonzero(one.behavior[0] > 0)
        every = one.take(np.zeros(len(real) + 1, np.int64))
        for row, step in enumerate(real, start=1):
            every = replace(every, behavior=_without(every.behavior, row, int(step)))
        reach, _ = self.learned_.predict(every)
        change = reach[0] - reach[1:]
        order = np.argsort(-np.abs(change), kind="stable")[:most]
        event = self.maker_.order[self.maker_.begin[one.person[0] + 1] - len(real) + order]
        log = self.read_
        return pa.table({
            "item": [None if log.item[e] < 0 else log.items[int(log.item[e])].as_py() for e in event],
            "behavior": [log.behaviors[int(log.behavior[e])] for e in event],
            "time": pa.array((log.time[event] * 1e6).astype(np.int64)).cast(pa.timestamp("us", "UTC")),
            "reach_change": change[order],
        })  # fmt: skip

    def in_words(self) -> list[str]:
        """The figures on people never seen, and those of the highest reach, as lines."""
        own = self.metrics_[self.head]
        span = format_duration(self.horizon_s_)
        lines = [
            f"{self.head}, {self.tested_:,} people never seen in training, the {span} from {self.judged_at_}: "
            f"AUC {own['auc']:.3f}, precision {own['precision']:.2f}, recall {own['recall']:.2f}, F1 {own['f1']:.2f}, "
            f"squared error {own['mse']:.3g} (of the mean {own['mse_of_mean']:.3g})"
        ]
        lines += [
            f"  acts brought by the top tenth: {figures['reach_of_top']:.3f} a person by {name}"
            for name, figures in self.metrics_.items()
        ]
        for name, (gain, low, high) in self.paired_.items():
            lines.append(f"  {self.head} above {name}: {gain:+.3f} [{low:+.3f}, {high:+.3f}]")
        rows = self.table_.slice(0, 10).to_pylist()
        return lines + [
            f"{row['user']}: {row['reach']:+.2f} acts of others [{row['ci_low']:+.2f}, {row['ci_high']:+.2f}]"
            for row in rows
        ]

    def _split(self, social: SocialLog) -> tuple[Examples, Examples, Examples]:
        """Examples to learn from, of other people to stop and calibrate by, and of yet others at a later date."""
        last = social.end_s - 2 * self.horizon_s_
        dates = [last - k * self.horizon_s_ for k in range(DATES + 2)]
        dates = [date for date in dates if date > social.start_s + self.horizon_s_]
        if len(dates) < 3:
            raise DataError(
                f"the log spans {format_duration(social.end_s - social.start_s)}: five horizons of "
                f"{format_duration(self.horizon_s_)} are needed to learn, judge and look ahead; give a shorter one"
            )
        group = generator(self.seed, "predictor", "people").random(social.people)
        # Labels of the earlier dates end where the last date begins: two horizons before it.
        earlier = join([self.maker_.at(date) for date in dates[2:]])
        apart: Bools = group[earlier.person] < 0.55
        held: Bools = (group[earlier.person] >= 0.55) & (group[earlier.person] < 0.75)
        tested = self.maker_.at(last)
        tested = tested.take(group[tested.person] >= 0.75)
        parts = (earlier.take(apart), earlier.take(held), tested)
        if min(len(one) for one in parts) < FEWEST // 2:
            raise DataError(
                f"{', '.join(f'{len(one):,}' for one in parts)} examples to learn from, to stop by and to judge on: "
                f"at least {FEWEST // 2} of each are needed"
            )
        if parts[0].label.max() <= 0 or float(parts[0].label.std()) == 0:
            raise DataError("no act of a person to learn from brought more than untied people did: nothing to learn")
        return parts

    def _judge(self, learned: Examples, held: Examples, tested: Examples) -> None:
        bar = self.learned_.scale.bar
        label, truth = tested.label, (tested.label >= bar).astype(np.int64)
        reach, chance = self.learned_.predict(tested)
        self.metrics_ = {self.head: of_predictions(label, truth, reach, chance, self.learned_.cut)}
        scores: dict[str, Floats] = {}
        for name in self.beside:
            if name == "trees":
                scores[name] = trees(learned, held, tested, self.seed)
                self.metrics_[name] = of_scores(label, truth, scores[name])
                continue
            other = learn(name, learned, held, self.sizes_, self.seed)
            scores[name], others_chance = other.predict(tested)
            self.metrics_[name] = of_predictions(label, truth, scores[name], others_chance, other.cut)
        for name, score in simple_scores(tested).items():
            scores[name] = score
            self.metrics_[name] = of_scores(label, truth, score)
        rng = generator(self.seed, "predictor", "paired")
        self.paired_ = {name: paired_gain(label, reach, score, rng) for name, score in scores.items()}
        self.tested_ = len(tested)
        date = int(tested.date[0] * 1e6)
        self.judged_at_ = pa.scalar(date, pa.timestamp("us", "UTC")).as_py().date().isoformat()

    def _table(self, asked: Examples) -> pa.Table:
        reach, chance = self.learned_.predict(asked)
        low, high = self.learned_.margin
        order = np.argsort(-reach, kind="stable")
        return pa.table({
            "user": self.read_.users.take(pa.array(asked.person[order])), "reach": reach[order],
            "ci_low": reach[order] + low, "ci_high": reach[order] + high, "influencer": chance[order],
        })  # fmt: skip


def _without(behavior: Ints, row: int, step: int) -> Ints:
    found = behavior.copy()
    found[row, step] = 0
    return found
