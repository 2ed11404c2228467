"""``swayline mcp``: a run folder as tools of a language model."""

from pathlib import Path
from typing import Annotated

import typer


def mcp(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of a run.", show_default=False)],
) -> None:
    """Answer a language model's questions about a run (Model Context Protocol over standard input and output)."""
    from swayline.core.extras import require

    require("mcp", "serve")
    from swayline.service.mcp import serve_stdio

    serve_stdio(run)
