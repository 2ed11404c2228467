"""The container's files: parsed, and what they run is what the command line has. Docker itself is not run here."""

import json
import re
from pathlib import Path

import yaml
from typer.main import get_command

from swayline.cli.app import app

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def options_of_serve() -> set[str]:
    return {name for one in get_command(app).commands["serve"].params for name in one.opts}


def test_the_images_command_is_one_that_serve_takes():
    (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", DOCKERFILE, re.M)
    (command,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.M)
    words = json.loads(entry) + json.loads(command)
    assert words[:2] == ["swayline", "serve"]
    assert {word for word in words if word.startswith("--")} <= options_of_serve()


def test_what_is_copied_is_there_and_nobody_runs_as_root():
    for words in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.M):
        assert all((ROOT / word).exists() for word in words.split()[:-1]), words
    assert re.search(r"^USER swayline$", DOCKERFILE, re.M)


def test_the_extras_it_installs_exist():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (named,) = re.findall(r"'\.\[([\w,]+)\]'", DOCKERFILE)
    assert set(named.split(",")) <= set(extras)


def test_compose_starts_what_the_image_has():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    words = services["service"]["command"]
    assert {word for word in words if word.startswith("--")} <= options_of_serve()
    assert services["service"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["service"]["ports"] == ["127.0.0.1:8080:8080"]


def test_the_unit_in_the_guide_starts_a_command_that_exists():
    page = (ROOT / "docs" / "guide" / "serve.md").read_text("utf-8")
    (line,) = re.findall(r"^ExecStart=\S*swayline (.*)$", page, re.M)
    assert {word for word in line.split() if word.startswith("--")} <= options_of_serve()
