"""Discovery on `sachs` beside the libraries' defaults; uplift on `hillstrom` beside econml.

python benchmarks/effects_graphs_uplift.py sachs|hillstrom [--data ../shared/data]
"""

import argparse
import re
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from swayline.influence.behaviors.discover import EDGES, discover_graph, graph_distance
from swayline.influence.behaviors.estimate import estimate_effect
from swayline.influence.behaviors.uplift import auuc, qini


def sachs(data: Path) -> None:
    frame = pd.read_csv(data / "sachs" / "continuous.txt", sep="\t")
    truth = re.findall(r"(\w+) --> (\w+)", (data / "sachs" / "true_graph.txt").read_text())
    columns = list(frame.columns)
    start = time.perf_counter()
    for threshold in (0.5, 0.9):
        mine = discover_graph(frame, columns, samples=20, threshold=threshold)
        shd, f1 = graph_distance(mine, truth)
        print(f"swayline PC, 20 half samples, confidence ≥ {threshold}: {mine.num_rows} edges, SHD {shd}, F1 {f1:.3f}")
    print(f"  {time.perf_counter() - start:.0f} s")
    from causallearn.search.ConstraintBased.PC import pc

    graph = pc(frame.to_numpy(), show_progress=False).G.graph
    edges = [
        (columns[i], columns[j])
        for i in range(len(columns))
        for j in range(len(columns))
        if (graph[j, i] == 1 and graph[i, j] == -1) or (i < j and graph[i, j] == graph[j, i] != 0)
    ]
    rows = [{"source": a, "target": b, "lag": 0, "confidence": 1.0, "oriented": 1.0} for a, b in edges]
    shd, f1 = graph_distance(pa.Table.from_pylist(rows, schema=EDGES), truth)
    print(f"causal-learn pc, its defaults: {len(edges)} edges, SHD {shd}, F1 {f1:.3f}")


def hillstrom(data: Path) -> None:
    frame = pd.read_csv(data / "hillstrom" / "hillstrom.csv")
    controls = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
    order = np.random.default_rng(0).permutation(len(frame))
    train, test = frame.iloc[order[: len(frame) // 2]], frame.iloc[order[len(frame) // 2 :]]
    start = time.perf_counter()
    found = estimate_effect(train, "segment", "visit", controls, randomised=True)
    scores = {one.arm: found.effect(test, one.arm) for one in found.arms}
    print(f"swayline: {time.perf_counter() - start:.0f} s")
    for one in found.arms:
        told = one.estimates[one.recommended]
        print(f"  {one.arm}: visit {told.value:+.4f} [{told.low:+.4f}, {told.high:+.4f}], identified {one.identified}")
        _curve("swayline DR-learner", one.arm, scores[one.arm], test)
    design = pd.get_dummies(frame[controls], dtype=float)
    from econml.dr import DRLearner
    from lightgbm import LGBMClassifier, LGBMRegressor

    for arm in scores:
        both = train[train.segment.isin([arm, "No E-Mail"])]
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            small = {"n_estimators": 100, "num_leaves": 15, "min_child_samples": 200, "verbosity": -1}
            model = DRLearner(
                model_propensity=LGBMClassifier(**small), model_regression=LGBMRegressor(**small),
                model_final=LGBMRegressor(**small), random_state=0,
            )  # fmt: skip
            model.fit(both.visit, (both.segment == arm).astype(int), X=design.loc[both.index].to_numpy())
            effect = model.effect(design.loc[test.index].to_numpy())
        _curve(f"econml DRLearner ({time.perf_counter() - start:.0f} s)", arm, effect, test)


def _curve(label: str, arm: str, score: np.ndarray, test: pd.DataFrame) -> None:
    rows = test.segment.isin([arm, "No E-Mail"]).to_numpy()
    t, y = (test.segment == arm).to_numpy()[rows], test.visit.to_numpy(dtype=float)[rows]
    print(
        f"    {label:<34} {arm:<15} Qini {qini(score[rows], t, y):+.5f}  AUUC {auuc(score[rows], t, y):.5f}", flush=True
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["sachs", "hillstrom"])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    asked = parser.parse_args()
    {"sachs": sachs, "hillstrom": hillstrom}[asked.what](asked.data)
