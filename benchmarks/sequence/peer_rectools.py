"""Train RecTools' SASRec for some batches and print how fast: run by ``train_speed.py`` in the peers' interpreter.

Reads one JSON object from standard input (histories and sizes), prints one.
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

MEASURED = {"samples": 0, "seconds": 0.0, "batches": 0}
"""Outside the callback, because RecTools fits with a deep copy of its trainer."""


class Clock(lightning.Callback):
    """Target positions and seconds of the batches after warm-up."""

    def __init__(self, warmup):
        self.warmup = warmup

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        now = time.perf_counter()
        if batch_idx >= self.warmup:
            MEASURED["samples"] += int((batch["yw"] > 0).sum())
            MEASURED["seconds"] += now - self.last
            MEASURED["batches"] += 1
        self.last = now


def main():
    asked = json.load(sys.stdin)
    torch.set_num_threads(asked["threads"])
    torch.manual_seed(0)
    lengths = [len(row) for row in asked["histories"]]
    frame = pd.DataFrame(
        {
            Columns.User: np.repeat(np.arange(len(lengths)), lengths),
            Columns.Item: np.concatenate(asked["histories"]),
            Columns.Weight: 1.0,
            Columns.Datetime: pd.Timestamp("2020-01-01")
            + pd.to_timedelta(np.concatenate([np.arange(n) for n in lengths]), unit="h"),
        }
    )
    clock = Clock(asked["warmup"])

    def trainer():
        return lightning.Trainer(
            max_epochs=1, limit_train_batches=asked["warmup"] + asked["batches"], callbacks=[clock], accelerator="cpu",
            logger=False, enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False,
        )  # fmt: skip

    model = SASRecModel(
        n_blocks=asked["n_blocks"], n_heads=asked["n_heads"], n_factors=asked["dim"],
        session_max_len=asked["max_length"], dropout_rate=asked["dropout"], loss="sampled_softmax",
        n_negatives=asked["n_negatives"], batch_size=asked["batch_users"], get_trainer_func=trainer,
    )  # fmt: skip
    model.fit(Dataset.construct(frame))
    versions = f"RecTools {rectools.__version__}, torch {torch.__version__}"
    print(json.dumps(MEASURED | {"versions": versions}))


if __name__ == "__main__":
    main()
