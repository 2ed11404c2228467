from swayline.report.sections.evaluation import evaluation_blocks


def one(value):
    return {"value": value, "ci_low": value - 0.01, "ci_high": value + 0.01}


def group(n, value):
    return {"n": n, "metrics": {"hr@10": one(value), "ndcg@10": one(value / 2)}}


FOUND = {
    "best": "item-knn",
    "models": {
        "item-knn": {
            "metrics": {"ndcg@10": one(0.3), "gini@10": {"value": 0.8, "ci_low": None, "ci_high": None}},
            "measures": {"novelty@10": one(5.5)},
            "groups": {
                "activity": {"1-4 events": group(70, 0.2), "5-9 events": group(30, 0.4)},
                "answer": {"discovery": group(100, 0.2)},
                "<b>country</b>": {"FI": group(60, 0.2), "others": group(40, 0.3)},
            },
        },
        "most-popular": {"metrics": {"ndcg@10": one(0.1)}},
    },
}


def test_lists_and_groups_are_tables_with_intervals():
    beyond, activity, country = evaluation_blocks(FOUND)
    assert beyond.head == ("Model", "Novelty, bits", "Gini of exposure")
    assert [row[0] for row in beyond.rows] == ["item-kNN (highest on the test)", "most popular"]
    assert beyond.rows[1][1:] == ("–", "–")
    assert [row[:2] for row in activity.rows] == [("1-4 events", "70"), ("5-9 events", "30")]
    assert activity.head[2:] == ("NDCG@10", "Hit rate@10")
    assert "0.4" in activity.rows[1][3]
    assert "country" in country.caption


def test_returns_and_discoveries_stand_apart_with_their_share():
    answers = {"return": group(20, 0.4), "discovery": group(80, 0.1)}
    models = {"item-knn": {"metrics": {"ndcg@10": one(0.3)}, "groups": {"answer": answers}}}
    for exclude_seen, miss in ((True, "a miss each"), (False, "20% of answers are returns")):
        found = {"best": "item-knn", "models": models, "protocol": {"exclude_seen": exclude_seen}}
        table = evaluation_blocks(found)[-1]
        assert "20% of answers are returns" in table.caption
        assert miss in table.caption
        assert [row[:2] for row in table.rows] == [("discovery", "80"), ("return", "20")]


def test_a_run_without_models_or_groups_has_no_tables():
    assert evaluation_blocks({}) == []
    assert evaluation_blocks({"models": {"most-popular": {"metrics": {"ndcg@10": one(0.1)}}}}) == []


def test_groups_that_are_numbers_stand_in_the_order_of_their_numbers():
    groups = {f"{first} events": group(9, 0.2) for first in ("1-4", "10-19", "20-49", "5-9")}
    found = {"best": "a", "models": {"a": {"metrics": {"ndcg@10": one(0.3)}, "groups": {"activity": groups}}}}
    tables = evaluation_blocks(found)
    assert [row[0] for row in tables[-1].rows] == ["1-4 events", "5-9 events", "10-19 events", "20-49 events"]
