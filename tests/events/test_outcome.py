"""The outcome as a behaviour or a condition on its value."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.conditions import parse_condition
from swayline.core.errors import OutcomeError, UsageError
from swayline.events import EventLog, read_events


def _log(behaviors, values, **more):
    n = len(behaviors)
    return EventLog(
        pa.table({
            "user": [f"u{row % 3}" for row in range(n)], "item": [f"i{row}" for row in range(n)],
            "behavior": behaviors, "value": pa.array(values, pa.float64()), **more,
        })
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "met"),
    [
        ("rate>=4", [4, 5]), ("rate > 4", [5]), ("rate<2", [1]), ("rate<=2", [1, 2]), ("rate=3", [3]),
        ("rate==3", [3]), ("rate≥4", [4, 5]), ("rated>=4", [4, 5]), ("Rating >= 4.0", [4, 5]),
    ],
)  # fmt: skip
def test_a_condition_takes_the_events_that_meet_it(written, met):
    log, name = _log(["rate"] * 5, [1, 2, 3, 4, 5]).split_by_outcome(written)
    rows = log.events.to_pylist()
    assert [row["value"] for row in rows if row["behavior"] == name] == met
    assert len(log.behaviors) == 2


def test_an_event_without_a_value_meets_no_condition_and_misses_none():
    log = _log(["rate"] * 4, [5, None, float("nan"), 1]).split_by_outcome("rate>=4")[0]
    assert log.events["behavior"].to_pylist() == ["rate>=4", "rate", "rate", "rate<4"]


@pytest.mark.parametrize("written", ["rate>=four", "rate>=nan", "rate>=inf", "rate><4", "rate>=__import__('os')"])
def test_a_condition_that_cannot_be_read_is_refused_in_one_line(written):
    with pytest.raises(UsageError, match="outcome") as error:
        parse_condition(written)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("rat>=4", "did you mean 'rate'"),
        ("purchas", "did you mean 'purchase'"),
        ("purchase>3", "'purchase' has no values in this log; behaviours with values: 'rate'"),
        ("rate>=6", "met by none of the 2 'rate' events with a value: values run from 1 to 5"),
        ("rate>=1", "met by all of the 2 'rate' events"),
    ],
)
def test_an_outcome_that_the_log_cannot_answer_is_named(written, said):
    with pytest.raises(OutcomeError) as error:
        _log(["rate", "rate", "purchase"], [1, 5, None]).outcome(written)
    assert said in str(error.value)


def test_values_that_nobody_gave_are_named():
    with pytest.raises(OutcomeError, match="no behaviour has"):
        EventLog(pa.table({"user": ["a"], "item": ["x"], "behavior": ["rate"]})).outcome("rate>=4")


def test_a_behaviour_whose_own_name_looks_like_a_condition_stays_itself():
    assert _log(["a>=1", "b"], [1, 2]).outcome("a>=1") == "a>=1"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3, 4, 5], "rate>=4"), ([0.5, 1, 2, 3, 3.5, 4, 5], "rate>=4"), (list(range(1, 11)), "rate>=8"),
        ([0, 1], "rate>=1"), ([3, 3, 3], "rate"), (list(np.linspace(0, 900, 300)), "rate"), ([None, None, 5], "rate"),
    ],
)  # fmt: skip
def test_a_log_of_ratings_alone_is_asked_what_was_liked(values, expected):
    found = _log(["rate"] * len(values), values).outcome_told()
    assert found.name == expected
    assert bool(found.why) == (expected != "rate")


def test_the_deepest_of_the_funnel_stays_the_default_where_people_do_more_than_rate():
    assert _log(["rate", "rate", "view"], [1, 5, None]).outcome() == "rate"


def test_a_split_log_is_split_no_further():
    log, name = _log(["rate"] * 5, [1, 2, 3, 4, 5]).split_by_outcome("rate>=4")
    again, same = log.split_by_outcome(name)
    assert same == name
    assert again.events.equals(log.events)


def test_reading_keeps_the_behaviours_that_a_condition_is_said_on(tmp_path):
    (tmp_path / "log.csv").write_text("user,item,rating,time\na,x,5,1\nb,x,2,2\n")
    assert read_events(tmp_path / "log.csv").split_by_outcome("rate>=4")[0].behaviors == ["rate<4", "rate>=4"]
