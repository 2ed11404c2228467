import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swayline.causal.effect import estimate_effect
from swayline.causal.table.frame import numeric
from swayline.core.errors import SchemaError, SwaylineError, UsageError


def confounded(seed=0, n=1500, effect=0.5):
    """One control moves treatment and outcome; another moves neither."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.normal(size=n)
    t = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(float)
    return {"x": x, "z": z, "t": t, "y": effect * t + x + rng.normal(size=n)}


def emptied(values, share, seed=0):
    return np.where(np.random.default_rng(seed).random(len(values)) < share, np.nan, values)


def main_row(found):
    return next(row for row in found.ledger.to_pylist() if row["primary"] and row["estimand"] in ("ate", "att"))


@pytest.mark.parametrize("learner", ["linear", "auto"])
def test_a_control_that_is_empty_is_an_error_where_it_was_named(learner):
    data = confounded() | {"x": np.full(1500, np.nan)}
    with pytest.raises(SwaylineError, match="control 'x' is empty in every row"):
        estimate_effect(data, "t", "y", ["x"], learner=learner)


def test_a_control_that_is_empty_does_not_count_where_all_columns_were_taken():
    data = confounded()
    found = estimate_effect({"x": np.full(1500, np.nan), "t": data["t"], "y": data["y"]}, "t", "y", learner="linear")
    assert found.identified == "no"
    assert "nothing was adjusted for" in found.arms[0].reason
    assert "control 'x' is empty" in main_row(found)["assumptions"]


def test_a_constant_control_does_not_count():
    data = confounded() | {"x": np.ones(1500)}
    found = estimate_effect(data, "t", "y", ["x"], learner="linear")
    assert found.identified == "no"
    assert "does not vary" in main_row(found)["assumptions"]


@pytest.mark.parametrize("dose", [False, True])
@pytest.mark.parametrize("words", [False, True])
def test_a_confounder_that_is_half_empty_is_not_called_adjusted_for(dose, words):
    data = confounded()
    if dose:
        data["t"] = data["x"] + np.random.default_rng(1).normal(size=1500)
        data["y"] = 0.5 * data["t"] + data["x"] + np.random.default_rng(2).normal(size=1500)
    x = emptied(data["x"], 0.5)
    data["x"] = [None if np.isnan(v) else str(round(v)) for v in x] if words else x
    found = estimate_effect(data, "t", "y", ["x", "z"], learner="linear")
    assert found.identified == "no"
    assert "'x' is empty in" in found.arms[0].reason


def test_gaps_in_what_does_not_confound_are_filled_and_told():
    passed = []
    for seed in range(12):
        data = confounded(seed)
        data["z"] = emptied(data["z"], 0.5, seed)
        found = estimate_effect(data, "t", "y", ["x", "z"], learner="linear")
        passed.append(found.identified == "assumed")
    assert np.mean(passed) > 0.9
    row = main_row(found)
    assert "control 'z' is empty in" in row["assumptions"]
    assert "gaps in z" in json.loads(row["refutations"])


@pytest.mark.parametrize("name", ["t", "y", "x", "e", "i", "before"])
def test_an_infinite_cell_is_an_error_that_names_column_and_row(name):
    rng = np.random.default_rng(5)
    data = confounded() | {"e": np.full(1500, 0.5), "i": rng.normal(size=1500), "before": rng.normal(size=1500)}
    data[name] = data[name].copy()
    data[name][7] = np.inf
    asked = {"propensity": "e"} if name == "e" else {"instrument": "i", "negative_controls": ["before"]}
    with pytest.raises(SwaylineError, match=f"column '{name}' holds 1 infinite value.* row 8"):
        estimate_effect(data, "t", "y", ["x"], learner="linear", **asked)


@pytest.mark.parametrize("as_number", [False, True])
def test_clusters_that_are_mostly_empty_are_an_error(as_number):
    data = confounded(n=400)
    data["v"] = [np.nan] * 400 if as_number else [None] * 400
    with pytest.raises(SwaylineError, match="clusters 'v' is empty in 400 of 400"):
        estimate_effect(data, "t", "y", ["x"], clusters="v")


def test_rows_without_a_cluster_are_told_and_are_not_one_cluster():
    data = confounded(n=400)
    village = np.arange(400) // 8 + 0.0
    village[:40] = np.nan
    found = estimate_effect(data | {"v": village}, "t", "y", ["x"], clusters="v", learner="linear")
    assert "40 rows without 'v' are clusters of their own" in main_row(found)["assumptions"]
    few = np.where(np.arange(400) < 60, np.nan, np.arange(400) % 3)
    with pytest.raises(SwaylineError, match="has 3 clusters"):
        estimate_effect(data | {"v": few}, "t", "y", ["x"], clusters="v", learner="linear")


def test_an_empty_treatment_is_no_arm():
    data = confounded()
    data["t"] = np.where(np.arange(1500) % 10 == 0, np.nan, data["t"])
    found = estimate_effect(data, "t", "y", ["x"], learner="linear")
    assert [one.arm for one in found.arms] == ["1"]
    assert "150 rows without treatment or outcome left out" in main_row(found)["assumptions"]


@pytest.mark.parametrize("of", ["t", "y"])
def test_a_control_that_copies_treatment_or_outcome_is_named(of):
    data = confounded()
    data["again"] = 3 - 2 * data[of]
    found = estimate_effect(data, "t", "y", ["x", "again"], learner="linear")
    assert found.identified == "no"
    assert "control 'again' is a copy of the" in found.arms[0].reason


def test_an_outcome_that_does_not_vary_is_an_error():
    with pytest.raises(SwaylineError, match="'y' is 1 in every row"):
        estimate_effect(confounded() | {"y": np.ones(1500)}, "t", "y", ["x"])


def test_a_negative_control_without_values_is_an_error():
    with pytest.raises(SwaylineError, match="'before' holds a number in 0 rows"):
        estimate_effect(confounded() | {"before": np.full(1500, np.nan)}, "t", "y", ["x"], negative_controls=["before"])


def test_propensities_that_do_not_fit_the_treatment_are_caught():
    data = confounded()
    found = estimate_effect(data | {"e": np.full(1500, 0.1)}, "t", "y", [], propensity="e")
    assert found.identified == "no"
    with pytest.raises(SwaylineError, match="3 rows are empty or do not, the first is row 1"):
        estimate_effect(data | {"e": [np.nan] * 3 + [0.5] * 1497}, "t", "y", [], propensity="e")


DAMAGE = ("none", "some NaN", "all NaN", "infinite", "constant", "copy of x", "copy of t", "copy of y", "half NaN", "words",
          "many words", "one odd")  # fmt: skip


def damaged(values, kind, data, rng):
    n = len(values)
    if kind.startswith("copy"):
        return np.array(data[kind[-1]], dtype=float)
    if kind in ("words", "many words"):
        return np.array([f"w{k}" for k in rng.integers(0, 3 if kind == "words" else n, n)], dtype=object)
    made = np.array(values, dtype=float)
    if kind == "one odd":
        made[:] = 0
        made[0] = 1
    shares = {"some NaN": 0.1, "half NaN": 0.5, "all NaN": 1.0, "infinite": 0.01}
    if kind in shares:
        made[rng.random(n) < shares[kind]] = np.inf if kind == "infinite" else np.nan
    return np.ones(n) if kind == "constant" else made


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.dictionaries(st.sampled_from(["x", "z", "t", "y", "v", "e", "i"]), st.sampled_from(DAMAGE), max_size=3),
    st.sampled_from([30, 120, 700]),
    st.sampled_from(["plain", "clusters", "randomised", "propensity", "instrument", "att", "dose"]),
    st.integers(0, 3),
)
def test_any_table_gives_finite_numbers_with_a_verdict_or_one_line(damage, n, asked, seed):
    rng = np.random.default_rng(seed)
    data = confounded(seed, n) | {"v": np.arange(n) // 3 + 0.0, "e": np.full(n, 0.5), "i": rng.normal(size=n)}
    if asked == "dose":
        data["t"] = data["t"] + rng.normal(size=n)
    data |= {name: damaged(data[name], kind, data, rng) for name, kind in damage.items()}
    said = {
        "clusters": {"clusters": "v"}, "randomised": {"randomised": True}, "propensity": {"propensity": "e"},
        "instrument": {"instrument": "i"}, "att": {"estimand": "att"},
    }.get(asked, {})  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = estimate_effect(pd.DataFrame(data), "t", "y", ["x", "z"], learner="linear", seed=seed, **said)
        except SwaylineError as error:
            if len(str(error).splitlines()) == 1:
                return
            raise AssertionError(f"not one line: {error}") from error
    for row in found.ledger.to_pylist():
        numbers = [row["estimate"], row["ci_low"], row["ci_high"]]
        if row["identified"] != "no":
            assert all(number is not None and np.isfinite(number) for number in numbers), row
    useless = {"all NaN", "constant"}
    if asked in ("plain", "clusters", "att") and {damage.get("x"), damage.get("z")} <= useless:
        assert found.identified == "no"
    as_they_were = not any(damage.get(name, "none").startswith("copy") for name in ("t", "y"))
    if as_they_were and {damage.get("x"), damage.get("z")} & {"copy of t", "copy of y"}:
        assert found.identified == "no"


def test_too_many_columns_of_controls_are_refused_with_their_number():
    rng = np.random.default_rng(0)
    table = {f"x{k}": rng.normal(size=30) for k in range(2001)} | {"t": np.arange(30) % 2, "y": rng.normal(size=30)}
    with pytest.raises(UsageError, match=r"2,001 controls make 2,001 columns, and at most 2,000"):
        estimate_effect(table, "t", "y")


@pytest.mark.parametrize("name", ["y", "x"])
def test_numbers_too_large_to_be_squared_are_refused(name):
    rng = np.random.default_rng(0)
    table = {"x": rng.normal(size=30), "t": np.arange(30) % 2, "y": rng.normal(size=30)}
    table[name] = table[name] * 1e200
    with pytest.raises(SchemaError, match="cannot be squared"):
        estimate_effect(table, "t", "y", ["x"])


def test_whole_numbers_of_64_bits_are_numbers():
    assert numeric(pa.table({"y": [2**62, -(2**62)]}), "y").tolist() == [2.0**62, -(2.0**62)]


@pytest.mark.parametrize("name", ["y", "t"])
def test_numbers_too_small_to_be_squared_are_refused(name):
    rng = np.random.default_rng(0)
    table = {"x": rng.normal(size=30), "t": rng.normal(size=30), "y": rng.normal(size=30)}
    table[name] = table[name] * 1e-200
    with pytest.raises(SwaylineError, match="cannot be squared"):
        estimate_effect(table, "t", "y", ["x"])
