"""Links between accounts: planted people are found, nobody is joined across a wall, contradictions are refused."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import DataError, EmptyLogError, UsageError
from swayline.events import ReadOptions, read_events
from swayline.events.links import read_links
from swayline.identities import LinkSettings, Platform, Walls, link_accounts, read_claims, read_walls
from swayline.identities.assign import assign
from swayline.testing.attacks import command


def _world(n=150, noise=0.3, seed=0):
    """Two graphs of the same people under other ids: each keeps most ties of a hidden one."""
    rng = np.random.default_rng(seed)
    edges = np.argwhere(rng.random((n, n)) < 10 / n)
    edges = edges[edges[:, 0] != edges[:, 1]]
    names = [f"b{one}" for one in rng.permutation(n)]
    sides = [edges[rng.random(len(edges)) > noise] for _ in range(2)]
    a = Platform.of(
        "a", ties=pa.table({"source": [f"a{x}" for x in sides[0][:, 0]], "target": [f"a{x}" for x in sides[0][:, 1]]})
    )
    b = Platform.of(
        "b", ties=pa.table({"source": [names[x] for x in sides[1][:, 0]], "target": [names[x] for x in sides[1][:, 1]]})
    )
    return a, b, {f"a{one}": names[one] for one in range(n)}


def _seeds(truth, a, b, n, walls=None):
    rows = list(truth.items())[:n]
    return read_claims(
        pa.table({"source": [one for one, _ in rows], "target": [other for _, other in rows]}), a, b, walls or Walls()
    )


@pytest.fixture(scope="module")
def linked():
    a, b, truth = _world()
    return link_accounts(a, b, _seeds(truth, a, b, 40)), truth


def test_planted_people_are_found_in_the_graph_from_few_seeds(linked):
    found, truth = linked
    rows = [row for row in found.table.to_pylist() if row["method"] == "model"]
    right = [truth[row["source"]] == row["target"] for row in rows]
    assert len(rows) > 60
    assert np.mean(right) > 0.9
    assert found.reliability.gap < 0.25


def test_each_account_is_in_one_link_at_most_and_says_why(linked):
    table = linked[0].table
    for column in ("source", "target"):
        assert len(set(table[column].to_pylist())) == len(table)
    assert all(0.5 <= one <= 1 for one in table["probability"].to_pylist())
    assert all("linked neighbours" in row["evidence"] for row in table.to_pylist() if row["method"] == "model")


def test_nobody_is_found_where_the_graphs_are_of_different_people():
    a, _, truth = _world(seed=1)
    _, other, _ = _world(seed=2)
    found = link_accounts(a, other, _seeds(truth, a, other, 40))
    assert len(found.table.filter(pa.compute.equal(found.table["method"], "model"))) <= 3


def test_a_smaller_overlap_makes_every_probability_smaller():
    a, b, truth = _world()
    seeds = _seeds(truth, a, b, 40)
    few = link_accounts(a, b, seeds, settings=LinkSettings(overlap=0.4, rounds=1))
    assert [row for row in few.table.to_pylist() if row["method"] == "model"] == []


def test_behaviour_alone_links_halves_of_people_without_any_known_link():
    rng = np.random.default_rng(0)
    tables = ([], [])
    for person in range(80):
        liked = rng.choice(400, 40, replace=False)
        for at, item in enumerate(rng.choice(liked, 60)):
            tables[at % 2].append((f"{'ab'[at % 2]}{person}", f"i{item}"))
    a, b = (
        Platform.of(name, events=pa.table({"user": [one for one, _ in rows], "item": [item for _, item in rows]}))
        for name, rows in zip("ab", tables, strict=True)
    )
    found = link_accounts(a, b)
    right = [row["source"][1:] == row["target"][1:] for row in found.table.to_pylist()]
    assert len(right) > 40
    assert np.mean(right) > 0.9
    assert "cut in two" in found.notes[0]


def _people(mails, **more):
    return pa.table({"user": [f"u{at}" for at in range(len(mails))], "mail": mails, **more})


def test_keys_link_exactly_and_one_that_several_hold_links_nobody():
    a = Platform.of("a", users=_people(["X1", "x2", "x3", "x3", None]))
    b = Platform.of("b", users=_people(["x2 ", "x1", "x3", None, "x9"]))
    found = link_accounts(a, b, settings=LinkSettings(keys=("mail",)))
    assert {(row["source"], row["target"], row["method"]) for row in found.table.to_pylist()} == {
        ("u0", "u1", "key"),
        ("u1", "u0", "key"),
    }
    assert [(row["row"], row["column"], row["reason"]) for row in found.rejected.to_pylist()] == [
        (3, "mail", "is a key that several accounts hold"), (4, "mail", "is a key that several accounts hold"),
    ]  # fmt: skip


def test_walls_hold_against_keys_and_known_links():
    a = Platform.of("a", users=_people(["x1", "x2", "x3"], region=["eu", "eu", "us"]))
    b = Platform.of("b", users=_people(["x1", "x2", "x3"], region=["eu", "us", None]))
    walls = read_walls(pa.table({"source": ["u2"], "target": ["*"]}), ["region"], a, b)
    found = link_accounts(a, b, walls=walls, settings=LinkSettings(keys=("mail",)))
    assert [(row["source"], row["target"]) for row in found.table.to_pylist()] == [("u0", "u0")]
    with pytest.raises(EmptyLogError, match="a wall stands"):
        read_claims(pa.table({"source": ["u1"], "target": ["u1"]}), a, b, walls)


def test_a_wall_between_platforms_links_nobody():
    a, b, _ = _world(60)
    wall = {"source": ["*"], "target": ["*"], "source_platform": ["b"], "target_platform": ["a"]}
    with pytest.raises(DataError, match="a wall stands between a and b"):
        read_walls(pa.table(wall), (), a, b)


def test_claims_that_contradict_are_all_refused_with_row_and_reason():
    a, b, truth = _world(60)
    rows = [
        ("a0", truth["a0"]),
        ("a1", truth["a1"]),
        ("a1", truth["a2"]),
        ("a0", truth["a0"]),
        ("zz", truth["a3"]),
        ("a4", truth["a5"]),
        ("a6", truth["a5"]),
    ]
    table = pa.table({"source": [one for one, _ in rows], "target": [other for _, other in rows]})
    claims = read_claims(table, a, b, Walls())
    assert len(claims) == 1
    assert [(row["row"], row["reason"].split(":")[0]) for row in claims.rejected.to_pylist()] == [
        (2, "contradicts other rows"), (3, "contradicts other rows"), (4, "is named twice; the first stands"),
        (5, "is no account of a"), (6, "contradicts other rows"), (7, "contradicts other rows"),
    ]  # fmt: skip


def test_nothing_to_learn_from_is_told():
    a, b, _ = _world(60)
    with pytest.raises(DataError, match="--seeds"):
        link_accounts(a, b)
    with pytest.raises(UsageError, match="0.5"):
        LinkSettings(at_least=0)


def test_assignment_is_one_to_one_and_of_the_largest_total():
    rows, columns = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert assign(rows, columns, np.array([0.9, 0.8, 0.85, 0.1]), 0.5).tolist() == [1, 2]


def _log(**more):
    return pa.table(
        {
            "user": ["1", "1", "k", "2"],
            "item": ["x", "y", "z", "x"],
            "time": [1_700_000_000 + at for at in range(4)],
            **more,
        }
    )


def test_reading_applies_links_and_keeps_what_each_account_was_called(tmp_path):
    path = tmp_path / "links.csv"
    path.write_text("source,target\n1,k\n3,q\n3,r\n")
    log = read_events(
        _log(), options=ReadOptions(links=str(path)), ties=pa.table({"source": ["k", "2"], "target": ["2", "k"]})
    )
    assert log.events["user"].to_pylist() == ["1", "1", "1", "2"]
    assert log.events["account"].to_pylist() == ["1", "1", "k", "2"]
    assert log.ties.to_pylist() == [{"source": "1", "target": "2"}, {"source": "2", "target": "1"}]
    assert [row["row"] for row in log.rejected.to_pylist()] == [3, 4]


def test_with_platforms_equal_ids_of_two_platforms_stay_two_people(tmp_path):
    path = tmp_path / "links.csv"
    path.write_text("source,target,source_platform,target_platform\n1,2,web,app\n")
    log = read_events(_log(platform=["web", "app", "web", "app"]), options=ReadOptions(links=str(path)))
    assert log.events["user"].to_pylist() == ["1", "app/1", "k", "1"]
    with pytest.raises(DataError, match="need a column 'platform'"):
        read_events(_log(), options=ReadOptions(links=str(path)))


def test_an_id_on_both_sides_without_platforms_is_refused():
    with pytest.raises(DataError, match="a source and a target"):
        read_links(pa.table({"source": ["1", "2"], "target": ["2", "3"]}))


def test_the_verb_links_and_a_verb_applies_its_links(tmp_path):
    a, b, truth = _world(100)
    for platform in (a, b):
        pq.write_table(platform.ties, tmp_path / f"{platform.name}.parquet")
    rows = list(truth.items())[:30]
    (tmp_path / "seeds.csv").write_text(
        "\n".join(["source,target", *(f"{one},{other}" for one, other in rows), f"a50,{rows[0][1]}"])
    )
    done = command(
        [
            "link",
            "a.parquet",
            "b.parquet",
            "--holds",
            "ties",
            "--seeds",
            "seeds.csv",
            "--out",
            "links.parquet",
            "--json",
            "--quiet",
        ],
        tmp_path,
    )
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["by_method"]["seed"] == 29
    assert told["rejected"] == 2
    assert told["reliability"]["n"] == 29
    log = [(one, "x", at) for at, (one, _) in enumerate(rows)] + [
        (other, "y", 100 + at) for at, (_, other) in enumerate(rows)
    ]
    (tmp_path / "log.csv").write_text(
        "\n".join(["user,item,time,platform", *(f"{u},{i},{1_700_000_000 + t},{u[0]}" for u, i, t in log)])
    )
    done = command(["fit", "log.csv", "--model", "most-popular", "--links", "links.parquet", "--json"], tmp_path)
    assert done.code == 0, done.err
    assert json.loads(done.out)["users"] in (30, 31)


def test_misuse_is_told_in_one_line(tmp_path):
    done = command(["link", "a.csv", "b.csv", "--holds", "trees"], tmp_path)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "did you mean 'ties'" in done.err
    done = command(["link", "missing.csv", "b.csv", "--holds", "ties"], tmp_path)
    assert (done.code, done.err.count("\n")) == (1, 1)
