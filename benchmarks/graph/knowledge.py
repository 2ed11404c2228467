"""A knowledge graph's worth: KGCN's protocol (one random negative a positive) and all items ranked.

python benchmarks/graph/knowledge.py lastfm|ml1m [--data ../shared/data] [--set NAME=VALUE …]
"""

import argparse
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from swayline.core.rng import generator
from swayline.dataset import Vocabulary, from_lists
from swayline.dataset.knowledge import build_graph
from swayline.dataset.splits import Targets
from swayline.evaluation.significance import bootstrap_mean
from swayline.events import ReadOptions
from swayline.events.triples import read_graph
from swayline.metrics import ndcg, prediction, ranks
from swayline.models import create


def log_of(which, data):
    """(user, item) rows whose item is in the graph, as KGCN takes them, and the graph's options."""
    if which == "lastfm":
        rows = np.loadtxt(data / "lastfm-2k" / "user_artists.dat", dtype=np.int64, skiprows=1, delimiter="\t")[:, :2]
    else:
        rows = np.loadtxt(data / "ml-1m" / "interactions.txt", dtype=np.int64)
        ids = np.loadtxt(data / "ml-1m" / "item_id_to_movielens.txt", dtype=np.int64, ndmin=2, comments=None)
        rows[:, 1] = np.vectorize(dict(ids.tolist()).get)(rows[:, 1])
    folder = data / ("lastfm-2k-kg" if which == "lastfm" else "ml-1m-kg")
    linked = np.loadtxt(folder / "item_entity.txt", dtype=np.int64)[:, 0]
    return rows[np.isin(rows[:, 1], linked)], ReadOptions(
        graph=str(folder / "kg.txt"), graph_columns=("head", "relation", "tail"),
        graph_items=str(folder / "item_entity.txt"), graph_items_columns=("item", "entity"),
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("which", choices=("lastfm", "ml1m"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="of people")
    said = parser.parse_args()
    settings = {name: tomllib.loads(f"v = {value}")["v"] for name, _, value in (one.partition("=") for one in said.set)}
    rows, options = log_of(said.which, said.data)
    rng = np.random.default_rng(said.seed)
    people = np.unique(rows[:, 0])
    rows = rows[np.isin(rows[:, 0], rng.permutation(people)[: round(said.share * len(people))])]
    triples, rejected, notes = read_graph(options, pa.table({"item": [str(one) for one in rows[:, 1]]}))
    print(notes, f"{len(rejected)} rejected")
    names, item = np.unique(rows[:, 1], return_inverse=True)
    users, user = np.unique(rows[:, 0], return_inverse=True)
    vocabulary = Vocabulary(pa.array([str(one) for one in names]))
    graph = build_graph(triples, vocabulary)
    part = rng.choice(3, len(rows), p=(0.6, 0.2, 0.2))  # train, valid, test
    train_lists = [[] for _ in users]
    for one, other in zip(user[part == 0].tolist(), item[part == 0].tolist(), strict=True):
        train_lists[one].append(other)
    train = replace(from_lists(train_lists, len(names)), graph=graph)

    def asked(which, limit=20_000):
        at = rng.permutation(np.flatnonzero(part == which))[:limit]
        at = at[[len(train_lists[one]) > 0 for one in user[at]]]
        history = train.take(user[at])
        return Targets(
            user[at],
            history,
            item[at].astype(np.int32),
            np.zeros(len(at), np.int16),
            np.full(len(at), -1),
            np.arange(len(at)),
        )

    valid, test = asked(1, 2000), asked(2)
    met = set(zip(user.tolist(), item.tolist(), strict=True))
    negatives = []
    for one in test.users.tolist():
        other = int(rng.integers(len(names)))
        while (one, other) in met:
            other = int(rng.integers(len(names)))
        negatives.append(other)
    values = {}
    for label, name, side in (
        ("most popular", "most-popular", train), ("shared entities", "shared-entities", train),
        ("graph model without graph", "graph", replace(train, graph=graph.without("*"))), ("graph model", "graph", train),
    ):  # fmt: skip
        began = time.perf_counter()
        model = create(name, **(settings if name == "graph" else {})).fit(side, replace(valid, history=valid.history))
        seconds = time.perf_counter() - began
        found, good, bad = [], [], []
        for start in range(0, len(test), 2000):
            some = np.arange(start, min(start + 2000, len(test)))
            one = test.take(some)
            scores = model.score(one.history)
            log = (
                scores
                - np.log(np.exp(scores - scores.max(1, keepdims=True)).sum(1, keepdims=True))
                - scores.max(1, keepdims=True)
            )
            good.append(log[np.arange(len(some)), one.items])
            bad.append(log[np.arange(len(some)), np.array(negatives)[some]])
            owner = np.repeat(np.arange(len(some)), one.history.lengths)
            scores[owner, one.history.items] = -np.inf
            found.append(ndcg(*ranks(scores, one.items), k=10))
        values[label] = np.concatenate(found)
        truth = np.r_[np.ones(len(test)), np.zeros(len(test))]
        area = prediction.auc(truth, np.concatenate([*good, *bad]))
        print(
            f"{label}: AUC {float(area):.4f}, N@10 {values[label].mean():.4f}, {seconds:.0f} s, {getattr(model, 'best_epoch_', '')} epochs",
            flush=True,
        )
    gap = values["graph model"] - values["graph model without graph"]
    told = bootstrap_mean(gap, generator(0, "graph"), clusters=test.users)
    print(
        f"graph's gain in N@10: {told.value:+.4f} [{told.ci_low:+.4f}, {told.ci_high:+.4f}], {len(test)} questions of {len(np.unique(test.users))} people"
    )


main()
