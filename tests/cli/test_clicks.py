"""``swayline clicks`` from rows or lists to propensities."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app

LOOKS = np.array([1.0, 0.5, 0.25])


@pytest.fixture
def lists(tmp_path):
    rng = np.random.default_rng(0)
    shown = np.stack([rng.permutation(6)[:3] for _ in range(3000)])
    hits = rng.random(shown.shape) < LOOKS * (0.1 + 0.1 * shown)
    rows = pa.table({
        "search": np.repeat(np.arange(3000), 3), "item": shown.ravel(), "rank": np.tile([1, 2, 3], 3000),
        "clicked": hits.ravel().astype(int),
    })  # fmt: skip
    pc.write_csv(rows, tmp_path / "rows.csv")
    words = pa.table({
        "docs": [" ".join(map(str, row)) for row in shown],
        "clicks": [" ".join(map(str, row.astype(int))) for row in hits],
    })  # fmt: skip
    pc.write_csv(words, tmp_path / "lists.csv")
    return tmp_path


def test_rows_and_lists_give_the_same_propensities(lists):
    rows = ["clicks", str(lists / "rows.csv"), "--position", "rank", "--list", "search", "--json"]
    found = json.loads(CliRunner().invoke(app, [*rows, "--out", str(lists / "p.csv")]).stdout)
    assert [one["propensity"] for one in found["propensities"]] == pytest.approx(LOOKS, abs=0.08)
    assert found["perplexity"] < found["perplexity_by_place"]
    words = ["clicks", str(lists / "lists.csv"), "--words", "docs,clicks", "--json"]
    again = json.loads(CliRunner().invoke(app, words).stdout)
    for one, other in zip(again["propensities"], found["propensities"], strict=True):
        assert one["propensity"] == pytest.approx(other["propensity"], abs=1e-6)
    assert pc.read_csv(lists / "p.csv").column_names == ["position", "propensity"]


@pytest.mark.parametrize(
    ("words", "error"),
    [(["--model", "pbm"], "--model 'pbm' is unknown"), (["--position", "place"], "no column 'place'"),
     (["--words", "docs"], "--words names two columns")],
)  # fmt: skip
def test_what_cannot_be_read_is_told(lists, words, error):
    told = CliRunner().invoke(app, ["clicks", str(lists / "rows.csv"), *words])
    assert error in str(told.exception)
