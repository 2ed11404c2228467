"""The verbs as a person runs them: tables written, lines told, mistakes in one line."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import swayline as sw
from swayline.testing.attacks import command
from swayline.trust.attack import attacked


@pytest.fixture(scope="module")
def folder(tmp_path_factory, people):
    place = tmp_path_factory.mktemp("trust")
    made = attacked(people, "average", 0.05, seed=1)
    pq.write_table(made.log.events.drop_columns(["row"]), place / "events.parquet")
    pq.write_table(pa.table({"source": ["p1"], "target": ["p2"]}), place / "ties.parquet")
    names = ["p1", "p2", *made.attackers]
    pq.write_table(pa.table({"user": names, "label": [0, 0] + [1] * len(made.attackers)}), place / "few.parquet")
    return place, made


def test_fraud_writes_a_table_and_tells_who_and_why(folder):
    place, made = folder
    done = command(
        ["trust", "fraud", "events.parquet", "--ties", "ties.parquet", "--out", "f.parquet", "--json"], place
    )
    assert done.code == 0, done.err
    told = json.loads(done.out)
    table = pq.read_table(place / "f.parquet")
    assert table.column_names == ["kind", "id", "score", "flagged", "reason"]
    assert (
        told["people_flagged"]
        == sum(row["flagged"] for row in table.to_pylist() if row["kind"] == "user")
        >= 0.7 * len(made.attackers)
    )
    assert all(row["reason"] for row in table.to_pylist() if row["flagged"])
    assert all(0 <= row["score"] <= 1 for row in table.to_pylist())


def test_too_few_labels_end_in_one_line(folder):
    done = command(["trust", "fraud", "events.parquet", "--labels", "few.parquet", "--out", "g.parquet"], folder[0])
    assert (done.code, "10 of each" in done.err, len(done.err.strip().splitlines())) == (1, True, 1)


def test_attack_tells_what_defences_cut(folder):
    words = ["trust", "attack", "events.parquet", "--model", "most-popular", "--kind", "random", "--targets", "1",
             "--defence", "quarantine", "--out", "a.csv", "--json"]  # fmt: skip
    done = command(words, folder[0])
    assert done.code == 0, done.err
    assert [row["defence"] for row in json.loads(done.out)["defences"]] == ["none", "quarantine"]
    wrong = command(["trust", "attack", "events.parquet", "--kind", "shove", "--out", "b.csv"], folder[0])
    assert (wrong.code, "unknown" in wrong.err) == (2, True)


def test_the_public_functions_answer_the_same(people):
    found = sw.trust_fraud(people)
    assert sum(found["flagged"].to_pylist()) == 0
    assert len(found.notes) >= 1
    lift = sw.trust_attack(people, "most-popular", "random", targets=1, defences=("quarantine",))
    assert lift["defence"].to_pylist() == ["none", "quarantine"]
