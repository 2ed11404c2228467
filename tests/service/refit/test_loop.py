"""The loop closed: events in, a run's input out, a newer model in service, and back."""

import pytest

from swayline.core.errors import UsageError
from swayline.events import read_events
from swayline.service.refit import compact


def some(n, item="i00010", behavior="view"):
    return [
        {
            "event_id": f"r{at}",
            "user": f"r{at % 40}",
            "item": item if at % 2 else f"i{at % 90 + 1:05d}",
            "behavior": behavior,
        }
        for at in range(n)
    ]


def test_the_log_becomes_what_a_run_reads(live, tmp_path):
    live.client.put("/v1/items/fresh", json={"title": "Fresh", "category": "new", "price": 3})
    live.client.post("/v1/ties", json={"source": "r1", "target": "r2"})
    live.send(
        *some(50),
        {"event_id": "s", "user": "r1", "behavior": "search", "text": "oak"},
        {"event_id": "f", "user": "r1", "item": "fresh", "behavior": "rate", "value": 4},
    )
    done = compact(live.service.loaded, live.service.store, tmp_path / "log")
    log = read_events(
        done.files["events"], items=done.files["items"], users=done.files["users"], ties=done.files["ties"]
    )
    assert (len(log.rejected), log.n_duplicates, done.live) == (0, 0, 52)
    assert len(log) == done.events == live.service.loaded.bundle.dataset.sequences.items.size + 52 or done.events > 8000
    mine = [row for row in log.events.to_pylist() if row["user"] == "r1"]
    assert {row["text"] for row in mine if row["behavior"] == "search"} == {"oak"}
    assert [row["value"] for row in mine if row["behavior"] == "rate"] == [4.0]
    assert "fresh" in log.items["item"].to_pylist()
    assert live.service.store.committed("compaction") == done.position == 52


def test_a_refit_answers_with_what_came_in_and_can_be_taken_back(live):
    live.client.put("/v1/items/fresh", json={"title": "Fresh"})
    live.send(*some(300, item="fresh"))
    before = live.list("r1", k=120, seen="keep")
    told = live.application.parts.refits.once()
    assert told["state"] == "swapped in", told
    assert told["new_events"] == 300
    assert live.service.loaded.version.name == "v2"
    assert "fresh" in live.service.loaded.state.people.item_rows
    assert set(told["shadow"]) >= {"questions", "old", "new", "difference", "ci_low", "ci_high"}
    assert live.service.loaded.state.position == 300
    assert live.service.loaded.state.people.live == {}
    live.send({"event_id": "after", "user": "r1", "item": "i00011", "behavior": "view"})
    assert live.service.loaded.state.history("r1")[-1].item == "i00011"
    assert live.client.post("/v1/models/rollback").json() == {"in_service": "v1"}
    assert live.service.loaded.state.history("r1")[-1].item == "i00011"
    assert live.list("r1", k=120, seen="keep") != []
    assert before != []
    models = live.client.get("/v1/models").json()
    assert [one["version"] for one in models["versions"]] == ["v1", "v2"]


def test_a_first_model_has_nothing_before_it(live):
    with pytest.raises(UsageError, match="no earlier model"):
        live.application.parts.refits.rollback()


def test_a_model_that_is_worse_is_not_put_into_service(live, monkeypatch):
    from swayline.service.refit import refits

    worse = {"questions": 50, "old": 0.5, "new": 0.1, "difference": -0.4, "ci_low": -0.5, "ci_high": -0.3}
    monkeypatch.setattr(refits.Refits, "_work", lambda self, folder: refits.write_json(folder / "shadow.json", worse))
    assert live.application.parts.refits.once()["state"] == "refused"
    assert live.service.loaded.version.name == "v1"
