"""From a log with propensities to choices: what was shown, how likely, with what outcome.

A row with a ``propensity`` is a choice. Its outcome is its ``value`` where the rows carry values, else whether the
person has the outcome on the item from then on, within a day and before it is shown to them again.

Shapes: n choices, I items, F folds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, SchemaError, UsageError
from swayline.core.names import BEHAVIOR, ITEM, POSITION, PROPENSITY, ROW, TIME, USER, VALUE
from swayline.core.rng import generator
from swayline.evaluation.off_policy.estimators import PolicyValues, estimate_policy
from swayline.events import EventLog

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FOLDS = 3
_SHRINKAGE = 20.0
"""Choices that the mean of all items counts for in an item's own predicted outcome."""
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class LoggedChoices:
    """Choices of the log's policy.

    Attributes
    ----------
    reward, propensity : (n,)
    item : (n,) number of the item in ``items``
    items : ids
    context : (n,) number of the position in ``contexts``; 0 where the log has none
    contexts : positions
    user : (n,) number of the person, for clusters
    users : ids
    outcome, unit : what the reward is, and its unit
    moment : (n,) UTC microseconds of each choice; None in logs without times
    """

    reward: Floats
    propensity: Floats
    item: Ints
    items: list[str]
    context: Ints
    contexts: list[int] | None
    user: Ints
    users: list[str]
    outcome: str
    unit: str
    moment: Ints | None = None
    seed: int = 0

    def __len__(self) -> int:
        return len(self.reward)

    @cached_property
    def fold(self) -> Ints:
        """(n,) fold of each choice; those of one person stand together where there are enough people."""
        rng = generator(self.seed, "off-policy folds")
        if len(self.users) >= 30:
            return np.asarray(rng.integers(_FOLDS, size=len(self.users)))[self.user]
        return np.asarray(rng.integers(_FOLDS, size=len(self)))

    def predicted(self) -> Floats:
        """(n, I) predicted outcome of every item, from the other folds: item means, shrunk to that of all.

        Positions move all items alike (a factor), as they do where people look from the top.
        """
        found = np.zeros((len(self), len(self.items)))
        n_contexts = 1 if self.contexts is None else len(self.contexts)
        for fold in range(_FOLDS):
            use = self.fold != fold
            mean = float(self.reward[use].mean()) if use.any() else 0.0
            shown = np.bincount(self.item[use], minlength=len(self.items))
            total = np.bincount(self.item[use], self.reward[use], minlength=len(self.items))
            of_item = (total + _SHRINKAGE * mean) / (shown + _SHRINKAGE)
            there = np.bincount(self.context[use], minlength=n_contexts)
            got = np.bincount(self.context[use], self.reward[use], minlength=n_contexts)
            factor = (got + _SHRINKAGE * mean) / (there + _SHRINKAGE) / mean if mean else np.ones(n_contexts)
            rows = ~use
            found[rows] = of_item[None, :] * factor[self.context[rows]][:, None]
        return found


def choices_from_log(log: EventLog, outcome: str | None = None, seed: int = 0) -> LoggedChoices:
    """The choices of a log.

    Raises
    ------
    SchemaError
        The log has no propensities.
    UsageError
        A propensity is 0, or above 1.
    DataError
        The log has neither values nor the outcome after what was shown.
    """
    if PROPENSITY not in log.events.column_names or log.events[PROPENSITY].null_count == len(log.events):
        raise SchemaError(
            "the log holds no propensities (how likely each item was to be shown), so that no other policy can be"
            " valued from it: log them, or say --map propensity=NAME"
        )
    rows = log.events.filter(pc.and_(pc.is_valid(log.events[PROPENSITY]), pc.is_valid(log.events[ITEM])))
    chance = rows[PROPENSITY].cast(pa.float64()).to_numpy()
    bad = np.flatnonzero(~((chance > 0) & (chance <= 1)))
    if len(bad):
        place = rows[ROW][int(bad[0])].as_py() if ROW in rows.column_names else int(bad[0]) + 1
        raise UsageError(
            f"propensity of row {place} is {chance[bad[0]]:g} ({len(bad):,} such rows): it must be above 0 and at most"
            " 1; leave such rows out, or say what the chance truly was"
        )
    by_value = VALUE in rows.column_names and rows[VALUE].null_count < len(rows) and outcome is None
    if by_value:
        reward, named = pc.fill_null(rows[VALUE].cast(pa.float64()), 0.0).to_numpy(), VALUE
    else:
        reward, named = _followed(log, rows, outcome)
    item, user = (rows[name].cast(pa.string()).combine_chunks().dictionary_encode() for name in (ITEM, USER))
    contexts, context = None, np.zeros(len(rows), np.int64)
    if POSITION in rows.column_names and rows[POSITION].null_count == 0:
        places, context = np.unique(rows[POSITION].to_numpy(), return_inverse=True)
        contexts = [int(one) for one in places]
    timed = TIME in rows.column_names and not rows[TIME].null_count
    moment = np.asarray(rows[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64()), np.int64) if timed else None
    rare = set(np.unique(reward)) <= {0.0, 1.0}
    return LoggedChoices(
        np.asarray(reward, dtype=np.float64), np.asarray(chance, dtype=np.float64),
        np.asarray(item.indices, dtype=np.int64), item.dictionary.to_pylist(), np.asarray(context, dtype=np.int64),
        contexts, np.asarray(user.indices, dtype=np.int64), user.dictionary.to_pylist(), named,
        "probability" if rare else named, moment, seed,
    )  # fmt: skip


def _followed(log: EventLog, rows: pa.Table, outcome: str | None) -> tuple[Floats, str]:
    """(n,) whether the person has the outcome on the item within a day, before it is shown to them again."""
    split, name = log.split_by_outcome(outcome)
    acts = split.events.filter(pc.equal(split.events[BEHAVIOR].cast(pa.string()), name))
    if rows[TIME].null_count:
        raise DataError("the log has no times, so that what follows a choice cannot be told: give rows with a value")
    keys = [pa.table({USER: one[USER].cast(pa.string()), ITEM: one[ITEM].cast(pa.string())}) for one in (rows, acts)]
    both = pa.concat_tables(keys)
    codes = [
        np.asarray(both[column].combine_chunks().dictionary_encode().indices.fill_null(-1)) for column in (USER, ITEM)
    ]
    pair = codes[0].astype(np.int64) * (int(codes[1].max(initial=0)) + 2) + codes[1]
    times = np.concatenate([np.asarray(one[TIME].cast(pa.int64())) for one in (rows, acts)])
    is_act = np.arange(len(pair)) >= len(rows)
    order = np.lexsort((is_act, times, pair))
    reward = np.zeros(len(rows))
    last = -1
    for at in order:
        if not is_act[at]:
            last = at
        elif last >= 0 and pair[last] == pair[at] and times[at] - times[last] <= _DAY_US:
            reward[last] = 1.0
    if not len(acts):
        raise DataError(f"no event of the log is a {name}: say --outcome, or give rows with a value")
    return reward, name


def value_of_policy(choices: LoggedChoices, policy: Floats) -> PolicyValues:
    """What a policy (n, I) would have been worth, with predictions from the other folds."""
    predicted = choices.predicted()
    rows = np.arange(len(choices))
    support = np.bincount(choices.item, minlength=len(choices.items)) > 0
    listed = policy.sum(axis=1)
    unsupported = float(1.0 - (policy[:, support].sum(axis=1)).mean()) if listed.size else 1.0
    clusters = choices.user if len(choices.users) >= 30 else None
    return estimate_policy(
        choices.reward, choices.propensity, policy[rows, choices.item], predicted[rows, choices.item],
        (policy * predicted).sum(axis=1), clusters, max(0.0, unsupported),
    )  # fmt: skip
