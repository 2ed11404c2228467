"""What pictures, words and sounds add to ids, by segment: ml-1m with posters and plots, lfm2k-multimodal.

python benchmarks/content/fusion.py ml-1m --items VECTORS [--people 1500] [--ids ease]     VECTORS: swayline encode's
python benchmarks/content/fusion.py lfm2k [--ids ease]

A fifth of the items (drawn by the seed) is held out of training: these are cold. Of the others the third with fewest
events is the tail. One seed; intervals by bootstrap over people, differences from ids paired.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from swayline.dataset import Catalogue, Sequences, Targets, from_lists, last_out
from swayline.encoders.items import vector_column
from swayline.metrics import ndcg, ranks
from swayline.models import create
from swayline.models.multimodal.weighing import Weighing, weigh
from swayline.models.validation import ValidationScorer, candidates

DATA = Path(__file__).parents[2] / "../shared/data"


def ml_1m(items, people):
    table = pq.read_table(items)
    movies = dict(line.split() for line in (DATA / "ml-1m/item_id_to_movielens.txt").read_text().splitlines())
    order = {movie: row for row, movie in enumerate(table["item"].to_pylist())}
    rows = {int(item): order[movie] for item, movie in movies.items() if movie in order}
    pairs = np.loadtxt(DATA / "ml-1m/interactions.txt", dtype=np.int64)
    keep = np.random.default_rng(0).permutation(np.unique(pairs[:, 0]))[:people]
    pairs = pairs[np.isin(pairs[:, 0], keep)]
    lists = [
        [rows[item] for item in own[:, 1] if item in rows]
        for own in np.split(pairs, np.flatnonzero(np.diff(pairs[:, 0])) + 1)
    ]
    return lists, table


def lfm2k():
    pairs = np.loadtxt(DATA / "lfm2k-multimodal/lfm2k.inter", skiprows=1, usecols=(0, 1), dtype=np.int64)
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    rng = np.random.default_rng(0)
    lists = [rng.permutation(own[:, 1]).tolist() for own in np.split(pairs, np.flatnonzero(np.diff(pairs[:, 0])) + 1)]
    names = {"text_vector": "all-MiniLM-L6-v2", "vggish": "vggish", "whisper": "whisper"}
    columns = {
        ours: vector_column(np.load(DATA / f"lfm2k-multimodal/{file}.npy").astype(np.float32))
        for ours, file in names.items()
    }
    return lists, pa.table(columns)


def interval(values, rng, n=1000):
    if not len(values):
        return "no question"
    means = values[rng.integers(len(values), size=(n, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{values.mean():.4f} ({low:.4f} to {high:.4f})"


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("data", choices=("ml-1m", "lfm2k"))
    asked.add_argument("--items")
    asked.add_argument("--people", type=int, default=1500)
    asked.add_argument("--ids", default="ease")
    asked.add_argument("--epochs", type=int, default=2)
    asked = asked.parse_args()
    lists, table = ml_1m(asked.items, asked.people) if asked.data == "ml-1m" else lfm2k()
    ordered = {} if asked.data == "ml-1m" else {"decay": 1.0, "last": 50}
    whole = replace(from_lists(lists, len(table)), catalogue=Catalogue(table))
    split = last_out(whole)
    rng = np.random.default_rng(1)
    cold = rng.random(len(table)) < 0.2
    train: Sequences = split.train.keep(~cold[split.train.items])
    valid, test = (Targets_of(part, cold) for part in (split.valid, split.test))
    fitted = {}
    for fusion in ("gate", "concatenate"):
        fitted[fusion] = create("multimodal", ids=asked.ids, fusion=fusion, max_epochs=asked.epochs, **ordered).fit(
            train, valid
        )
    model = fitted["gate"]
    met = model.met_
    counts = np.bincount(train.items, minlength=len(table))
    tail = met & (counts <= np.quantile(counts[met], 1 / 3))
    segments = {"cold": ~met[test.items], "tail": tail[test.items], "warm": (met & ~tail)[test.items]}
    print(
        f"{len(lists)} people, {len(table)} items, {len(test)} questions; missing {model.missing_}; "
        + ", ".join(f"{name} {int(rows.sum())}" for name, rows in segments.items())
    )
    judge = ValidationScorer(valid, 0)
    names = model.parts
    found, first = {}, None
    asks = {"ids": [0], **{f"ids + {name}": [0, at + 2] for at, name in enumerate(names[2:])},
            **{f"{name} alone": [at + 2] for at, name in enumerate(names[2:])},
            "all, late": [0, *range(2, len(names))], "all, gate": list(range(len(names))), "all, concatenate": list(range(len(names))),
            "content alone, gate": list(range(1, len(names)))}  # fmt: skip
    cached = {name: {"test": one._parts(test.history)} for name, one in fitted.items()}
    valid_parts = {name: (judge.questions.history, one._parts(judge.questions.history)) for name, one in fitted.items()}
    boot = np.random.default_rng(2)
    print(
        "| ranking | N@10 all | "
        + " | ".join(f"{name} N@10 | R@20" for name in segments)
        + " | cold among cold N@10 | weights |"
    )
    for name, chosen in asks.items():
        which = "concatenate" if "concatenate" in name else "gate"
        keep = np.zeros(len(names), bool)
        keep[chosen] = True
        parts = valid_parts[which][1] * keep[:, None, None]
        if len(chosen) == 1:
            weighing = Weighing(keep.astype(np.float32), keep * np.float32(chosen != [0]))
        elif 0 not in chosen:  # no ids: met and cold items alike by content
            weighing = weigh(lambda history, parts=parts: parts[:, : len(history)], names, judge, met)
            weighing = Weighing(weighing.cold, weighing.cold)
        else:
            weighing = weigh(lambda history, parts=parts: parts[:, : len(history)], names, judge, met)
        scores = candidates(weighing.scores(cached[which]["test"], met), test, judge.hides_seen)
        n10, r20 = ndcg(*ranks(scores, test.items), k=10), (ranks(scores, test.items)[0] < 20).astype(float)
        only = scores.copy()
        only[:, met] = -np.inf
        among = ndcg(*ranks(only[segments["cold"]], test.items[segments["cold"]]), k=10)
        found[name] = n10
        first = n10 if first is None else first
        cells = [interval(n10, boot)] + [
            cell for rows in segments.values() for cell in (interval(n10[rows], boot), f"{r20[rows].mean():.4f}")
        ]
        gain = "" if name == "ids" else f" gain {interval(n10 - first, boot)}"
        said = ", ".join(f"{part} {weight:g}" for part, weight in zip(names, weighing.met, strict=True) if weight)
        print(
            f"| {name} | "
            + " | ".join(cells)
            + f" | {interval(among, boot)} | {said}; unmet {weighing.unmet:g}{gain} |",
            flush=True,
        )


def Targets_of(part: Targets, cold):
    """The same questions with histories that hold no cold item."""
    history = part.history.keep(~cold[part.history.items])
    return replace(part, history=history)


if __name__ == "__main__":
    main()
