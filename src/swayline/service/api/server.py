"""The process: a store, a service, an application, a socket; and a clean end."""

import contextlib
import ipaddress
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from swayline.core.errors import BusyError, UsageError, shown
from swayline.core.extras import require
from swayline.core.storage.locks import only_one
from swayline.service.api.app import AppSettings, create_app
from swayline.service.api.edge import LOOPBACK
from swayline.service.api.keys import all_keys
from swayline.service.log import open_store
from swayline.service.serving import Service

_DRAIN_S, _LEAVE_S = 4, 8.5


@dataclass(frozen=True)
class Server:
    """How a service is started.

    Parameters
    ----------
    data : Path
        Folder of the log and of the models.
    run : Path, optional
        Run folder to serve; without one, what the data folder holds.
    host, port : str, int
        Where to listen; port 0 is any free one.
    store : str, optional
        ``postgresql://…`` or ``redis://…`` in place of SQLite in the data folder.
    key_file : Path, optional
        What the log and its documents are encrypted with.
    explore : float
        Chance that a place of a list is drawn from the next best.
    certificate, key : Path, optional
        PEM files of TLS.
    settings : AppSettings
    """

    data: Path
    run: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    store: str | None = None
    key_file: Path | None = None
    explore: float = 0.0
    certificate: Path | None = None
    key: Path | None = None
    settings: AppSettings = field(default_factory=AppSettings)


def serve(said: Server, told: Callable[[str], None]) -> None:
    """Serve until a signal asks to stop; then answer what is under way, write what waits, and end within 10 seconds.

    Parameters
    ----------
    told : callable
        Gets the address once the service is ready.

    Raises
    ------
    UsageError
        No key was made and the host is not this machine alone.
    BusyError
        Another service works in the data folder, or the port is taken.
    """
    with only_one(said.data, "serve"):
        store = open_store(said.store or said.data, key_file=said.key_file)
        try:
            if not all_keys(store):
                if not _is_loopback(said.host):
                    raise UsageError(
                        f"--host {shown(said.host)} can be reached from elsewhere and no key was made:"
                        f" make one with  swayline live key {said.data} --role admin"
                    )
                edge = replace(said.settings.edge, hosts=LOOPBACK | {said.host.lower()})
                said = replace(said, settings=replace(said.settings, edge=edge))
            service = Service(store, said.data, said.run, explore=said.explore)
        except BaseException:
            store.close()
            raise
        _listen(said, service, told)


def _listen(said: Server, service: Service, told: Callable[[str], None]) -> None:
    uvicorn: Any = require("uvicorn", "serve")
    application = create_app(service, said.settings)
    config = uvicorn.Config(
        application.asgi, host=said.host, port=said.port, log_config=None, access_log=False, lifespan="on",
        timeout_graceful_shutdown=_DRAIN_S, server_header=False, date_header=False,
        h11_max_incomplete_event_size=65_536,
        ssl_certfile=said.certificate, ssl_keyfile=said.key, loop="asyncio", backlog=1024,
    )  # fmt: skip
    server = uvicorn.Server(config)
    try:
        listening = config.bind_socket()
    except SystemExit:
        service.stop()
        raise BusyError(f"port {said.port} of {said.host} cannot be listened on: choose another with --port") from None
    port = listening.getsockname()[1]
    scheme = "https" if said.certificate else "http"
    host = f"[{said.host}]" if ":" in said.host else said.host
    started = service.started

    async def main() -> None:
        original = server.startup

        async def startup(sockets: Any = None) -> None:
            await original(sockets=sockets)
            told(f"{scheme}://{host}:{port}")
            logging.getLogger("swayline.service").info("ready in %.2f s", time.time() - started)

        server.startup = startup
        await server.serve(sockets=[listening])

    import asyncio

    with _signals(server):
        asyncio.run(main())


@contextlib.contextmanager
def _signals(server: Any) -> Any:
    """Signals end the server and not the process: what is under way is finished first."""
    server.capture_signals = contextlib.nullcontext

    def stop(number: int, frame: Any) -> None:
        if not server.should_exit:
            # What is acknowledged is on the disk: leaving with something unfinished loses nothing.
            last = threading.Timer(_LEAVE_S, os._exit, (0,))
            last.daemon = True
            last.start()
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class JsonLines(logging.Formatter):
    """A log line as a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        message = record.getMessage()
        told: dict[str, Any] = {"time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"), "level": record.levelname.lower(),
                                "logger": record.name}  # fmt: skip
        if record.name == "swayline.access":
            told |= json.loads(message)
        else:
            told["message"] = message
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=True)


def log_to_stderr(level: str) -> None:
    """Send the service's log to standard error, a JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("swayline.service", "swayline.access", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level.upper() if name != "uvicorn.error" else "WARNING")
