"""Option groups: a dataclass of a verb becomes options of the command line, and comes back as one."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.cli.shared.groups import Ending, option_groups
from swayline.cli.shared.reading import SideTables, reads


@dataclass(frozen=True)
class Study:
    model: Annotated[str, typer.Option("--model")]
    trials: Annotated[int, typer.Option("--trials", min=1)] = 20


def _run(verb, *words):
    one = typer.Typer()
    one.command()(verb)
    return CliRunner().invoke(one, list(words))


def test_fields_are_options_and_arrive_as_the_group():
    given = []

    @option_groups
    def verb(study: Study, seed: Annotated[int, typer.Option("--seed")] = 3, ending: Ending = Ending()):  # noqa: B008
        given.append((study, seed, ending))

    assert _run(verb, "--model", "ease", "--force").exit_code == 0
    assert given == [(Study("ease", 20), 3, Ending(force=True, json=False))]


def test_a_field_without_a_default_is_a_required_option_and_its_limits_hold():
    @option_groups
    def verb(study: Study):
        raise AssertionError("nothing was valid")

    assert "--model" in _run(verb).output
    assert _run(verb, "--model", "ease", "--trials", "0").exit_code == 2


def test_options_of_reading_follow_those_of_the_groups():
    given = []

    @reads("items")
    def verb(sides: SideTables = SideTables(), *, reading):  # noqa: B008
        given.append((sides, reading))

    assert _run(verb, "--items", "i.csv", "--map", "user=uid", "--items-table", "t").exit_code == 0
    assert given == [(SideTables("i.csv"), {"mapping": {"user": "uid"}, "items_table": "t"})]


def test_two_groups_with_one_option_are_refused_when_the_verb_is_defined():
    with pytest.raises(TypeError, match="names an option twice"):

        @option_groups
        def verb(one: Ending, two: Ending):
            pass


def test_no_verb_offers_one_flag_twice():
    waiting = [get_command(app)]
    while waiting:
        one = waiting.pop()
        flags = [flag for parameter in one.params for flag in parameter.opts]
        assert len(set(flags)) == len(flags), one.name
        waiting += list(getattr(one, "commands", {}).values())
