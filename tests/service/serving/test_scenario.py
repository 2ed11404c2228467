"""A scenario named in a question: its steps make the list; an unknown one is refused with the nearest name."""

import time


def items(live, user, **said):
    asked = "&".join(f"{name}={value}" for name, value in said.items())
    answer = live.client.get(f"/v1/users/{user}/recommendations?{asked}")
    assert answer.status_code == 200, answer.json()
    return [one["item"] for one in answer.json()["items"]]


def test_an_unknown_scenario_is_refused(live):
    answer = live.client.get("/v1/users/u00001/recommendations?scenario=musik")
    assert answer.status_code in (400, 422)
    assert "did you mean 'music'" in answer.json()["detail"]
    answer = live.client.post("/v1/recommendations", json={"user": "u00001", "scenario": "musik"})
    assert "did you mean 'music'" in answer.json()["detail"]


def test_its_order_and_its_policy_make_the_list(live):
    plain, news = items(live, "u00001", k=120, seen="drop"), items(live, "u00001", k=120, scenario="news")
    assert set(plain) == set(news)
    assert plain != news
    travel = items(live, "u00001", k=120, scenario="travel")
    assert set(travel) > set(plain)
    assert set(items(live, "u00001", k=120, scenario="travel", seen="drop")) == set(plain)


def test_an_ad_seen_three_times_this_week_is_not_shown_again(live):
    now = int(time.time())
    first = items(live, "u00003", k=1, scenario="ads")[0]
    for at in range(3):
        live.send({
            "event_id": f"cap{at}", "user": "u00003", "item": first, "behavior": "view", "time": now - at,
        })  # fmt: skip
    assert first not in items(live, "u00003", k=120, scenario="ads")
    assert first in items(live, "u00003", k=120, scenario="travel")


def test_without_a_needed_column_the_question_is_refused_and_with_it_lists_hold_allowed_items_alone(live):
    answer = live.client.get("/v1/users/u00001/recommendations?scenario=health")
    assert answer.status_code in (400, 422)
    assert "allowed" in answer.json()["detail"]
    for item in ("i00001", "i00002", "i00004"):
        columns = live.client.get(f"/v1/items/{item}").json()["columns"]
        assert live.client.put(f"/v1/items/{item}", json=columns | {"allowed": True}).status_code < 300
    found = items(live, "u00001", k=50, scenario="health")
    assert found
    assert set(found) <= {"i00001", "i00002", "i00004"}
    live.send({"event_id": "n1", "user": "newcomer", "item": "i00001", "behavior": "view"})
    assert items(live, "newcomer", k=5, scenario="health") == []
