"""Users a second: the ten best of the whole catalogue for every user of MovieLens-1M, beside RecTools and implicit.

    python benchmarks/sequence/score_users.py --peer-python PEERS/bin/python

Models are barely trained: scoring costs the same. Ours in float32 and in eight bits; RecTools' SASRec of the same
width, blocks and history; implicit's ALS, which has no history to read, of the same width.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import sequence_data
import torch

from swayline.models import create
from swayline.models.topk import recommend

PEER = """
import json, sys, time, warnings, logging
warnings.filterwarnings("ignore")
import numpy as np, torch
asked = json.load(sys.stdin)
torch.set_num_threads(asked["threads"])
histories = asked["histories"]
lengths = [len(row) for row in histories]
users = np.repeat(np.arange(len(lengths)), lengths)
items = np.concatenate([np.array(row, int) for row in histories])
if asked["peer"] == "implicit":
    import implicit, scipy.sparse as sp
    from implicit.als import AlternatingLeastSquares
    matrix = sp.csr_matrix((np.ones(len(users), np.float32), (users, items)))
    model = AlternatingLeastSquares(factors=asked["dim"], iterations=1, num_threads=asked["threads"])
    model.fit(matrix, show_progress=False)
    run = lambda: model.recommend(np.arange(len(lengths)), matrix, N=10, filter_already_liked_items=True)
    version = "implicit " + implicit.__version__
else:
    logging.getLogger("lightning").setLevel(logging.ERROR)
    import pandas as pd, pytorch_lightning as lightning, rectools
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel
    times = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.concatenate([np.arange(n) for n in lengths]), unit="h")
    data = Dataset.construct(pd.DataFrame({Columns.User: users, Columns.Item: items, Columns.Weight: 1.0, Columns.Datetime: times}))
    trainer = lambda: lightning.Trainer(max_epochs=1, limit_train_batches=1, accelerator="cpu", logger=False,
        enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False)
    model = SASRecModel(n_blocks=2, n_heads=2, n_factors=asked["dim"], session_max_len=200, loss="softmax", batch_size=16,
        get_trainer_func=trainer)
    model.fit(data)
    run = lambda: model.recommend(np.arange(len(lengths)), data, k=10, filter_viewed=True)
    version = "RecTools " + rectools.__version__
best = 1e9
for _ in range(asked["repeats"]):
    began = time.perf_counter(); run(); best = min(best, time.perf_counter() - began)
print(json.dumps({"seconds": best, "version": version}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=sequence_data.DATA)
    parser.add_argument("--peer-python", default=os.environ.get("SWAYLINE_PEER_PYTHON", ""))
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    log = sequence_data.histories("ml-1m", options.data)
    print(f"{len(log):,} users, {log.n_items:,} items, {options.threads} threads, best of {options.repeats}")
    print("| model | users/s |\n|---|---|")
    sizes = {"embedding_dim": options.dim, "n_blocks": 2, "n_heads": 2, "max_length": 200}
    for weights in ("fp32", "int8"):
        model = create("transformer", max_epochs=1, weights=weights, **sizes).fit(log.take(np.arange(100)))
        show(f"ours, {weights}", len(log), ours(model, log, options.repeats))
    for peer in ("rectools", "implicit") if options.peer_python else ():
        found = theirs(peer, log, options)
        show(found["version"], len(log), found["seconds"])


def ours(model, log, repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        recommend(model, log, 10)
        best = min(best, time.perf_counter() - began)
    return best


def theirs(peer: str, log, options: argparse.Namespace) -> dict:
    asked = {
        "peer": peer, "dim": options.dim, "threads": options.threads, "repeats": options.repeats,
        "histories": [log.items[log.of(user)].tolist() for user in range(len(log))],
    }  # fmt: skip
    answer = subprocess.run(
        [options.peer_python, "-c", PEER], input=json.dumps(asked), text=True, capture_output=True,
        env=os.environ | {"OMP_NUM_THREADS": str(options.threads), "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    if answer.returncode:
        sys.exit(f"{peer} failed: {answer.stderr[-2000:]}")
    return json.loads(answer.stdout.splitlines()[-1])


def show(name: str, users: int, seconds: float) -> None:
    print(f"| {name} | {users / seconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
