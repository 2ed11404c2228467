"""A row says what its kind must say, and cannot say what it may not."""

import numpy as np
import pyarrow as pa
import pytest

from swayline.core.errors import UsageError
from swayline.ledger import AssociationRow, EffectRow, EventRows, Figure, ModelRow, SimulationRow, ledger

EFFECT = {
    "cause_kind": "behavior", "cause": "cart", "effect": "purchase", "channel": "own", "estimand": "ate",
    "unit": "probability", "method": "aipw", "evidence": "adjusted", "identified": "assumed", "figure": Figure(0.1),
    "n": 9,
}  # fmt: skip


def effect(**more):
    return EffectRow(**(EFFECT | more))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"identified": None}, "must say whether it is identified"),
        ({"evidence": "model"}, "identified must be null"),
        ({"evidence": "guess"}, "evidence is 'guess'; it must be one of experiment"),
        ({"cause_kind": "thing"}, "cause_kind is 'thing'"),
        ({"cause": None}, "lacks cause"),
        ({"estimand": "atee"}, "estimand 'atee' is not in the registry"),
        ({"estimand": "excitation"}, "excitation has no cause_kind 'behavior'"),
        ({"estimand": "rank_change"}, "rank_change has no effect_kind 'outcome'"),
        ({"unit": "rank"}, "ate has no unit 'rank'"),
    ],
)
def test_a_row_of_words_that_do_not_fit_is_refused(more, words):
    with pytest.raises(UsageError, match=words):
        effect(**more)


def test_an_outcome_may_be_measured_in_its_own_unit():
    assert effect(effect="spend", unit="spend").columns()["unit"] == "spend"


def test_what_claims_nothing_about_people_cannot_be_identified():
    about = {"cause": "u1", "effect": "u2", "figure": Figure(0.2), "method": "cascades", "n": 1}
    simulated = SimulationRow(
        **about, cause_kind="user", effect_kind="user", channel="all", estimand="spread", unit="probability"
    )
    asked = ModelRow(**about, cause_kind="event", estimand="score_change", unit="logit")
    for row, evidence in ((simulated, "simulation"), (asked, "model")):
        assert (row.columns()["identified"], row.columns()["evidence"]) == (None, evidence)
    with pytest.raises(TypeError, match="identified"):
        ModelRow(**about, cause_kind="event", estimand="score_change", unit="logit", identified="yes")


def test_an_association_is_never_identified():
    row = AssociationRow(
        cause_kind="behavior", cause="cart", effect="purchase", channel="own", unit="probability", method="m",
        figure=Figure(0.2), n=3,
    )  # fmt: skip
    assert (row.columns()["estimand"], row.columns()["identified"], row.columns()["evidence"]) == (
        "association", "no", "association",
    )  # fmt: skip


def test_numbers_that_are_not_finite_are_null_and_checks_are_text():
    table = ledger([effect(figure=Figure(0.1, float("-inf"), float("nan")), refutations={"b": 1, "a": 2})])
    (row,) = table.to_pylist()
    assert (row["estimate"], row["ci_low"], row["ci_high"], row["p_value"]) == (0.1, None, None, None)
    assert row["refutations"] == '{"a": 2, "b": 1}'
    assert table.schema.field("primary").type == pa.bool_()


def test_events_as_columns_say_what_rows_would():
    def row(cause, effect, figure):
        return ModelRow(
            cause_kind="event", cause=cause, effect=effect, figure=figure, estimand="score_change", unit="logit",
            method="shapley", n=1, assumptions="a",
        )  # fmt: skip

    single = ledger([row("e1", "u|a", Figure(1.0, 0.5, 1.5)), row("e2", "u|b", Figure(None))])
    ids = pa.array(["e1", "e2"]), pa.array(["u|a", "u|b"])
    together = ledger([EventRows(row("", "", Figure()), *ids, np.array([1.0, np.nan]), np.array([0.5, np.nan]))])
    assert together.equals(single)
