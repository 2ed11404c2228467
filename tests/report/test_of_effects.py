import pytest

from swayline.report.blocks import Panel, Table
from swayline.report.sections.effects import effect_blocks


def control(name, before, after, treatment="cart"):
    return {"treatment": treatment, "design": "landmark episodes", "control": name, "before": before, "after": after}


OVERLAP = {
    "treatment": "cart", "design": "landmark episodes", "rows": 1234, "treated": 200, "share_kept": 0.81,
    "ess_treated": 150.4, "ess_control": None, "window_s": 3600.0, "horizon_s": 86400.0, "left_out_end": 12,
}  # fmt: skip


def row(**more):
    base = {
        "cause_kind": "behavior", "cause": "cart", "effect_kind": "outcome", "effect": "purchase", "method": "dml",
        "estimand": "ate_dose", "estimate": 0.05, "ci_low": 0.01, "ci_high": 0.09, "unit": "probability", "n": 300,
        "primary": True, "identified": "assumed", "assumptions": "Per further cart.", "reference": None,
    }  # fmt: skip
    return base | more


def test_a_love_plot_says_whether_weighting_made_the_arms_alike():
    balance = [control("own: view", 0.8, 0.02), control("<b>age</b>", -0.4, 0.05)]
    (panel, table) = effect_blocks({"balance": balance, "overlap": [OVERLAP]}, [])
    assert isinstance(panel, Panel)
    assert panel.title.startswith("Weighting makes")
    assert [list(trace.x) for trace in panel.figure.data] == [[0.8, 0.4], [0.02, 0.05]]
    assert "&lt;b&gt;" in panel.figure.layout.yaxis.ticktext[1]
    assert isinstance(table, Table)
    assert "81%" in table.rows[0]
    assert "–" in table.rows[0]
    (panel,) = effect_blocks({"balance": [control("own: view", 0.8, 0.3)], "overlap": []}, [])
    assert "still differ in own: view" in panel.title


def test_further_effects_and_edits_stand_in_tables_of_their_own():
    edit = {
        "effect_kind": "recommendation",
        "effect": "top recommendations",
        "method": "addition",
        "primary": False,
    }
    rows = [
        row(),
        row(estimand="ate"),
        row(**edit, estimand="score_change", unit="logit"),
        row(**edit, estimand="list_change", unit="share", estimate=0.3),
    ]
    further, edits = effect_blocks(None, rows)
    assert [cells[1] for cells in further.rows] == ["one more"]
    assert edits.rows[0][2] == "30%"


def test_the_unit_of_further_effects_stands_once_in_the_head_of_their_table():
    rows = [row(), row(cause="view", estimate=-0.00005), row(unit="logit", estimate=1.0, ci_low=None), row(unit="")]
    points, logits, plain = effect_blocks(None, rows)
    assert [table.head[3] for table in (points, logits, plain)] == [
        "Estimate, percentage points", "Estimate, logits", "Estimate",
    ]  # fmt: skip
    assert points.rows[0][3:5] == ("+5.0", "+1.0 to +9.0")
    assert logits.rows[0][3:5] == ("+1.00", "")


@pytest.mark.parametrize("overlap", [None, {}])
def test_nothing_measured_draws_nothing(overlap):
    assert effect_blocks(overlap, []) == []


def test_the_graph_of_hypotheses_is_drawn_with_heads_where_directions_are_known():
    edges = [
        {"source": "own: events", "target": "cart", "lag": 0, "confidence": 1.0, "oriented": 1.0},
        {"source": "cart", "target": "purchase", "lag": 0, "confidence": 0.9, "oriented": 0.5},
    ]
    (panel,) = effect_blocks({"balance": [], "overlap": [], "graph": edges}, [])
    assert "hypotheses, not effects" in panel.note
    assert [arrow.arrowhead for arrow in panel.figure.layout.annotations] == [2, 0]
    across = dict(zip(panel.figure.data[0].text, panel.figure.data[0].x, strict=True))
    assert across["own: events"] < across["cart"] < across["purchase"]
    assert panel.table.rows[1] == ("cart", "purchase", "90%", "50%")
