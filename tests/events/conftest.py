import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from swayline.engine import DuckEngine
from swayline.events import EventLog, ReadOptions, read_events
from swayline.events.sources import pages

Reader = Callable[..., EventLog]


@pytest.fixture(scope="session")
def engine() -> DuckEngine:
    return DuckEngine()


@pytest.fixture
def read(tmp_path: Path, engine: DuckEngine) -> Reader:
    """Read bytes or text as a file of some name: ``read(content, "log.csv", ordered=True)``."""

    def reader(
        content: bytes | str, name: str = "log.csv", *, options: ReadOptions | None = None, **said: Any
    ) -> EventLog:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_events(path, options=options or ReadOptions(**said), engine=engine)

    return reader


def accounts(log: EventLog) -> bool:
    """Every row read is kept, a repeat or rejected, and every rejected row says where, what and why."""
    told = all(one["row"] >= 1 and one["reason"] and one["file"] for one in log.rejected.to_pylist())
    return told and len(log) + log.n_duplicates + len(log.rejected) == log.n_read


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        reason = "Postgres is not installed (initdb, pg_ctl)"
        pytest.fail(reason) if os.environ.get("SWAYLINE_REQUIRE_POSTGRES") == "1" else pytest.skip(reason)
    folder = Path("/tmp") / f"swayline-pg-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    someone: dict[str, Any] = {}
    if os.geteuid() == 0:  # Postgres refuses to run as root.
        shutil.chown(folder, "nobody")
        someone = {"user": "nobody"}
    quiet: dict[str, Any] = {
        "check": True,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "cwd": folder,
        **someone,
    }
    subprocess.run(["initdb", "-D", folder / "data", "-U", "me", "-A", "trust", "--no-sync", "-E", "UTF8"], **quiet)
    said = f"-k {folder} -c listen_addresses='' -c fsync=off"
    subprocess.run(["pg_ctl", "-D", folder / "data", "-w", "-o", said, "-l", folder / "log", "start"], **quiet)
    try:
        yield f"postgresql://me:secret@/postgres?host={folder}"
    finally:
        subprocess.run(["pg_ctl", "-D", folder / "data", "-m", "immediate", "stop"], **quiet)
        shutil.rmtree(folder, ignore_errors=True)


Answer = tuple[int, dict[str, str], Any]


class Server:
    """A server in this process that answers what it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.tokens: list[str | None] = []
        self.answer: Callable[[dict[str, list[str]]], Answer] = lambda asked: (404, {}, "")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = parse_qs(urlsplit(self.path).query)
                outer.asked.append(asked)
                outer.tokens.append(self.headers.get("Authorization"))
                code, headers, body = outer.answer(asked)
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *about: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}/events?kind=all"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(pages, "_FIRST_WAIT_S", 0.001)
    one = Server()
    yield one
    one.http.shutdown()
    one.http.server_close()
