"""Errors of predicted values: as computed by hand, with intervals, compared by person."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import SchemaError, UsageError
from swayline.engine import DuckEngine
from swayline.evaluation import Plan, error_measures, evaluate_values
from swayline.events import EventLog


def log(n_users: int = 60, with_values: bool = True) -> EventLog:
    rng = np.random.default_rng(0)
    rows = [(f"u{user}", f"i{item}", user, item) for user in range(n_users) for item in rng.permutation(15)[:8]]
    taste = rng.integers(2, size=n_users)
    values = [5.0 if item % 2 == taste[user] else 1.0 for _, _, user, item in rows]
    table = pa.table({
        "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": [row[0] for row in rows],
        "item": [row[1] for row in rows], "behavior": ["rate"] * len(rows),
        "time": pa.array(range(len(rows)), pa.timestamp("us", tz="UTC")),
    })  # fmt: skip
    return EventLog(table.append_column("value", pa.array(values)) if with_values else table)


def test_errors_are_those_of_the_definition() -> None:
    gaps = np.array([1.0, -2.0, 0.5])
    told = error_measures(gaps, np.arange(3), seed=0)
    assert told["mse"]["value"] == pytest.approx(5.25 / 3)
    assert told["rmse"]["value"] == pytest.approx((5.25 / 3) ** 0.5)
    assert told["mae"]["value"] == pytest.approx(3.5 / 3)
    assert told["rmse"]["ci_low"] <= told["rmse"]["value"] <= told["rmse"]["ci_high"]


@pytest.mark.parametrize("split", ["last-out", "time", "rolling", "k-fold"])
def test_a_model_that_knows_tastes_is_nearer_than_the_bias(split: str) -> None:
    with DuckEngine() as engine:
        found = evaluate_values(engine, log(), ["bias", "factorization"], Plan(split=split, target="value"))
    rmse = {name: one["measures"]["rmse"]["value"] for name, one in found["models"].items()}
    if split in {"last-out", "k-fold"}:  # the others ask after people's first events: the log goes user by user
        assert rmse["factorization"] < 0.8 * rmse["bias"]
        assert found["best"] == "factorization"
    assert found["comparisons"][0]["metric"] == "mse"


def test_a_log_without_values_and_a_model_without_predictions_are_refused() -> None:
    with DuckEngine() as engine:
        with pytest.raises(SchemaError, match="no event of this log has a value"):
            evaluate_values(engine, log(with_values=False), ["bias"], Plan(target="value"))
        with pytest.raises(UsageError, match="predicts no values"):
            evaluate_values(engine, log(), ["transformer"], Plan(target="value"))
