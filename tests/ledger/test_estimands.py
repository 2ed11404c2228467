"""The registry of estimands, the guide and the words agree."""

import re
from pathlib import Path

import pytest

from swayline.core.errors import UsageError
from swayline.ledger import ESTIMANDS, estimand
from swayline.ledger.schema import CAUSE_KINDS, COLUMNS, EFFECT_KINDS

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "ledger.md").read_text("utf-8")


def test_the_guide_tells_every_estimand_and_column_and_no_other():
    table = GUIDE.split("## Estimands")[1]
    told = {
        match[1]: (match[2], match[3]) for match in re.finditer(r"^\| `(\w+)` \| (.*?) \|.*\| (.*?) \|$", table, re.M)
    }
    told.pop("estimand")  # the head
    assert told == {
        one.name: (one.meaning, f"{', '.join(one.causes)} → {', '.join(one.effects)}") for one in ESTIMANDS.values()
    }
    columns = GUIDE.split("## Estimands")[0]
    assert set(COLUMNS) == {
        name for row in re.findall(r"^\| (`.*?`) \|", columns, re.M) for name in re.findall(r"`(\w+)`", row)
    }


def test_every_estimand_has_kinds_that_the_table_allows():
    for one in ESTIMANDS.values():
        assert set(one.causes) <= set(CAUSE_KINDS)
        assert set(one.effects) <= set(EFFECT_KINDS)
        assert one.units
        assert one.wording
        assert one.meaning


def test_an_unknown_estimand_is_told_the_nearest():
    with pytest.raises(UsageError, match="ate_joint"):
        estimand("ate_jont")
