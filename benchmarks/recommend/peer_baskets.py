"""Baskets of a household's week completed, half hidden, beside FP-growth's rules (mlxtend) on `completejourney`.

PYTHONPATH=… python benchmarks/recommend/peer_baskets.py      (mlxtend on the path: pip install --target DIR --no-deps mlxtend)
"""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from scipy import sparse

from swayline.recommend import Baskets, GoesTogether

DATA = Path(__file__).parents[3] / "shared" / "data" / "completejourney"
K, SEED = 10, 0


def baskets():
    """Events of product types by household and week, and the week each basket is of."""
    sold = pyarrow.csv.read_csv(DATA / "transactions.csv.gz")
    products = pyarrow.csv.read_csv(DATA / "products.csv")
    kind = products["product_type"].take(
        pc.index_in(sold["product_id"], value_set=products["product_id"].combine_chunks())
    )
    time_us = pc.multiply(sold["transaction_timestamp"].cast(pa.int64()), 1_000_000).cast(pa.timestamp("us", "UTC"))
    table = pa.table({"user": sold["household_id"].cast(pa.string()), "item": kind.cast(pa.string()), "time": time_us})
    return table.filter(pc.is_valid(table["item"]))


def hidden(held, rng):
    """Half of each basket of four and more, and the other half."""
    rows = [row for row in range(held.shape[0]) if held.indptr[row + 1] - held.indptr[row] >= 4]
    seen, asked = [], []
    for row in rows:
        items = rng.permutation(held.indices[held.indptr[row] : held.indptr[row + 1]])
        seen.append(items[: len(items) // 2])
        asked.append(items[len(items) // 2 :])
    return seen, asked


def recall(scores, asked):
    top = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    return np.array([np.isin(one, top[row]).mean() for row, one in enumerate(asked)])


def rules_of_fpgrowth(train, items, least):
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    frame = pd.DataFrame(train.toarray().astype(bool), columns=list(range(len(items))))
    found = fpgrowth(frame, min_support=least / train.shape[0], use_colnames=True, max_len=3)
    rules = association_rules(found, num_itemsets=train.shape[0], metric="confidence", min_threshold=0.01)
    return [
        (tuple(a), next(iter(c)), v)
        for a, c, v in zip(rules["antecedents"], rules["consequents"], rules["confidence"], strict=True)
        if len(c) == 1
    ]


def score_rules(rules, seen, n_items, popular):
    scores = np.tile(popular * 1e-6, (len(seen), 1))
    for row, basket in enumerate(seen):
        own = set(basket.tolist())
        for items, then, confidence in rules:
            if own.issuperset(items):
                scores[row, then] = max(scores[row, then], confidence)
        scores[row, basket] = -np.inf
    return scores


def main():
    events = baskets()
    cut = np.quantile(events["time"].cast(pa.int64()).to_numpy(), 0.8)
    before = events.filter(pc.less(events["time"].cast(pa.int64()), int(cut)))
    after = events.filter(pc.greater_equal(events["time"].cast(pa.int64()), int(cut)))
    started = time.time()
    train = Baskets.of(before, 7)
    model = GoesTogether().fit(train)
    ours_s = time.time() - started
    test = Baskets.of(after, 7)
    place = train.items.rows(test.items.ids)
    known = place >= 0
    columns = sparse.csr_array(
        (np.ones(known.sum()), (np.flatnonzero(known), place[known])), shape=(len(place), len(train.items))
    )
    seen, asked = hidden((test.held @ columns).tocsr(), np.random.default_rng(SEED))
    held = sparse.csr_array(
        (
            np.ones(sum(map(len, seen))),
            (np.repeat(np.arange(len(seen)), [len(one) for one in seen]), np.concatenate(seen)),
        ),
        shape=(len(seen), len(train.items)),
    )
    figures = {"goes together": recall(model.scores(held), asked)}
    popular = np.tile(model.counts_, (len(seen), 1))
    for row, one in enumerate(seen):
        popular[row, one] = -np.inf
    figures["most bought"] = recall(popular, asked)
    print(
        f"{train.held.shape[0]} baskets of a week learned, {len(seen)} completed, {len(train.items)} product types; ours {ours_s:.1f} s"
    )
    for least in (20, 8):
        started = time.time()
        rules = rules_of_fpgrowth(train.held, train.items.names, least)
        figures[f"fp-growth, {least} baskets"] = recall(
            score_rules(rules, seen, len(train.items), model.counts_), asked
        )
        print(f"fp-growth with {least} baskets and more: {len(rules)} rules, {time.time() - started:.1f} s")
    base = figures["goes together"]
    for name, values in figures.items():
        gap = base - values
        half = 1.96 * gap.std(ddof=1) / np.sqrt(len(gap))
        print(
            f"{name:<24} recall@{K} {values.mean():.4f}   ours over it {gap.mean():+.4f} [{gap.mean() - half:+.4f}, {gap.mean() + half:+.4f}]"
        )


if __name__ == "__main__":
    main()
