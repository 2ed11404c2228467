"""``swayline serve``: an event in, a better recommendation out, an answer to why."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from swayline.cli.shared.groups import option_groups
from swayline.cli.shared.options import Json
from swayline.cli.shared.output import show, warn
from swayline.core.errors import UsageError


@dataclass(frozen=True)
class Listening:
    """Where the service listens, and to whom."""

    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than this machine's need a key.")
    ] = "127.0.0.1"
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 is any free one.")] = 8080
    rate: Annotated[
        str | None, typer.Option("--rate", help="Most requests of a key, as 100/second.", show_default=False)
    ] = None
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", help="A site whose pages may call; again for each.", show_default=False),
    ] = None
    certificate: Annotated[Path | None, typer.Option("--certificate", help="TLS: PEM file.", show_default=False)] = None
    private_key: Annotated[Path | None, typer.Option("--private-key", help="TLS: PEM file.", show_default=False)] = None

    gorse: Annotated[bool, typer.Option("--gorse", help="Answer Gorse's routes for feedback, items and lists too.")] = (
        False
    )


@dataclass(frozen=True)
class Keeping:
    """Where events go, and how often the model learns from them."""

    data: Annotated[Path, typer.Option("--data", help="Folder of the log and of the models.")] = Path("live")
    store: Annotated[
        str | None,
        typer.Option("--store", help="postgresql://… or redis://… in place of SQLite in --data.", show_default=False),
    ] = None
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", help="Encrypt the log with it (swayline live secret).", show_default=False),
    ] = None
    refit_every: Annotated[
        str | None,
        typer.Option("--refit-every", help="Learn from new events so often, as 1h or 1d.", show_default=False),
    ] = None
    explore: Annotated[
        float, typer.Option("--explore", min=0.0, max=0.5, help="Chance that a place is drawn from the next best.")
    ] = 0.0


@option_groups
def serve(
    run: Annotated[
        Path | None, typer.Argument(help="Run or model folder; without one, what --data holds.", show_default=False)
    ] = None,
    listening: Listening = Listening(),
    keeping: Keeping = Keeping(),
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option("--log", help="What is logged to standard error.")
    ] = "info",
    json: Json = False,
) -> None:
    """Serve a run over HTTP: events in, recommendations, reasons and influence out."""
    from swayline.core.extras import require
    from swayline.core.time import parse_duration_s

    for module in ("fastapi", "uvicorn", "prometheus_client", "limits"):
        require(module, "serve")
    from swayline.service.api import AppSettings, EdgeSettings, Server
    from swayline.service.api import serve as serve_all
    from swayline.service.api.server import log_to_stderr
    from swayline.service.dashboard.face import Dashboard

    if (listening.certificate is None) != (listening.private_key is None):
        raise UsageError("--certificate and --private-key belong together: say both, or neither")
    edge = EdgeSettings(rate=listening.rate, origins=tuple(listening.origin or ()))
    every_s = parse_duration_s(keeping.refit_every) if keeping.refit_every else 0.0
    log_to_stderr(log_level)

    def told(address: str) -> None:
        where = f"serving at {address} (dashboard: {address}/dashboard, API: {address}/docs)"
        show(json, {"address": address, "data": str(keeping.data)}, [where])

    serve_all(
        Server(
            keeping.data, run, listening.host, listening.port, keeping.store, keeping.key_file, keeping.explore,
            listening.certificate, listening.private_key, AppSettings(edge, every_s, listening.gorse, Dashboard()),
        ),
        told,
    )  # fmt: skip
    if not json:
        warn("stopped: everything acknowledged is on disk")
