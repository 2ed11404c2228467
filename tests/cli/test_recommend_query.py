import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from swayline.testing.attacks import command


def swayline(*words, cwd="."):
    return command(words, Path(cwd))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    rows = [f"u{user},i{(user + step) % 6},view,{1_700_000_000 + 60 * step}" for user in range(12) for step in range(4)]
    (folder / "events.csv").write_text("user,item,behavior,time\n" + "\n".join(rows) + "\n")
    titles = ["Red nail polish", "Blue desk lamp", "Garden hose", "Running shoe", "Coffee grinder", "Wool scarf"]
    lines = [f"i{place},{title}" for place, title in enumerate(titles)]
    (folder / "items.csv").write_text("item,title\n" + "\n".join(lines) + "\n")
    done = swayline(
        "fit", folder / "events.csv", "--items", folder / "items.csv", "--model", "item-knn", "--out", folder / "m"
    )
    assert done.code == 0, done.err
    return folder / "m"


def test_a_query_shows_and_writes_the_items_that_answer_it(model, tmp_path):
    done = swayline(
        "recommend", model, "--query", "lamp for a desk", "-k", 2, "--out", tmp_path / "r.parquet", "--json"
    )
    assert done.code == 0, done.err
    table = pq.read_table(tmp_path / "r.parquet")
    assert table.column_names == ["item", "rank", "score"]
    assert table["item"].to_pylist()[0] == "i1"
    assert json.loads(done.out)["items"][0]["item"] == "i1"
    assert list((model / "vectors").rglob("*.safetensors"))


def test_with_users_each_has_answers_of_their_own(model, tmp_path):
    (tmp_path / "users.txt").write_text("u1\nu4\n")
    done = swayline(
        "recommend",
        model,
        "--query",
        "scarf",
        "--users",
        tmp_path / "users.txt",
        "-k",
        2,
        "--out",
        tmp_path / "r.parquet",
    )
    assert done.code == 0, done.err
    rows = pq.read_table(tmp_path / "r.parquet").to_pylist()
    assert {row["user"] for row in rows} == {"u1", "u4"}
    assert all(row["item"] == "i5" for row in rows if row["rank"] == 1)


def test_an_empty_query_and_an_encoder_without_one_are_misuse(model, tmp_path):
    assert swayline("recommend", model, "--query", " ", "--out", tmp_path / "r.parquet").code == 2
    done = swayline("recommend", model, "--encoder", tmp_path / "encoder", "--out", tmp_path / "r.parquet")
    assert done.code == 2
    assert "--query" in done.err


def test_a_query_that_the_encoder_cannot_read_says_so(model, tmp_path):
    done = swayline("recommend", model, "--query", "台灯", "--out", tmp_path / "r.parquet")
    assert done.code == 0, done.err
    assert "words alone" in done.err


def test_fit_takes_settings_of_the_model_by_name(model, tmp_path):
    shop = (model.parent / "events.csv", "--items", model.parent / "items.csv", "--out", tmp_path / "m")
    small = ("--set", "fusion=concatenate", "--set", "max_epochs=1", "--set", "embedding_dim=8")
    done = swayline("fit", *shop, *small)
    assert done.code == 0, done.err
    stored = json.loads((tmp_path / "m" / "model.json").read_text())
    assert stored["settings"] | {"fusion": "concatenate", "max_epochs": 1, "embedding_dim": 8} == stored["settings"]
    for said, message in (("fusion", "NAME=VALUE"), ("fusoin=gate", "did you mean 'fusion'")):
        refused = swayline("fit", *shop, "--set", said)
        assert refused.code != 0
        assert message in refused.err
