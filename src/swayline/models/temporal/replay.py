"""A stream replayed: each event asked before it is known, ranked among all items, then learned into the state.

This is how temporal link prediction is measured. Two protocols, never mixed: the state moves event by event (strictly:
events of one second do not see each other), or once a block of events (TGB: 200).

Shapes: E events, Q questions, I items.
"""

import time
from dataclasses import dataclass
from functools import partial

import numpy as np

from swayline.core.types import Bools, Ints
from swayline.dataset import Sequences
from swayline.metrics import ranks
from swayline.models.temporal.compiled.shapes import Questions
from swayline.models.temporal.learning import some_places
from swayline.models.temporal.model import Temporal
from swayline.models.temporal.network import scores_of
from swayline.models.temporal.state import half_lives_of
from swayline.models.temporal.stream import Stream, questions_of, stream_of


@dataclass(frozen=True)
class Replayed:
    """Where each answer stood among all items.

    Parameters
    ----------
    events : (Q,) int64
        Rows of the answers in the log.
    better, tied : (Q,) int64
        Items above the answer, and other items level with it.
    returns : (Q,) bool
        Whether the person had met the answer (as far as the question may know); else it is a discovery.
    fit_s, rank_s : float
        Wall clock.
    """

    events: Ints
    better: Ints
    tied: Ints
    returns: Bools
    fit_s: float
    rank_s: float


def replay(
    model: Temporal, sequences: Sequences, learn_from: Bools, asked: Bools, *, block_starts: Ints | None = None
) -> Replayed:
    """Train on some events of a log and rank others, each by what was known before it.

    Parameters
    ----------
    model : Temporal
        Unfitted; its ``target_time`` counts.
    learn_from, asked : (E,) bool
        By the flat arrays of the histories: what the network may learn from, and what is measured. The state takes in
        every event as its time comes.
    block_starts : (B,) int64, optional
        Places in the stream (events by time) at which the state moves; by default at every moment.
    """
    began = time.perf_counter()
    stream, settings = stream_of(sequences), model.settings
    learned = np.flatnonzero(learn_from[stream.flat])
    warm = learned[learned >= min(len(stream) // 20, len(learned) // 2)]
    places = some_places(warm, settings.n_questions, settings.seed)
    model.half_lives_ = half_lives_of(stream.events.times[learned])
    ask = partial(questions_of, stream, block_starts=block_starts, target_time=settings.target_time)
    model.learn_from(model.start(sequences, stream), ask(places))
    fitted = time.perf_counter()
    measured = np.flatnonzero(asked[stream.flat])
    questions = ask(measured)
    walk = model.start(sequences, stream)
    better, tied = np.empty(len(measured), np.int64), np.empty(len(measured), np.int64)
    for part, features in walk.every_item(questions):
        better[part], tied[part] = ranks(scores_of(model.network_, features), questions.answer[part])
    return Replayed(
        sequences.events[stream.flat[measured]], better, tied, met_before(stream, questions), fitted - began,
        time.perf_counter() - fitted,
    )  # fmt: skip


def met_before(stream: Stream, questions: Questions) -> Bools:
    """(Q,) whether each answer stands among the person's known events."""
    known = [
        answer in stream.items[start:stop]
        for start, stop, answer in zip(questions.start, questions.stop, questions.answer, strict=True)
    ]
    return np.array(known, bool)
