"""Everybody's list as a table, for those who serve by themselves."""

import pyarrow as pa

from swayline.core.names import ITEM, RANK, SCORE, SOURCE, USER
from swayline.service.serving.asks import Ask
from swayline.service.serving.choose import Chooser
from swayline.service.serving.loaded import Loaded

_AT_ONCE = 1_000


def all_lists(loaded: Loaded, k: int) -> pa.Table:
    """``user``, ``item``, ``rank`` (from 1), ``score`` (null in lists of what most take), ``source``."""
    state = loaded.state
    known = [user for user in loaded.bundle.dataset.users.names if user not in state.people.gone]
    users = [*known, *(user for user in state.people.live if user not in state.people.rows)]
    chooser = Chooser(loaded)
    schema = pa.schema([
        (USER, pa.string()), (ITEM, pa.string()), (RANK, pa.int64()), (SCORE, pa.float64()), (SOURCE, pa.string()),
    ])  # fmt: skip
    parts = [schema.empty_table()]
    for start in range(0, len(users), _AT_ONCE):
        some = users[start : start + _AT_ONCE]
        rows = []
        for user, answer in zip(some, chooser.answer([Ask(user=user, k=k) for user in some]), strict=True):
            if isinstance(answer, Exception):
                raise answer
            for rank, place in enumerate(answer.places, 1):
                rows.append({USER: user, ITEM: place.item, RANK: rank, SCORE: place.score, SOURCE: place.source})
        parts.append(pa.Table.from_pylist(rows, schema=schema))
    return pa.concat_tables(parts)
