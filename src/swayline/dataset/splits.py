"""Cutting histories into what is learned from and what is asked, with a check that can fail.

Two cuts, both one question a user ("what comes next?")::

    last-out   t t t t V T      the last event is the test, the one before it validates
    time       t t t | x x      the first event at or after the cut is the test;
                                the same, one cut earlier, validates

References
----------
Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018 (last-out).
Meng et al., "Exploring Data Splitting Strategies for the Evaluation of Recommendation Models", RecSys 2020.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from swayline.core.errors import LeakageError, UsageError, nearest, shown
from swayline.core.time import parse_date
from swayline.core.types import Floats, Ints, ItemRows
from swayline.dataset.sequences import NO_TIME, Sequences


@dataclass(frozen=True)
class Targets:
    """Questions: what each of Q users did next, given a history.

    Parameters
    ----------
    users : (Q,) int64
        Rows of the users asked about.
    history : Sequences of Q rows
        What came before, oldest first. A time split asks at its cut (``asked_at``); when a last event is asked for,
        nobody says. ``answered_at`` is the answer's own time, which only models of the target's time read.
    items : (Q,) int32
        The item that came.
    behaviors : (Q,) int16
        The behaviour that came.
    times : (Q,) int64
        When, UTC microseconds; -1 in ordered logs.
    events : (Q,) int64
        The event's row in the log's table.
    values : (Q,) float64, optional
        The value of the event that came, NaN where it has none; None where no event of the log has one.
    """

    users: Ints
    history: Sequences
    items: ItemRows
    behaviors: np.ndarray
    times: Ints
    events: Ints
    values: Floats | None = None

    def __len__(self) -> int:
        return len(self.users)

    def take(self, index: Ints) -> "Targets":
        """Some of the questions, in the order given."""
        return Targets(
            self.users[index], self.history.take(index), self.items[index],
            self.behaviors[index], self.times[index], self.events[index],
            None if self.values is None else self.values[index],
        )  # fmt: skip


@dataclass(frozen=True)
class Split:
    """Training histories, validation questions, test questions; ``cut_us`` only for time splits."""

    train: Sequences
    valid: Targets
    test: Targets
    cut_us: int | None = None


def targets_at(sequences: Sequences, positions: Ints, users: Ints) -> Targets:
    """Questions whose answer is the event at each flat position, with all that user's earlier events as history."""
    history = replace(sequences.take(users), answered_at=sequences.times[positions])
    asked = positions - sequences.offsets[users]
    place = np.arange(len(history.items)) - np.repeat(history.offsets[:-1], history.lengths)
    return Targets(
        users, history.keep(place < np.repeat(asked, history.lengths)), sequences.items[positions],
        sequences.behaviors[positions], sequences.times[positions], sequences.events[positions],
        None if sequences.values is None else sequences.values[positions],
    )  # fmt: skip


def last_out(sequences: Sequences, min_events: int = 3) -> Split:
    """Leave-last-out: users with at least ``min_events`` events are asked for their last two; all others only train."""
    lengths = sequences.lengths
    asked = np.flatnonzero(lengths >= min_events)
    ends = sequences.offsets[1:][asked]
    kept = np.ones(len(sequences.items), bool)
    kept[ends - 1] = False
    kept[ends - 2] = False
    split = Split(sequences.keep(kept), targets_at(sequences, ends - 2, asked), targets_at(sequences, ends - 1, asked))
    return check_leakage(as_training_knows(split))


def time_cut(sequences: Sequences, test_us: int, valid_us: int | None = None) -> Split:
    """Everything before ``valid_us`` trains; each user's first event after a cut is asked, given all before that cut.

    Parameters
    ----------
    test_us : int
        UTC microseconds; the first event of a user at or after it is the test.
    valid_us : int, optional
        The validation cut; by default the time before which 90% of the events before ``test_us`` fall.

    Raises
    ------
    UsageError
        The log has an order but no times.
    """
    if len(sequences.times) and sequences.times[0] == NO_TIME:
        raise UsageError("a time split needs times, and this log has only an order: use --split last-out")
    if valid_us is None:
        before = sequences.times[sequences.times < test_us]
        valid_us = int(np.quantile(before, 0.9)) if len(before) else test_us
    train = sequences.keep(sequences.times < valid_us)
    until_test = sequences.keep(sequences.times < test_us)
    split = Split(train, _first_after(until_test, valid_us), _first_after(sequences, test_us), cut_us=valid_us)
    return check_leakage(as_training_knows(split))


def as_training_knows(split: Split) -> Split:
    """The split with the catalogue that the items table and training events alone make, in every part."""
    if split.train.catalogue is None:
        return split
    known = split.train.catalogue.as_of(split.train.events)
    valid, test = (replace(one, history=replace(one.history, catalogue=known)) for one in (split.valid, split.test))
    return replace(split, train=replace(split.train, catalogue=known), valid=valid, test=test)


def split_by_name(sequences: Sequences, name: str, cut: str | None = None) -> Split:
    """The split a user names: ``last-out``, or ``time`` with a cut.

    Parameters
    ----------
    cut : str, optional
        For ``time``: a date, or the share of events that come before the test (0.9 by default).

    Raises
    ------
    UsageError
        The name or the cut is not understood.
    """
    if name == "last-out":
        if cut is not None:
            raise UsageError("--cut belongs to --split time")
        return last_out(sequences)
    if name != "time":
        raise UsageError(f"split {shown(name)} is unknown: {nearest(name, ('last-out', 'time'))}")
    return time_cut(sequences, _cut_us(sequences, cut or "0.9"))


def parse_cut(cut: str) -> float | datetime:
    """The moment, or the share of events, that a cut names.

    >>> parse_cut("0.9")
    0.9

    Raises
    ------
    UsageError
        It is neither a date nor a share.
    """
    try:
        share = float(cut)
    except ValueError:
        return parse_date(cut)
    if not 0 < share < 1:
        raise UsageError(f"--cut must be a date or a share between 0 and 1, not {shown(cut)}")
    return share


def _cut_us(sequences: Sequences, cut: str) -> int:
    said = parse_cut(cut)
    if isinstance(said, datetime):
        return int(said.timestamp() * 1e6)
    return int(np.quantile(sequences.times, said)) if len(sequences.times) else 0


def _first_after(sequences: Sequences, cut_us: int) -> Targets:
    later = np.concatenate([[0], np.cumsum(sequences.times < cut_us)])
    before = later[sequences.offsets[1:]] - later[sequences.offsets[:-1]]
    users = np.flatnonzero((before > 0) & (before < sequences.lengths))
    found = targets_at(sequences, sequences.offsets[users] + before[users], users)
    return replace(found, history=found.history.asked(cut_us))


def sample(targets: Targets, n: int, rng: np.random.Generator) -> Targets:
    """At most ``n`` of the questions, drawn without repeats, in their own order."""
    if len(targets) <= n:
        return targets
    return targets.take(np.sort(rng.choice(len(targets), n, replace=False)))


def check_leakage(split: Split) -> Split:
    """Return the split if nothing asked was ever shown, else say what leaks.

    Raises
    ------
    LeakageError
        A target is in training or in its own history, a history holds something later than its target, a question is
        asked after its answer came, a time split trains on something after its cut, or the catalogue says of an item
        what only events outside the training part say.
    """
    for name, targets in (("validation", split.valid), ("test", split.test)):
        shown = np.isin(targets.events, split.train.events)
        if shown.any():
            raise LeakageError(
                f"{int(shown.sum())} {name} targets are in the training part (first: event {targets.events[shown][0]})"
            )
        history = targets.history
        row = history.users
        itself = history.events == targets.events[row]
        # Order is (time, row), as histories are built; in logs without times the row alone says it.
        level = history.times == targets.times[row]
        later = (history.times > targets.times[row]) | (level & (history.events > targets.events[row]))
        if history.asked_at is not None and (history.asked_at > targets.times).any():
            user = targets.users[history.asked_at > targets.times][0]
            raise LeakageError(f"a {name} question is asked after its answer came (first: user row {user})")
        if itself.any() or later.any():
            user = targets.users[row[itself | later][0]]
            raise LeakageError(
                f"the history of a {name} question holds its answer or something later (first: user row {user})"
            )
    shown = np.isin(split.test.events, split.valid.history.events) | np.isin(split.test.events, split.valid.events)
    if shown.any():
        raise LeakageError(f"{int(shown.sum())} test targets are seen in validation")
    if split.cut_us is not None and len(split.train.times) and split.train.times.max() >= split.cut_us:
        raise LeakageError("the training part holds events at or after the validation cut")
    _check_catalogue(split)
    return split


def _check_catalogue(split: Split) -> None:
    """Refuse a catalogue that is not as of the training events."""
    for name, part in (("training", split.train), ("validation", split.valid.history), ("test", split.test.history)):
        if part.catalogue is None:
            continue
        known = part.catalogue.as_of(split.train.events).table
        for column in part.catalogue.table.column_names:
            said = part.catalogue.table[column]
            if column not in known.column_names or not said.equals(known[column]):
                raise LeakageError(
                    f"the catalogue of the {name} part has a {column} that events outside the training part say: cut"
                    " it with as_training_knows"
                )
