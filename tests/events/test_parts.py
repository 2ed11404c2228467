"""A log in several files, on standard input or in an object store is the log in one file."""

import io
import subprocess
import sys
import uuid

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from swayline.core.errors import EmptyLogError, SchemaError, SourceError, UsageError
from swayline.events import read_events
from swayline.testing.shop import small_shop


@pytest.fixture(scope="module")
def events():
    return small_shop(events=2_000).events


@pytest.fixture
def folder(events, tmp_path):
    """Three Parquet parts with a marker and a hidden file beside them, as Spark writes them."""
    parts = tmp_path / "parts"
    parts.mkdir()
    third = len(events) // 3
    for at, start in enumerate((0, third, 2 * third)):
        pq.write_table(events.slice(start, third if at < 2 else None), parts / f"part-{at}.parquet")
    (parts / "_SUCCESS").write_text("")
    (parts / ".part-0.parquet.crc").write_bytes(b"crc")
    return parts


def _same(log, whole):
    assert log.events.equals(whole.events)
    assert (log.n_read, log.n_duplicates) == (whole.n_read, whole.n_duplicates)


@pytest.mark.parametrize("form", ["folder", "glob", "list", "nested"])
def test_parts_are_the_log_they_are_parts_of(events, folder, form):
    files = sorted(folder.glob("*.parquet"))
    source = {"folder": folder, "glob": f"{folder}/part-*.parquet", "list": files, "nested": [files[0], *files[1:]]}[
        form
    ]
    _same(read_events(source), read_events(events))


def test_csv_parts_have_rows_of_their_own_and_rejects_say_where(tmp_path):
    (tmp_path / "a.csv").write_text("user,item,time\nu1,i1,1\nu2,,2\n")
    (tmp_path / "b.csv").write_text("user,item,time\nu3,i1,3\nu4,i2,soon\nu5,i2,5\n")
    log = read_events(tmp_path)
    assert log.events["user"].to_pylist() == ["u1", "u3", "u5"]
    assert len(set(log.events["row"].to_pylist())) == 3
    told = [(one["file"], one["row"], one["column"]) for one in log.rejected.to_pylist()]
    assert told == [(str(tmp_path / "a.csv"), 3, "item"), (str(tmp_path / "b.csv"), 3, "time")]


def test_parts_with_other_columns_or_kinds_are_one_line(folder, tmp_path):
    other = tmp_path / "more.parquet"
    pq.write_table(pa.table({"user": ["a"], "item": ["b"], "color": ["c"], "time": [1]}), other)
    with pytest.raises(SchemaError, match=r"more.parquet lacks .* and adds color, unlike .*part-0.parquet"):
        read_events([folder, other])
    for at, user in enumerate((["a"], [1])):
        pq.write_table(pa.table({"user": user, "item": ["b"], "time": [1]}), tmp_path / f"kind-{at}.parquet")
    with pytest.raises(SchemaError, match="'user' holds whole numbers, in .* it holds text"):
        read_events(f"{tmp_path}/kind-*.parquet")
    for name, header in (("x.csv", "user,item,time"), ("y.csv", "user,thing,time")):
        (tmp_path / name).write_text(f"{header}\nu,i,1\n")
    with pytest.raises(SchemaError, match="y.csv lacks item and adds thing"):
        read_events([tmp_path / "x.csv", tmp_path / "y.csv"])


def test_side_tables_may_be_parts(events, tmp_path):
    shop = small_shop(events=2_000)
    half = len(shop.items) // 2
    (tmp_path / "items").mkdir()
    for at, start in enumerate((0, half)):
        pq.write_table(shop.items.slice(start, half if at == 0 else None), tmp_path / "items" / f"{at}.parquet")
    log = read_events(events, items=tmp_path / "items")
    assert log.items.equals(read_events(events, items=shop.items).items)


def test_what_names_no_file_is_one_line(tmp_path):
    with pytest.raises(SourceError, match="folder without a file of events"):
        read_events(tmp_path)
    with pytest.raises(SourceError, match="matches no file"):
        read_events(f"{tmp_path}/*.parquet")
    with pytest.raises(UsageError, match="no file is named"):
        read_events([])
    with pytest.raises(UsageError, match="a list of paths, not of int"):
        read_events([1, 2])


def test_standard_input_is_a_log(events, monkeypatch):
    text = io.BytesIO()
    csv.write_csv(events.select(["user", "item", "behavior", "time"]), text)

    class Piped:
        buffer = io.BytesIO(text.getvalue())

        @staticmethod
        def isatty():
            return False

    monkeypatch.setattr(sys, "stdin", Piped)
    assert len(read_events("-")) == len(read_events(events.select(["user", "item", "behavior", "time"])))
    Piped.buffer = io.BytesIO(b"")
    with pytest.raises(EmptyLogError, match="standard input is empty"):
        read_events("-")


def test_the_command_line_takes_a_pipe_a_folder_and_several_files(folder, tmp_path):
    (tmp_path / "a.csv").write_text("user,item,time\nu1,i1,1\n")
    (tmp_path / "b.csv").write_text("user,item,time\nu2,i1,2\n")

    def run(*words, given=None):
        return subprocess.run(
            [sys.executable, "-m", "swayline.cli", *map(str, words)],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    done = run("check", "-", given="user,item,time\nu1,i1,1\nu2,i1,2\n")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "2 rows read, 2 kept, 0 repeats, 0 rejected"), (
        done.stderr
    )
    done = run("check", tmp_path / "a.csv", tmp_path / "b.csv")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "2 rows read, 2 kept, 0 repeats, 0 rejected"), (
        done.stderr
    )
    assert run("check", folder).returncode == 0


@pytest.fixture
def store():
    """An object store in memory, which fsspec brings."""
    fsspec = pytest.importorskip("fsspec")
    fs, name = fsspec.filesystem("memory"), uuid.uuid4().hex
    yield fs, f"/{name}"
    if fs.exists(f"/{name}"):
        fs.rm(f"/{name}", recursive=True)


def test_an_object_store_is_read_by_key_folder_and_pattern(events, folder, store):
    fs, root = store
    for path in sorted(folder.iterdir()):
        fs.pipe_file(f"{root}/parts/{path.name}", path.read_bytes())
    whole = read_events(events)
    _same(read_events(f"memory:/{root}/parts"), whole)
    _same(read_events(f"memory:/{root}/parts/*.parquet"), whole)
    part = read_events(f"memory:/{root}/parts/part-0.parquet")
    assert part.n_read == pq.read_metadata(folder / "part-0.parquet").num_rows


def test_a_store_that_refuses_is_one_line_without_its_secrets(store):
    _, root = store
    with pytest.raises(SourceError, match="holds no file of events|does not exist"):
        read_events(f"memory:/{root}/nothing")
    with pytest.raises(UsageError, match="is no address that can be read|object-stores") as error:
        read_events("teapot://me:secret@bucket/key.parquet")
    assert "secret" not in str(error.value)


@pytest.fixture(scope="module")
def bucket():
    """A server that speaks S3, on this machine."""
    pytest.importorskip("s3fs", reason="needs the extra object-stores")
    server = pytest.importorskip("moto.server", reason="needs moto[server]")
    served = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    served.start()
    host, port = served.get_host_and_port()
    yield f"http://{host}:{port}"
    served.stop()


def test_s3_is_read_as_its_clients_speak_it(events, folder, bucket, monkeypatch):
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": bucket, "AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="logs")
    for path in sorted(folder.glob("*.parquet")):
        client.put_object(Bucket="logs", Key=f"shop/{path.name}", Body=path.read_bytes())
    _same(read_events("s3://logs/shop"), read_events(events))
    _same(read_events("s3://logs/shop/*.parquet"), read_events(events))
    with pytest.raises(SourceError, match="s3://logs/absent"):
        read_events("s3://logs/absent")
    with pytest.raises(SourceError, match="s3://nobucket/a.parquet"):
        read_events("s3://nobucket/a.parquet")
