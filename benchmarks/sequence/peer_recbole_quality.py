"""Train RecBole's SASRec for a given time and print how far it came: run by ``time_to_quality.py``.

Reads one JSON object from standard input (histories, questions, sizes, seconds), prints one. Model, loss, data loader
with its augmentation (one row a prefix) and Adam are RecBole's own; its trainer's loop is written out, since that
cannot be stopped inside an epoch.
"""

import json
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")

import recbole  # noqa: E402
import torch  # noqa: E402
from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.data.interaction import Interaction  # noqa: E402
from recbole.model.sequential_recommender import SASRec  # noqa: E402


def written(histories, folder):
    """An atomic file; two events that RecBole will set aside for validation and test are added to each history."""
    place = folder / "log"
    place.mkdir()
    with (place / "log.inter").open("w") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        for user, row in enumerate(histories):
            for at, item in enumerate([*row, row[-1], row[-1]]):
                file.write(f"{user}\t{item}\t{at}\n")


def main():
    asked = json.load(sys.stdin)
    torch.set_num_threads(asked["threads"])
    with tempfile.TemporaryDirectory() as folder:
        written(asked["histories"], Path(folder))
        config = Config(model="SASRec", dataset="log", config_dict={
            "data_path": folder, "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "MAX_ITEM_LIST_LENGTH": asked["max_length"], "n_layers": asked["n_blocks"], "n_heads": asked["n_heads"],
            "hidden_size": asked["dim"], "inner_size": 4 * asked["dim"], "hidden_dropout_prob": asked["dropout"],
            "attn_dropout_prob": asked["dropout"], "loss_type": "CE", "train_neg_sample_args": None,
            "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
            "use_gpu": False, "show_progress": False, "seed": 0, "state": "ERROR", "checkpoint_dir": folder,
        })  # fmt: skip
        logging.disable(logging.CRITICAL)
        data = create_dataset(config)
        train, _, _ = data_preparation(config, data)
    torch.manual_seed(0)
    model = SASRec(config, train.dataset)
    optimizer = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    seconds, share = trained(model, train, optimizer, asked["seconds"], asked["epochs"])
    ndcg = judged(model, data, asked)
    versions = f"RecBole {recbole.__version__} SASRec, torch {torch.__version__}"
    print(json.dumps({"seconds": seconds, "epochs": share, "ndcg": ndcg, "versions": versions}))


def trained(model, train, optimizer, limit, epochs):
    """Seconds trained and epochs seen, to two digits."""
    model.train()
    began, batches = time.perf_counter(), 0
    for _ in range(epochs):
        for batch in train:
            optimizer.zero_grad()
            model.calculate_loss(batch).backward()
            optimizer.step()
            batches += 1
            if time.perf_counter() - began > limit:
                return time.perf_counter() - began, round(batches / len(train), 2)
    return time.perf_counter() - began, epochs


def judged(model, data, asked):
    """NDCG@10 over all items but those of the history."""
    model.eval()
    length = asked["max_length"]
    number = data.field2token_id["item_id"]
    gain = 0.0
    for first in range(0, len(asked["questions"]), 256):
        rows = [[number.get(str(item), 0) for item in row] for row in asked["questions"][first : first + 256]]
        seen = torch.zeros(len(rows), length, dtype=torch.long)
        for at, row in enumerate(rows):
            seen[at, : len(row[-length:])] = torch.tensor(row[-length:])
        sizes = torch.tensor([max(1, min(len(row), length)) for row in rows])
        with torch.no_grad():
            scores = model.full_sort_predict(Interaction({model.ITEM_SEQ: seen, model.ITEM_SEQ_LEN: sizes})).numpy()
        scores[:, 0] = -np.inf
        for at, row in enumerate(rows):
            wanted = number.get(str(asked["answers"][first + at]), 0)
            scores[at, [item for item in row if item != wanted]] = -np.inf
            rank = int((scores[at] > scores[at, wanted]).sum()) if wanted else length * 1000
            gain += 1.0 / np.log2(rank + 2.0) if rank < 10 else 0.0
    return gain / len(asked["questions"])


if __name__ == "__main__":
    main()
