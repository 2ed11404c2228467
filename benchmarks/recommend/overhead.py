"""What the chain costs beside the model's own top-k, at 100,000 items.

python benchmarks/recommend/overhead.py
"""

import time

import numpy as np
import pyarrow as pa

import swayline as sw
from swayline.models import recommend as best_items
from swayline.recommend import Chain, Context, Query

N_ITEMS, N_USERS, EVENTS = 100_000, 2_000, 30


def main():
    rng = np.random.default_rng(0)
    items = np.minimum((rng.pareto(0.8, size=N_USERS * EVENTS) * 50).astype(int), N_ITEMS - 1)
    met = np.concatenate([items, np.arange(N_ITEMS)])
    users = np.concatenate([np.repeat(np.arange(N_USERS), EVENTS), np.arange(N_ITEMS) % N_USERS])
    names = np.array([f"i{n}" for n in range(N_ITEMS)])
    events = pa.table({"user": users.astype(str), "item": names[met], "time": np.arange(len(met))})
    side = pa.table(
        {"item": names, "price": rng.gamma(2.0, 10.0, N_ITEMS), "category": (np.arange(N_ITEMS) % 40).astype(str)}
    )
    model = sw.Recommender("item-knn", neighbours=100, shrinkage=5.0, decay=0.8, distance_decay=0.9, backward=0.7,
                           returns=0.0, value_weight=0.0).fit(sw.read_events(events, items=side))  # fmt: skip
    bundle = model.bundle()
    asked = bundle.dataset.users.names[:512]
    history = bundle.histories.take(bundle.rows_of(asked))
    context = Context(bundle)
    chains = {
        "default": (Chain(), {}),
        "filter": (Chain(), {"filter": "price < 30"}),
        "filter, diversity, value": (Chain().with_step("diversity").with_step("value"), {"filter": "price < 30"}),
    }
    times = {name: [] for name in ("model", *chains)}
    for _ in range(7):
        started = time.process_time()
        best_items(bundle.model, history, 10, bundle.exclude_seen)
        times["model"].append(time.process_time() - started)
        for name, (chain, more) in chains.items():
            started = time.process_time()
            chain.serve(context, [Query(user=user, k=10, **more) for user in asked])
            times[name].append(time.process_time() - started)
    base = min(times["model"])
    for name, values in times.items():
        print(
            f"{name:<28} {min(values):.3f} s of CPU for {len(asked)} people, {min(values) / base:.2f} x the model's own top-k"
        )


if __name__ == "__main__":
    main()
