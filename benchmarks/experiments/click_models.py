"""Click models on the searches of TREC Session 2014: perplexity, looks a place, and re-ranking on graded lists.

python benchmarks/experiments/click_models.py [--data ../shared/data]
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow.csv as pc

from swayline.models.clicks import (
    ClickLists,
    DynamicBayesianClicks,
    PositionClicks,
    RankClicks,
    click_perplexity,
    lists_from_words,
    reranked,
)

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)


def read(folder: Path):
    """All parts coded together, so that a query or document has one code; and the graded lists."""
    parts = {
        name: pc.read_csv(folder / f"{name}.tsv", parse_options=pc.ParseOptions(delimiter="\t"))
        for name in ("train", "valid", "test", "relevance")
    }
    docs, clicks, queries, part = [], [], [], []
    for name, table in parts.items():
        docs += table["docs"].to_pylist()
        clicks += table["clicks"].to_pylist()
        queries += [str(one) for one in table["query_id"].to_pylist()]
        part += [name] * len(table)
    lists = lists_from_words(docs, clicks, queries)
    part = np.array(part)
    grades = np.array([[int(g) for g in row.split()] for row in parts["relevance"]["relevance"].to_pylist()])
    sessions = {name: np.array(table["session_id"].to_pylist()) for name, table in parts.items()}
    return {name: lists.take(part == name) for name in parts}, grades, sessions


def ndcg(grades: np.ndarray, order: np.ndarray, k: int = 10) -> np.ndarray:
    """(L,) NDCG with gains 2^grade - 1 (grades below 0 count as 0); NaN where a list has no relevant document."""
    gains = 2.0 ** np.clip(grades, 0, None) - 1
    discount = 1 / np.log2(np.arange(2, k + 2))
    got = (np.take_along_axis(gains, order, axis=1)[:, :k] * discount).sum(axis=1)
    best = (-np.sort(-gains, axis=1)[:, :k] * discount).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(best > 0, got / best, np.nan)


def chosen(make, train: ClickLists, valid: ClickLists):
    """The strengths of priors that foretell the validation part best."""
    best = None
    for item in STRENGTHS:
        for pair in STRENGTHS:
            model = make(item, pair).fit(train)
            figure = click_perplexity(model.click_chances(valid), valid)
            if best is None or figure < best[0]:
                best = (figure, item, pair)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parts, grades, sessions = read(parser.parse_args().data / "trec-session-2014")
    train, valid, test, graded = (parts[name] for name in ("train", "valid", "test", "relevance"))
    print({name: len(part) for name, part in parts.items()}, "clicks", int(train.clicked.sum()))
    base = RankClicks().fit(train)
    print(f"rank only: perplexity on test {click_perplexity(base.click_chances(test), test):.4f}")
    makers = {
        "position-based": lambda i, p: PositionClicks(i, p),
        "dynamic Bayesian": lambda i, p: DynamicBayesianClicks(item_strength=i, pair_strength=p, n_iterations=25),
        "dynamic Bayesian, all enter": lambda i, p: DynamicBayesianClicks(
            start=False, item_strength=i, pair_strength=p, n_iterations=25
        ),
        "cascade": lambda i, p: DynamicBayesianClicks(cascade=True, item_strength=i, pair_strength=p, n_iterations=1),
    }
    rng = np.random.default_rng(0)
    for name, make in makers.items():
        figure, item, pair = chosen(make, train, valid)
        model = make(item, pair).fit(train)
        own = click_perplexity(model.click_chances(test), test)
        given = click_perplexity(model.conditional_chances(test), test)
        looks = ", ".join(f"{one:.2f}" for one in model.looks_)
        print(
            f"{name} (item {item:g}, pair {pair:g}): valid {figure:.4f}, test {own:.4f}, given clicks above {given:.4f}; looks {looks}"
        )
        # Graded lists: a list's own session is left out of what its ranker learned from.
        learned = train.take(~np.isin(sessions["train"], sessions["relevance"]))
        ranker = make(item, pair).fit(learned)
        as_is = ndcg(grades, np.tile(np.arange(10), (len(grades), 1)))
        for trust in (0.0, 0.3, 1.0):
            gain = ndcg(grades, reranked(graded, ranker.attraction_, trust)) - as_is
            keep = np.isfinite(gain)
            owners = sessions["relevance"][keep]
            groups = [gain[keep][owners == one].sum() for one in np.unique(owners)]
            sizes = [int((owners == one).sum()) for one in np.unique(owners)]
            draws = rng.integers(0, len(groups), (2000, len(groups)))
            means = np.array(groups)[draws].sum(axis=1) / np.array(sizes)[draws].sum(axis=1)
            low, high = np.quantile(means, [0.025, 0.975])
            print(
                f"  N@10 of {keep.sum()} graded lists: {np.nanmean(as_is):.4f} as shown; re-ranked (trust {trust:g}) {gain[keep].mean():+.4f} ({low:+.4f} to {high:+.4f})"
            )


if __name__ == "__main__":
    main()
