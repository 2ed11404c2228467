"""One change at a time to the sequence model's defaults, on Beauty's validation questions (P2): what each part is worth.

    python benchmarks/sequence/ablations.py --max-epochs 12

Figures are of validation, so that nothing is chosen by the test; one seed, whose noise is about .001.
"""

import argparse
from pathlib import Path

import sequence_data
import torch

from swayline.evaluation import rank_targets
from swayline.models import create

CHANGES = {
    "defaults": {},
    "block sasrec": {"block": "sasrec"},
    "block hstu": {"block": "hstu"},
    "cold start": {"warm_start": False},
    "objective masked": {"objective": "masked"},
    "objective encoder-decoder": {"objective": "encoder-decoder"},
    "two blocks": {"n_blocks": 2},
    "256 negatives": {"n_negatives": 256},
    "batch's targets left out": {"in_batch": False},
    "no log-Q": {"correction": False},
    "no averaging": {"averaging": 0.0},
    "cosine schedule": {"schedule": "cosine"},
    "positions from the end": {"positions": "end"},
    "no positions": {"positions": "none"},
    "cosine scores, temperature .07": {"temperature": 0.07},
    "returns mixed in": {"repeats": True},
    "loss gbce": {"loss": "gbce"},
    "item neighbours beside": {"neighbours": True},
    "width 128": {"embedding_dim": 128},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=sequence_data.DATA)
    parser.add_argument("--changes", nargs="+", default=list(CHANGES), choices=list(CHANGES), metavar="CHANGE")
    parser.add_argument("--max-epochs", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    split = sequence_data.split("beauty", options.data)
    print("| change | valid R@10 | valid N@10 | best epoch | s |\n|---|---|---|---|---|", flush=True)
    for name in options.changes:
        model = create(
            "transformer", **{"max_epochs": options.max_epochs, "patience": 3, "neighbours": False} | CHANGES[name]
        )
        model.fit(split.train, split.valid)
        found = rank_targets(model, split.valid, 10, exclude_seen=True).values
        seconds = sum(line["seconds"] for line in model.history_)
        print(
            f"| {name} | {found['hr@10'].mean():.4f} | {found['ndcg@10'].mean():.4f} | {model.best_epoch_} | {seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
