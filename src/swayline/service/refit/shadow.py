"""Two models asked the same questions about the newest events, which neither has learned from.

A question: the item of an event of the held-out time, from all that the person did before it; every item ranked, what
was seen left out where the model does so. An item that a model does not know is a miss of that model.

Shapes: Q questions.
"""

from dataclasses import dataclass

import numpy as np

from swayline.core.rng import generator
from swayline.dataset import Dataset, Sequences
from swayline.models import Recommender, top_k
from swayline.service.state.people import History, People

QUESTIONS, K, RESAMPLES = 2_000, 10, 1_000
_AT_ONCE = 256


@dataclass(frozen=True)
class Question:
    """Somebody's history before an event, as (item, behavior, time_us, value), and the event's item."""

    user: str
    before: tuple[tuple[str, str, int, float], ...]
    answer: str


def questions(data: Dataset, cut_us: int, seed: int) -> list[Question]:
    """At most 2,000 questions about events at or after a moment, drawn by the seed; repeats of a seen item are none."""
    flat, users = data.sequences, data.sequences.users
    late = np.flatnonzero(flat.times >= cut_us)
    drawn = np.sort(generator(seed, "shadow").permutation(late)[: 2 * QUESTIONS])
    found: list[Question] = []
    for at in drawn.tolist():
        row = int(users[at])
        first = int(flat.offsets[row])
        seen = flat.items[first:at]
        if at == first or flat.items[at] in seen:
            continue
        before = range(max(first, at - 500), at)
        values = flat.values
        acts = tuple(
            (data.items.names[flat.items[one]], data.behaviors.names[flat.behaviors[one]], int(flat.times[one]),
             float("nan") if values is None else float(values[one]))
            for one in before
        )  # fmt: skip
        found.append(Question(data.users.names[row], acts, data.items.names[flat.items[at]]))
        if len(found) >= QUESTIONS:
            break
    return found


def gains(model: Recommender, data: Dataset, asked: list[Question], exclude_seen: bool) -> np.ndarray:
    """(Q,) NDCG@10 of each question."""
    people, found = People(data), np.zeros(len(asked))
    for start in range(0, len(asked), _AT_ONCE):
        part = asked[start : start + _AT_ONCE]
        history = _as_sequences(people, part)
        scores = np.array(model.score(history), np.float32)
        items, _ = top_k(scores, min(K, history.n_items), history if exclude_seen else None)
        for row, question in enumerate(part):
            wanted = people.item_rows.get(question.answer, -1)
            place = np.flatnonzero(items[row] == wanted) if wanted >= 0 else np.zeros(0)
            if len(place):
                found[start + row] = 1.0 / np.log2(place[0] + 2.0)
    return found


def _as_sequences(people: People, part: list[Question]) -> Sequences:
    histories = []
    for question in part:
        known = [
            (people.item_rows[item], people.behavior_row(behavior), time, value)
            for item, behavior, time, value in question.before
            if item in people.item_rows and people.behavior_row(behavior) >= 0
        ]
        columns = list(zip(*known, strict=True)) or [(), (), (), ()]
        histories.append(History(
            np.array(columns[0], np.int32), np.array(columns[1], np.int16), np.array(columns[2], np.int64),
            np.array(columns[3], np.float64),
        ))  # fmt: skip
    flat = people.base.sequences
    profiles = None
    if flat.profiles is not None:
        rows = np.array([people.rows.get(question.user, -1) for question in part])
        profiles = np.where(rows[:, None] >= 0, flat.profiles[np.maximum(rows, 0)], 0)
    moment = max((question.before[-1][2] for question in part), default=0)
    return people.as_sequences(histories, profiles, moment)


def compared(asked: list[Question], old: np.ndarray, new: np.ndarray, seed: int) -> dict[str, float | int]:
    """Mean gains, and their difference with a 95% interval over people (bootstrap)."""
    people = {user: row for row, user in enumerate(dict.fromkeys(question.user for question in asked))}
    owner = np.array([people[question.user] for question in asked])
    difference = np.bincount(owner, weights=new - old, minlength=len(people))
    count = np.bincount(owner, minlength=len(people))
    rng = generator(seed, "shadow interval")
    draws = rng.integers(len(people), size=(RESAMPLES, len(people)))
    means = difference[draws].sum(axis=1) / count[draws].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return {
        "questions": len(asked), "people": len(people), "old": float(old.mean()), "new": float(new.mean()),
        "difference": float((new - old).mean()), "ci_low": float(low), "ci_high": float(high),
    }  # fmt: skip
