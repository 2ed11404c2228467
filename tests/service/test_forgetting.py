"""A person who is erased is nowhere: not in an answer, not in a byte of any file."""

import time

import pyarrow.parquet as pq
import pytest

WHO = "zz-erase-me-7341"


def bytes_with(folder, word):
    return [str(path) for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def rows_with(folder, word):
    """Parquet compresses: tables are read, every column as text."""
    found = []
    for path in folder.rglob("*.parquet"):
        for column in pq.read_table(path).columns:
            if any(word in str(value) for value in column.to_pylist()):
                found.append(str(path))
    return found


def use_everything(live, user):
    live.send(
        *({"event_id": f"{user}-{n}", "user": user, "item": f"i{n:05d}", "behavior": "view"} for n in range(1, 40))
    )
    live.client.put(f"/v1/users/{user}", json={"country": "FR"})
    live.client.post("/v1/ties", json=[{"source": user, "target": "u00001"}, {"source": "u00002", "target": user}])
    answer = live.client.get(f"/v1/users/{user}/recommendations?reasons=true").json()
    row = {"recommendation_id": answer["recommendation_id"], "item": answer["items"][0]["item"], "action": "clicked"}
    live.client.post("/v1/feedback", json=row)
    assert live.client.get(f"/v1/users/{user}/export").json()["events"]


@pytest.mark.parametrize("user", [WHO, "u00007"])  # one met live, one of the run
def test_an_erased_person_is_in_no_answer_and_in_no_byte(live, user):
    use_everything(live, user)
    live.client.post("/v1/backups")
    told = live.client.delete(f"/v1/users/{user}").json()
    assert told["removed"]["events"] == 40
    assert told["still_in"] == [str(live.run)]
    for path in ("export", "profile", "history"):
        assert live.client.get(f"/v1/users/{user}/{path}").status_code == 404
    for query in (f"cause={user}", f"effect={user}", f"subject={user}"):
        assert live.client.get(f"/v1/influence?{query}").json()["total"] == 0
    live.stop()
    assert bytes_with(live.data, user) == []
    assert rows_with(live.data, user) == []
    assert live.service.loaded.state.people.live.get(user) is None


def test_a_training_in_flight_does_not_bring_a_person_back(live):
    use_everything(live, WHO)
    live.send(
        *(
            {"event_id": f"o{n}", "user": f"o{n % 9}", "item": f"i{n % 50 + 1:05d}", "behavior": "view"}
            for n in range(300)
        )
    )
    live.application.parts.refits.start()
    deadline = time.monotonic() + 300
    while not list(live.data.rglob("job.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert live.client.delete(f"/v1/users/{WHO}").status_code == 200
    while live.application.parts.refits.is_busy and time.monotonic() < deadline:
        time.sleep(0.05)
    assert live.application.parts.refits.last["state"] == "swapped in", live.application.parts.refits.last
    live.stop()
    assert bytes_with(live.data, WHO) == []
    assert rows_with(live.data, WHO) == []
