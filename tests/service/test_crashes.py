"""A service in a process of its own: killed under load, asked to stop, started again."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import httpx
import pytest

from swayline.service.log import open_store
from swayline.testing.served import Served

KILLS_S = float(os.environ.get("SWAYLINE_KILLS_S", "8"))
KILLS = int(os.environ.get("SWAYLINE_KILLS", "0"))


def send_until(address, name, stop, acknowledged, sent):
    """Send events one by one and in small batches; remember what was acknowledged."""
    number = 0
    with httpx.Client(base_url=address, timeout=5) as client:
        while not stop.is_set():
            rows = [
                {"event_id": f"{name}-{number + at}", "user": f"u{at}", "item": "i00001", "behavior": "view"}
                for at in range(1 if number % 3 else 7)
            ]
            number += len(rows)
            sent.extend(row["event_id"] for row in rows)
            try:
                answer = client.post("/v1/events", json=rows)
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                acknowledged.extend(one["event_id"] for one in answer.json()["rows"])


def test_nothing_acknowledged_is_lost_or_doubled_by_kills(served_run, tmp_path):
    data, acknowledged, sent, draw, kills = tmp_path / "data", [], [], random.Random(0), 0
    until = time.monotonic() + KILLS_S
    while (kills < KILLS) if KILLS else (kills < 2 or time.monotonic() < until or (not acknowledged and kills < 40)):
        process, stop = Served(served_run, data), threading.Event()
        threads = [
            threading.Thread(target=send_until, args=(process.address, f"{kills}-{name}", stop, acknowledged, sent))
            for name in range(4)
        ]
        [one.start() for one in threads]
        time.sleep(draw.uniform(0.05, 0.6))
        process.end(signal.SIGKILL)
        stop.set()
        [one.join() for one in threads]
        kills += 1
    assert acknowledged
    process = Served(served_run, data)
    told = httpx.get(f"{process.address}/v1/users/u0/history?limit=1000").json()["events"]
    assert len(told) >= min(1000, len([name for name in acknowledged if name]) // 10)
    assert process.end() == 0
    with closing(sqlite3.connect(data / "live.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = [row[0] for row in db.execute("SELECT event_id FROM events")]
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept) <= set(sent)
    if KILLS:
        print(f"{kills} kills, {len(acknowledged):,} events acknowledged, 0 lost, 0 doubled")


def test_asked_to_stop_it_answers_what_is_under_way_and_goes_within_10_seconds(served_run, tmp_path):
    process, stop, acknowledged, sent = Served(served_run, tmp_path), threading.Event(), [], []
    threads = [
        threading.Thread(target=send_until, args=(process.address, f"t{name}", stop, acknowledged, sent))
        for name in range(4)
    ]
    [one.start() for one in threads]
    time.sleep(0.7)
    begun = time.monotonic()
    assert process.end(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 10
    stop.set()
    [one.join() for one in threads]
    store = open_store(tmp_path)
    kept = {one.event.event_id for one in store.read(0, 10**6)}
    store.close()
    assert acknowledged
    assert set(acknowledged) <= kept


@pytest.fixture(scope="module")
def running(served_run, tmp_path_factory):
    """A service of its own, and its data folder."""
    data = tmp_path_factory.mktemp("running")
    process = Served(served_run, data, "--json")
    yield process, data
    process.end()


def test_an_fsync_stands_before_every_acknowledgement(running, tmp_path):
    import shutil

    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    (process, _), told = running, tmp_path / "strace"
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-tt", "-e", "trace=fsync,fdatasync,sendto,write,writev", "-s", "200", "-o", told, "-p", str(process.popen.pid)],
        stderr=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(1.5)
    if tracer.poll() is not None:
        pytest.skip(f"strace may not look at another process here: {tracer.stderr.read()!r}")
    with httpx.Client(base_url=process.address) as client:
        for number in range(10):
            client.post(
                "/v1/events", json={"event_id": f"s{number}", "user": "u", "item": "i00001", "behavior": "view"}
            )
    tracer.send_signal(signal.SIGINT)
    tracer.wait(10)
    tracer.stderr.close()
    synced, acknowledged = False, 0
    for line in told.read_text().splitlines():
        if "fsync(" in line or "fdatasync(" in line or "fsync resumed" in line or "fdatasync resumed" in line:
            synced = synced or "= 0" in line
        elif "HTTP/1.1 200" in line or "accepted" in line:
            assert synced, line
            synced = "HTTP/1.1 200" in line and '\\"accepted\\"' not in line  # headers may go before the body
            acknowledged += "accepted" in line
    assert acknowledged >= 10


def test_two_services_do_not_share_a_folder(running, served_run):
    _, data = running
    other = subprocess.run(
        [sys.executable, "-m", "swayline.cli", "serve", str(served_run), "--data", str(data), "--port", "0"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert other.returncode == 1
    assert "in use" in other.stderr
