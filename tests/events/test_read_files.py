"""Files that are no log, and sound logs in every dress: a clear one-line error, or the rows."""

import gzip
import io
import sqlite3
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.events.conftest import Reader, accounts

from swayline.core.errors import DataError, EmptyLogError, SchemaError, SourceError, SwaylineError, UsageError
from swayline.events import ReadOptions, parse_mapping, read_events
from swayline.events.options import MAX_COLUMNS
from swayline.events.sources import lines
from swayline.events.sources.delimited import reader

LOG = "user,item,behavior,time\nu1,i1,view,1511544070\nu2,i2,cart,1511544071\n"


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("log.csv", LOG)
    return held.getvalue()


def sqlite(tmp_path: Path) -> bytes:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    connection.close()
    return (tmp_path / "x.db").read_bytes()


def parquet() -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({"user": ["u1", "u2"], "item": ["i1", "i2"], "time": [1511544070, 1511544071]}), held)
    return held.getvalue()


NO_LOGS = [
    ("empty.csv", b"", EmptyLogError, "is empty"),
    ("blank.csv", b"\n \r\n\t\n", EmptyLogError, "is empty"),
    ("bom.csv", b"\xef\xbb\xbf", EmptyLogError, "is empty"),
    ("empty.csv.gz", gzip.compress(b""), EmptyLogError, "is empty"),
    ("empty.jsonl", b"", EmptyLogError, "is empty"),
    ("empty.parquet", b"", EmptyLogError, "is empty"),
    ("header.csv", b"user,item,behavior,time\n", EmptyLogError, "0 rows read"),
    ("header_unended.csv", b"user,item,behavior,time", EmptyLogError, "0 rows read"),
    ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(64), SourceError, "a picture"),
    ("archive.csv", zipped(), SourceError, "a zip archive"),
    ("archive.parquet", zipped(), SourceError, "a zip archive"),
    ("utf16.csv", LOG.encode("utf-16"), SourceError, "UTF-16"),
    ("utf16le.csv", LOG.encode("utf-16-le"), SourceError, "UTF-16"),
    ("utf32.csv", LOG.encode("utf-32-be"), SourceError, "UTF-32"),
    ("paper.csv", b"%PDF-1.7\n", SourceError, "a PDF"),
    ("page.csv", b"<!DOCTYPE html><html></html>", SourceError, "a web page"),
    ("pickle.csv", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01.", SourceError, "pickle"),
    ("zeros.csv", bytes(10_000), SourceError, "binary"),
    ("twice.csv.gz", gzip.compress(gzip.compress(LOG.encode())), SourceError, "compressed twice"),
    ("cut.csv.gz", gzip.compress(LOG.encode() * 50)[:-12], SourceError, "truncated gzip"),
    ("crc.csv.gz", gzip.compress(LOG.encode())[:-8] + b"\0" * 8, SourceError, "damaged or truncated gzip"),
    ("odd.csv.gz", b"\x1f\x8b" + bytes(30), SourceError, "damaged or truncated gzip"),
    ("mac.csv", LOG.replace("\n", "\r").encode(), SourceError, "CR alone"),
    ("text.parquet", LOG.encode(), SourceError, "is no Parquet file"),
    ("cut.parquet", parquet()[:-20], SourceError, "cannot be read as Parquet"),
    ("head.parquet", b"PAR1", SourceError, "cannot be read as Parquet"),
    (
        "footer.parquet",
        b"PAR1" + b"\xff" * 40 + struct.pack("<I", 40) + b"PAR1",
        SourceError,
        "cannot be read as Parquet",
    ),
    ("list.json", b'[{"user": 1, "item": 2, "time": 3}]', SourceError, "one JSON list"),
    ("scalars.jsonl", b"1\n2\n", EmptyLogError, "line 1 is no JSON object"),
    ("broken.jsonl", b'{"user": \n', EmptyLogError, "is no JSON"),
    ("deep.jsonl", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, EmptyLogError, "is no JSON"),
    ("no_user.csv", b"who,item,time\na,b,1\n", SchemaError, "told to be the user; it has: who, item, time"),
    ("no_item.csv", b"user,time\na,1\n", SchemaError, "told to be the item"),
    ("no_time.csv", b"user,item\na,b\n", SchemaError, "--ordered"),
    ("no_header.csv", b"u1,i1,view,1511544070\n", SchemaError, "--columns"),
    ("no_keys.jsonl", b'{"a": 1}\n', SchemaError, "told to be the user; it has: a"),
    ("twice.csv", b"user,user,item,time\na,a,b,1\n", SchemaError, "2 columns named 'user'"),
    ("typed_twice.csv", b"user:token,User,item,time\na,a,b,1\n", SchemaError, "2 columns named 'user'"),
    ("odd_names.csv", b"us\x1ber,it\xffem,time\na,b,1\n", SchemaError, "told to be the user"),
    ("wide.csv", ",".join(f"c{n}" for n in range(MAX_COLUMNS + 1)).encode() + b"\n", SchemaError, "at most 10000"),
    (
        "wide.jsonl",
        ("{" + ",".join(f'"c{n}":0' for n in range(MAX_COLUMNS + 1)) + "}").encode(),
        SchemaError,
        "at most 10000",
    ),
]


@pytest.mark.parametrize(("name", "content", "kind", "reason"), NO_LOGS, ids=[one[0] for one in NO_LOGS])
def test_a_file_that_is_no_log_is_refused_in_one_line(
    read: Reader, name: str, content: bytes, kind: type[SwaylineError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        read(content, name)
    message = str(caught.value)
    assert reason in message
    assert name in message
    assert message.isprintable()
    assert len(message) < 2500


def test_a_database_named_csv_is_called_what_it_is(read: Reader, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="an SQLite database"):
        read(sqlite(tmp_path))


def test_missing_files_folders_and_odd_paths_are_told(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name, reason in (
        ("none.csv", "does not exist"),
        ("none.parquet", "does not exist"),
        ("folder.csv", "is a folder"),
        ("a\0b", "cannot be opened"),
        ("x" * 5000, "cannot be opened"),
        ("new\nline.csv", "does not exist"),
        ("none.csv/log.csv", "does not exist"),
    ):
        with pytest.raises(SourceError, match=reason) as caught:
            read_events(tmp_path / name)
        assert str(caught.value).isprintable()


DRESSES = [
    ("crlf.csv", LOG.replace("\n", "\r\n").encode()),
    ("mixed_ends.csv", LOG.replace("\n", "\r\n", 2).encode()),
    ("unended.csv", LOG.rstrip("\n").encode()),
    ("bom.csv", b"\xef\xbb\xbf" + LOG.encode()),
    ("blank_lines.csv", b"\n\r\n" + LOG.replace("\n", "\n\n \n").encode()),
    ("log.csv.gz", gzip.compress(LOG.encode())),
    ("log.csv.zst", bytes(pa.compress(LOG.encode(), codec="zstd", asbytes=True))),
    ("members.csv.gz", gzip.compress(LOG[:30].encode()) + gzip.compress(LOG[30:].encode())),
    ("misnamed.parquet.csv", parquet()),
    ("misnamed.csv", parquet()),
    ("log", LOG.encode()),
    ("log.tsv", LOG.replace(",", "\t").encode()),
    ("log.txt", LOG.replace(",", ";").encode()),
    ("log.dat", LOG.replace(",", "|").encode()),
    ("blanks.txt", LOG.replace(",", " ").encode()),
    ("many_blanks.txt", LOG.replace(",", "   ").replace("\n", " \n  ").encode()),
    ("quoted.csv", "\n".join(",".join(f'"{one}"' for one in line.split(",")) for line in LOG.split()).encode()),
    ("quoted.tsv", "\n".join("\t".join(f'"{one}"' for one in line.split(",")) for line in LOG.split()).encode()),
    ("atomic.inter", b"user_id:token\titem_id:token\ttimestamp:float\nu1\ti1\t1511544070\nu2\ti2\t1511544071\n"),
    ("other_order.csv", b"time,behavior,item,user\n1511544070,view,i1,u1\n1511544071,cart,i2,u2\n"),
    ("other_names.csv", b"Visitor_ID,ItemID,event_type,event_time\nu1,i1,pv,1511544070\nu2,i2,cart,1511544071\n"),
    ("log.jsonl", b'{"user":"u1","item":"i1","time":1511544070}\n{"user":"u2","item":"i2","time":1511544071}'),
    (
        "log.json.gz",
        gzip.compress(
            b'{"user":"u1","item":"i1","time":"1511544070"}\r\n\n{"time":1511544071.0,"item":"i2","user":"u2"}\n'
        ),
    ),
]


@pytest.mark.parametrize(("name", "content"), DRESSES, ids=[one[0] for one in DRESSES])
def test_one_log_in_many_dresses_is_one_log(read: Reader, name: str, content: bytes) -> None:
    log = read(content, name)
    assert log.events["user"].to_pylist() == ["u1", "u2"]
    assert log.events["item"].to_pylist() == ["i1", "i2"]
    assert [int(one.timestamp()) for one in log.events["time"].to_pylist()] == [1511544070, 1511544071]
    assert len(log.rejected) == 0
    assert accounts(log)


def test_one_user_and_one_item_are_a_log(read: Reader) -> None:
    assert len(read("user,item,time\nu,i,1\n")) == 1


def test_a_headerless_file_is_named_by_columns(read: Reader) -> None:
    log = read("u1,i1,9,pv,1511544070\r\nu2,i2,8,buy,1511544071\r\n", columns=("user", "item", "-", "behavior", "time"))
    assert log.behaviors == ["view", "purchase"]
    assert "category" not in log.events.column_names


@pytest.mark.parametrize("columns", [("user", "item", "time"), ("user", "item", "category", "behavior", "time", "x")])
def test_a_wrong_count_of_columns_is_told_with_the_first_line(read: Reader, columns: tuple[str, ...]) -> None:
    with pytest.raises(
        SchemaError, match=rf"--columns names {len(columns)} columns, and the first line .* has 5: 'u1,i1,9,pv,15"
    ):
        read("u1,i1,9,pv,1511544070\n", columns=columns)


def test_a_delimiter_said_is_the_one_used(read: Reader) -> None:
    assert len(read("user:item:time\nu,i:1:5\n", "log.txt", delimiter=":")) == 1
    assert read("user\titem\ttime\nu v\ti,j\t5\n", "log.txt", delimiter="tab").events["item"].to_pylist() == ["i,j"]


@pytest.mark.parametrize(
    "said",
    [
        {"delimiter": "::"},
        {"delimiter": ""},
        {"delimiter": '"'},
        {"delimiter": "\n"},
        {"format": "xml"},
        {"mapping": {"usr": "u"}},
    ],
)
def test_options_that_mean_nothing_are_misuse(said: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ReadOptions(**said)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "user", "user=", "=uid", "user=a,user=b", "user=a,,item=b"])
def test_a_mapping_that_is_none_is_misuse(text: str) -> None:
    with pytest.raises(UsageError):
        parse_mapping(text)


def test_a_mapping_names_columns_that_detection_would_not_find(read: Reader) -> None:
    log = read("who,what,item,time\nu,thing,i,5\n", mapping=parse_mapping("user=who,item=what"))
    assert log.events["item"].to_pylist() == ["thing"]
    with pytest.raises(SchemaError, match="did you mean 'what'"):
        read("who,what,time\nu,thing,5\n", mapping={"user": "who", "item": "wat"})
    with pytest.raises(SchemaError, match="asked to be"):
        read("who,what,time\nu,thing,5\n", mapping={"user": "who", "item": "who"})


def test_an_ordered_log_is_never_given_times(read: Reader) -> None:
    log = read("user,item,time\nu,b,9\nu,a,3\nu,b,9\n", ordered=True)
    assert log.events["time"].null_count == 3
    assert log.events["item"].to_pylist() == ["b", "a", "b"]
    assert log.n_duplicates == 0
    assert "session" not in log.events.column_names


def test_sequences_need_an_order_and_refuse_lines_without_items(read: Reader) -> None:
    with pytest.raises(UsageError, match="--ordered"):
        read("u a b\n", format="sequences")
    log = read(b"u a b a\nv\n\nw\tc\r\n\xff x\nz a\x00b\n", format="sequences", ordered=True)
    assert list(zip(log.events["user"].to_pylist(), log.events["item"].to_pylist(), strict=True)) == [
        ("u", "a"),
        ("u", "b"),
        ("u", "a"),
        ("w", "c"),
    ]
    assert log.rejected["row"].to_pylist() == [2, 5, 6]
    assert accounts(log)


def test_quoted_text_over_several_lines_is_one_row(read: Reader) -> None:
    rows = ['u1,i1,1511544070,"two\nlines, ""quoted"""', "u2,i2,1511544071,plain", 'u3,i3,1511544072,"a\n\n\nb"']
    log = read("user,item,time,text\n" + "\n".join(rows) + "\n")
    assert log.events["text"].to_pylist() == ['two\nlines, "quoted"', "plain", "a\n\n\nb"]
    assert log.events["row"].to_pylist() == [2, 4, 5]
    assert accounts(log)


def test_a_quote_that_is_never_closed_swallows_no_row(read: Reader) -> None:
    rows = [f"u{n},i{n},{1511544070 + n},t{n}" for n in range(300)]
    rows[100] = 'u100,"i100,1511544170,t'
    rows[200] = 'u200,i200,1511544270,"t'
    log = read("user,item,time,title\n" + "\n".join(rows) + "\n")
    assert log.events["user"].to_pylist() == [f"u{n}" for n in range(300) if n != 100]
    assert log.rejected["row"].to_pylist() == [102]
    assert accounts(log)


def test_rows_are_numbered_by_lines_across_blocks(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 256)
    monkeypatch.setattr(reader, "_PIECE_BYTES", 64)
    rows = []
    for n in range(200):
        rows.append(
            {3: "ragged", 5: f'u{n},i,{n},"over\nlines"', 8: f"u{n},i,no time,t", 9: ""}.get(n % 10, f"u{n},i,{n},t")
        )
    text = "user,item,time,text\n" + "\n".join(rows) + "\n"
    log = read(text)
    starts = text.split("\n")
    for one in log.events.to_pylist():
        assert starts[one["row"] - 1].startswith(one["user"] + ",")
    assert sorted({starts[row - 1].split(",")[0][0] for row in log.rejected["row"].to_pylist()}) == ["r", "u"]
    assert (len(log), len(log.rejected)) == (140, 40)
    assert log.events["text"].to_pylist().count("over\nlines") == 20
    assert accounts(log)


def refused_quickly(path: Path, within_s: float, grown_mb: float, **said: object) -> str:
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    start = time.process_time()
    with pytest.raises(DataError) as caught:
        read_events(path, options=ReadOptions(**said))  # type: ignore[arg-type]
    took = time.process_time() - start
    grown = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before
    tracemalloc.stop()
    assert took < within_s, took
    assert grown < grown_mb * 1e6, grown
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_million_columns_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{n}" for n in range(1_000_000)) + "\n" + "1," * 999_999 + "1\n")
    assert "first line of more than 1 MB" in refused_quickly(path, 1.0, 30)


def test_a_gzip_bomb_of_one_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    held = (
        packer.compress(b"user,item,time\n")
        + b"".join(packer.compress(b"a" * (1 << 20)) for _ in range(200))
        + packer.flush()
    )
    path.write_bytes(held)
    assert "a line longer than 8 MB" in refused_quickly(path, 3.0, 100)


def test_a_gzip_bomb_of_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_RATIO_FROM_BYTES", 1 << 20)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"user,item,time\n" + b"u,i,1511544070\n" * 300_000))
    assert "grew more than 300 times" in refused_quickly(path, 10.0, 100)


def test_a_large_file_of_junk_is_given_up_early(tmp_path: Path) -> None:
    path = tmp_path / "junk.csv"
    path.write_bytes(b"user,item,time\n" + b"x\n" * 3_000_000)
    assert "is no log of events" in refused_quickly(path, 10.0, 100)


def test_a_parquet_file_that_says_it_holds_billions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), ["u"])
    with pq.ParquetWriter(
        path, pa.schema([("user", column.type), ("item", column.type), ("time", pa.int64())])
    ) as writer:
        for _ in range(12):
            writer.write_table(pa.table({"user": column, "item": column, "time": pa.array([1] * 1_000_000)}))
    assert "12000000 rows in" in refused_quickly(path, 2.0, 100)
