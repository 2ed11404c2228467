"""Flat histories do what lists of lists would."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from swayline.dataset import NO_TIME, Sequences, from_lists

HISTORIES = st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=7)


def lists(sequences: Sequences) -> list[list[int]]:
    return [sequences.items[sequences.of(user)].tolist() for user in range(len(sequences))]


@given(HISTORIES)
def test_lists_come_back(rows: list[list[int]]) -> None:
    sequences = from_lists(rows, n_items=10)
    assert lists(sequences) == rows
    assert sequences.lengths.tolist() == [len(row) for row in rows]
    assert sequences.users.tolist() == [user for user, row in enumerate(rows) for _ in row]
    assert (sequences.times == NO_TIME).all()


@given(HISTORIES, st.data())
def test_take_picks_rows_in_the_order_given_with_repeats(rows: list[list[int]], data: st.DataObject) -> None:
    users = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=9)) if rows else []
    sequences = from_lists(rows, n_items=10)
    taken = sequences.take(np.array(users, np.int64))
    assert lists(taken) == [rows[user] for user in users]
    assert taken.events.tolist() == [event for user in users for event in sequences.events[sequences.of(user)]]


@given(HISTORIES, st.data())
def test_keep_closes_up_positions_and_keeps_every_column_together(rows: list[list[int]], data: st.DataObject) -> None:
    times = [[100 * at + item for at, item in enumerate(row)] for row in rows]
    sequences = from_lists(rows, 10, behaviors=[[item % 2 for item in row] for row in rows], times=times, n_behaviors=2)
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(sequences.items), max_size=len(sequences.items))), bool
    )
    kept = sequences.keep(mask)
    flags = iter(mask.tolist())
    assert lists(kept) == [[item for item in row if next(flags)] for row in rows]
    assert (kept.behaviors == kept.items % 2).all()
    assert (kept.times % 100 % 10 == kept.items).all()
    assert kept.events.tolist() == np.flatnonzero(mask).tolist()


@given(HISTORIES, st.integers(0, 8))
def test_last_keeps_the_newest(rows: list[list[int]], n: int) -> None:
    assert lists(from_lists(rows, n_items=10).last(n)) == [row[max(len(row) - n, 0) :] for row in rows]


@given(HISTORIES, st.data())
def test_values_go_with_their_events(rows: list[list[int]], data: st.DataObject) -> None:
    sequences = from_lists(rows, 10, values=[[item / 2 for item in row] for row in rows])
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=sum(map(len, rows)), max_size=sum(map(len, rows)))), bool
    )
    users = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=9)) if rows else [], np.int64)
    for part in (sequences.keep(mask), sequences.take(users), sequences.last(2)):
        assert part.values is not None
        assert (part.values == part.items / 2).all()


def test_a_log_is_valued_when_an_event_of_it_is() -> None:
    assert not from_lists([[1]], 2).valued
    assert not from_lists([[1]], 2, values=[[np.nan]]).valued
    assert from_lists([[1, 0]], 2, values=[[np.nan, 3.0]]).valued
