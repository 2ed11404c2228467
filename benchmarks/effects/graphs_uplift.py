"""Discovery on `sachs` and simulated graphs; uplift on `hillstrom` beside econml and causalml.

python benchmarks/effects/graphs_uplift.py sachs|graphs|hillstrom|policy [--data ../shared/data] [--peer-python PYTHON]
python benchmarks/effects/graphs_uplift.py hillstrom --splits 20 [--forest] [--keep FILE.csv]     FILE: go on where it ended
python benchmarks/effects/graphs_uplift.py hillstrom --splits 20 --slow --keep FILE.csv              and the slow learners

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

from swayline.causal.effect import estimate_effect
from swayline.causal.identify.discover import EDGES, discover_graph, graph_distance
from swayline.causal.policy.learn_policy import learn_policy
from swayline.causal.policy.uplift import auuc, qini


def sachs(data: Path) -> None:
    """All rows (pooled over interventions) and the first 853 (the observational condition); draws of 90% beside."""
    whole = pd.read_csv(data / "sachs" / "continuous.txt", sep="\t")
    truth = re.findall(r"(\w+) --> (\w+)", (data / "sachs" / "true_graph.txt").read_text())
    rng = np.random.default_rng(0)
    for label, frame in (("all", whole), ("observational", whole.iloc[:853])):
        draws = [frame.iloc[rng.permutation(len(frame))[: len(frame) * 9 // 10]] for _ in range(10)]
        for method in ("score", "both", "gaussian", "levels", "pc"):
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

    # The published order of the nine conditions; Sachs et al. read an inhibitor or activator as setting its target.
    words = np.repeat(["", "", "akt", "pkc", "pip2", "mek", "", "pkc", "pka"], CONDITIONS)
    start = time.perf_counter()
    found = discover_graph(whole.assign(set=words), list(whole), interventions="set")
    _found(
        "swayline score, told what was set", found, truth, [graph_distance(found, truth)], time.perf_counter() - start
    )


def graphs() -> None:
    """Sixteen graphs a kind and method; then eight in which one column was set from outside in half of the rows."""
    for kind in ("linear", "bent", "skewed", "pooled"):
        for method in ("score", "both", "gaussian", "levels"):
            rows = []
            for seed in range(100, 116):
                table, columns, truth = _many_kinds(kind, seed)
                rows.append(graph_distance(discover_graph(table, columns, method=method, samples=12, seed=seed), truth))
            shd, f1 = np.mean(rows, axis=0)
            print(f"{kind:<7} {method:<9} SHD {shd:.1f}, F1 {f1:.3f}", flush=True)
    for bent in (False, True):
        rows = []
        for seed in range(8):
            table, columns, truth = _simulated(seed, bent)
            found = [discover_graph(table, columns, interventions=one, samples=10, seed=seed) for one in (None, "set")]
            rows.append([graph_distance(one, truth) for one in found])
        (shd, f1), (shd_told, f1_told) = np.mean(rows, axis=0)
        print(
            f"{'bent' if bent else 'linear':<7} SHD {shd:.1f}, F1 {f1:.2f}; told what was set SHD {shd_told:.1f}, "
            f"F1 {f1_told:.2f}",
            flush=True,
        )


def _many_kinds(kind: str, seed: int, p: int = 10, n: int = 3000) -> tuple[dict, list[str], list[tuple[str, str]]]:
    """Linear and normal; half of the effects squares; bent and skewed; six conditions pooled, each of which nearly
    cuts a column off from its causes and moves its level, and nobody says which."""
    rng = np.random.default_rng([91, seed])
    order, weights, values = rng.permutation(p), np.zeros((p, p)), np.zeros((n, p))
    for a in range(p):
        for b in range(a + 1, p):
            if rng.random() < 0.35:
                weights[order[a], order[b]] = rng.choice([-1, 1]) * rng.uniform(0.3, 1.2)
    target = rng.integers(0, p, 6)[np.repeat(np.arange(6), n // 6)]
    for j in order:
        value = rng.normal(size=n)
        value = np.exp(0.6 * value) - 1 if kind == "skewed" else value
        for i in np.flatnonzero(weights[:, j]):
            cause = np.tanh(values[:, i]) * 1.5 if kind == "skewed" else values[:, i]
            cause = cause**2 - 1 if kind == "bent" and (i + j) % 2 == 0 else cause
            value = value + weights[i, j] * np.where((kind == "pooled") & (target == j), 0.2, 1) * cause
        if kind == "pooled":
            value = value + np.where(target == j, rng.choice([-1.5, 1.5]), 0)
        value = value / max(1.0, value.std())
        values[:, j] = np.exp(value) if kind in ("skewed", "pooled") else value
    names = [f"v{k}" for k in range(p)]
    edges = [(names[i], names[j]) for i, j in zip(*np.nonzero(weights), strict=True)]
    return dict(zip(names, values.T, strict=True)), names, edges


def _simulated(seed: int, bent: bool, p: int = 8, n: int = 2000) -> tuple[dict, list[str], list[tuple[str, str]]]:
    rng = np.random.default_rng([21, seed])
    order, names, weights = rng.permutation(p), [f"v{k}" for k in range(p)], np.zeros((p, p))
    for a in range(p):
        for b in range(a + 1, p):
            if rng.random() < 0.3:
                weights[order[a], order[b]] = rng.choice([-1, 1]) * rng.uniform(0.4, 1.2)
    which, values = rng.integers(-p, p, size=n), np.zeros((n, p))
    for j in order:
        value = rng.normal(size=n)
        for i in np.flatnonzero(weights[:, j]):
            value += weights[i, j] * (values[:, i] ** 2 - 1 if bent and (i + j) % 2 == 0 else values[:, i])
        value = np.where(which == j, rng.normal(size=n), value)
        values[:, j] = value / max(1.0, value.std())
    table = dict(zip(names, values.T, strict=True)) | {"set": [names[k] if k >= 0 else "" for k in which]}
    return table, names, [(names[i], names[j]) for i, j in zip(*np.nonzero(weights), strict=True)]


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


CONDITIONS = (853, 902, 911, 723, 810, 799, 848, 913, 707)
ARMS = ("Mens E-Mail", "Womens E-Mail")
CONTROLS = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
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
    for name, model in () if sys.argv[2:] == ["forest"] else (
        ("causalml X-learner", BaseXRegressor(LGBMRegressor(**small), control_name=0)),
        ("causalml DR-learner", BaseDRRegressor(LGBMRegressor(**small), control_name=0)),
    ):
        start = time.perf_counter()
        model.fit(x, t, y, p=share)
        out[f"{name} ({time.perf_counter() - start:.0f} s)|{arm}"] = np.ravel(model.predict(got["new"], p=np.full(len(got["new"]), t.mean())))
    if sys.argv[2:] == ["quick"]:
        continue
    start = time.perf_counter()
    forest = UpliftRandomForestClassifier(
        control_name="0", n_estimators=50, max_depth=6, min_samples_leaf=200, random_state=0, n_jobs=1)
    forest.fit(x, t.astype(str), y.astype(int))
    out[f"causalml uplift forest ({time.perf_counter() - start:.0f} s)|{arm}"] = np.ravel(forest.predict(got["new"]))
np.savez(folder + "/out.npz", **out)
"""


def _causalml(
    python: str, train: pd.DataFrame, test: pd.DataFrame, design: pd.DataFrame, arms: list[str], *more: str
) -> dict[tuple[str, str], np.ndarray]:
    """The same rows and controls in causalml's own environment: scores of the test rows by method and arm."""
    with tempfile.TemporaryDirectory() as folder:
        arm = train.segment.map({"No E-Mail": 0, **{name: k + 1 for k, name in enumerate(arms)}}).to_numpy()
        np.savez(
            f"{folder}/in.npz", x=design.loc[train.index].to_numpy(), arm=arm, y=train.visit.to_numpy(dtype=float),
            new=design.loc[test.index].to_numpy(),
        )  # fmt: skip
        subprocess.run([python, "-W", "ignore", "-c", PEER, folder, *more], check=True)
        parts = {key: key.partition("|") for key in np.load(f"{folder}/out.npz")}
        scores = np.load(f"{folder}/out.npz")
        return {(name, arms[int(k) - 1]): scores[key] for key, (name, _, k) in parts.items()}


def splits(data: Path, count: int, peers: set[str], peer_python: str | None, keep: Path | None) -> None:
    """Qini over many splits in two: ours, and of ``peers`` what ``keep`` does not hold yet."""
    frame = pd.read_csv(data / "hillstrom" / "hillstrom.csv")
    design = pd.get_dummies(frame[CONTROLS], dtype=float)
    known = pd.read_csv(keep).to_dict("records") if keep is not None and keep.exists() else []
    found: dict[tuple[int, str], dict[str, object]] = {(row["split"], row["arm"]): row for row in known}
    for seed in range(count):
        start = time.perf_counter()
        for arm, scores in _one_split(
            frame, design, seed, peers, peer_python, set(found.get((seed, ARMS[0]), {}))
        ).items():
            found.setdefault((seed, arm), {"split": seed, "arm": arm}).update(scores)
        print(f"split {seed}: {time.perf_counter() - start:.0f} s", flush=True)
        if keep is not None:
            pd.DataFrame(found.values()).to_csv(keep, index=False)
    table = pd.DataFrame(found.values())
    others = [name for name in table if name not in ("split", "arm", "swayline")]
    for arm, part in table.groupby("arm"):
        # Halves of the same rows overlap: the spread over splits says how much the split decides, no more.
        for name in ("swayline", *others):
            less = part["swayline"] - part[name]
            print(
                f"{arm:<15} {name:<22} Qini {part[name].mean():+.5f}, sd over {len(part)} splits {part[name].std():.5f}, "
                f"> 0 in {(part[name] > 0).mean():.2f}, ours less it {less.mean():+.5f}, ours higher in {(less > 0).mean():.2f}"
            )


def _one_split(
    frame: pd.DataFrame, design: pd.DataFrame, seed: int, peers: set[str], peer_python: str | None, known: set[str]
) -> dict[str, dict[str, float]]:
    """Arm → method → Qini of the half that did not teach, of methods that are not known yet."""
    order = np.random.default_rng(seed).permutation(len(frame))
    train, test = frame.iloc[order[: len(frame) // 2]], frame.iloc[order[len(frame) // 2 :]]
    made = (
        None
        if "swayline" in known
        else estimate_effect(train, "segment", "visit", CONTROLS, randomised=True, seed=seed)
    )
    others: dict[tuple[str, str], np.ndarray] = {}
    for part, first in (("quick", "causalml X-learner"), ("forest", "causalml uplift forest")):
        if peer_python and part in peers and first not in known:
            others |= _causalml(peer_python, train, test, design, list(ARMS), part)
    found: dict[str, dict[str, float]] = {}
    for arm in ARMS:
        both = test.segment.isin([arm, "No E-Mail"]).to_numpy()
        rows = test[both]
        t, y = (rows.segment == arm).to_numpy(), rows.visit.to_numpy(dtype=float)
        row = {name.partition(" (")[0]: qini(score[both], t, y) for (name, of), score in others.items() if of == arm}
        if made is not None:
            row["swayline"] = qini(made.effect(rows, arm), t, y)
        if "econml forest" in peers and "econml causal forest" not in known:
            row["econml causal forest"] = qini(_trees(train, design, arm, rows), t, y)
        if "econml dr" in peers and "econml DR-learner" not in known:
            row["econml DR-learner"] = qini(_econml_dr(train, design, arm, rows), t, y)
        found[arm] = row
    return found


def policy(data: Path) -> None:
    """Whom to mail what: without costs, and where a mail costs nearly what it brings."""
    frame = pd.read_csv(data / "hillstrom" / "hillstrom.csv")
    for costs in ({}, {"Mens E-Mail": 0.06, "Womens E-Mail": 0.04}):
        start = time.perf_counter()
        found = learn_policy(frame, "segment", "visit", CONTROLS, costs=costs, randomised=True)
        shares = np.bincount(found.choice, minlength=len(found.arms)) / len(found.choice)
        print(f"costs {costs or 'none'}: {time.perf_counter() - start:.0f} s, identified {found.identified}")
        print("  gives " + ", ".join(f"{arm} to {share:.0%}" for arm, share in zip(found.arms, shares, strict=True)))
        for label, one in (
            ("worth", found.value),
            ("gain", found.gain),
            (f"over {found.best} for all", found.over_best),
        ):
            print(f"  {label}: {one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}]")


def hillstrom(data: Path, peer_python: str | None) -> None:
    frame = pd.read_csv(data / "hillstrom" / "hillstrom.csv")
    order = np.random.default_rng(0).permutation(len(frame))
    train, test = frame.iloc[order[: len(frame) // 2]], frame.iloc[order[len(frame) // 2 :]]
    start = time.perf_counter()
    found = estimate_effect(train, "segment", "visit", CONTROLS, randomised=True)
    scores = {one.arm: found.effect(test, one.arm) for one in found.arms}
    print(f"swayline: {time.perf_counter() - start:.0f} s")
    for one in found.arms:
        told = one.estimates[one.quoted]
        print(f"  {one.arm}: visit {told.value:+.4f} [{told.low:+.4f}, {told.high:+.4f}], identified {one.identified}")
        _curve("swayline DR-learner", one.arm, scores[one.arm], test)
    design = pd.get_dummies(frame[CONTROLS], dtype=float)
    for arm in scores:
        start = time.perf_counter()
        effect = _econml_dr(train, design, arm, test)
        _curve(f"econml DRLearner ({time.perf_counter() - start:.0f} s)", arm, effect, test)
    _forest(train, test, design, scores)
    if peer_python:
        for (label, arm), score in _causalml(peer_python, train, test, design, list(scores)).items():
            _curve(label, arm, score, test)


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


def _econml_dr(train: pd.DataFrame, design: pd.DataFrame, arm: str, test: pd.DataFrame) -> np.ndarray:
    from econml.dr import DRLearner
    from lightgbm import LGBMClassifier, LGBMRegressor

    both = train[train.segment.isin([arm, "No E-Mail"])]
    small = {"n_estimators": 100, "num_leaves": 15, "min_child_samples": 200, "verbosity": -1, "n_jobs": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = DRLearner(
            model_propensity=LGBMClassifier(**small), model_regression=LGBMRegressor(**small),
            model_final=LGBMRegressor(**small), random_state=0,
        )  # fmt: skip
        model.fit(both.visit, (both.segment == arm).astype(int), X=design.loc[both.index].to_numpy())
        return np.asarray(model.effect(design.loc[test.index].to_numpy()))


def _curve(label: str, arm: str, score: np.ndarray, test: pd.DataFrame) -> None:
    rows = test.segment.isin([arm, "No E-Mail"]).to_numpy()
    t, y = (test.segment == arm).to_numpy()[rows], test.visit.to_numpy(dtype=float)[rows]
    print(
        f"    {label:<34} {arm:<15} Qini {qini(score[rows], t, y):+.5f}  AUUC {auuc(score[rows], t, y):.5f}", flush=True
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["sachs", "graphs", "hillstrom", "policy"])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--splits", type=int, default=0)
    parser.add_argument("--forest", action="store_true", help="econml's causal forest beside the quick learners")
    parser.add_argument("--slow", action="store_true", help="econml's DR-learner and causalml's uplift forest, too")
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--peer-python", default=os.environ.get("SWAYLINE_PEER_PYTHON"))
    asked = parser.parse_args()
    if asked.what == "sachs":
        sachs(asked.data)
    elif asked.what == "graphs":
        graphs()
    elif asked.what == "policy":
        policy(asked.data)
    elif asked.splits:
        wanted = {"quick"} | ({"econml forest"} if asked.forest else set())
        wanted |= {"econml dr", "forest"} if asked.slow else set()
        splits(asked.data, asked.splits, wanted, asked.peer_python, asked.keep)
    else:
        hillstrom(asked.data, asked.peer_python)
