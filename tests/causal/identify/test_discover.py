import numpy as np
import pytest

from swayline.causal.identify.discover import discover_graph, discover_lags
from swayline.core.errors import IdentificationError, UsageError

pytest.importorskip("causallearn", reason="needs the causal extra")


@pytest.fixture(scope="module")
def chain():
    rng = np.random.default_rng(0)
    view = rng.normal(size=1500)
    cart = 0.8 * view + rng.normal(size=1500)
    return {
        "view": view,
        "cart": cart,
        "purchase": np.exp(0.8 * cart + rng.normal(size=1500)),
        "noise": rng.normal(size=1500),
    }


@pytest.mark.filterwarnings("ignore")
def test_time_orients_the_edges_of_a_chain_and_noise_has_none(chain):
    tiers = {"view": 0, "noise": 0, "cart": 1, "purchase": 2}
    found = discover_graph(chain, list(chain), tiers=tiers, samples=10)
    edges = {(row["source"], row["target"]) for row in found.to_pylist()}
    assert edges == {("view", "cart"), ("cart", "purchase")}
    assert all(row["confidence"] >= 0.9 and row["oriented"] > 0.9 for row in found.to_pylist())


@pytest.mark.filterwarnings("ignore")
def test_independent_columns_have_no_edge():
    rng = np.random.default_rng(1)
    assert discover_graph({name: rng.normal(size=800) for name in "abc"}, list("abc"), samples=10).num_rows == 0


@pytest.mark.filterwarnings("ignore")
def test_lags_find_what_moves_what_a_step_later():
    pytest.importorskip("tigramite", reason="needs the causal extra")
    rng = np.random.default_rng(2)
    a = rng.normal(size=400)
    b = np.concatenate([[0.0], 0.8 * a[:-1]]) + 0.5 * rng.normal(size=400)
    found = discover_lags({"a": a, "b": b}, ["a", "b"], most_lag=2, samples=6)
    assert ("a", "b", 1) in {(row["source"], row["target"], row["lag"]) for row in found.to_pylist()}
    assert ("b", "a", 1) not in {(row["source"], row["target"], row["lag"]) for row in found.to_pylist()}


def test_refuses_what_makes_no_graph(chain):
    with pytest.raises(UsageError, match="at least two"):
        discover_graph(chain, ["view"])
    with pytest.raises(UsageError, match="tier of 'sale'"):
        discover_graph(chain, ["view", "cart"], tiers={"sale": 1})
    with pytest.raises(IdentificationError, match="too few"):
        discover_graph({"a": [1.0, 2.0], "b": [1.0, 3.0]}, ["a", "b"])


def test_no_causal_learn_is_needed_and_the_levels_see_what_no_line_does():
    rng = np.random.default_rng(3)
    a = rng.normal(size=3000)
    table = {"a": a, "b": a**2 + 0.3 * rng.normal(size=3000), "c": rng.normal(size=3000)}
    assert discover_graph(table, list("abc"), method="gaussian", samples=6).num_rows == 0
    found = discover_graph(table, list("abc"), samples=6).to_pylist()
    assert [{row["source"], row["target"]} for row in found] == [{"a", "b"}]


def test_both_kinds_together_find_what_only_one_of_them_sees_and_say_so():
    rng = np.random.default_rng(3)
    a = rng.normal(size=3000)
    table = {"a": a, "b": a**2 + 0.3 * rng.normal(size=3000), "c": rng.normal(size=3000)}
    (found,) = discover_graph(table, list("abc"), method="both", samples=6).to_pylist()
    assert {found["source"], found["target"]} == {"a", "b"}
    assert found["confidence"] == 0.5
    assert discover_graph(table, list("abc"), method="both", samples=6, threshold=0.85).num_rows == 0


def test_a_collider_is_oriented_and_a_chain_is_left_open():
    rng = np.random.default_rng(4)
    a, b, noise = rng.normal(size=(3, 3000))
    collider = {"a": a, "b": b, "c": a + b + noise}
    found = {
        (row["source"], row["target"]): row["oriented"] for row in discover_graph(collider, list("abc")).to_pylist()
    }
    assert set(found) == {("a", "c"), ("b", "c")}
    assert min(found.values()) > 0.75  # the share of bootstrap samples depends on the processor's rounding
    chain = {"a": a, "b": a + b, "c": a + b + noise}
    assert [row["oriented"] for row in discover_graph(chain, list("abc")).to_pylist()] == [0.5, 0.5]


def test_tiers_settle_what_the_data_leave_open():
    rng = np.random.default_rng(5)
    a = rng.normal(size=2000)
    table = {"a": a, "b": a + rng.normal(size=2000)}
    found = discover_graph(table, ["a", "b"], tiers={"a": 1, "b": 0}, samples=6).to_pylist()
    assert [(row["source"], row["target"], row["oriented"]) for row in found] == [("b", "a", 1.0)]


def test_an_unknown_method_is_refused(chain):
    with pytest.raises(UsageError, match="method"):
        discover_graph(chain, ["view", "cart"], method="magic")


def switched(seed, n=2000):
    """a → b → c, which no observation orients; in half of the rows b, in a tenth a was set from outside."""
    rng = np.random.default_rng([5, seed])
    word = rng.choice(["", "b", "a", "a, noise"], p=[0.4, 0.5, 0.05, 0.05], size=n)
    a, noise = rng.normal(size=(2, n))
    b = np.where(word == "b", 0.5 * rng.normal(size=n), a + 0.5 * rng.normal(size=n))
    return {"a": a, "b": b, "c": b + 0.5 * rng.normal(size=n), "noise": noise, "set": word}


@pytest.mark.parametrize("method", ["gaussian", "levels", "score", "both"])
def test_what_was_set_from_outside_orients_a_chain(method):
    columns = ["a", "b", "c", "noise"]
    found = discover_graph(switched(0), columns, interventions="set", method=method, samples=10).to_pylist()
    assert {(row["source"], row["target"]) for row in found} == {("a", "b"), ("b", "c")}
    assert all(row["oriented"] == 1.0 for row in found)
    blind = discover_graph({k: v for k, v in switched(0).items() if k != "set"}, columns, method=method, samples=10)
    assert not all(row["oriented"] == 1.0 for row in blind.to_pylist())


def test_setting_a_column_that_moves_nothing_makes_no_edge():
    rng = np.random.default_rng(6)
    table = {name: rng.normal(size=1500) for name in "abc"} | {"set": rng.choice(["", "a", "b"], size=1500)}
    assert discover_graph(table, list("abc"), interventions="set", samples=10).num_rows == 0


def test_refuses_interventions_that_it_cannot_use():
    columns = ["a", "b", "c"]
    with pytest.raises(UsageError, match="no column of the graph"):
        discover_graph(switched(0), columns, interventions="set")
    with pytest.raises(UsageError, match="that is none of the graph's"):
        discover_graph(switched(0), columns, interventions="c")
    with pytest.raises(UsageError, match="know no interventions"):
        discover_graph(switched(0), columns, interventions="set", method="pc")
    always = switched(0) | {"set": np.full(2000, "a")}
    with pytest.raises(IdentificationError, match="set from outside in all but 0 rows"):
        discover_graph(always, columns, interventions="set")
