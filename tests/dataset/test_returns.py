import pytest

from swayline.dataset import from_lists, returns_share, seen_leave


def test_everybodys_first_event_cannot_return():
    assert returns_share(from_lists([[0, 0], [1, 1], [2, 2]], n_items=3)) == 1.0
    assert returns_share(from_lists([[0], [], [1]], n_items=2)) == 0.0


@pytest.mark.parametrize(("n_returns", "leave"), [(0, True), (4, True), (5, False), (50, False)])
def test_seen_items_leave_below_one_return_in_twenty(n_returns, leave):
    histories = [[0, 0] if n < n_returns else [0, 1] for n in range(100)]
    assert seen_leave(from_lists(histories, n_items=2)) is leave
