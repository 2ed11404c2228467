"""The map of the house: ten lines placed, ten capabilities found, and every file it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guide" / "house.md").read_text("utf-8")


def _rows(heading):
    part = PAGE.split(f"## {heading}")[1].split("\n## ")[0]
    return re.findall(r"^\| (?!the line|what a user|what \||---)(.+?) \| `(src/[\w/.]+)`.*\|$", part, re.M)


def test_ten_lines_and_ten_capabilities_have_files_that_exist():
    for heading in ("Ten lines of code, placed", "Ten capabilities, found"):
        rows = _rows(heading)
        assert len(rows) == 10, heading
        for what, file in rows:
            assert (ROOT / file).is_file(), (what, file)


def test_every_room_stands_on_the_map_and_in_contributing():
    rooms = {path.parent.name for path in (ROOT / "src" / "swayline").glob("*/__init__.py")}
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for room in rooms - {"testing"}:
        assert f"`{room}/`" in PAGE, room
        assert f"`{room}`" in contributing, room


def test_the_floors_are_those_that_import_linter_holds():
    import tomllib

    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    (block,) = re.findall(r"^    cli → [^\n]*(?:\n    [^\n]*)*", PAGE, re.M)
    drawn = [floor.strip() for floor in block.replace("\n", " ").split("→")]
    assert [sorted(one.split(" | ")) for one in drawn] == [sorted(one.split(" | ")) for one in layers]


def test_what_is_written_once_stands_on_the_map():
    named = {file for _, file in _rows("Written once")}
    for file in sorted((ROOT / "src" / "swayline" / "numerics").glob("[a-z]*.py")):
        assert str(file.relative_to(ROOT)) in named
    assert all((ROOT / file).is_file() for file in named)
