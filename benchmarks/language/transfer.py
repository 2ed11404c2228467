"""A text-only sequence model carried to a catalogue that it never saw.

    python benchmarks/language/transfer.py
    python benchmarks/language/transfer.py --pairs beauty:ml-100k

``text-sequence`` learns on one catalogue (the source) and ranks all items of another (the target) for histories of
people it never met, with nothing learned there. Beside it, on the same questions: popularity, which needs the target's
own events; likeness of titles, which needs nothing; ids alone are not possible without events. "Taught there" is the
same model trained on the target, for what is left to gain. Leave-last-out, seen items left out; the difference to
likeness is paired by user. Pairs: Beauty's hair care for a model of everything else in Beauty (neither an item nor a
person in common), films for a model of Beauty, Beauty for a model of films.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import language_data
import numpy as np
import pyarrow as pa
import sequence_data
import torch

from swayline.core.rng import generator
from swayline.dataset import Catalogue, Sequences, Split, from_lists, last_out
from swayline.evaluation import Ranking, bootstrap_mean, compare, rank_targets
from swayline.models import create
from swayline.models.text.text_sequence import TextSequence, TextSequenceSettings

PAIRS = ("not-hair:hair", "beauty:ml-100k", "ml-100k:beauty")
_HAIR = "4"
"""The code of hair care among Beauty's categories."""


class Scored:
    """Anything with scores, as the ranking asks for it."""

    def __init__(self, score: Callable[[Sequences], Any]) -> None:
        self.score = score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", default=",".join(PAIRS), help="source:target, …")
    parser.add_argument("--data", type=Path, default=language_data.DATA)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("| learned on | asked on | ranking | R@10 | N@10 | 95% |\n|---|---|---|---|---|---|")
    for pair in options.pairs.split(","):
        source, target = pair.split(":")
        run(source, target, options)


def run(source: str, target: str, options: argparse.Namespace) -> None:
    """One pair: a line for each ranking, then the paired difference."""
    learned, asked = (last_out(histories(name, options.data, options.seed)) for name in (source, target))
    settings = TextSequenceSettings(seed=options.seed)
    model = TextSequence(settings).fit(learned.train, learned.valid)
    assert asked.train.catalogue is not None
    there = TextSequence(settings).fit(asked.train, asked.valid)
    ways: dict[str, Any] = {
        "popularity there": create("most-popular").fit(asked.train, asked.valid),
        "likeness of titles": Scored(there.likeness),
        "zero-shot": model.for_catalogue(asked.train.catalogue),
        "taught there": there,
    }
    rankings: dict[str, Ranking] = {}
    for name, way in ways.items():
        rankings[name] = rank_targets(way, asked.test, 10, exclude_seen=True)
        values = rankings[name].values
        found = bootstrap_mean(values["ndcg@10"], generator(0, "bootstrap"))
        span = f"{found.ci_low:.4f} to {found.ci_high:.4f}"
        print(
            f"| {source} | {target} | {name} | {values['hr@10'].mean():.4f} | {found.value:.4f} | {span} |", flush=True
        )
    for other in ("likeness of titles", "popularity there"):
        (line,) = compare({name: rankings[name] for name in (other, "zero-shot")}, "ndcg@10", seed=0)
        span = f"{line['ci_low']:+.4f} to {line['ci_high']:+.4f}"
        print(f"{line['model']} less {line['baseline']}: {line['difference']:+.4f} ({span}), p = {line['p_value']:.4f}")
    print(described(source, learned), "·", described(target, asked), flush=True)


def histories(name: str, data: Path, seed: int) -> Sequences:
    """The histories of a catalogue, its titles with them."""
    if name == "ml-1m":
        return films(data)
    if name == "ml-100k":
        return language_data.films(data)
    whole = language_data.beauty(data)
    if name == "beauty":
        return whole
    groups = language_data.categories("beauty", whole.n_items, data)
    hair = np.array([_HAIR in group for group in groups])
    people = generator(seed, "transfer").permutation(len(whole))
    half = np.sort(people[: len(people) // 2] if name == "hair" else people[len(people) // 2 :])
    return only(whole.take(half), hair if name == "hair" else ~hair)


def only(histories: Sequences, kept: np.ndarray) -> Sequences:
    """Some of the items as a catalogue of their own, and people with three events on them or more."""
    number = np.cumsum(kept) - 1
    rows = [number[items[kept[items]]].tolist() for items in np.split(histories.items, histories.offsets[1:-1])]
    assert histories.catalogue is not None
    table = histories.catalogue.table.filter(pa.array(kept))
    few = from_lists([row for row in rows if len(row) > 2], int(kept.sum()))
    return replace(few, catalogue=Catalogue(table))


def films(data: Path) -> Sequences:
    """MovieLens-1M with titles and genres."""
    rows = sequence_data.histories("ml-1m", data)
    lines = [line.split("\t") for line in (data / "ml-1m" / "items.tsv").read_text("utf-8").splitlines()]
    known = {item: (title, genres.replace("|", " ")) for item, title, genres in lines}
    ids = [line.split() for line in (data / "ml-1m" / "item_id_to_movielens.txt").read_text().splitlines()]
    told = {int(row) - 1: known.get(item, ("", "")) for row, item in ids}
    titles, genres = zip(*(told.get(row, ("", "")) for row in range(rows.n_items)), strict=True)
    return replace(rows, catalogue=Catalogue(pa.table({"title": list(titles), "category": list(genres)})))


def described(name: str, split: Split) -> str:
    train = split.train
    return f"{name}: {len(train):,} people, {train.n_items:,} items, {len(train.items):,} events to learn from"


if __name__ == "__main__":
    main()
