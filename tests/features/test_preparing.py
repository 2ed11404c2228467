"""Feature columns: gaps filled and flagged, outliers drawn in, scales from training rows alone."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import ConfigError, SchemaError, UsageError
from swayline.features.preparing import FeaturePreparer


def people(n: int = 400, seed: int = 0, signal: float = 1.0) -> pa.Table:
    """Income follows age and city as far as the signal goes; a fifth of incomes and cities is missing."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 60, n)
    city = rng.choice(["Oslo", "Rome"], n)
    income = 1_000 + signal * (50 * (age - 40) + 800 * (city == "Oslo")) + rng.normal(0, 100, n)
    job = np.where(signal * (age - 40) + rng.normal(0, 5, n) > 0, "lead", "junior")
    return pa.table(
        {
            "user": [f"u{at}" for at in range(n)],
            "age": age,
            "city": pa.array(list(city)),
            "income": pa.array(
                [None if gap else value for gap, value in zip(rng.random(n) < 0.2, income, strict=True)]
            ),
            "job": pa.array([None if gap else str(value) for gap, value in zip(rng.random(n) < 0.2, job, strict=True)]),
            "truth": income,
            "true_job": pa.array(list(job)),
        }
    )


def features(table: pa.Table) -> pa.Table:
    return table.drop_columns(["truth", "true_job"])


def gap_error(table: pa.Table, fill: str) -> tuple[float, float]:
    """Mean absolute error of filled incomes, share of wrong filled jobs, on rows not trained on."""
    train, test = table.slice(0, 200), table.slice(200)
    ready = FeaturePreparer(fill=fill, scale=False, fence=0).fit(features(train)).transform(features(test)).table
    income, job = ready["income_filled"].to_numpy(), ready["job_filled"].to_numpy()
    missed = np.abs(ready["income"].to_numpy() - test["truth"].to_numpy())[income].mean()
    wrong = np.array(ready["job"].to_pylist()) != np.array(test["true_job"].to_pylist())
    return float(missed), float(wrong[job].mean())


def test_keys_pass_through_untouched_even_where_they_are_missing():
    train = pa.table(
        {"user": ["a", None, "c"], "time": pa.array([1, None, 3], pa.timestamp("us")), "x": [1.0, None, 3]}
    )
    ready = FeaturePreparer().fit(train).transform(train).table
    assert ready.select(["user", "time"]).equals(train.select(["user", "time"]))
    assert "user_filled" not in ready.column_names


def test_filling_a_key_is_refused():
    with pytest.raises(UsageError, match="'item' is a key"):
        FeaturePreparer(fill={"item": "mode"}).fit(pa.table({"item": ["a"], "x": [1.0]}))


def test_gaps_are_filled_and_every_filled_cell_is_flagged():
    table = features(people())
    ready = FeaturePreparer().fit(table).transform(table)
    for name in ("income", "job"):
        assert ready.table[name].null_count == 0
        assert ready.table[f"{name}_filled"].to_pylist() == [value is None for value in table[name].to_pylist()]
        assert ready.done[name].missing == table[name].null_count
    assert "age_filled" not in ready.table.column_names


def test_infinities_and_blank_words_are_gaps():
    table = pa.table({"x": [1.0, float("inf"), float("nan"), 3.0], "w": ["a", " ", None, "a"]})
    ready = FeaturePreparer(fill="median", scale=False).fit(table).transform(table).table
    assert ready["x"].to_pylist() == [1.0, 2.0, 2.0, 3.0]
    assert ready["w"].to_pylist() == ["a", "a", "a", "a"]
    assert ready["w_filled"].to_pylist() == [False, True, True, False]


def test_a_model_fills_better_than_the_median_where_columns_hang_together():
    table = people(signal=1.0)
    assert gap_error(table, "model")[0] < 0.4 * gap_error(table, "median")[0]
    assert gap_error(table, "model")[1] < 0.6 * gap_error(table, "mode")[1]
    assert gap_error(table, "auto") == gap_error(table, "model")


def test_auto_keeps_the_median_where_there_is_nothing_to_learn():
    table = features(people(signal=0.0))
    ready = FeaturePreparer(fill="auto").fit(table).transform(table)
    assert ready.done["income"].how == "median"
    assert ready.done["job"].how == "mode"


def test_outliers_are_drawn_in_to_the_fences_and_counted():
    column = [*np.linspace(0, 1, 101), 50.0, -50.0, -60.0]
    table = pa.table({"x": column})
    ready = FeaturePreparer(fence=3.0, scale=False).fit(table).transform(table)
    assert (ready.done["x"].low, ready.done["x"].high) == (2, 1)
    low, high = np.quantile(column, [0.25, 0.75])
    assert ready.table["x"].to_pylist()[-3] == pytest.approx(high + 3 * (high - low))
    assert ready.table["x"].to_pylist()[:101] == pytest.approx(column[:101])
    assert FeaturePreparer(fence=0, scale=False).fit(table).transform(table).done["x"].high == 0


def test_a_column_that_hardly_varies_is_not_cut():
    table = pa.table({"x": [0.0] * 90 + [1.0] * 10})
    assert FeaturePreparer(scale=False).fit(table).transform(table).table["x"].to_pylist() == table["x"].to_pylist()


def test_scales_medians_and_fences_come_from_training_rows_alone():
    table = features(people())
    train, test = table.slice(0, 200), table.slice(200)
    preparer = FeaturePreparer(fill="median").fit(train)
    alone = preparer.transform(train).table
    assert np.mean(alone["age"].to_numpy()) == pytest.approx(0, abs=1e-9)
    assert np.std(alone["age"].to_numpy()) == pytest.approx(1)
    wild = test.set_column(test.column_names.index("age"), "age", pa.array(np.full(len(test), 1e9)))
    preparer.transform(wild)
    assert preparer.transform(train).table.equals(alone)
    shifted = test.set_column(test.column_names.index("age"), "age", pa.array(test["age"].to_numpy() + 5))
    gap = preparer.transform(shifted).table["age"].to_numpy() - preparer.transform(test).table["age"].to_numpy()
    assert gap == pytest.approx(5 / np.std(train["age"].to_numpy()))


def test_a_row_comes_out_the_same_alone_and_among_others():
    table = features(people())
    preparer = FeaturePreparer().fit(table)
    whole = preparer.transform(table).table
    gap = table["income"].to_pylist().index(None)
    alone = preparer.transform(table.slice(gap, 1)).table
    assert alone["income"].to_pylist()[0] == pytest.approx(whole["income"].to_pylist()[gap])


def test_a_column_missing_throughout_is_filled_and_flagged():
    train = pa.table({"x": pa.array([None, None], pa.float64()), "w": pa.array([None, None], pa.string())})
    ready = FeaturePreparer().fit(train).transform(train).table
    assert ready["x"].to_pylist() == [0.0, 0.0]
    assert ready["w"].to_pylist() == ["(missing)", "(missing)"]
    assert ready["x_filled"].to_pylist() == [True, True]


def test_bad_arguments_say_what_to_do():
    with pytest.raises(ConfigError, match="did you mean 'median'"):
        FeaturePreparer(fill="medain")
    with pytest.raises(ConfigError, match="fence is '-1'"):
        FeaturePreparer(fence=-1)
    with pytest.raises(UsageError, match="no training row"):
        FeaturePreparer().fit(pa.table({"x": pa.array([], pa.float64())}))
    with pytest.raises(SchemaError, match="'x' was in the training rows"):
        FeaturePreparer().fit(pa.table({"x": [1.0]})).transform(pa.table({"y": [1.0]}))
    with pytest.raises(SchemaError, match="held numbers in training and words here"):
        FeaturePreparer().fit(pa.table({"x": [1.0]})).transform(pa.table({"x": ["a"]}))
    with pytest.raises(SchemaError, match="features are numbers"):
        FeaturePreparer().fit(pa.table({"x": [[1.0]]}))
