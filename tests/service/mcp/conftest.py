import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from anyio.from_thread import start_blocking_portal

from swayline.testing.run_folder import write_run_folder


class Said(NamedTuple):
    """What a tool answered."""

    is_error: bool
    text: str
    told: Any


def ask_all(folder: Path, *questions: tuple[str, dict[str, Any]]) -> list[Said]:
    """Ask tools, one after the other, through one client's session in memory."""
    from mcp.client.client import Client

    from swayline.service.mcp import build_server

    async def call() -> list[Said]:
        async with Client(build_server(folder)) as client:
            return [_said(await client.call_tool(name, arguments)) for name, arguments in questions]

    return in_own_thread(call)


def in_own_thread(call: Callable[[], Awaitable[Any]]) -> Any:
    """Wait for ``call`` in a loop of a thread of its own: a browser's test may have left a loop running in this one."""
    with start_blocking_portal() as portal:
        return portal.call(call)


def _said(result: Any) -> Said:
    text = "".join(part.text for part in result.content)
    if not result.is_error:
        assert json.loads(text) == result.structured_content
    return Said(result.is_error, text, result.structured_content)


def ask(folder: Path, name: str, **arguments: Any) -> Said:
    """Ask one tool."""
    return ask_all(folder, (name, arguments))[0]


def refused(folder: Path, name: str, **arguments: Any) -> str:
    """The one line of an error."""
    said = ask(folder, name, **arguments)
    assert said.is_error, said.text
    assert "\n" not in said.text
    assert "Traceback" not in said.text
    return said.text


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A run with every artifact, effects and ties; not to be changed."""
    folder = tmp_path_factory.mktemp("mcp") / "run"
    write_run_folder(folder, effects=True)
    return folder


@pytest.fixture
def own_run(run_folder, tmp_path):
    """A copy to change."""
    return shutil.copytree(run_folder, tmp_path / "run")
