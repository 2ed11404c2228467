"""People, spread and table under attack: what cannot be estimated is refused in one line, or told in the table's own."""

import random
import shutil

import pytest

from swayline.testing.attacks import attack, files_of, unchanged

_DRAWN = random.Random(0)
_ROWS = [(at % 2, _DRAWN.gauss(at % 2, 1.0), _DRAWN.gauss(0, 1), f"g{at % 12}", at) for at in range(120)]


def _table(change=lambda row: row, head="t,y,x,g,id", rows=_ROWS):
    return "\n".join([head, *(",".join(str(value) for value in change(row)) for row in rows)]) + "\n"


TABLES = {
    "good": _table(), "wide": "t,y," + ",".join(f"x{k}" for k in range(3000)) + "\n" + ("".join(f"{k % 2},{k * 7 % 11}," + ",".join(f"{k * (at + 3) % 37}" for at in range(3000)) + "\n" for k in range(40))),
    "empty": "", "head": "t,y,x,g,id\n", "one-row": _table(rows=_ROWS[:1]), "two-rows": _table(rows=_ROWS[:2]),
    "twice-named": _table(head="t,y,x,x,id"), "unnamed": _table(head=",,,,"), "ragged": "t,y,x\n1,2\n1,2,3,4\n", "binary": "\x00\x01\x02", "quotes": 't,y,x\n"1,2,3\n',
    "treated-none": _table(lambda row: ("", *row[1:])), "treated-all": _table(lambda row: (1, *row[1:])), "outcome-none": _table(lambda row: (row[0], "", *row[2:])),
    "outcome-same": _table(lambda row: (row[0], 1, *row[2:])), "outcome-infinite": _table(lambda row: (row[0], "inf", *row[2:])), "outcome-words": _table(lambda row: (row[0], f"w{row[4]}", *row[2:])),
    "outcome-huge": _table(lambda row: (row[0], f"{row[1]}e300", *row[2:])), "control-nan": _table(lambda row: (*row[:2], "nan", *row[3:])), "control-half": _table(lambda row: (*row[:2], "nan" if row[4] % 2 else row[2], *row[3:])),
    "control-infinite": _table(lambda row: (*row[:2], "inf" if row[4] == 7 else row[2], *row[3:])), "control-treatment": _table(lambda row: (*row[:2], row[0], *row[3:])), "control-huge": _table(lambda row: (*row[:2], f"{row[2]}e200", *row[3:])),
    "clusters-none": _table(lambda row: (*row[:3], "", row[4])), "clusters-one": _table(lambda row: (*row[:3], "g", row[4])), "arms-many": _table(lambda row: (row[4], *row[1:])), "dose": _table(lambda row: (row[2], *row[1:])),
}  # fmt: skip
_USUAL = ["--treatment", "t", "--outcome", "y", "--controls", "x"]
_OPTIONS = {
    "treatment-unknown": ["--treatment", "nosuch", "--outcome", "y"], "outcome-unknown": ["--treatment", "t", "--outcome", "nosuch"], "same": ["--treatment", "t", "--outcome", "t"],
    "control-unknown": [*_USUAL[:4], "--controls", "nosuch"], "control-outcome": [*_USUAL[:4], "--controls", "y"], "control-treatment": [*_USUAL[:4], "--controls", "t"],
    "clusters-unknown": [*_USUAL, "--clusters", "nosuch"], "estimand": [*_USUAL, "--estimand", "atx"],
    "learner": [*_USUAL, "--learner", "magic"], "reference": [*_USUAL, "--reference", "9"], "propensity-unknown": [*_USUAL, "--propensity", "nosuch"], "propensity-no-chance": [*_USUAL, "--propensity", "id"],
    "graph-none": [*_USUAL, "--graph", "nosuch.txt"], "graph-words": [*_USUAL, "--graph", "]["], "graph-circle": [*_USUAL, "--graph", "t->y;y->t"], "instrument-unknown": [*_USUAL, "--instrument", "nosuch"],
    "negative-unknown": [*_USUAL, "--negative-controls", "nosuch"], "seed": [*_USUAL, "--seed", "-1"], "injection": ["--treatment", "'; DROP TABLE x; --", "--outcome", "y"], "long": ["--treatment", "x" * 5000, "--outcome", "y"],
    "escape": ["--treatment", "\x1b[2J", "--outcome", "y"],
}  # fmt: skip
REFUSED_TABLES = {
    "empty", "head", "one-row", "two-rows", "twice-named", "unnamed", "ragged", "binary", "quotes", "treated-none", "treated-all",
    "outcome-none", "outcome-same", "outcome-infinite", "outcome-words", "outcome-huge", "control-huge", "wide",
}  # fmt: skip
TIES = {
    "empty": "", "head": "source,target\n", "binary": "\x00\x01", "one-column": "source\nu1\n", "unknown-people": "source,target\nx,y\n", "oneself": "source,target\nu1,u1\n", "null": "source,target\n,\n",
    "other-names": "a,b,c\n1,2,3\n", "quotes": 'source,target\n"u1,u2\n', "long": "source,target\n" + "x" * 100_000 + ",u1\n",
}  # fmt: skip
_PEOPLE = {
    "ties-none": ["--ties", "nosuch.csv"], "ties-folder": ["--ties", "."], "ties-model": ["--ties", "model"], "outcome-unknown": ["--ties", "good.ties", "--outcome", "nosuch"],
    "outcome-half": ["--ties", "good.ties", "--outcome", "view>="], "radius-none": ["--ties", "good.ties", "--max-radius", "0"], "radius-one": ["--ties", "good.ties", "--max-radius", "1"], "radius-below": ["--ties", "good.ties", "--max-radius", "-1"],
    "radius-nan": ["--ties", "good.ties", "--max-radius", "nan"], "seed": ["--ties", "good.ties", "--seed", "x"], "no-ties": [],
}  # fmt: skip
_SPREAD = {
    "no-ledger": ["nosuch.parquet"], "log": ["log.csv"], "folder": ["model"], "other-ledger": ["ledger.parquet"], "ties": ["good.ties"], "binary": ["binary.bin"], "budget-below": ["edges.parquet", "--budget", "-1"],
    "budget-nan": ["edges.parquet", "--budget", "nan"], "model": ["edges.parquet", "--model", "magic"], "costs-none": ["edges.parquet", "--costs", "nosuch.csv"], "costs-log": ["edges.parquet", "--costs", "log.csv"],
    "audience-none": ["edges.parquet", "--audience", "nosuch.txt"], "deadline": ["edges.parquet", "--deadline", "soon"], "deadline-none": ["edges.parquet", "--deadline", "0d"], "seed": ["edges.parquet", "--seed", "x"],
}  # fmt: skip


@pytest.fixture(scope="module")
def here(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("verbs") / "x"
    shutil.copytree(made, folder)
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text)
    for name, text in TIES.items():
        (folder / f"{name}.ties").write_text(text)
    (folder / "good.ties").write_text("source,target\n" + "".join(f"u{a},u{(a + 1) % 20}\n" for a in range(20)))
    (folder / "binary.bin").write_text("\x00\x01")
    return folder


def _refused(words, here):
    before = files_of(here)
    verdict = attack(words, here)
    unchanged(verdict, before, here)
    assert verdict.code in (1, 2), verdict
    assert files_of(here).keys() == before.keys(), verdict


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_refused_or_give_an_estimate(here, tmp_path, name):
    if name in REFUSED_TABLES:
        usual = _USUAL[:4] if name == "wide" else _USUAL
        return _refused(["influence", "table", f"{name}.csv", *usual], here)
    out = tmp_path / "effects.csv"
    extra = ["--clusters", "g"] if name.startswith("clusters") else []
    verdict = attack(["influence", "table", f"{name}.csv", *_USUAL, *extra, "--learner", "linear", "--out", out], here)
    assert (verdict.code == 0) == out.exists(), verdict
    return None


@pytest.mark.parametrize("name", _OPTIONS)
def test_options_of_tables_are_refused(here, name):
    _refused(["influence", "table", "good.csv", *_OPTIONS[name]], here)


@pytest.mark.parametrize("name", TIES)
def test_ties_that_join_nobody_are_refused(here, name):
    _refused(["influence", "people", "log.csv", "--ties", f"{name}.ties"], here)


@pytest.mark.parametrize("name", _PEOPLE)
def test_options_of_people_are_refused(here, name):
    _refused(["influence", "people", "log.csv", *_PEOPLE[name]], here)


@pytest.mark.parametrize("name", _SPREAD)
def test_options_of_spread_are_refused(here, name):
    _refused(["influence", "spread", *_SPREAD[name]], here)
