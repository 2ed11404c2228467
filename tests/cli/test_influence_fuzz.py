"""``influence table`` on tables of every kind: true rows of finite numbers, or one line that says what was wrong."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swayline.testing.attacks import attack

WORDS = ["a", 'say "b"', "it's; c", "", " ", "\u202ed", "0", "nan", "x,y", "ünï"]
POISON = [math.nan, math.inf, -math.inf, 1e300, -1e300, 1e-320, 2**62, None, "word"]
KINDS = {
    "yes/no": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "numbers": lambda rng, n: rng.normal(size=n),
    "rare": lambda rng, n: (rng.random(n) < 0.08).astype(float),
    "few": lambda rng, n: rng.integers(0, 4, n),
    "long tails": lambda rng, n: np.exp(20 * rng.normal(size=n)),
    "tiny": lambda rng, n: 1e-200 * rng.normal(size=n),
    "far": lambda rng, n: 1e15 + rng.integers(0, 3, n),
    "words": lambda rng, n: rng.choice(WORDS, n),
    "names": lambda rng, n: [f"u{k}" for k in range(n)],
    "levels": lambda rng, n: [f"l{k}" for k in rng.integers(0, max(n // 2, 1), n)],
    "ids": lambda rng, n: np.arange(n),
    "blocks": lambda rng, n: np.arange(n) // 4,
    "constant": lambda rng, n: np.full(n, rng.choice([0.0, 1.0, 5.0])),
    "empty": lambda rng, n: [None] * n,
    "whole": lambda rng, n: rng.integers(-(2**62), 2**62, n),
}
MANY = ("blocks", "levels", "names")
"""Words of which a longer table has hundreds: as a treatment each is an arm, and all of them take minutes."""


@st.composite
def tables(draw):
    """Columns of kinds; some cells poisoned, rows repeated, a control that is a copy, clusters that are the arms."""
    n = draw(st.sampled_from([1, 9, 12, 40, 120, 300]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = st.sampled_from(sorted(KINDS))
    usual = {"t": ("yes/no", "rare", "few"), "y": ("numbers", "yes/no", "rare"), "c": ("blocks", "few")}
    frame = {}
    for name in ("t", "y", "x", 'w "q"', "c", "p"):
        chosen = draw(st.one_of(st.sampled_from(usual.get(name, ("numbers",))), kind))
        if name == "t" and n > 40 and chosen in MANY:
            chosen = "few"
        frame[name] = list(KINDS[chosen](rng, n))
    frame["p"] = draw(st.sampled_from([frame["p"], [0.5] * n, [0.02] * n, [1.0] * n, [1e-300] * n]))
    if draw(st.booleans()):
        frame["x"] = list(frame[draw(st.sampled_from(["t", "y", "c"]))])
    if draw(st.booleans()):
        frame["c"] = list(frame["t"])
    for name in draw(st.lists(st.sampled_from(sorted(frame)), max_size=2, unique=True)):
        for at in rng.integers(0, n, draw(st.sampled_from([1, max(1, n // 2)]))):
            frame[name][at] = POISON[draw(st.integers(0, len(POISON) - 1))]
    repeats = draw(st.sampled_from([1, 1, 3]))
    return pd.DataFrame({name: values * repeats for name, values in frame.items()}, dtype=object)


OPTIONS = st.lists(
    st.sampled_from([
        ("--randomised",), ("--clusters", "c"), ("--propensity", "p"), ("--estimand", "att"), ("--estimand", "cate"),
        ("--instrument", "c"), ("--negative-controls", "p"), ("--controls", "x"), ("--reference", "1"),
    ]),
    max_size=3, unique_by=lambda option: option[0],
)  # fmt: skip


def said(table: pd.DataFrame, options) -> None:
    """Run the command; check what it wrote, or that it said one line."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        table.to_csv(path / "t.csv", index=False)
        words = ["influence", "table", "t.csv", "--treatment", "t", "--outcome", "y", "--learner", "linear",
                 "--out", "o.parquet", "--json"]  # fmt: skip
        done = attack([*words, *(word for option in options for word in option)], path)
        if done.code:
            assert not (path / "o.parquet").exists()
            return
        assert done.result["rows"], done
        for row in pq.read_table(path / "o.parquet").to_pylist():
            _is_true(row)


def _is_true(row) -> None:
    numbers = [row[name] for name in ("estimate", "ci_low", "ci_high", "p_value")]
    assert all(each is None or not math.isnan(each) for each in numbers), row
    if row["identified"] in ("yes", "assumed"):
        assert all(each is not None and math.isfinite(each) for each in numbers[:3]), row
        assert row["ci_low"] <= row["estimate"] <= row["ci_high"], row
    assert row["assumptions"], row
    assert row["p_value"] is None or 0 <= row["p_value"] <= 1, row


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tables(), OPTIONS)
def test_a_table_of_any_kind_gives_finite_rows_or_one_line(table, options):
    said(table, options)
