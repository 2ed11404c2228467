"""Where answers stand by recency, counts or popularity, in one pass through a stream."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return, untyped-decorator"
import numpy as np
from numba import njit

RECENCY, COUNT, POPULARITY = 0, 1, 2


@njit(cache=True, nogil=True)
def heuristic_ranks(events, histories, asked, by, n_items, better, tied):
    """Items above and level with each answer: the person's own first (not by popularity), then everybody's."""
    everybody, own, done = np.full(n_items, -1.0), np.zeros(n_items), 0
    for q in range(len(asked.start)):
        while done < asked.until[q]:
            item = events.items[done]
            everybody[item] = done if by == RECENCY else max(everybody[item], 0.0) + 1.0
            done += 1
        for at in range(asked.start[q], asked.stop[q]):
            item = histories.items[at]
            own[item] = at - asked.start[q] + 1.0 if by == RECENCY else own[item] + 1.0
        if by == POPULARITY:
            own[:] = 0.0
        answer = asked.answer[q]
        above, level = 0, 0
        for item in range(n_items):
            if own[item] > own[answer] or (own[item] == own[answer] and everybody[item] > everybody[answer]):
                above += 1
            elif item != answer and own[item] == own[answer] and everybody[item] == everybody[answer]:
                level += 1
        better[q], tied[q] = above, level
        own[:] = 0.0
