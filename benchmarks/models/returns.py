"""The default Transformer beside its own neighbours where some answers are returns: small models, few epochs.

python benchmarks/models/returns.py --data ../shared/data [--only completejourney taobao] [--people 600]
"""

import argparse
from pathlib import Path

import numpy as np

from swayline.dataset import build_dataset, last_out, returns_share, seen_leave
from swayline.engine import DuckEngine
from swayline.evaluation import repeats
from swayline.events import ReadOptions, read_events
from swayline.metrics import ndcg, ranks
from swayline.models import create
from swayline.models.validation import candidates

LOGS = {
    "completejourney": (
        "completejourney/transactions.csv.gz",
        {"mapping": {"user": "household_id", "item": "product_id", "time": "transaction_timestamp"}},
    ),
    "taobao": ("taobao/events.csv", {"columns": ("user", "item", "category", "behavior", "time")}),
    "trivago": ("trivago/sessions.parquet", {}),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", nargs="*", default=["completejourney", "taobao"])
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    for name in options.only:
        path, how = LOGS[name]
        with DuckEngine() as engine:
            log = read_events(str(options.data / path), options=ReadOptions(**how), engine=engine)
            sequences = build_dataset(engine, log.events, min_item_events=3, min_user_events=5).sequences
        some = np.sort(np.random.default_rng(0).permutation(len(sequences))[: options.people])
        split = last_out(sequences.take(some))
        exclude = seen_leave(split.train)
        quality = {}
        settings = {"embedding_dim": 64, "max_epochs": options.epochs, "max_length": 50}
        for model, wanted in (("transformer", settings), ("item-knn", {})):
            fitted = create(model, **wanted).fit(split.train, split.valid)
            scores = candidates(fitted.score(split.test.history), split.test, exclude)
            quality[model] = ndcg(*ranks(scores, split.test.items), k=10)
        gap = quality["transformer"] - quality["item-knn"]
        print(
            f"{name}: {len(some)} people, {len(split.train.items)} events, returns {returns_share(split.train):.3f},"
            f" answers {repeats(split.test):.3f}, seen {'leave' if exclude else 'stay'};"
            f" transformer {quality['transformer'].mean():.4f}, item-knn {quality['item-knn'].mean():.4f},"
            f" gap {gap.mean():+.4f} (standard error {gap.std() / np.sqrt(len(gap)):.4f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
