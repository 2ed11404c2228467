import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.names import EXPERIMENT_KEY, EXPERIMENTS_FILE, INFLUENCE_FILE
from swayline.evolution.drift.table import DRIFT
from swayline.evolution.over_time import TRENDS
from swayline.ledger import AssociationRow, EffectRow, Figure, ledger, no_rows, read_ledger, write_ledger
from swayline.report.artifacts import read_artifacts
from swayline.report.sections.influence import influence_section
from swayline.testing.run_folder import HOSTILE

from .conftest import ask, ask_all, refused

ALWAYS = ("estimate", "interval", "unit", "verdict", "method", "n", "sentence", "association")
SOURCE = HOSTILE[0]
"""The one person whose tie stands."""


CLEAR, LARGE = Figure(0.05, 0.02, 0.08, 0.001), Figure(0.2, 0.15, 0.25, 0.001)


def _effect(cause="cart", figure=CLEAR, identified="assumed", **more):
    said = {"estimand": "ate", "unit": "probability", "method": "dml", "evidence": "adjusted", "n": 400}
    said |= {"primary": True, "effect": "purchase", "channel": "own", "cause_kind": "behavior"} | more
    return EffectRow(cause=cause, figure=figure, identified=identified, **said)


def _association(cause="cart", figure=LARGE):
    return AssociationRow(
        cause_kind="behavior", cause=cause, effect="purchase", channel="own", unit="probability", n=400,
        method="difference in means", figure=figure, assumptions="Nothing is adjusted for.",
    )  # fmt: skip


def _write(folder, *rows):
    write_ledger(ledger(rows), folder / INFLUENCE_FILE)


def test_every_row_has_figure_interval_verdict_method_count_sentence_and_association(run_folder):
    for row in ask(run_folder, "effects", all_methods=True, limit=200).told["rows"]:
        assert set(ALWAYS) <= set(row)
        assert row["verdict"] in row["sentence"]
    (row,) = ask(run_folder, "effects", cause="cart", estimand="ate").told["rows"]
    assert (row["estimate"], row["interval"], row["unit"], row["n"]) == (0.05, [0.02, 0.08], "probability", 400)
    assert row["verdict"] == "Likely raises purchases"
    assert row["association"]["estimate"] == 0.2
    assert row["association"]["verdict"] == "Goes with more purchases"
    assert "+5.0 percentage points (+2.0 to +8.0)" in row["sentence"]
    assert "the association is +20.0 percentage points" in row["sentence"]


def test_verdicts_are_those_of_the_report(own_run):
    _write(
        own_run, _effect("view", Figure(0.01, 0.001, 0.02, 0.045)), _effect("cart", Figure(0.01, -0.01, 0.03, 0.3)),
        _effect("like", identified="no", refutations={"placebo_treatment": {"passed": False, "figure": 1.0}}),
        _effect("share", identified="yes", evidence="experiment"), _effect("play", Figure(-0.05, -0.08, -0.02, 0.001)),
        _association("cart"), _association("view", Figure(0.01, -0.1, 0.12, 0.9)),
        _effect("view", Figure(0.3, 0.2, 0.4), method="another", primary=False),
    )  # fmt: skip
    (cards,) = [
        block for block in influence_section(read_artifacts(own_run)).blocks if type(block).__name__ == "Verdicts"
    ]
    on_the_page = {card[0]: card[1] for card in cards.cards}
    told = ask(own_run, "effects", estimand="ate").told["rows"]
    assert {row["sentence"].partition(":")[0]: row["verdict"] for row in told} == on_the_page
    assert on_the_page == {
        "Shares": "Raises purchases", "Plays": "Likely lowers purchases", "Carts": "No effect on purchases seen",
        "Views": "No effect on purchases seen", "Likes": "Not identified",
    }  # fmt: skip
    assert "not when all 5 are asked together" in next(row for row in told if row["cause"] == "view")["rests_on"]
    assert "placebo treatment" in next(row for row in told if row["cause"] == "like")["sentence"]


def test_filters_narrow_and_the_best_founded_come_first(own_run):
    _write(
        own_run, _effect("view", Figure(0.3, -0.2, 0.8, 0.3)), _effect("cart"), _effect("like", identified="no"),
        _association("cart"), _effect("view", method="matching", primary=False),
        _effect("cart", estimand="ate_joint", figure=Figure(0.04, 0.01, 0.07, 0.01)),
    )  # fmt: skip
    rows = ask(own_run, "effects").told["rows"]
    assert [(row["cause"], row["estimand"]) for row in rows] == [
        ("cart", "ate"), ("view", "ate"), ("like", "ate"), ("cart", "ate_joint"), ("cart", "association"),
    ]  # fmt: skip
    assert [row["cause"] for row in ask(own_run, "effects", identified="no", estimand="ate").told["rows"]] == ["like"]
    assert ask(own_run, "effects", cause="view", all_methods=True).told["total"] == 2
    told = ask(own_run, "effects", cause="view", estimand="ate_joint").told
    assert (told["total"], told["notes"]) == (0, ["Each of these words occurs, but no row has all of them together."])
    part = ask(own_run, "effects", limit=2, offset=1).told
    assert (part["total"], part["offset"], part["left_out"], len(part["rows"])) == (5, 1, 2, 2)


def test_a_wrong_behavior_is_answered_with_the_nearest(run_folder):
    assert "no row has the cause 'carts'; did you mean 'cart'?" in refused(run_folder, "effects", cause="carts")
    assert "did you mean 'purchase'" in refused(run_folder, "effects", effect="purchases")
    assert "ate" in refused(run_folder, "effects", estimand="atee")


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (_effect(figure=Figure(), n=0, assumptions="Nobody was treated."), "Not measured"),
        (_effect(estimand="ate_dose", figure=Figure(0.3)), "No interval"),
        (_effect(estimand="bound", figure=Figure(0.03, 0.01, 0.05)), "Not explained away"),
        (_effect(estimand="bound", figure=Figure(0.03, -0.01, 0.05)), "May be nothing"),
        (_effect(estimand="bound", figure=Figure(0.03, 0.01, 0.05), identified="no"), "Not identified"),
        (_effect(estimand="ate_dose", figure=Figure(0.03, 0.01, 0.05, 0.01)), "Likely raises purchases"),
        (_effect(estimand="ate_dose", figure=Figure(0.03, -0.01, 0.05, 0.2)), "No effect on purchases seen"),
        (
            _effect("greedy", cause_kind="policy", channel="all", estimand="policy_value", figure=Figure(0.3, 0.2, 0.4)),
            "A level, not a change",
        ),
    ],
)  # fmt: skip
def test_every_kind_of_row_says_what_may_be_claimed(own_run, row, verdict):
    _write(own_run, row)
    (told,) = ask(own_run, "effects").told["rows"]
    assert told["verdict"] == verdict
    assert verdict in told["sentence"]
    if verdict == "Not measured":
        assert told["estimate"] is None
        assert "Nobody was treated" in told["sentence"]


def test_a_row_of_the_model_claims_nothing_of_people(run_folder):
    for row in ask(run_folder, "effects", estimand="score_change").told["rows"]:
        assert row["verdict"] == "About the model alone"
        assert "not what moves people" in row["sentence"]


def test_an_empty_ledger_says_why(own_run):
    write_ledger(no_rows("the log has one behaviour"), own_run / INFLUENCE_FILE)
    assert ask(own_run, "effects").told["notes"] == ["No row: the log has one behaviour."]
    assert "--ties TIES" in refused(own_run, "top_influencers")


def test_top_influencers_are_those_whose_ties_stand(run_folder, own_run):
    told = ask(run_folder, "top_influencers").told
    assert [one["user"] for one in told["influencers"]] == [SOURCE]
    strongest = told["influencers"][0]["strongest_tie"]
    assert (strongest["verdict"], strongest["interval"]) == ("Carries influence", [0.1, 0.5])
    assert "1 of 2 ties" in told["sentence"]
    tie = EffectRow(
        cause_kind="user", cause="a", effect_kind="user", effect="b", channel="all", estimand="excitation",
        unit="actions", method="Hawkes", evidence="adjusted", identified="assumed", primary=True, n=9,
        figure=Figure(0.3, 0.1, 0.5, 0.003),
        refutations={"time_rescaling": {"passed": False, "figure": 0.2}},
    )  # fmt: skip
    _write(own_run, tie)
    (mine,) = ask(own_run, "effects", user="a").told["rows"]
    assert (mine["verdict"], mine["effect"]) == ("Not to be relied on", "another person")
    assert "time rescaling" in mine["sentence"]
    failed = ask(own_run, "top_influencers").told
    assert failed["influencers"] == []
    assert "No tie's influence can be relied on" in failed["sentence"]
    _write(own_run, replace(tie, refutations={}, figure=Figure(0.02, -0.2, 0.3, 0.8)))
    assert ask(own_run, "top_influencers").told["influencers"] == []


def test_a_tie_that_was_not_asked_about_is_not_called_without_influence(run_folder, own_run):
    (weak,) = ask(run_folder, "effects", user="u4").told["rows"]
    assert weak["verdict"] == "No influence shown"
    rows = read_ledger(own_run / INFLUENCE_FILE)
    few = rows.set_column(rows.column_names.index("n"), "n", pa.array([4] * len(rows), pa.int64()))
    write_ledger(few, own_run / INFLUENCE_FILE)
    (row,) = ask(own_run, "effects", user="u4").told["rows"]
    assert row["verdict"] == "Not asked"
    assert "fewer than 5 times" in row["sentence"]
    assert ask(own_run, "top_influencers").told["ties_asked"] == 0


def test_lists_come_in_order_with_reasons_and_titles(run_folder):
    told = ask(run_folder, "recommendations", user="u1", k=2).told
    assert [(one["rank"], one["item"], one["reason"]) for one in told["items"]] == [
        (1, HOSTILE[0], "because"), (2, HOSTILE[1], "because"),
    ]  # fmt: skip
    assert told["items"][0]["label"] == f"{HOSTILE[0]} lamp"
    assert (told["total"], told["left_out"]) == (6, 4)
    assert "-k 20" in ask(run_folder, "recommendations", user="u1", k=20).told["notes"][0]
    assert "has no list in this run" in refused(run_folder, "recommendations", user="u11")


def test_a_profile_has_columns_flags_and_ties_with_verdicts(run_folder, own_run):
    told = ask(run_folder, "profile", user="u2").told
    assert told["events"] == 5
    assert told["ties_received"]["rows"][0]["verdict"] == "Carries influence"
    assert told["ties_given"]["total"] == 0
    flagged = ask(run_folder, "profile", user=f"u0{HOSTILE[0]}").told["flagged"]
    assert {one["reason"] for one in flagged} == {"impossible rate", "no sleep"}
    (own_run / INFLUENCE_FILE).unlink()
    without = ask(own_run, "profile", user="u2").told
    assert without["ties_received"]["total"] == 0
    assert "the run has no influence.parquet" in without["notes"][0]


ABOUT_ONE = ("effects", "profile", "changes", "recommendations")
_IDS = re.compile(r"\bu\d+\b|u%7C1|u\|1")


def test_nobody_is_named_but_the_person_asked_for_and_who_sways(run_folder):
    everybody = [("describe_log", {}), ("metrics", {}), ("changes", {"claimed": False}), ("top_influencers", {})]
    everybody += [("effects", {"limit": 200, "all_methods": True})]
    for said in ask_all(run_folder, *everybody):
        assert not said.is_error
        assert not _IDS.findall(said.text), said.text
    for user in ("u2", "u4"):
        for said in ask_all(run_folder, *((name, {"user": user}) for name in ABOUT_ONE)):
            text = said.text
            assert not said.is_error
            assert set(_IDS.findall(text)) <= {user}, text
            assert f'"{SOURCE}"' not in re.sub(r'"(item|label|category)": "[^"]*"', "", text)
    assert "another person" in ask(run_folder, "effects", user="u2").text


def test_a_person_whom_the_run_does_not_know_is_told_without_naming_others(run_folder):
    for said in ask_all(run_folder, *((name, {"user": "u1o"}) for name in ABOUT_ONE)):
        assert said.is_error
        assert "'u1o' is not in this run" in said.text
        assert not _IDS.findall(said.text), said.text


def test_what_an_event_did_to_one_list_is_told_to_who_asks_for_that_person(own_run):
    table = read_ledger(own_run / INFLUENCE_FILE)
    events = table.filter(pa.compute.equal(table["cause_kind"], "event"))
    own = events.set_column(3, "effect", pa.array(["u1|lamp", "u1x|lamp"]))
    write_ledger(own, own_run / INFLUENCE_FILE)
    told = ask(own_run, "effects", user="u1").told
    assert [row["recommended_item"] for row in told["rows"]] == ["lamp"]
    assert told["rows"][0]["verdict"] == "About the model alone"
    assert ask(own_run, "effects").told["notes"][-1] == "2 rows about single persons: ask with user."


def test_experiments_have_verdicts_and_what_the_log_had_said(own_run):
    rows = [_effect("cart", Figure(0.02, 0.01, 0.03, 0.001), "yes", evidence="experiment", reference="off")]
    spoken = {"verdicts": [{"arm": "on", "word": "ship", "reason": "it raises purchases"}], "peeking": True}
    table = ledger(rows).replace_schema_metadata({EXPERIMENT_KEY: json.dumps(spoken).encode()})
    pq.write_table(table, own_run / EXPERIMENTS_FILE)
    told = ask(own_run, "experiments").told
    assert told["arms"] == [{"arm": "on", "verdict": "ship", "reason": "it raises purchases"}]
    assert told["may_be_read_any_day"]
    (row,) = told["rows"]
    assert (row["verdict"], row["interval"]) == ("Raises purchases", [0.01, 0.03])
    assert [one["verdict"] for one in row["log_had_said"]] == ["Likely raises purchases"]
    assert row["association"]["estimate"] == 0.2
    broken = [replace(rows[0], identified="no")]
    pq.write_table(ledger(broken), own_run / EXPERIMENTS_FILE)
    assert ask(own_run, "experiments").told["rows"][0]["verdict"] == "Not identified"


def test_changes_say_what_is_claimed_and_keep_persons_apart(own_run):
    at = datetime(2026, 1, 9, tzinfo=UTC)
    rows = [
        ("population", "activity", 4.0, 0.001, True, 0.8, 1.3), ("item", "lamp", -3.0, 0.04, False, 1.2, 0.9),
        ("user", "u3", 5.0, 0.001, True, 0.9, 0.1),
    ]  # fmt: skip
    drift = [dict(zip(DRIFT.names, (kind, name, at, *rest), strict=True)) for kind, name, *rest in rows]
    pq.write_table(pa.Table.from_pylist(drift, DRIFT), own_run / "evolution" / "drift.parquet")
    trend = {"cause_kind": "behavior", "cause": "cart", "effect": "purchase", "estimand": "ate", "unit": "probability"}
    trend |= {"stretches": 4, "slope_per_day": 0.001, "ci_low": -0.001, "ci_high": 0.003, "p_trend": 0.4}
    trends = [
        trend | {"p_change": 0.6, "changed": False},
        trend | {"cause_kind": "user", "cause": "u3", "changed": True},
    ]
    pq.write_table(pa.Table.from_pylist(trends, TRENDS), own_run / "evolution" / "trends.parquet")
    told = ask(own_run, "changes").told
    assert [(one["id"], one["verdict"]) for one in told["rows"]] == [("activity", "Changed")]
    assert "rose about 2026-01-09" in told["rows"][0]["sentence"]
    (over_time,) = told["effects_over_time"]["rows"]
    assert (over_time["cause"], over_time["verdict"]) == ("cart", "No change shown")
    assert told["cohorts"]["total"] == 4
    both = ask(own_run, "changes", claimed=False).told["rows"]
    assert [one["verdict"] for one in both] == ["Changed", "No change claimed"]
    assert ask(own_run, "changes", kind="item").told["notes"][0].startswith("No change is claimed")
    (mine,) = ask(own_run, "changes", user="u3").told["rows"]
    assert "from 90% to 10%" in mine["sentence"]


def test_metrics_say_which_leads_are_clear(run_folder, own_run):
    told = ask(run_folder, "metrics", metric="ndcg@10").told
    assert told["models"]["transformer"]["ndcg@10"]["interval"] == pytest.approx([0.108, 0.132])
    assert all(one["clear"] for one in told["comparisons"])
    found = json.loads((own_run / "metrics.json").read_text())
    for one in found["comparisons"]:
        one |= {"p_value": 0.4}
    (own_run / "metrics.json").write_text(json.dumps(found))
    unclear = ask(own_run, "metrics").told
    assert not any(one["clear"] for one in unclear["comparisons"])
    assert "cannot be told apart" in unclear["sentence"]


def test_the_log_is_described_by_counts(run_folder):
    told = ask(run_folder, "describe_log", limit=2).told
    assert told["size"]["users"] == 12
    assert len(told["top_items"]) == 2
    assert told["rejected"] == {"rows": 2, "reasons": [{"reason": "is no time", "rows": 2}]}
    assert told["flagged_people"]["flagged"] == 1
    assert told["sentence"].startswith("102 events of 12 people on 6 items")
