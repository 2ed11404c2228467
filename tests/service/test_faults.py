"""Stores that go away and come back, a disk that fills, more load than fits: nothing acknowledged is lost."""

import os
import secrets
import sqlite3
import threading
import time

import pytest

from swayline.service.api import AppSettings, EdgeSettings

OUTAGES = int(os.environ.get("SWAYLINE_OUTAGES", "2"))
OUTAGE_S = float(os.environ.get("SWAYLINE_OUTAGE_S", "1"))


def row(name):
    return {"event_id": name, "user": f"u{len(name)}", "item": "i00001", "behavior": "view"}


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_store_that_goes_away_loses_nothing_and_is_found_again(kind, request, served_run, tmp_path):
    from tests.service.conftest import Live

    server = request.getfixturevalue(f"{kind}_server")
    live = Live(served_run, tmp_path / "data", store=server.address)
    mark, number, acknowledged, refused, slowest = secrets.token_hex(4), 0, [], 0, 0.0

    def send():
        nonlocal number
        number += 1
        answer = live.client.post("/v1/events", json=row(f"{mark}-{number}"))
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 200:
            acknowledged.append(f"{mark}-{number}")
        else:
            assert answer.headers["retry-after"]
        return answer.status_code == 200

    try:
        assert send()
        for _ in range(OUTAGES):
            server.stop()
            until = time.monotonic() + OUTAGE_S
            while time.monotonic() < until:
                refused += not send()
                assert live.client.get("/v1/users/u00001/recommendations").status_code == 200  # degraded, but answered
                time.sleep(0.05)
            assert live.client.get("/health/live").status_code == 200
            assert live.client.get("/health/ready").status_code == 503
            server.start()
            back = time.monotonic()
            while not send():
                assert time.monotonic() - back < 5
            slowest = max(slowest, time.monotonic() - back)
        assert refused > 0
        kept = [one.event.event_id for one in live.service.store.read(0, 10**6) if one.event.event_id.startswith(mark)]
        assert len(kept) == len(set(kept))
        assert set(acknowledged) <= set(kept)
        assert live.client.get("/health/ready").status_code == 200
        time.sleep(1.2)  # what was written without its answer arriving is followed
        state = {act.event_id for acts in live.service.loaded.state.people.live.values() for act in acts}
        assert set(kept) <= state
    finally:
        live.stop()


def test_a_full_disk_acknowledges_nothing_and_is_survived(live, monkeypatch):
    store, connect = live.service.store, type(live.service.store)._connect

    def small(self):
        db = connect(self)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 3}")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "_connect", small)
        store._drop()
        acknowledged, full = [], None
        for number in range(400):
            answer = live.client.post("/v1/events", json=row(f"full-{number}") | {"text": "x" * 500})
            if answer.status_code != 200:
                full = answer
                break
            acknowledged.append(f"full-{number}")
        assert full is not None
        assert (full.status_code, "no space is left" in full.json()["detail"]) == (507, True)
        assert live.client.get("/v1/users/u00001/recommendations").status_code == 200
    store._drop()  # room again
    assert live.client.post("/v1/events", json=row("after")).status_code == 200
    kept = [one.event.event_id for one in store.read(0, 10_000)]
    assert kept == [*acknowledged, "after"]
    assert {act.event_id for acts in live.service.loaded.state.people.live.values() for act in acts} == set(kept)


@pytest.mark.parametrize("when", ["write", "commit"])
def test_a_failing_write_or_fsync_acknowledges_nothing(live, monkeypatch, when):
    """The disk fails while an event is written, or when its transaction is brought to the disk."""
    store = live.service.store

    class Failing(sqlite3.Connection):
        def execute(self, sql, *said):
            if when == "commit" and sql == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(sql, *said)

        def executemany(self, sql, *said):
            if when == "write":
                raise sqlite3.OperationalError("disk I/O error")
            return super().executemany(sql, *said)

    with monkeypatch.context() as patch:
        connect = sqlite3.connect
        patch.setattr(sqlite3, "connect", lambda *said, **more: connect(*said, **more, factory=Failing))
        store._drop()
        answer = live.client.post("/v1/events", json=row("lost"))
        assert answer.status_code == 503
    store._drop()
    assert live.client.post("/v1/events", json=row("kept")).json()["accepted"] == 1
    assert [one.event.event_id for one in store.read(0, 10)] == ["kept"]


def test_more_requests_than_fit_are_refused_with_retry_after(served_run, tmp_path):
    from tests.service.conftest import Live

    live = Live(served_run, tmp_path / "data", AppSettings(EdgeSettings(most_in_flight=4)))
    held, answers = threading.Event(), []
    chooser = live.service._chooser
    answer = chooser.answer
    chooser.answer = lambda asks: held.wait(10) and answer(asks)
    live.service.batches._answer = chooser.answer
    threads = [
        threading.Thread(target=lambda n=n: answers.append(live.client.get(f"/v1/users/n{n}/recommendations")))
        for n in range(20)
    ]
    with live.client:
        [one.start() for one in threads]
        until = time.monotonic() + 10
        while len(answers) < 16 and time.monotonic() < until:
            time.sleep(0.01)
        assert live.client.get("/health/live").status_code == 200
        held.set()
        [one.join() for one in threads]
    told = sorted(one.status_code for one in answers)
    assert told == [200] * 4 + [429] * 16
    assert all(one.headers["retry-after"] == "1" for one in answers if one.status_code == 429)
