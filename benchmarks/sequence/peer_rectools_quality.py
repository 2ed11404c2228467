"""Train RecTools' SASRec for a given time and print how far it came: run by ``time_to_quality.py``.

Reads one JSON object from standard input (histories, questions, sizes), prints one.
"""

import json
import logging
import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
logging.getLogger("lightning").setLevel(logging.ERROR)

import pytorch_lightning as lightning  # noqa: E402
import rectools  # noqa: E402
import torch  # noqa: E402
from rectools import Columns  # noqa: E402
from rectools.dataset import Dataset  # noqa: E402
from rectools.models import SASRecModel  # noqa: E402


def dataset(histories):
    lengths = [len(row) for row in histories]
    frame = pd.DataFrame(
        {
            Columns.User: np.repeat(np.arange(len(lengths)), lengths),
            Columns.Item: np.concatenate([np.array(row, int) for row in histories]),
            Columns.Weight: 1.0,
            Columns.Datetime: pd.Timestamp("2020-01-01")
            + pd.to_timedelta(np.concatenate([np.arange(n) for n in lengths]), unit="h"),
        }
    )
    return Dataset.construct(frame)


def main():
    asked = json.load(sys.stdin)
    torch.set_num_threads(asked["threads"])
    torch.manual_seed(0)

    def trainer():
        return lightning.Trainer(
            max_epochs=asked["epochs"], max_time={"seconds": int(asked["seconds"])}, accelerator="cpu", logger=False,
            enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False,
        )  # fmt: skip

    model = SASRecModel(
        n_blocks=asked["n_blocks"], n_heads=asked["n_heads"], n_factors=asked["dim"],
        session_max_len=asked["max_length"], dropout_rate=asked["dropout"], loss="sampled_softmax",
        n_negatives=asked["n_negatives"], batch_size=asked["batch_users"], get_trainer_func=trainer,
    )  # fmt: skip
    began = time.perf_counter()
    model.fit(dataset(asked["histories"]))
    seconds = time.perf_counter() - began
    questions = dataset(asked["questions"])
    lists = model.recommend(np.arange(len(asked["questions"])), questions, k=10, filter_viewed=True)
    answers = np.array(asked["answers"])
    found = lists[lists[Columns.Item].to_numpy() == answers[lists[Columns.User].to_numpy()]]
    ndcg = float((1.0 / np.log2(found[Columns.Rank].to_numpy() + 1.0)).sum() / len(answers))
    versions = f"RecTools {rectools.__version__}, torch {torch.__version__}"
    epochs = round(model.fit_trainer.global_step / model.fit_trainer.num_training_batches, 2)
    print(json.dumps({"seconds": seconds, "epochs": epochs, "ndcg": ndcg, "versions": versions}))


if __name__ == "__main__":
    main()
