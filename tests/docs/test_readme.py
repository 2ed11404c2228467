"""Every command of the README is run, every name in it exists."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from swayline.testing.artifacts import check_artifacts
from swayline.testing.attacks import command

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def _blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def _commands():
    return [shlex.split(line, comments=True) for block in _blocks("sh") for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A folder where the demo's world lies, smaller, so that the README's lines can be run as they stand."""
    from swayline.simulation import WorldSettings, write_world

    folder = tmp_path_factory.mktemp("readme")
    write_world(WorldSettings(users=120, items=60, events=4_000), folder / "demo" / "world")
    rng = np.random.default_rng(0)
    rows = [f"{rng.integers(2)},{rng.normal():.3f},{rng.normal():.3f},{place % 20}" for place in range(200)]
    (folder / "trial.csv").write_text("\n".join(["t,y,age,village", *rows]))
    return folder


def test_every_swayline_command_runs_as_it_stands(demo):
    commands = [words for words in _commands() if words[0] == "swayline"]
    assert {words[1] for words in commands} == {
        "check", "run", "fit", "recommend", "influence", "evaluate", "simulate", "report", "tune", "experiment", "evolve", "forecast",
    }  # fmt: skip
    for words in commands:
        done = command(words[1:], demo)
        assert done.code == 0, f"{' '.join(words)}\n{done.err}"
    check_artifacts(demo / "demo" / "run")


def test_the_command_is_a_program(demo):
    words = [sys.executable, "-m", "swayline.cli", "check", "demo/world/events.parquet"]
    done = subprocess.run(words, cwd=demo, capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, "4000" in done.stdout or "4,000" in done.stdout) == (0, True), done.stderr


def test_the_python_lines_run_as_they_stand(demo):
    (block,) = _blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=demo, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_make_target_it_names_exists():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for words in _commands():
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, re.M), words


def test_every_link_and_picture_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_every_option_it_names_is_understood():
    from typer.main import get_command

    from swayline.cli.app import app

    command = get_command(app)
    known = {"--help", "--version"}
    waiting = [command]
    while waiting:
        one = waiting.pop()
        known |= {option for parameter in one.params for option in parameter.opts}
        waiting += list(getattr(one, "commands", {}).values())
    prose = re.sub(r"`pip [^`]*`", "", README)
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", prose)):
        assert option in known, option
