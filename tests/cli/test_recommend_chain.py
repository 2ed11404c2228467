"""``swayline recommend`` walks the chain: what is asked on the command line is what the lists hold."""

import json

import pyarrow.parquet as pq
import pytest

import swayline as sw
from swayline.cli.app import app
from swayline.core.errors import SwaylineError
from swayline.testing import small_shop


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("m")
    shop = small_shop()
    sw.Recommender("item-knn").fit(sw.read_events(shop.events, items=shop.items)).save(place / "model")
    pq.write_table(shop.items, place / "items.parquet")
    pq.write_table(shop.ties, place / "ties.parquet")
    (place / "some.txt").write_text("\n".join(shop.items["item"].to_pylist()[:6]))
    (place / "users.txt").write_text("u00001\nu00002\n")
    return place


def _run(folder, capsys, *said):
    app(
        ["recommend", str(folder / "model"), "--out", str(folder / "r.parquet"), "--json", *said], standalone_mode=False
    )
    return json.loads(capsys.readouterr().out), pq.read_table(folder / "r.parquet")


def test_filter_and_candidates_hold_and_short_lists_are_told(folder, capsys):
    told, lists = _run(folder, capsys, "--filter", "price < 20", "--users", str(folder / "users.txt"))
    prices = dict(
        zip(*(pq.read_table(folder / "items.parquet")[name].to_pylist() for name in ("item", "price")), strict=True)
    )
    assert all(prices[item] < 20 for item in lists["item"].to_pylist())
    told, lists = _run(folder, capsys, "--candidates", str(folder / "some.txt"), "--users", str(folder / "users.txt"))
    assert told["short"]["lists"] == 2
    assert "items not among the candidates took" in told["short"]["first"][0]["why"]


def test_somebody_new_and_a_chain_of_ones_own_are_served(folder, capsys):
    (folder / "c.toml").write_text(
        '[[chain.steps]]\nstep = "model"\n[[chain.steps]]\nstep = "ties"\n[[chain.steps]]\nstep = "seen"\n'
        '[[chain.steps]]\nstep = "rank"\n[[chain.steps]]\nstep = "influence"\n[[chain.steps]]\nstep = "reasons"\n'
    )
    said = ("--chain", str(folder / "c.toml"), "--ties", str(folder / "ties.parquet"), "--trace", "-k", "3")
    _, lists = _run(folder, capsys, *said, "--users", str(folder / "users.txt"))
    assert set(lists.column_names) == {"user", "item", "rank", "score", "reason", "source", "trace"}
    _, lists = _run(folder, capsys, "--history", "i00003,i00004", "-k", "4", "--boost", "price < 20=>1.5")
    assert len(lists) == 4
    assert lists["user"].null_count == 4


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (("--filter", "prise < 3"), "no column 'prise': did you mean 'price'"),
        (("--filter", "price <"), "a value is expected"),
        (("--boost", "price < 3"), "CONDITION=>NUMBER"),
        (("--boost", "price < 3=>nan"), "give a finite number"),
        (("--seen", "onli"), "did you mean 'only'"),
        (("--history", "i00003", "--users", "users.txt"), "leave out --users"),
        (("--query", "lamp", "--seen", "keep"), "leave out the options of the chain"),
        (("--filter", "price < 0"), "no item is left"),
    ],
)
def test_mistakes_are_one_line(folder, capsys, said, answer):
    with pytest.raises(SwaylineError) as error:
        _run(folder, capsys, *said)
    assert answer in str(error.value)
