"""POS, CDCG, DEL and INS of explanations on MovieLens-100K, beside random, popular, recent and nearest-item events.

python benchmarks/why/fidelity.py ../shared/data/ml-100k [n_users]
"""

import sys
import time

import numpy as np

from swayline.core.rng import generator
from swayline.engine import DuckEngine
from swayline.events import read_events
from swayline.influence.attribution import EventRemovals, attribute, rank_agreement
from swayline.influence.attribution.fidelity import LOWER_IS_BETTER, METRICS, fidelity, supporting
from swayline.models import create, recommend
from swayline.training.data import training_data

MOST, K = 5, 10
MODELS = {
    "item-knn": {}, "ease": {},
    "transformer": {"embedding_dim": 64, "n_blocks": 2, "n_heads": 2, "max_epochs": 6, "repeats": False, "neighbours": False},
}  # fmt: skip


def data(folder):
    with DuckEngine() as engine:
        log = read_events(f"{folder}/ml-100k.inter", items=f"{folder}/ml-100k.item")
        return training_data(engine, log).dataset


def baselines(history, users, items, seed):
    """Orders of events that look at no model: random, popular, recent, the nearest item by people in common."""
    lengths = history.lengths[users]
    question = np.repeat(np.arange(len(users)), lengths)
    within = np.arange(len(question)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    position = history.offsets[users][question] + within
    met = history.items[position]
    counts = np.bincount(history.items, minlength=history.n_items)
    taken = np.zeros((len(history), history.n_items), np.float32)
    taken[history.users, history.items] = 1.0
    norm = np.sqrt(np.maximum(counts, 1))
    near = (taken.T @ taken) / norm[:, None] / norm[None, :]
    values = {
        "random": generator(seed, "fidelity").random(len(question)) + 1e-9, "popular": counts[met].astype(float),
        "recent": within + 1.0, "nearest item": near[met, items[question]].astype(float) + 1e-9,
    }  # fmt: skip
    return {name: EventRemovals(question, position, of) for name, of in values.items()}


def compared(model, history, users, items, methods):
    said, cost = {}, {}
    for method in methods:
        started = time.process_time()
        said[method] = attribute(model, history, users, items, method).events
        cost[method] = time.process_time() - started
    said |= baselines(history, users, items, 0)
    found = {}
    for name, one in said.items():
        # A method's own zero says which events support; the baselines' events all do.
        found[name] = fidelity(model, history, users, items, supporting(one, len(users), MOST), most=MOST, k=K)
    return said, cost, found


def main():
    from scipy.stats import wilcoxon

    dataset = data(sys.argv[1])
    n_users = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    only = sys.argv[3].split(",") if len(sys.argv) > 3 else list(MODELS)
    history = dataset.sequences.last(50)
    drawn = np.sort(generator(0, "fidelity users").permutation(len(history))[:n_users])
    for name in only:
        model = create(name, **MODELS[name]).fit(dataset.sequences)
        some = history.take(drawn)
        items, _ = recommend(model, some, 1, True)
        methods = ["removal"]
        if name == "transformer":
            methods += ["gradient", "integrated-gradients", "attention"]
        users, wanted = np.arange(len(some)), items[:, 0].astype(np.int64)
        said, cost, found = compared(model, some, users, wanted, methods)
        print(f"\n{name}: {n_users} people, last 50 events, first item; {MOST} events at most, K = {K}")
        for method in methods:
            agree = rank_agreement(said["removal"], said[method])
            print(
                f"  {method:<22} {cost[method] / n_users * 1e3:8.2f} ms of CPU a person, rank agreement with removal {np.nanmean(agree):.3f}"
            )
        for metric in METRICS:
            print(f"  {metric}")
            for one, values in found.items():
                line = " ".join(f"{value:.4f}" for value in values.mean(metric))
                if one == "removal":
                    print(f"    {one:<22} {line}")
                    continue
                ours, theirs = (found[which].values[metric].mean(axis=1) for which in ("removal", one))
                gap = theirs - ours if LOWER_IS_BETTER[metric] else ours - theirs
                p = wilcoxon(gap).pvalue if gap.any() else 1.0
                print(f"    {one:<22} {line}   removal better by {gap.mean():+.4f}, p {p:.1e}")


if __name__ == "__main__":
    main()
