"""Every model on four data sets in one table, and the ``implicit`` library's own models beside ours.

    python benchmarks/models/model_table.py
    python benchmarks/models/model_table.py --data-sets ml-100k --models item-knn user-knn ease
    python benchmarks/models/model_table.py --models transformer gru --threads 2

Leave-last-out: the last event of each user with at least three tests, the one before it validates (every model chooses
what it leaves open on at most 2,048 of these questions and is not refitted), all items are ranked, seen items left out
where users rarely return to them (a return is then a miss). Where answers are returns, their NDCG@10 and that of
discoveries stand apart. Each model runs in a process of its own: ``tuned, s`` is everything ``fit`` does,
``one fit, s`` the same once with what was chosen, ``MB`` the largest resident memory of fitting and scoring, the data
(``data, MB``) among it. The peers are ``implicit``'s ItemItem recommenders and its ALS with the library's own fold-in;
they choose their neighbours, or factors, regularisation and alpha, on the same questions by the same search.
A model that cannot answer from a data set says so in its row.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SOURCES: dict[str, tuple[str, str | None, dict[str, Any]]] = {
    "beauty": ("beauty/sequences.txt", "beauty/item_titles.tsv",
               {"format": "sequences", "ordered": True, "items_columns": ("item", "asin", "title")}),
    "ml-100k": ("ml-100k/ml-100k.inter", "ml-100k/ml-100k.item", {}),
    "taobao": ("taobao/events.csv", None, {"columns": ("user", "item", "category", "behavior", "time")}),
    "lastfm-2k": ("lastfm-2k/user_taggedartists.dat", None, {}),
}  # fmt: skip
"""Events, items table, how they are read."""
ONCE = ("lastfm-2k",)
"""A row a tag there: the first event of each user with each artist is the one that counts."""
PEERS = ("implicit: Cosine", "implicit: TF-IDF", "implicit: BM25", "implicit: ALS")


@dataclass(frozen=True)
class PeerSettings:
    neighbours: int | None = None
    factors: int | None = None
    regularization: float | None = None
    alpha: float | None = None


@dataclass(frozen=True)
class PeerNeighbours:
    neighbours: int = 100


@dataclass(frozen=True)
class PeerFactors:
    factors: int = 64
    regularization: float = 1.0
    alpha: float = 5.0


class Peer:
    """One of implicit's models behind the questions our models are asked."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, train, valid):
        from swayline.models.tuning import choose, judge_of

        judge = judge_of(valid)
        als = self.name.endswith("ALS")
        kind, choices = (
            (PeerFactors, {"factors": (16, 32, 64, 128, 256), "alpha": (1.0, 5.0, 20.0, 80.0),
                           "regularization": (0.1, 1.0, 10.0, 50.0, 200.0)})
            if als else (PeerNeighbours, {"neighbours": (20, 50, 100, 200, 500, 2000)})
        )  # fmt: skip
        chosen = choose(self.name, PeerSettings(), kind, choices, lambda one: judge(self._become(train, one)), rounds=1)
        return self._become(train, chosen)

    def refit(self, train):
        return self._become(train, self.chosen_)

    def _become(self, train, chosen):
        from implicit.cpu.als import AlternatingLeastSquares
        from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

        self.chosen_ = chosen
        if isinstance(chosen, PeerFactors):
            self.model = AlternatingLeastSquares(
                factors=chosen.factors, regularization=chosen.regularization, alpha=chosen.alpha, random_state=0
            )
        else:
            kinds = {"Cosine": CosineRecommender, "TF-IDF": TFIDFRecommender, "BM25": BM25Recommender}
            self.model = kinds[self.name.split(": ")[1]](K=chosen.neighbours)
        self.model.fit(_matrix(train), show_progress=False)
        return self

    def score(self, history):
        rows = _matrix(history)
        if isinstance(self.chosen_, PeerFactors):
            if not len(history):
                return np.zeros((0, history.n_items), np.float32)
            return (
                self.model.recalculate_user(np.arange(len(history)), rows * self.chosen_.alpha)
                @ self.model.item_factors.T
            )
        return np.asarray((rows @ self.model.similarity).todense(), dtype=np.float32)


def _matrix(histories):
    from scipy import sparse

    from swayline.models.counts.history_matrix import every_event

    rows = sparse.csr_matrix(every_event(histories, 1.0), copy=True)
    rows.sum_duplicates()
    return rows


def loaded(name: str, data: Path):
    from swayline.dataset import build_dataset, last_out
    from swayline.engine import DuckEngine
    from swayline.events import ReadOptions, read_events

    events, items, options = SOURCES[name]
    with DuckEngine() as engine:
        log = read_events(
            data / events, items=data / items if items else None, options=ReadOptions(**options), engine=engine
        )
        sequences = build_dataset(engine, log.events, side=log.items).sequences
    if name in ONCE:
        _, first = np.unique(sequences.users * np.int64(sequences.n_items) + sequences.items, return_index=True)
        sequences = sequences.keep(np.isin(np.arange(len(sequences.items)), first))
    return last_out(sequences)


def measured(data_set: str, name: str, data: Path, seed: int) -> dict[str, Any]:
    """One row, in this process."""
    import torch

    from swayline.core.errors import DataError
    from swayline.core.memory import peak_mb, reset_peak
    from swayline.core.rng import generator
    from swayline.dataset import seen_leave
    from swayline.evaluation import bootstrap_mean, rank_targets
    from swayline.evaluation.ranking import is_repeat
    from swayline.models import create, with_seed

    threads = int(os.environ["OMP_NUM_THREADS"])
    torch.set_num_threads(threads)
    split = loaded(data_set, data)
    exclude = seen_leave(split.train)
    model: Any = Peer(name) if name in PEERS else create(name, **with_seed(name, {}, seed))
    row: dict[str, Any] = {
        "data": data_set, "model": name, "questions": len(split.test), "items": split.train.n_items,
        "exclude_seen": exclude, "data_mb": peak_mb(), "threads": threads,
    }  # fmt: skip
    reset_peak()
    try:
        row["tuned_s"] = _seconds(lambda: model.fit(split.train, split.valid))
    except DataError as error:
        return row | {"refused": str(error)}
    ranking = rank_targets(model, split.test, 10, exclude)
    row |= {"score_s": ranking.seconds, "peak_mb": peak_mb()}
    for metric in ("ndcg@10", "hr@10"):
        found = bootstrap_mean(ranking.values[metric], generator(0, "bootstrap"))
        row[metric] = [found.value, found.ci_low, found.ci_high]
    again = is_repeat(split.test)
    row["n_returns"] = int(again.sum())
    if row["n_returns"]:
        for kind, rows in (("returns", again), ("discoveries", ~again)):
            found = bootstrap_mean(ranking.values["ndcg@10"][rows], generator(0, "bootstrap"))
            row[kind] = [found.value, found.ci_low, found.ci_high]
    row["chosen"] = str(getattr(model, "chosen_", getattr(model, "best_epoch_", getattr(model, "half_life_", ""))))
    row["one_fit_s"] = _seconds(lambda: model.refit(split.train))
    return row


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def asked(data_set: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One row, from a process of its own."""
    command = [
        sys.executable, __file__, "--one", data_set, name, "--data", str(options.data), "--seed", str(options.seed),
    ]  # fmt: skip
    threads = {
        "OMP_NUM_THREADS": str(options.threads),
        "OPENBLAS_NUM_THREADS": str(options.threads),
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads)
    if done.returncode:
        return {"data": data_set, "model": name, "refused": f"failed: {done.stderr.strip().splitlines()[-1][:200]}"}
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def shown(row: dict[str, Any]) -> str:
    if "refused" in row:
        return f"| {row['model']} | {row['refused']} | | | | | |"
    names = ["ndcg@10", "hr@10", *(["returns", "discoveries"] if row["n_returns"] else [])]
    figures = " | ".join(f"{v:.4f} ({low:.4f} to {high:.4f})" for v, low, high in (row[name] for name in names))
    return (
        f"| {row['model']} | {figures} | {row['tuned_s']:.1f} | {row['one_fit_s']:.1f} | {row['score_s']:.1f}"
        f" | {row['peak_mb']:,.0f} |"
    )


def main() -> None:
    from swayline.models import names

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--data-sets", nargs="+", default=list(SOURCES), choices=list(SOURCES))
    parser.add_argument("--models", nargs="+", default=[*names(), *PEERS], choices=[*names(), *PEERS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--json", type=Path, help="append a line a row to this file; rows found there are not run again"
    )
    parser.add_argument("--one", nargs=2, metavar=("DATA", "MODEL"), help="one row as JSON, in this process")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(*options.one, options.data, options.seed)))
        return
    known = {}
    if options.json and options.json.exists():
        rows = [json.loads(line) for line in options.json.read_text().splitlines()]
        known = {(row["data"], row["model"]): row for row in rows}
    for data_set in options.data_sets:
        head = False
        for name in options.models:
            row = known.get((data_set, name)) or asked(data_set, name, options)
            if not head and "questions" in row:
                seen = "left out" if row["exclude_seen"] else "ranked too"
                print(f"\n### {data_set}: {row['questions']:,} questions, {row['items']:,} items, seen items {seen}\n")
                apart = " returns' NDCG@10 | discoveries' |" if row["n_returns"] else ""
                print(f"| model | NDCG@10 (95%) | Recall@10 (95%) |{apart} tuned, s | one fit, s | score, s | MB |")
                print("|---" * (7 + apart.count("|")) + "|")
                head = True
            print(shown(row), flush=True)
            if options.json and (data_set, name) not in known:
                with options.json.open("a") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
