"""Long histories: an answer that lies thousands of events back, and what a question costs by length.

python benchmarks/temporal/long.py

Planted: everybody walks an own ring of items, twice around. What follows the last item happened once before, a whole ring
ago. The network learns from the second round's first half and is asked about its end. Cost: one history of each length,
scored among 1,000 items.
"""

import time

import numpy as np

from swayline.dataset import from_lists
from swayline.models import create
from swayline.models.temporal.replay import replay

MINUTE = 60_000_000


def ring_world(gap: int, n_users: int = 12, seed: int = 0):
    """Histories of two rounds, and the place of each event in its history."""
    rng = np.random.default_rng(seed)
    rings = [rng.permutation(gap) for _ in range(n_users)]
    times = [(np.arange(2 * gap) * n_users + user) * MINUTE for user in range(n_users)]
    log = from_lists([np.tile(ring, 2).tolist() for ring in rings], gap, times=[one.tolist() for one in times])
    return log, np.tile(np.arange(2 * gap), n_users)


def main() -> None:
    for gap in (100, 1000, 4000):
        log, place = ring_world(gap)
        model = create("temporal", target_time=True, n_questions=1500, max_epochs=5)
        found = replay(model, log, (place >= gap) & (place < gap + gap // 2), place >= 2 * gap - 20)
        print(
            f"answer {gap:5,} events back among {gap:,} items: first {(found.better + found.tied == 0).mean():.3f}",
            flush=True,
        )
    rng = np.random.default_rng(0)
    world = from_lists(rng.integers(0, 1000, (200, 50)).tolist(), 1000, times=[(np.arange(50) * MINUTE).tolist()] * 200)
    fitted = create("temporal", n_questions=500, max_epochs=1).fit(world)
    for length in (100, 1_000, 10_000, 100_000):
        times = [(np.arange(length) * MINUTE).tolist()]
        one = from_lists([rng.integers(0, 1000, length).tolist()], 1000, times=times)
        fitted.score(one)
        began = time.process_time()
        for _ in range(5):
            fitted.score(one)
        print(f"history of {length:7,} events: {(time.process_time() - began) / 5 * 1e3:8.2f} ms of CPU a question")


if __name__ == "__main__":
    main()
