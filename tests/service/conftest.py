import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def missing(what: str, variable: str) -> None:
    reason = f"{what} is not installed"
    pytest.fail(reason) if os.environ.get(variable) == "1" else pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresServer:
    """A Postgres of our own that can be taken away and brought back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.binaries = Path(
            shutil.which("initdb") or sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1]
        ).parent
        someone: dict[str, Any] = {}
        if os.geteuid() == 0:  # Postgres refuses to run as root.
            shutil.chown(folder, "nobody")
            someone = {"user": "nobody"}
        self.quiet: dict[str, Any] = {
            "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **someone,
        }  # fmt: skip
        initdb = [self.binaries / "initdb", "-D", folder / "data", "-U", "me", "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(initdb, **self.quiet)
        self.start()

    @property
    def address(self) -> str:
        return f"postgresql://me:secret@/postgres?host={self.folder}"

    def start(self) -> None:
        said = f"-k {self.folder} -c listen_addresses=''"
        self._ctl("-w", "-o", said, "-l", self.folder / "log", "start")

    def stop(self) -> None:
        self._ctl("-m", "immediate", "stop")

    def _ctl(self, *said: object) -> None:
        subprocess.run([self.binaries / "pg_ctl", "-D", self.folder / "data", *map(str, said)], **self.quiet)


class RedisServer:
    """A Redis of our own that can be taken away and brought back; it waits for its disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.start()

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        said = (
            f"--port {self.port} --bind 127.0.0.1 --dir {self.folder} --appendonly yes --appendfsync always --save ''"
        )
        self.process = subprocess.Popen(
            ["redis-server", *said.replace("''", "").split(), ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if shutil.which("initdb") is None and not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing("Postgres (initdb, pg_ctl)", "SWAYLINE_REQUIRE_POSTGRES")
    folder = Path("/tmp") / f"swayline-live-pg-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    server = PostgresServer(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        missing("Redis (redis-server)", "SWAYLINE_REQUIRE_REDIS")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def served_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What of a run folder the service reads, of a simulated shop: 200 people, 120 items, 8,000 events."""
    import shutil

    from swayline.engine import DuckEngine
    from swayline.events import read_events
    from swayline.ledger import write_ledger
    from swayline.recommend import explain_events
    from swayline.simulation import WorldSettings, write_world
    from swayline.training.fit import fit_log
    from swayline.training.plan import TrainingPlan

    folder = tmp_path_factory.mktemp("served")
    write_world(WorldSettings(users=200, items=120, events=8_000), folder / "world")
    (folder / "run").mkdir()
    tables = {name: folder / "world" / f"{name}.parquet" for name in ("events", "items", "users", "ties")}
    with DuckEngine() as engine:
        log = read_events(tables["events"], items=tables["items"], users=tables["users"], engine=engine)
        bundle = fit_log(engine, log, TrainingPlan.of_one("item-knn"))
    bundle.save(folder / "run" / "model")
    write_ledger(explain_events(bundle, bundle.dataset.users.names[:20]), folder / "run" / "influence.parquet")
    for path in tables.values():
        shutil.copyfile(path, folder / "run" / path.name)
    return folder / "run"


class Live:
    """A service in this process, called as a browser would call it."""

    def __init__(self, run: Path, data: Path, settings: Any = None, store: str | None = None) -> None:
        from starlette.testclient import TestClient

        from swayline.service.api import create_app
        from swayline.service.log import open_store
        from swayline.service.serving import Service

        self.data, self.run = data, run
        self.service = Service(open_store(store or data), data, run)
        self.application = create_app(self.service, settings)
        self.client = TestClient(self.application.asgi, base_url="http://localhost", raise_server_exceptions=False)

    def list(self, user: str, **asked: object) -> list[str]:
        answer = self.client.get(f"/v1/users/{user}/recommendations", params=asked)
        assert answer.status_code == 200, answer.text
        return [one["item"] for one in answer.json()["items"]]

    def send(self, *events: dict[str, object]) -> dict[str, Any]:
        answer = self.client.post("/v1/events", json=list(events))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stop(self) -> None:
        self.application.parts.refits.stop()
        self.service.stop()


@pytest.fixture
def live(served_run: Path, tmp_path: Path) -> Iterator[Live]:
    one = Live(served_run, tmp_path / "data")
    yield one
    one.stop()
