"""Knowledge graphs: what is read and refused, what models learn from planted relations, what a relation is worth."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import EmptyLogError, SchemaError, UsageError
from swayline.dataset import from_lists
from swayline.dataset.knowledge import KnowledgeGraph
from swayline.events import ReadOptions, read_events
from swayline.models import create
from swayline.models.graph.shared_entities import shared_paths
from swayline.testing.attacks import command

LOG = pa.table({"user": ["u1", "u1", "u2"], "item": ["a", "b", "c"], "time": [1_700_000_000 + at for at in range(3)]})


def _read(tmp_path, triples, name="kg.tsv", **more):
    (tmp_path / name).write_text(triples)
    return read_events(LOG, options=ReadOptions(graph=str(tmp_path / name), **more))


def test_triples_that_cannot_be_used_are_refused_with_row_and_reason(tmp_path):
    lines = [
        "a\tdirector\tp", "b\tdirector\tp", "a\tdirector\tp", "a\tsequel\ta", "a\tsequel\tb", "b\tsequel\tc", "c\tsequel\ta",
        "x\tdirector\ty", "c\t\tp",
    ]  # fmt: skip
    log = _read(tmp_path, "head\trelation\ttail\n" + "\n".join(lines) + "\n")
    assert [(row["row"], row["reason"]) for row in log.rejected.to_pylist()] == [
        (4, "is named twice; the first stands"), (5, "closes a circle in its relation"),
        (8, "closes a circle in its relation"), (9, "hangs together with no item of the log"), (10, "is missing"),
    ]  # fmt: skip
    assert log.graph.to_pylist()[0] == {"head": "a", "relation": "director", "tail": "entity:p"}
    assert len(log.graph) == 4


def test_items_are_linked_to_entities_by_a_table_and_contradictions_are_refused(tmp_path):
    (tmp_path / "items.csv").write_text("item,entity\na,1\nb,2\nb,3\nc,4\nzz,5\n")
    log = _read(
        tmp_path,
        "1\tby\ta\n2\tby\ta\n4\tby\ta\n",
        graph_columns=("head", "relation", "tail"),
        graph_items=str(tmp_path / "items.csv"),
    )
    assert [row["head"] for row in log.graph.to_pylist()] == ["a", "entity:2", "c"]
    assert {row["tail"] for row in log.graph.to_pylist()} == {"entity:a"}
    assert [(row["row"], row["value"]) for row in log.rejected.to_pylist()] == [(3, "b"), (4, "b")]


def test_n_triples_are_read_and_lines_that_are_none_refused(tmp_path):
    text = '<a> <by> <p> .\n# note\n<b> <by> _:p1 .\n<c> <title> "C \\" one"@en .\n<c> <title> nothing\n<a> <by> "x" <g> .\n'
    log = _read(tmp_path, text, "kg.nt")
    assert [row["tail"] for row in log.graph.to_pylist()] == ["entity:p", "entity:_:p1", 'entity:C \\" one']
    assert [(row["row"], row["reason"]) for row in log.rejected.to_pylist()] == [
        (5, "is no N-Triples statement"), (6, "is no N-Triples statement"),
    ]  # fmt: skip


def test_a_graph_about_other_items_is_an_error(tmp_path):
    with pytest.raises(EmptyLogError, match="--graph-items"):
        _read(tmp_path, "x\tby\ty\n", graph_columns=("head", "relation", "tail"))


def _world(seed=0, n_users=400, n_items=60, groups=6):
    """Each person takes items of one group; only the graph says which items those are where few have been taken."""
    rng = np.random.default_rng(seed)
    group = np.arange(n_items) % groups
    lists = [
        rng.choice(np.flatnonzero(group == rng.integers(groups)), 4, replace=False).tolist() for _ in range(n_users)
    ]
    told = KnowledgeGraph(
        np.r_[np.arange(n_items), np.arange(n_items)],
        np.r_[np.zeros(n_items, np.int64), np.ones(n_items, np.int64)],
        n_items + np.r_[group, groups + rng.integers(groups, size=n_items)],
        ("director", "noise"), tuple(f"e{one}" for one in range(2 * groups)), n_items,
    )  # fmt: skip
    return replace(from_lists(lists, n_items), graph=told), group


@pytest.mark.parametrize(
    ("name", "settings"), [("shared-entities", {}), ("graph", {"max_epochs": 30, "embedding_dim": 16})]
)
def test_a_planted_relation_brings_items_that_nobody_took_to_the_front(name, settings):
    world, group = _world()
    cold = world.items < 6
    train = world.keep(~cold)
    asked = from_lists([[int(np.flatnonzero(group == one)[2])] for one in range(6)], 60)

    def rank_of_cold(model):
        scores = model.score(asked)
        return np.mean([(scores[one] > scores[one, one]).sum() for one in range(6)])

    told = rank_of_cold(create(name, **settings).fit(train))
    blind = rank_of_cold(create(name, **settings).fit(replace(train, graph=world.graph.without("director"))))
    assert told < 15
    assert blind > told + 5


def test_without_a_graph_the_error_says_how_to_give_one():
    with pytest.raises(SchemaError, match="--graph FILE"):
        create("graph").fit(from_lists([[0, 1]], 2))


def test_an_unknown_relation_is_named_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'director'"):
        _world()[0].graph.without("directr")


def test_paths_say_which_entity_two_items_share_the_rarest_first():
    world, _ = _world()
    paths = shared_paths(world.graph, 0, 6, [f"i{one}" for one in range(60)])
    assert str(paths[0]) == 'both have director "e0" (10 items)'
    assert shared_paths(world.graph.without("*"), 0, 6, []) == []


def test_the_verb_says_what_relations_are_worth_as_rows_of_the_ledger(tmp_path):
    world, _ = _world(n_users=120)
    users = np.repeat(np.arange(120), world.lengths)
    (tmp_path / "log.csv").write_text(
        "\n".join(["user,item", *(f"u{u},i{i}" for u, i in zip(users, world.items, strict=True))])
    )
    graph = world.graph
    rows = [
        f"i{h},{graph.names[r]},{graph.entities[t - 60]}"
        for h, r, t in zip(graph.heads, graph.relations, graph.tails, strict=True)
    ]
    (tmp_path / "kg.csv").write_text("\n".join(["head,relation,tail", *rows]))
    words = [
        "evaluate",
        "log.csv",
        "--ordered",
        "--graph",
        "kg.csv",
        "--model",
        "shared-entities",
        "--without",
        "relation=director",
    ]
    done = command(
        [*words, "--without", "relation=*", "--ledger", "worth.parquet", "--out", "m.json", "--json", "--quiet"],
        tmp_path,
    )
    assert done.code == 0, done.err
    rows = {
        row["cause"]: row for row in pq.read_table(tmp_path / "worth.parquet").to_pylist() if row["unit"] == "ndcg@10"
    }
    assert {row["cause_kind"] for row in rows.values()} == {"relation"}
    assert rows["director"]["ci_low"] > 0
    assert rows["*"]["estimate"] >= rows["director"]["ci_low"]
