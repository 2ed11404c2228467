"""Gorse's routes: what a client of Gorse sends is taken, and it gets the shapes it knows."""

import pytest
from tests.service.conftest import Live

from swayline.service.api import AppSettings


@pytest.fixture
def gorse(served_run, tmp_path):
    one = Live(served_run, tmp_path / "data", AppSettings(gorse=True))
    yield one.client
    one.stop()


def test_a_client_of_gorse_is_served(gorse):
    rows = [{"FeedbackType": "read", "UserId": "g1", "ItemId": "i00001", "Timestamp": "2026-11-27T12:00:00Z", "Comment": ""},
            {"FeedbackType": "view", "UserId": "g1", "ItemId": "i00002", "Timestamp": "2026-11-27T12:01:00Z"}]  # fmt: skip
    assert gorse.post("/api/feedback", json=rows).json() == {"RowAffected": 2}
    assert gorse.put("/api/feedback", json=rows).json() == {"RowAffected": 0}
    item = {
        "ItemId": "g/new",
        "IsHidden": False,
        "Categories": ["lamps"],
        "Labels": {"color": "red"},
        "Comment": "Red Lamp",
    }
    assert gorse.post("/api/items", json=[item]).json() == {"RowAffected": 1}
    told = gorse.get("/api/item/g%2Fnew").json()
    assert (told["ItemId"], told["Categories"], told["Labels"]["color"]) == ("g/new", ["lamps"], "red")
    assert gorse.post("/api/user", json={"UserId": "g1", "Labels": {"country": "FR"}}).json() == {"RowAffected": 1}
    whole = gorse.get("/api/recommend/g1?n=6").json()
    assert len(whole) == 6
    assert gorse.get("/api/recommend/g1?n=3&offset=3").json() == whole[3:]
    assert all(set(one) == {"Id", "Score"} for one in gorse.get("/api/item/i00001/neighbors?n=3").json())
    assert len(gorse.get("/api/popular?n=4").json()) == 4
    assert (
        len(gorse.post("/api/session/recommend?n=2", json=[{"FeedbackType": "view", "ItemId": "i00003"}]).json()) == 2
    )
    assert gorse.delete("/api/item/g%2Fnew").json() == {"RowAffected": 1}
    assert gorse.post("/api/feedback", json={"FeedbackType": "x"}).status_code == 422
    assert gorse.get("/api/dump").status_code == 404
