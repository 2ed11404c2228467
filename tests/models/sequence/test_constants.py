"""Every number that chooses stands in the guide, with the property of a log that decides it."""

import importlib
import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "sequence.md"
TUNABLE = ("for_data", "knn_blend", "fitting", "fusion.strength", "objectives.masked", "losses.gbce")


def named() -> list[str]:
    part = GUIDE.read_text("utf-8").split("### Every number")[1].split("\n## ")[0]
    return re.findall(r"`((?:[a-z_]+\.)+_?[A-Z][A-Z_]*)`", part)


@pytest.mark.parametrize("name", named())
def test_the_guide_names_constants_that_exist(name: str) -> None:
    module, constant = name.rsplit(".", 1)
    room = "swayline" if module.startswith(("numerics.", "dataset")) else "swayline.models.sequence"
    assert hasattr(importlib.import_module(f"{room}.{module}"), constant)


@pytest.mark.parametrize("module", TUNABLE)
def test_numbers_that_choose_stand_in_the_guide(module: str) -> None:
    made = importlib.import_module(f"swayline.models.sequence.{module}")
    numbers = {
        name
        for name, value in vars(made).items()
        if name.isupper() and isinstance(value, int | float | tuple) and not name.endswith(("AT_ONCE", "CALIBRATING"))
        if not (isinstance(value, tuple) and isinstance(value[0], str)) and name != "K"
    }
    assert numbers <= {name.rsplit(".", 1)[1] for name in named()} | {"_OTHERS"}


def test_the_guide_names_no_data_set_among_the_defaults() -> None:
    part = GUIDE.read_text("utf-8").split("## Defaults that travel")[1].split("\n## ")[0].lower()
    assert not re.search(r"beauty|movielens|taobao|ml-1m|ml-100k|toys", part)
