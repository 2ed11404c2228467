"""Figures apart for groups of questions: how active the user is, how popular the answer, whether it is a return.

A mean over everybody hides who is served badly; every group here has its own interval.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from swayline.core.errors import SchemaError, nearest
from swayline.core.names import USER
from swayline.dataset import Targets, Vocabulary
from swayline.evaluation.about import Items
from swayline.evaluation.ranking import is_repeat, is_same_moment

_ACTIVITY = (5, 10, 20, 50)
"""Events of the history from which the next bucket begins."""
_HEAD = 0.2
_MOST = 20
"""Values of a segment that are told apart; the others are one group."""
OTHERS = "others"
RETURN, DISCOVERY, REPEAT = "return", "discovery", "repeat"
"""An answer that the user had before, one that is new to them, and a row that says again what stands in the history."""
_ALWAYS = ("activity", "answer")
"""Told even where all questions are of one group."""


def groups_of(
    targets: Targets, items: Items, behaviors: Sequence[str], segments: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Kind of group → (Q,) the name of each question's group.

    Parameters
    ----------
    behaviors : sequence of str
        Names of the behaviours, by number.
    segments : mapping, optional
        Kind → (U,) a name for each user row.
    """
    found = {
        "activity": activity(targets.history.lengths),
        "popularity": _popularity(items)[targets.items],
        "answer": np.where(is_same_moment(targets), REPEAT, np.where(is_repeat(targets), RETURN, DISCOVERY)),
        "behavior": np.array(behaviors, object)[targets.behaviors],
    }
    for kind, names in (segments or {}).items():
        found[kind] = names[targets.users]
    return {kind: names for kind, names in found.items() if len(np.unique(names)) > 1 or kind in _ALWAYS}


def activity(lengths: np.ndarray) -> np.ndarray:
    """(Q,) which bucket of activity a history of so many events is in.

    >>> activity(np.array([1, 5, 70])).tolist()
    ['1-4 events', '5-9 events', '50 events or more']
    """
    starts = (1, *_ACTIVITY)
    names = [f"{low}-{high - 1} events" for low, high in zip(starts, _ACTIVITY, strict=False)]
    return np.array([*names, f"{_ACTIVITY[-1]} events or more"])[np.searchsorted(_ACTIVITY, lengths, side="right")]


def _popularity(items: Items) -> np.ndarray:
    """(I,) head (the fifth of the items acted on most in training) or tail."""
    order = np.argsort(-items.events, kind="stable")
    names = np.full(len(order), "tail")
    names[order[: max(1, round(_HEAD * len(order)))]] = "head"
    return names


def segment(users: pa.Table, column: str, vocabulary: Vocabulary) -> np.ndarray:
    """(U,) the value of a column of the users table for each user row; rare values and gaps are ``others``.

    Raises
    ------
    SchemaError
        The users table has no such column.
    """
    if column not in users.column_names or column == USER:
        names = [name for name in users.column_names if name != USER]
        raise SchemaError(f"the users table has no column {column!r} to tell segments by: {nearest(column, names)}")
    rows = vocabulary.rows(users[USER])
    values = users[column].cast(pa.string()).to_pylist()
    of_user = np.full(len(vocabulary), None, object)
    of_user[rows[rows >= 0]] = np.array(values, object)[rows >= 0]
    named, counts = np.unique(np.array([one for one in of_user if one], object).astype(str), return_counts=True)
    frequent = set(named[np.argsort(-counts, kind="stable")][:_MOST])
    return np.array([one if one in frequent else OTHERS for one in of_user], object)
