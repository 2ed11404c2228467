"""Discovery on `sachs` beside the libraries' defaults; uplift on `hillstrom` beside econml and causalml.

python benchmarks/effects_graphs_uplift.py sachs|hillstrom [--data ../shared/data] [--peer-python PYTHON]
python benchmarks/effects_graphs_uplift.py hillstrom --splits 20 [--forest]

causalml needs an environment of its own (`pip install causalml`), whose interpreter ``--peer-python`` or the variable
SWAYLINE_PEER_PYTHON names; without one its rows are left out.
"""

import argparse
import os
import re
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from swayline.influence.behaviors.discover import EDGES, discover_graph, graph_distance
from swayline.influence.behaviors.estimate import estimate_effect
from swayline.influence.behaviors.uplift import auuc, qini


def sachs(data: Path) -> None:
    """All rows (pooled over interventions) and the first 853 (the observational condition); draws of 90% beside."""
    whole = pd.read_csv(data / "sachs" / "continuous.txt", sep="\t")
    truth = re.findall(r"(\w+) --> (\w+)", (data / "sachs" / "true_graph.txt").read_text())
    rng = np.random.default_rng(0)
    for label, frame in (("all", whole), ("observational", whole.iloc[:853])):
        draws = [frame.iloc[rng.permutation(len(frame))[: len(frame) * 9 // 10]] for _ in range(10)]
        for method in ("score", "gaussian", "levels", "pc"):
            start = time.perf_counter()
            found = discover_graph(frame, list(frame), method=method)
            seconds = time.perf_counter() - start
            several = [
                graph_distance(discover_graph(draw, list(frame), method=method, samples=10), truth) for draw in draws
            ]
            _found(f"swayline {method}, {label}", found, truth, several, seconds)
        start = time.perf_counter()
        found = _causal_learn(frame)
        seconds = time.perf_counter() - start
        several = [graph_distance(_causal_learn(draw), truth) for draw in draws]
        _found(f"causal-learn pc, its defaults, {label}", found, truth, several, seconds)


def _found(label: str, found: pa.Table, truth: list, several: list, seconds: float) -> None:
    shd, f1 = graph_distance(found, truth)
    mean = np.mean(several, axis=0)
    print(
        f"{label:<45} {found.num_rows:>3} edges  SHD {shd:>2}  F1 {f1:.3f}   "
        f"ten draws of 90%: SHD {mean[0]:.1f}, F1 {mean[1]:.3f}   {seconds:.1f} s",
        flush=True,
    )


def _causal_learn(frame: pd.DataFrame) -> pa.Table:
    from causallearn.search.ConstraintBased.PC import pc

    columns, graph = list(frame), pc(frame.to_numpy(), show_progress=False).G.graph
    edges = [
        (columns[i], columns[j])
        for i in range(len(columns))
        for j in range(len(columns))
        if (graph[j, i] == 1 and graph[i, j] == -1) or (i < j and graph[i, j] == graph[j, i] != 0)
    ]
    rows = [{"source": a, "target": b, "lag": 0, "confidence": 1.0, "oriented": 1.0} for a, b in edges]
    return pa.Table.from_pylist(rows, schema=EDGES)


PEER = """
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from causalml.inference.meta import BaseDRRegressor, BaseXRegressor
from causalml.inference.tree import UpliftRandomForestClassifier
from lightgbm import LGBMRegressor
folder = sys.argv[1]
got = np.load(folder + "/in.npz")
small = dict(n_estimators=100, num_leaves=15, min_child_samples=200, verbosity=-1, n_jobs=1)
out = {}
for arm in (1, 2):
    both = np.isin(got["arm"], (0, arm))
    x, t, y = got["x"][both], (got["arm"][both] == arm).astype(int), got["y"][both]
    share = np.full(len(t), t.mean())
    for name, model in (
        ("causalml X-learner", BaseXRegressor(LGBMRegressor(**small), control_name=0)),
        ("causalml DR-learner", BaseDRRegressor(LGBMRegressor(**small), control_name=0)),
    ):
        start = time.perf_counter()
        model.fit(x, t, y, p=share)
        out[f"{name} ({time.perf_counter() - start:.0f} s)|{arm}"] = np.ravel(model.predict(got["new"], p=np.full(len(got["new"]), t.mean())))
    start = time.perf_counter()
    forest = UpliftRandomForestClassifier(
        control_name="0", n_estimators=50, max_depth=6, min_samples_leaf=200, random_state=0, n_jobs=1)
    forest.fit(x, t.astype(str), y.astype(int))
    out[f"causalml uplift forest ({time.perf_counter() - start:.0f} s)|{arm}"] = np.ravel(forest.predict(got["new"]))
np.savez(folder + "/out.npz", **out)
"""


def _causalml(python: str, train: pd.DataFrame, test: pd.DataFrame, design: pd.DataFrame, arms: list[str]) -> None:
    """The same rows and controls in causalml's own environment."""
    with tempfile.TemporaryDirectory() as folder:
        arm = train.segment.map({"No E-Mail": 0, **{name: k + 1 for k, name in enumerate(arms)}}).to_numpy()
        np.savez(
            f"{folder}/in.npz", x=design.loc[train.index].to_numpy(), arm=arm, y=train.visit.to_numpy(dtype=float),
            new=design.loc[test.index].to_numpy(),
        )  # fmt: skip
        subprocess.run([python, "-W", "ignore", "-c", PEER, folder], check=True)
        for key, score in np.load(f"{folder}/out.npz").items():
            label, _, k = key.partition("|")
            _curve(label, arms[int(k) - 1], score, test)


def splits(data: Path, count: int, forest: bool) -> None:
    """Our Qini, and with ``forest`` econml's causal forest's, over many splits in two: mean and interval of both."""
    frame = pd.read_csv(data / "hillstrom" / "hillstrom.csv")
    controls = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
    design, found = pd.get_dummies(frame[controls], dtype=float), []
    for seed in range(count):
        order = np.random.default_rng(seed).permutation(len(frame))
        train, test = frame.iloc[order[: len(frame) // 2]], frame.iloc[order[len(frame) // 2 :]]
        start = time.perf_counter()
        made = estimate_effect(train, "segment", "visit", controls, randomised=True, seed=seed)
        for one in made.arms:
            rows = test[test.segment.isin([one.arm, "No E-Mail"])]
            t, y = (rows.segment == one.arm).to_numpy(), rows.visit.to_numpy(dtype=float)
            row = {"split": seed, "arm": one.arm, "swayline": qini(made.effect(rows, one.arm), t, y)}
            if forest:
                row["econml forest"] = qini(_trees(train, design, one.arm, rows), t, y)
            found.append(row)
        print(f"split {seed}: {time.perf_counter() - start:.0f} s, {found[-2:]}", flush=True)
    table = pd.DataFrame(found)
    names = [name for name in ("swayline", "econml forest") if name in table]
    if forest:
        table["difference"] = table["swayline"] - table["econml forest"]
        names.append("difference")
    for arm, part in table.groupby("arm"):
        for name in names:
            # Halves of the same rows overlap: the spread over splits says how much the split decides, no more.
            mean, spread = part[name].mean(), part[name].std()
            print(
                f"{arm:<15} {name:<14} Qini {mean:+.5f}, sd over splits {spread:.5f}, > 0 in {(part[name] > 0).mean():.2f}"
            )


def hillstrom(data: Path, peer_python: str | None) -> None:
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
    _forest(train, test, design, scores)
    if peer_python:
        _causalml(peer_python, train, test, design, list(scores))


def _forest(train: pd.DataFrame, test: pd.DataFrame, design: pd.DataFrame, arms: Iterable[str]) -> None:
    for arm in arms:
        start = time.perf_counter()
        effect = _trees(train, design, arm, test)
        _curve(f"econml CausalForest ({time.perf_counter() - start:.0f} s)", arm, effect, test)


def _trees(train: pd.DataFrame, design: pd.DataFrame, arm: str, test: pd.DataFrame) -> np.ndarray:
    from econml.grf import CausalForest

    both = train[train.segment.isin([arm, "No E-Mail"])]
    model = CausalForest(n_estimators=200, min_samples_leaf=100, random_state=0, n_jobs=1)
    model.fit(design.loc[both.index].to_numpy(), (both.segment == arm).to_numpy(dtype=float), both.visit.to_numpy())
    return model.predict(design.loc[test.index].to_numpy()).ravel()


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
    parser.add_argument("--splits", type=int, default=0)
    parser.add_argument("--forest", action="store_true")
    parser.add_argument("--peer-python", default=os.environ.get("SWAYLINE_PEER_PYTHON"))
    asked = parser.parse_args()
    if asked.what == "sachs":
        sachs(asked.data)
    elif asked.splits:
        splits(asked.data, asked.splits, asked.forest)
    else:
        hillstrom(asked.data, asked.peer_python)
