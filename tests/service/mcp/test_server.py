import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.core.errors import SourceError, SwaylineError
from swayline.core.storage.files import fingerprint

from .conftest import ask_all, in_own_thread, refused

CALLS = {
    "describe_log": {}, "effects": {}, "top_influencers": {}, "recommendations": {"user": "u1"},
    "profile": {"user": "u1"}, "metrics": {}, "changes": {},
}  # fmt: skip
MISSING = {
    "describe_log": "describe.json", "effects": "influence.parquet", "top_influencers": "influence.parquet",
    "recommendations": "recommendations.parquet", "profile": "profiles/users.parquet", "metrics": "metrics.json",
    "changes": "evolution/drift.parquet",
}  # fmt: skip


def _listed(folder):
    from mcp.client.client import Client

    from swayline.service.mcp import build_server

    async def tools():
        async with Client(build_server(folder)) as client:
            return (await client.list_tools()).tools, client.instructions

    return in_own_thread(tools)


def test_every_tool_is_listed_as_read_only_and_explained(run_folder):
    tools, instructions = _listed(run_folder)
    assert {tool.name for tool in tools} == {*CALLS, "experiments"}
    for tool in tools:
        assert tool.annotations.read_only_hint
        assert len(tool.description) > 60
        assert tool.input_schema["additionalProperties"] is False
        assert all("description" in one for one in tool.input_schema.get("properties", {}).values()), tool.name
    assert "verdict" in instructions


def test_every_tool_answers_and_leaves_the_folder_as_it_was(run_folder):
    before = {path: fingerprint(path) for path in run_folder.rglob("*") if path.is_file()}
    for said in ask_all(run_folder, *CALLS.items()):
        assert not said.is_error, said.text
        assert said.told
    assert {path: fingerprint(path) for path in run_folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", list(MISSING))
def test_a_missing_file_is_said_with_the_command_that_makes_it(own_run, name):
    (own_run / MISSING[name]).unlink()
    line = refused(own_run, name, **CALLS[name])
    assert f"the run has no {MISSING[name]}: make it with  swayline run EVENTS --out {own_run}" in line


def test_a_run_without_experiments_says_how_to_read_one(run_folder):
    assert f"swayline experiment TABLE --arm ARM --metric METRIC --out {run_folder}" in refused(
        run_folder, "experiments"
    )


def test_a_damaged_file_is_one_line(own_run):
    (own_run / "influence.parquet").write_bytes(b"PAR1 no")
    assert "influence.parquet" in refused(own_run, "effects")
    (own_run / "metrics.json").write_text('{"models": 3}')
    assert "metrics.json" in refused(own_run, "metrics")


def test_a_file_that_changes_is_read_again(own_run):
    from mcp.client.client import Client

    from swayline.service.mcp import build_server

    async def twice():
        async with Client(build_server(own_run)) as client:
            first = await client.call_tool("metrics", {"model": "transformer"})
            found = json.loads((own_run / "metrics.json").read_text())
            found["models"]["transformer"]["metrics"]["ndcg@10"]["value"] = 0.987
            (own_run / "metrics.json").write_text(json.dumps(found))
            return first, await client.call_tool("metrics", {"model": "transformer"})

    first, second = (
        one.structured_content["models"]["transformer"]["ndcg@10"]["value"] for one in in_own_thread(twice)
    )
    assert (first, second) == (0.12, 0.987)


WRONG = [
    ("profil", {}, "did you mean 'profile'"),
    ("effects", {"caus": "cart"}, "did you mean 'cause'"),
    ("effects", {"limit": 0}, "greater than or equal to 1"),
    ("effects", {"limit": 201}, "less than or equal to 200"),
    ("effects", {"limit": "5"}, "valid integer"),
    ("effects", {"limit": True}, "valid integer"),
    ("effects", {"offset": -1}, "greater than or equal to 0"),
    ("effects", {"identified": "maybe"}, "'yes', 'assumed' or 'no'"),
    ("recommendations", {"user": "u1", "k": 101}, "less than or equal to 100"),
    ("recommendations", {"k": 3}, "recommendations needs user"),
    ("profile", {"user": ""}, "at least 1 character"),
    ("profile", {"user": 7}, "valid string"),
    ("top_influencers", {"k": 0}, "greater than or equal to 1"),
    ("metrics", {"model": "transformr"}, "did you mean 'transformer'"),
    ("metrics", {"metric": "ndgc@10"}, "did you mean 'ndcg@10'"),
    ("changes", {"kind": "user"}, "'population', 'item' or 'category'"),
]  # fmt: skip


def test_a_wrong_question_is_answered_with_what_would_be_right(run_folder):
    answers = ask_all(run_folder, *((name, arguments) for name, arguments, _ in WRONG))
    for (name, arguments, hint), said in zip(WRONG, answers, strict=True):
        assert said.is_error, (name, arguments)
        assert hint in said.text
        assert "\n" not in said.text


def test_an_error_of_our_own_is_one_line_and_no_traceback(run_folder, monkeypatch):
    from swayline.service.mcp import tools

    broken = tools.RunTool(tools.LogAsked, lambda files, asked: 1 / 0)
    monkeypatch.setitem(tools.TOOLS, "metrics", broken)
    line = refused(run_folder, "metrics")
    assert "metrics failed on this run" in line
    assert "division" not in line


def test_what_is_no_run_folder_is_refused_at_the_door(tmp_path):
    for folder, why in ((tmp_path / "gone", "does not exist"), (tmp_path, "has no run.json")):
        done = CliRunner().invoke(app, ["mcp", str(folder)])
        assert isinstance(done.exception, SourceError)
        assert why in str(done.exception)
        assert "swayline run EVENTS --out" in str(done.exception)
        assert done.output == ""


def test_without_the_extra_it_says_what_to_install(run_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp", None)
    done = CliRunner().invoke(app, ["mcp", str(run_folder)])
    assert isinstance(done.exception, SwaylineError)
    assert "pip install 'swayline[serve]'" in str(done.exception)


NOISY = """
import os, sys
from swayline.service.mcp import tools
asked = tools.TOOLS["metrics"]
def noisy(files, question):
    print("noise of a library")
    os.system("echo noise of a child")
    return asked.function(files, question)
tools.TOOLS["metrics"] = tools.RunTool(asked.form, noisy)
from swayline.cli import main
main()
"""


def test_nothing_but_the_protocol_is_written_to_standard_output(run_folder):
    program = subprocess.Popen(
        [sys.executable, "-c", NOISY, "mcp", str(run_folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    opening = {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"},
    }  # fmt: skip
    requests = [
        {"id": 1, "method": "initialize", "params": opening},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "metrics", "arguments": {"model": "transformer"}}},
    ]
    answers = {}
    try:
        for one in requests:
            program.stdin.write(json.dumps({"jsonrpc": "2.0", **one}) + "\n")
            program.stdin.flush()
            if "id" in one:
                line = json.loads(program.stdout.readline())
                answers[line["id"]] = line["result"]
        rest, errors = program.communicate(timeout=60)
    finally:
        program.kill()
    assert rest == ""
    assert program.returncode == 0, errors
    assert answers[1]["serverInfo"]["name"] == "swayline"
    assert len(answers[2]["tools"]) == 8
    assert list(answers[3]["structuredContent"]["models"]) == ["transformer"]
    assert errors.count("noise") == 2


def test_the_guide_names_every_tool_and_argument_and_its_client_settings_start_the_verb():
    from swayline.service.mcp.tools import TOOLS

    guide = (Path(__file__).parents[3] / "docs" / "guide" / "mcp.md").read_text("utf-8")
    (settings,) = re.findall(r"```json\n(.*?)```", guide, re.S)
    (server,) = json.loads(settings)["mcpServers"].values()
    assert (server["command"], server["args"][0]) == ("swayline", "mcp")
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", guide, re.M)
    told = {name: set(re.findall(r"`(\w+)`", arguments)) for name, arguments in rows}
    assert told == {name: set(tool.form.model_fields) for name, tool in TOOLS.items()}
