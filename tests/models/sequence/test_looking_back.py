from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from swayline.dataset import from_lists
from swayline.models.sequence.batching.layout import bin_width, place
from swayline.models.sequence.heads.repeat_features import Asked, Met, look_back, n_asking_features, n_pair_features
from swayline.models.sequence.objectives.next_item import arrange

ITEMS = [[1, 2, 1, 3, 1, 2], [4, 4], [0]]
DONE = [[0, 1, 1, 0, 0, 2], [1, 1], [2]]
SECONDS = [[10, 20, 30, 50, 80, 90], [5, 7], [1]]
CODES = torch.tensor([[1, 0], [1, 4], [2, 4], [1, 0], [0, 5], [0, 0]])
"""Two attributes of five items, and of the place where none is."""
N_ITEMS, N_BEHAVIORS = 5, 3


def looked(last_only: bool) -> tuple[Met, np.ndarray]:
    """What is counted of the histories, and the bin and place of their first event."""
    times = [[1_000_000 * second for second in row] for row in SECONDS]
    history = from_lists(ITEMS, N_ITEMS, DONE, times, N_BEHAVIORS)
    width = bin_width(6)
    layout, _ = place(history.lengths + 1, width)
    batch = arrange(history, layout, 6, False, torch.device("cpu"), None)
    if not last_only:
        first = np.stack(np.divmod(layout.starts + 1, width), 1)
        return look_back(Asked.all_of(batch, N_ITEMS), CODES, N_BEHAVIORS), first
    asked, token = Asked.last_of(batch, N_ITEMS)
    assert (token[:, 0].numpy() == layout.starts).all()
    assert asked.items.shape == (3, 7), "as wide as the longest history and its start"
    return look_back(asked, CODES, N_BEHAVIORS), np.ones((3, 2), np.int64)


def written_out(row: int, upto: int) -> dict[int, list[float]]:
    """Features of every item among the first ``upto`` events of a history, by the place of its latest event."""
    items, done, seconds = ITEMS[row][:upto], DONE[row][:upto], SECONDS[row][:upto]
    found = {}
    for item in set(items):
        at = max(i for i in range(upto) if items[i] == item)
        by = Counter(done[i] for i in range(upto) if items[i] == item)
        found[at] = [
            np.log1p(upto - 1 - at), np.log1p(seconds[-1] - seconds[at]) / 5, 1.0, kin(items[-1], item),
            np.mean([kin(other, item) for other in items]), np.log1p(upto) / 5, *(np.log1p(by[b]) for b in range(3)),
        ]  # fmt: skip
    return found


def kin(one: int, other: int) -> float:
    return float(((CODES[one] == CODES[other]) & (CODES[one] > 0)).float().mean())


@pytest.mark.parametrize("last_only", [False, True])
def test_every_met_item_is_counted_once_at_its_latest_event_from_what_came_before(last_only) -> None:
    met, starts = looked(last_only)
    place_of = {tuple(key): row for row, key in enumerate(met.latest.nonzero().tolist())}
    told = 0
    for row, items in enumerate(ITEMS):
        bin_, first = starts[row]
        for upto in [len(items)] if last_only else range(1, len(items) + 1):
            key = (row, 0) if last_only else (bin_, first + upto - 1)
            expected = written_out(row, upto)
            assert set(np.flatnonzero(met.latest[key]).tolist()) == {first + at for at in expected}
            for at, features in expected.items():
                pair = place_of[(*key, first + at)]
                assert met.pairs[pair].tolist() == pytest.approx(features, abs=1e-6)
                assert met.apart[pair] == upto - 1 - at
                told += 1
            n, distinct = upto, len(expected)
            again = float(items[:upto].count(items[upto - 1]) > 1)
            wanted = [np.log((n - distinct + 0.5) / (distinct + 0.5)), np.log1p(n) / 5, again]
            assert met.asking[key].tolist() == pytest.approx(wanted, abs=1e-6)
    assert told == len(met.pairs) == int(met.latest.sum())
    assert met.pairs.shape[1] == n_pair_features(N_BEHAVIORS, False)
    assert met.asking.shape[2] == n_asking_features(False)


def test_behaviours_beyond_eight_are_counted_together() -> None:
    history = from_lists([[1] * 12], 2, [list(range(12))], n_behaviors=12)
    layout, _ = place(history.lengths + 1, bin_width(12))
    batch = arrange(history, layout, 12, False, torch.device("cpu"), None)
    met = look_back(Asked.last_of(batch, 2)[0], torch.zeros(3, 0, dtype=torch.int64), 12)
    assert met.pairs[0, -8:].tolist() == pytest.approx([np.log(2)] * 7 + [np.log(6)])
    assert not torch.isnan(met.pairs).any()


def test_seconds_run_to_the_moment_of_asking_where_it_is_known() -> None:
    """Of two like histories one is asked a minute after its last event, the other nobody knows when."""
    times = [[1_000_000 * second for second in SECONDS[0]]] * 2
    history = from_lists([ITEMS[0]] * 2, N_ITEMS, [DONE[0]] * 2, times, N_BEHAVIORS)
    history = replace(history, asked_at=np.array([150_000_000, 0]))
    layout, _ = place(history.lengths + 1, bin_width(6))
    asked, _ = Asked.last_of(arrange(history, layout, 6, False, torch.device("cpu"), None), N_ITEMS)
    plain = look_back(asked, CODES, N_BEHAVIORS)
    met = look_back(asked, CODES, N_BEHAVIORS, reads_request=True)
    assert met.pairs.shape[1] == n_pair_features(N_BEHAVIORS, True) == plain.pairs.shape[1] + 2
    assert met.asking.shape[2] == n_asking_features(True)
    n = len(met.pairs) // 2
    assert torch.equal(met.pairs[n:, :-2], plain.pairs[n:])
    assert torch.allclose(met.pairs[:n, 1], torch.tensor([150 - 50, 150 - 80, 150 - 90.0]).log1p() / 5)
    assert torch.equal(met.pairs[:n, 2:-2], plain.pairs[:n, 2:])
    assert torch.allclose(met.pairs[:, -2:], torch.tensor([[np.log1p(60) / 5, 1.0]] * n + [[0.0, 0.0]] * n).float())
    assert torch.allclose(met.asking[:, 0, -2:], torch.tensor([[np.log1p(60) / 5, 1.0], [0.0, 0.0]]).float())
