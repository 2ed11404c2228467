import numpy as np
import pytest

import swayline as sw
from swayline.core.errors import UsageError
from swayline.recommend import explain_events, shown_rows


def rows(table, estimand="score_change"):
    return [row for row in table.to_pylist() if row["estimand"] == estimand]


def test_every_method_writes_rows_of_its_own_name(fitted):
    for method in ("removal", "shapley"):
        table = sw.attribute_events(fitted, user="u0", item="i1", method=method)
        assert {row["method"] for row in table.to_pylist()} == {method}
    assert all(row["ci_low"] <= row["estimate"] <= row["ci_high"] for row in table.to_pylist())


def test_groups_left_out_change_scores_and_ranks(fitted):
    for by, kind in (("behavior", "behavior"), ("category", "category"), ("item", "item"), ("session", "event")):
        table = sw.attribute_events(fitted, user="u0", without=by)
        assert {row["cause_kind"] for row in table.to_pylist()} == {kind}
        assert {row["estimand"] for row in table.to_pylist()} == {"score_change", "rank_change"}
    causes = {row["cause"] for row in sw.attribute_events(fitted, user="u0", without="session").to_pylist()}
    assert len(causes) >= 3
    assert all(cause.startswith("session of 2023-") for cause in causes)


def test_a_set_is_left_out_together(fitted):
    had = histories_of(fitted, "u5")
    one, other = (f"item={name}" for name in (had[0], had[-1]))
    found = rows(sw.attribute_events(fitted, user="u5", item="i1", without=(one, other)))
    assert [row["cause"] for row in found] == [f"{one} + {other}"]
    assert found[0]["cause_kind"] == "item"
    alone = fitted.histories.take(fitted.rows_of(["u5"]))
    kept = alone.keep(~np.isin(np.arange(len(had)), [0, len(had) - 1]))
    item = fitted.dataset.items.names.index("i1")
    assert found[0]["estimate"] == pytest.approx(
        float(fitted.model.score(alone)[0, item] - fitted.model.score(kept)[0, item]), abs=1e-5
    )


def histories_of(fitted, user):
    row = int(fitted.rows_of([user])[0])
    return [fitted.dataset.items.names[one] for one in fitted.histories.items[fitted.histories.of(row)]]


def test_the_fewest_events_name_what_would_be_first_instead(fitted):
    table = explain_events(fitted, None, minimal=True).to_pylist()
    assert len(table) >= 30
    for row in table:
        user, first = row["effect"].split("|")
        assert row["n"] == row["cause"].count(" + ") + 1
        assert row["estimate"] >= 1
        assert row["reference"] not in (None, first)
        assert user.startswith("u")


def test_what_to_do_to_be_shown_an_item_is_its_cause(fitted):
    found = shown_rows(fitted, [f"u{n}" for n in range(60, 110)], "i1", behavior="view", k=1).to_pylist()
    assert found
    assert {row["cause"] for row in found} == {"view i0"}
    assert all(row["estimate"] >= 1 for row in found)


def test_questions_that_cannot_be_asked_say_what_can(fitted):
    with pytest.raises(UsageError, match="questions of their own: ask one at a time"):
        sw.attribute_events(fitted, user="u0", minimal=True, without="behavior")
    with pytest.raises(UsageError, match="did you mean 'behavior'"):
        sw.attribute_events(fitted, user="u0", without="behaviour")
    with pytest.raises(UsageError, match="no such behavior in this log; did you mean 'view'"):
        sw.attribute_events(fitted, user="u0", without="behavior=views")
    with pytest.raises(UsageError, match="takes each in turn"):
        sw.attribute_events(fitted, user="u0", without=("behavior", "item=i1"))
    with pytest.raises(UsageError, match="nothing is left out"):
        sw.attribute_events(fitted, user="u0", without=_never_had(fitted))
    with pytest.raises(UsageError, match="no gradient"):
        sw.attribute_events(fitted, user="u0", method="gradient")
    with pytest.raises(UsageError, match="behavior 'views' is not in the log"):
        shown_rows(fitted, ["u0"], "i1", behavior="views")


def _never_had(fitted):
    had = histories_of(fitted, "u0")
    return f"item={next(f'i{n}' for n in range(16) if f'i{n}' not in had)}"


def test_people_behind_a_recommendation_are_those_who_made_the_same_way(fitted):
    table = explain_events(fitted, ["u0"], item="i1", people=True).to_pylist()
    assert {row["cause_kind"] for row in table} == {"user"}
    assert all(row["cause"] != "u0" for row in table)
    assert len(table) <= 10
