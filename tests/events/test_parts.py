"""A log in several files, on standard input or in an object store is the log in one file."""

import io
import re
import subprocess
import sys
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qs, unquote

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


class _Bucket(BaseHTTPRequestHandler):
    """As much of S3 as reading needs: list the keys of a bucket, and give an object or a part of one."""

    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]] = {}

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        place, _, query = self.path.partition("?")
        bucket, _, key = unquote(place).lstrip("/").partition("/")
        if bucket != "logs":
            return self._send(404, b"<Error><Code>NoSuchBucket</Code></Error>", body)
        if "list-type" in query:
            return self._send(200, self._listed(parse_qs(query)), body, "application/xml")
        if key not in self.objects:
            return self._send(404 if key else 200, b"<Error><Code>NoSuchKey</Code></Error>" if key else b"", body)
        found, span = self.objects[key], re.match(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        return self._send(206 if span else 200, found[int(span[1]) : int(span[2]) + 1] if span else found, body)

    def _listed(self, asked):
        prefix, mark = asked.get("prefix", [""])[0], asked.get("delimiter", [""])[0]
        keys = [key for key in sorted(self.objects) if key.startswith(prefix)]
        deeper = {
            prefix + key[len(prefix) :].split(mark)[0] + mark for key in keys if mark and mark in key[len(prefix) :]
        }
        here = [key for key in keys if not mark or mark not in key[len(prefix) :]]
        rows = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(self.objects[key])}</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for key in here
        ) + "".join(f"<CommonPrefixes><Prefix>{one}</Prefix></CommonPrefixes>" for one in sorted(deeper))
        n = len(here) + len(deeper)
        return (
            f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>logs</Name><Prefix>{prefix}</Prefix>'
            f"<KeyCount>{n}</KeyCount><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        ).encode()

    def _send(self, code, content, body, kind="application/octet-stream"):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *said):
        pass


@pytest.fixture
def bucket(folder, monkeypatch):
    """A server on this machine that speaks S3, with the parts in the bucket ``logs``."""
    _Bucket.objects = {f"shop/{path.name}": path.read_bytes() for path in folder.iterdir()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bucket)
    Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_ACCESS_KEY_ID": "me",
        "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    yield
    server.shutdown()
    server.server_close()


def test_s3_is_read_by_key_folder_and_pattern(events, folder, bucket):
    whole = read_events(events)
    _same(read_events("s3://logs/shop"), whole)
    _same(read_events("s3://logs/shop/*.parquet"), whole)
    n = pq.read_metadata(folder / "part-1.parquet").num_rows
    assert read_events("s3://logs/shop/part-1.parquet").n_read == n


def test_an_object_that_is_not_there_and_a_store_that_refuses_are_one_line(bucket):
    for address in ("s3://logs/absent.parquet", "s3://nobucket/a.parquet"):
        with pytest.raises(SourceError, match=address) as error:
            read_events(address)
        assert "\n" not in str(error.value)
