"""Next-item quality on Beauty, Toys (P2) or MovieLens-1M (P1): leave-last-out, every item ranked, seen items left out.

    python benchmarks/sequence/quality.py beauty
    python benchmarks/sequence/quality.py beauty --models transformer --set dropout=0.4 block=ligr --part valid

The last but one item of each user validates (early stopping on 2,048 of them, baselines choose their settings on the
same), the last one is the test and is looked at once. The validation item is history at test time; nothing is refitted.
Without ``--set`` the models' defaults run: that is what the tables in ``docs/benchmarks/models.md`` hold.
"""

import argparse
import json
import time
from pathlib import Path

import sequence_data
import torch

from swayline.core.rng import generator
from swayline.evaluation import bootstrap_mean, compare, rank_targets
from swayline.models import create, names


def value_of(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_set", choices=sequence_data.NAMES)
    parser.add_argument("--data", type=Path, default=sequence_data.DATA)
    usual = ["most-popular", "recent-popular", "item-knn", "transformer"]
    parser.add_argument("--models", nargs="+", default=usual, choices=names())
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the transformer")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--part", choices=["valid", "test"], default="test")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    chosen = {name: value_of(value) for name, value in (pair.split("=", 1) for pair in options.set)}
    split = sequence_data.split(options.data_set, options.data)
    asked = split.test if options.part == "test" else split.valid
    print(f"{options.data_set}, {options.part}: {len(asked):,} questions, {split.train.n_items:,} items")
    print("| model | R@10 | N@10 | 95% of N@10 | fit, s | notes |\n|---|---|---|---|---|---|")
    rankings = {}
    for name in options.models:
        for seed in options.seeds if name == "transformer" else [0]:
            model = create(name, **(chosen | {"seed": seed} if name == "transformer" else {}))
            began = time.perf_counter()
            model.fit(split.train, split.valid)
            seconds = time.perf_counter() - began
            ranking = rank_targets(model, asked, 10, exclude_seen=True)
            label = name if seed == options.seeds[0] else f"{name}, seed {seed}"
            rankings[label] = ranking
            ndcg = bootstrap_mean(ranking.values["ndcg@10"], generator(0, "bootstrap"))
            recall = ranking.values["hr@10"].mean()
            span = f"{ndcg.ci_low:.4f} to {ndcg.ci_high:.4f}"
            print(
                f"| {label} | {recall:.4f} | {ndcg.value:.4f} | {span} | {seconds:.0f} | {notes(model)} |", flush=True
            )
    for line in compare(rankings, "ndcg@10", seed=0) if len(rankings) > 1 else []:
        print(json.dumps(line))


def notes(model: object) -> str:
    for learned in ("best_epoch_", "chosen_", "half_life_"):
        if hasattr(model, learned):
            return f"{learned.rstrip('_').replace('_', ' ')} {getattr(model, learned)}"
    return ""


if __name__ == "__main__":
    main()
