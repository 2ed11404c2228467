"""The site holds what it links to: pages, public names, papers; its words are those of the code."""

import importlib.util
import re
from pathlib import Path

import swayline as sw

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    DOCS / "index.md",
    DOCS / "howto.md",
    DOCS / "questions.md",
    DOCS / "glossary.md",
    *sorted((DOCS / "tutorials").glob("*.md")),
]


def test_every_link_of_a_page_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert target.startswith("https://") or (page.parent / target).exists(), (page.name, target)


def test_the_index_lists_every_tutorial():
    index = (DOCS / "index.md").read_text("utf-8")
    for page in (DOCS / "tutorials").glob("*.md"):
        assert f"tutorials/{page.stem}" in index


def test_the_reference_holds_every_public_name():
    page = (DOCS / "reference" / "api.md").read_text("utf-8")
    told = set(re.findall(r"auto(?:function|class):: swayline\.(\w+)", page))
    assert told == set(sw._PUBLIC)


def test_every_public_name_that_a_page_uses_exists():
    for page in PAGES:
        for name in set(re.findall(r"\bsw\.(\w+)", page.read_text("utf-8"))):
            assert name in sw.__all__, (page.name, name)


def test_the_page_of_papers_is_that_of_the_sources():
    spec = importlib.util.spec_from_file_location("make_papers", DOCS / "make_papers.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    files = {file for _, file in made.papers()}
    assert len(files) > 50
    page = (DOCS / "papers.md").read_text("utf-8")
    missing = [file for file in re.findall(r"`(src/[\w/.]+)`", page) if not (ROOT / file).exists()]
    assert not missing


def test_every_option_that_a_page_names_is_understood():
    from typer.main import get_command

    from swayline.cli.app import app

    known, waiting = {"--help", "--version"}, [get_command(app)]
    while waiting:
        one = waiting.pop()
        known |= {option for parameter in one.params for option in parameter.opts}
        waiting += list(getattr(one, "commands", {}).values())
    for page in PAGES:
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text("utf-8"))):
            assert option in known, (page.name, option)
