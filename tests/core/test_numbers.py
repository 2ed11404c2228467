"""Numbers of every type become floats, and ids beyond 2⁵³ are refused, not merged."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from swayline.causal.effect import estimate_effect
from swayline.causal.table.frame import numeric
from swayline.core.errors import SchemaError
from swayline.core.numbers import as_floats
from swayline.dataset.catalogue import as_numbers
from swayline.features.preparing import FeaturePreparer

LARGE = 2**60
COLUMNS = {
    "int64": pa.array([1, None, LARGE], pa.int64()),
    "below": pa.array([-LARGE, None, 3], pa.int64()),
    "uint64": pa.array([1, None, 2**64 - 1], pa.uint64()),
    "decimal": pa.array([Decimal("1.25"), None, Decimal(10**30)], pa.decimal128(38, 2)),
    "flags": pa.array([True, None, False]),
    "odd": pa.array([1, None, 2**53 + 1], pa.int64()),
}
IDS = {
    "int64": pa.array([LARGE, LARGE + 1, 5], pa.int64()),
    "below": pa.array([-LARGE, -LARGE - 1], pa.int64()),
    "uint64": pa.array([2**64 - 1, 2**64 - 2], pa.uint64()),
    "decimal": pa.array([Decimal(10**30), Decimal(10**30 + 1)], pa.decimal128(38, 0)),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_amounts_of_any_type_are_the_nearest_floats(name):
    expected = [np.nan if value is None else float(value) for value in COLUMNS[name].to_pylist()]
    for column in (COLUMNS[name], pa.chunked_array([COLUMNS[name][:1], COLUMNS[name][1:]])):
        np.testing.assert_array_equal(as_floats(column, "n"), expected)


@pytest.mark.parametrize("name", IDS)
def test_ids_that_a_float_cannot_tell_apart_are_refused_by_every_door(name):
    table = pa.table({"user_no": IDS[name]})
    for door in (
        lambda: as_floats(IDS[name], "user_no"),
        lambda: as_numbers(table["user_no"], "user_no"),
        lambda: numeric(table, "user_no"),
        lambda: FeaturePreparer().fit(table),
    ):
        with pytest.raises(SchemaError, match="column 'user_no' holds numbers beyond 2\\^53 .* in row 2"):
            door()


def test_a_large_amount_repeated_is_no_id():
    np.testing.assert_array_equal(as_floats(pa.array([LARGE + 1, LARGE + 1]), "n"), [float(LARGE)] * 2)


def test_an_effect_does_not_depend_on_the_type_of_its_numbers():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 100, 200)
    t = (rng.random(200) < 0.5).astype(int)
    y = t + x
    plain = pa.table({"t": t, "x": x, "y": y})
    typed = pa.table({
        "t": pa.array(t, pa.uint64()), "x": pa.array(x * 2**52, pa.int64()),
        "y": pa.array([Decimal(int(value)) for value in y], pa.decimal128(20, 3)),
    })  # fmt: skip
    found = [
        estimate_effect(table, "t", "y", ["x"], randomised=True, learner="linear").estimate for table in (plain, typed)
    ]
    assert found[0].value == pytest.approx(found[1].value, rel=1e-6)
