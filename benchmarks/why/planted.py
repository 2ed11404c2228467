"""Planted reasons: an item comes if its cause is in the history. Is the cause named first?

python benchmarks/why/planted.py
"""

import numpy as np

from swayline.dataset import from_lists
from swayline.influence.attribution import remove_events
from swayline.models import create

N_PAIRS, NOISE, LENGTH = 20, 40, 10


def main():
    for name, settings in (
        ("item-knn", {}), ("ease", {}), ("rules", {"window": 1000}), ("naive-bayes", {}),
        ("transformer", {"embedding_dim": 64, "max_epochs": 30, "repeats": False, "positions": "none", "batch_tokens": 1024}),
    ):  # fmt: skip
        rng = np.random.default_rng(0)
        train, asked, causes, followers = [], [], [], []
        for person in range(1500):
            pair = int(rng.integers(N_PAIRS))
            walk = (2 * N_PAIRS + rng.integers(NOISE, size=LENGTH)).tolist()
            place = int(rng.integers(LENGTH + 1))
            walk.insert(place, 2 * pair)
            if person < 1200:
                train.append([*walk, 2 * pair + 1])
            else:
                asked.append(walk)
                causes.append(place)
                followers.append(2 * pair + 1)
        n_items = 2 * N_PAIRS + NOISE
        model = create(name, **settings).fit(from_lists(train, n_items))
        history = from_lists(asked, n_items)
        removed = remove_events(model, history, np.arange(300), np.array(followers))
        first = removed.score_change.reshape(300, LENGTH + 1).argmax(axis=1)
        print(f"{name:<12} the cause first for {(first == np.array(causes)).sum()} of 300 people")


if __name__ == "__main__":
    main()
