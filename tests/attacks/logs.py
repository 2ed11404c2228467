"""Logs made to break a reader: name, file name, bytes. Their verdicts stand in ``logs.txt``."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

HEAD = "user,item,behavior,time\n"
ROWS = [f"u{n},i{n % 3},view,{1_700_000_000 + n}" for n in range(10)]
BODY = HEAD + "\n".join(ROWS) + "\n"

_CELLS = {
    "sql": "'; DROP TABLE raw; --", "sql-union": "x' UNION SELECT * FROM raw --", "html": "<script>alert(1)</script>",
    "formula": "=cmd|' /C calc'!A0", "formula-plus": "+1+1", "formula-at": "@SUM(A1)", "minus": "-1-1",
    "path": "../../../../etc/passwd", "path-abs": "/etc/passwd", "path-win": "..\\..\\boot.ini",
    "percent": "%2e%2e%2fetc", "format": "{0.__class__}", "printf": "%s%n%x", "template": "{{7*7}}", "shell": "$(id)",
    "backtick": "`id`", "jndi": "${jndi:ldap://x}", "nul-word": "NULL", "none-word": "None", "nan-word": "nan",
    "infinity": "Infinity", "empty": "", "blank": "   ", "tab": "a\tb", "quote-in": 'a"b', "pipe": "a|b", "emoji": "😀" * 20,
    "rtl": "\u202eabc", "zero-width": "\u200b", "combining": "e\u0301" * 50, "long": "x" * 513, "long-ok": "x" * 512,
    "huge": "x" * 70_000, "surrogate-ish": "\ufffd", "vt": "a\x0bb", "bell": "a\x07b", "esc": "\x1b[2J", "del": "\x7f",
    "nel": "a\x85b", "ls": "a\u2028b", "feff-inside": "a\ufeffb", "zero": "0", "neg-zero": "-0", "float": "1.0",
    "exp": "1e5", "big-int": "9" * 40, "true": "true", "date": "2026-01-31", "star": "*", "question": "?", "hash": "#1",
    "slash": "/", "dot": ".", "dots": "..", "colon": "a:b", "semicolon": "a;b", "amp": "&amp;", "cdata": "]]>",
}  # fmt: skip
_TIMES = {
    "word": "never", "epoch-word": "epoch", "infinity": "infinity", "nan": "NaN", "inf": "inf", "-inf": "-inf", "neg": "-1",
    "zero": "0", "future": "99999999999", "1e999": "1e999", "hex": "0x65531800", "underscore": "1_700_000_000",
    "date-int": "20240201", "datetime-int": "20240201123000", "millis-among-seconds": "1700000000000",
    "iso": "2023-11-14T22:13:20Z", "iso-offset": "2023-11-14T22:13:20+05:30", "iso-bad-month": "2023-13-01",
    "iso-bad-day": "2023-02-30", "iso-24h": "2023-11-14T24:00:00Z", "iso-60s": "2023-11-14T22:13:60Z", "year-0": "0000-01-01",
    "year-10000": "10000-01-01", "year-9999": "9999-12-31", "bc": "-0044-03-15", "us-date": "11/14/2023",
    "sql": "now()", "sql2": "'; SELECT 1", "two-dates": "2023-11-14 2023-11-15", "empty": "", "blank": " ", "float": "1700000000.5",
    "exp": "1.7e9", "comma": "1700000000,5", "plus": "+1700000000", "arabic": "١٧٠٠٠٠٠٠٠٠", "fullwidth": "１７００００００００",
    "long": "1" * 400, "tz-name": "2023-11-14 22:13:20 Europe/Paris", "tz-bad": "2023-11-14 22:13:20 Mars/Base",
    "offset-99": "2023-11-14T22:13:20+99:00", "year-only": "2023", "leap": "2024-02-29", "slash": "2023/11/14", "today": "today",
    "nbsp": "\u00a01700000000", "percent": "%s", "json": "{}", "small": "12345", "date-int-1900": "19000101", "date-int-bad": "20241399",
}  # fmt: skip
_VALUES = {
    "nan": "nan", "inf": "inf", "1e999": "1e999", "hex": "0x10", "word": "five", "underscore": "1_0", "comma": '"1,5"', "neg": "-5",
    "huge": "1e308", "empty": "", "sql": "1; DROP TABLE x", "formula": "=1+1", "percent": "50%", "money": "$5", "bool": "true",
}  # fmt: skip


def _row(**said: str) -> str:
    cells = {"user": "uX", "item": "iX", "behavior": "view", "time": "1700000500"} | said
    return ",".join('"' + cells[name].replace('"', '""') + '"' for name in ("user", "item", "behavior", "time"))


def _parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def _jsonl(*rows: str) -> bytes:
    good = [
        json.dumps({"user": f"u{n}", "item": f"i{n % 3}", "behavior": "view", "time": 1_700_000_000 + n})
        for n in range(10)
    ]
    return "\n".join([*good, *rows]).encode("utf-8", "surrogatepass") + b"\n"


def _cells() -> list[tuple[str, str, bytes]]:
    found = []
    for column in ("user", "item", "behavior"):
        found += [
            (f"csv-{column}-{name}", "a.csv", (BODY + _row(**{column: cell}) + "\n").encode())
            for name, cell in _CELLS.items()
        ]
    found += [(f"csv-time-{name}", "a.csv", (BODY + _row(time=cell) + "\n").encode()) for name, cell in _TIMES.items()]
    for column in ("value", "lat", "propensity", "position", "exposed"):
        head = HEAD.strip() + f",{column}\n"
        rows = "".join(f"{row},{0.5 if column == 'propensity' else 1}\n" for row in ROWS)
        found += [
            (f"csv-{column}-{name}", "a.csv", (head + rows + f"uX,iX,view,1700000500,{cell}\n").encode())
            for name, cell in _VALUES.items()
        ]
    return found


def _shapes() -> list[tuple[str, str, bytes]]:
    crlf, mac = BODY.replace("\n", "\r\n"), BODY.replace("\n", "\r")
    wide = ",".join(f"c{n}" for n in range(100_000))
    texts = {
        "nothing": "", "header-only": HEAD, "blank-lines": "\n\n\n", "crlf": crlf, "mac": mac, "no-end": BODY.rstrip("\n"), "bom": "\ufeff" + BODY,
        "two-boms": "\ufeff\ufeff" + BODY, "open-quote": BODY + '"never closed,i,view,1700000000\n', "quote-soup": BODY + '"""",""","",""\n',
        "short-row": BODY + "u,i\n", "long-row": BODY + "u,i,view,1700000000,extra,more\n", "blank-between": BODY.replace("\n", "\n\n"),
        "no-header": "\n".join(ROWS) + "\n", "twice-header": BODY + HEAD, "same-columns": "user,user,item,time\na,b,c,1700000000\n",
        "no-user": "item,time\ni,1700000000\n", "no-time": "user,item\nu,i\n", "semicolons": BODY.replace(",", ";"), "tabs": BODY.replace(",", "\t"),
        "pipes": BODY.replace(",", "|"), "spaces": BODY.replace(",", " "), "only-commas": ",,,\n,,,\n", "nul-inside": BODY.replace("u3", "u\x003"),
        "100000-columns": wide + "\n" + wide + "\n", "20MB-line": BODY + "u," + "i" * 20_000_000 + ",view,1700000000\n", "20MB-header": "u" * 20_000_000 + ",item,time\n",
        "million-quotes": BODY + '"' * 1_000_000 + "\n", "json-in-csv": '{"user": 1}\n', "html-page": "<html><body>404</body></html>\n", "xml": "<?xml version='1.0'?><a/>\n",
        "comment": "# log\n" + BODY, "sep-line": "sep=,\n" + BODY, "all-bad": HEAD + ",,,\n" * 5, "repeat-rows": BODY + "\n".join(ROWS) + "\n",
        "10000-behaviours": HEAD + "".join(f"u{n % 50},i{n % 9},b{n},{1_700_000_000 + n}\n" for n in range(10_000)),
        "future-only": HEAD + "u,i,view,99999999999\n", "upper-header": BODY.replace("user,item,behavior,time", "USER,Item,BEHAVIOR,Time"),
        "spaced-header": BODY.replace("user,item,behavior,time", " user , item , behavior , time "), "quoted-header": BODY.replace("user,item", '"user","item"'),
        "header-newline": BODY.replace("user,item", '"us\ner",item'), "typed-header": BODY.replace("user,item,behavior,time", "user:token,item:token,behavior:token,time:float"),
    }  # fmt: skip
    found = [(f"csv-{name}", "a.csv", text.encode()) for name, text in texts.items()]
    raw = {
        "latin1": BODY.replace("u3", "ü3").encode("latin-1"), "utf16": BODY.encode("utf-16"), "utf16le": BODY.encode("utf-16-le"), "utf32": BODY.encode("utf-32"),
        "bad-utf8": BODY.encode() + b"\xff\xfe,i,view,1700000000\n", "half-utf8": BODY.encode() + b"u\xe2\x82,i,view,1700000000\n", "surrogates": BODY.encode() + b"u\xed\xa0\x80,i,view,1700000000\n",
        "overlong": BODY.encode() + b"u\xc0\xaf,i,view,1700000000\n", "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "elf": b"\x7fELF" + b"\0" * 500, "zeros": b"\0" * 5000,
        "zip": b"PK\x03\x04" + b"\0" * 200, "gzip-as-csv": gzip.compress(BODY.encode()), "pickle": b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x07builtin\x94.", "sqlite": b"SQLite format 3\0" + b"\0" * 200,
        "trailing-ctrl-z": BODY.encode() + b"\x1a", "ff": b"\xff" * 100,
    }  # fmt: skip
    found += [(f"raw-{name}", "a.csv", content) for name, content in raw.items()]
    packed = gzip.compress(BODY.encode())
    found += [("gz-sound", "a.csv.gz", packed), ("gz-cut", "a.csv.gz", packed[:-12]), ("gz-flipped", "a.csv.gz", packed[:30] + b"\0\0\0" + packed[33:]), ("gz-plain", "a.csv.gz", BODY.encode()),
              ("gz-empty", "a.csv.gz", b""), ("gz-trailing", "a.csv.gz", packed + b"garbage"), ("gz-two", "a.csv.gz", packed + gzip.compress(b"uY,iY,view,1700000400\n")),
              ("zst-plain", "a.csv.zst", BODY.encode()), ("zst-cut", "a.csv.zst", b"\x28\xb5\x2f\xfd\x04\x00"), ("unknown-ending", "a.xyz", BODY.encode()), ("no-ending", "a", BODY.encode()),
              ("xlsx", "a.xlsx", b"PK\x03\x04" + b"\0" * 200)]  # fmt: skip
    return found


def _json_lines() -> list[tuple[str, str, bytes]]:
    ok = '"user":"uX","item":"iX","behavior":"view","time":1700000500'
    rows = {
        "sound": f"{{{ok}}}", "cut": '{"user":"uX","item":', "list": "[1,2]", "number": "5", "text": '"x"', "null": "null", "true": "true", "empty-object": "{}", "twice-key": f'{{{ok},"user":"other"}}',
        "nan": f'{{{ok},"value":NaN}}', "1e999": f'{{{ok},"value":1e999}}', "minus-infinity": f'{{{ok},"value":-Infinity}}', "deep": f'{{{ok},"x":' + "[" * 20_000 + "]" * 20_000 + "}",
        "deep-object": '{"a":' * 5_000 + "1" + "}" * 5_000, "user-list": '{"user":["a"],"item":"i","time":1700000500}', "user-object": '{"user":{"a":1},"item":"i","time":1700000500}', "user-null": '{"user":null,"item":"i","time":1700000500}',
        "user-true": '{"user":true,"item":"i","time":1700000500}', "user-big": '{"user":' + "9" * 5000 + ',"item":"i","time":1700000500}', "user-float": '{"user":1.5,"item":"i","time":1700000500}', "lone-surrogate": '{"user":"\\ud800","item":"i","time":1700000500}',
        "nul": '{"user":"a\\u0000b","item":"i","time":1700000500}', "single-quotes": "{'user':'u'}", "comment": "// hello", "trailing-comma": f"{{{ok},}}", "two-objects": f"{{{ok}}}{{{ok}}}", "bom-inside": "\ufeff" + f"{{{ok}}}",
        "time-list": '{"user":"u","item":"i","time":[1]}', "time-object": '{"user":"u","item":"i","time":{}}', "time-bool": '{"user":"u","item":"i","time":true}', "proto": f'{{{ok},"__proto__":{{"x":1}}}}', "20MB": f'{{{ok},"x":"' + "y" * 20_000_000 + '"}',
        "1000-keys": "{" + ok + "," + ",".join(f'"k{n}":1' for n in range(1000)) + "}", "empty-key": f'{{{ok},"":1}}', "int-overflow": f'{{{ok},"value":{"9" * 400}}}',
    }  # fmt: skip
    found = [(f"jsonl-{name}", "a.jsonl", _jsonl(row)) for name, row in rows.items()]
    found += [("jsonl-array", "a.jsonl", b'[{"user":"u","item":"i","time":1700000000}]'), ("jsonl-empty", "a.jsonl", b""), ("jsonl-csv", "a.jsonl", BODY.encode()), ("jsonl-bad-utf8", "a.jsonl", _jsonl() + b'{"user":"\xff","item":"i","time":1700000500}\n'),
              ("jsonl-utf16", "a.jsonl", _jsonl().decode().encode("utf-16")), ("jsonl-all-bad", "a.jsonl", b"x\n" * 50)]  # fmt: skip
    return found


def _parquets() -> list[tuple[str, str, bytes]]:
    sound = {
        "user": [f"u{n}" for n in range(10)],
        "item": [f"i{n % 3}" for n in range(10)],
        "time": [1_700_000_000 + n for n in range(10)],
    }
    whole = _parquet(**sound)
    files = {
        "sound": whole, "cut": whole[:-20], "cut-half": whole[: len(whole) // 2], "empty": b"", "magic-only": b"PAR1PAR1", "footer-flipped": whole[:-30] + b"\xff" * 10 + whole[-20:], "body-flipped": whole[:20] + b"\xff" * 30 + whole[50:],
        "csv-inside": BODY.encode(), "no-rows": _parquet(user=pa.array([], pa.string()), item=pa.array([], pa.string()), time=pa.array([], pa.int64())), "no-user": _parquet(item=["i"], time=[1_700_000_000]),
        "null-users": _parquet(**sound | {"user": pa.array([None, *sound["user"][1:]], pa.string())}), "all-null": _parquet(user=pa.nulls(3), item=pa.nulls(3), time=pa.nulls(3)), "list-users": _parquet(**sound | {"user": [[u] for u in sound["user"]]}),
        "struct-users": _parquet(**sound | {"user": [{"a": u} for u in sound["user"]]}), "binary-users": _parquet(**sound | {"user": pa.array([u.encode() for u in sound["user"]], pa.binary())}), "bad-binary": _parquet(**sound | {"user": pa.array([b"\xff\xfe"] * 10, pa.binary())}),
        "float-users": _parquet(**sound | {"user": [float(n) for n in range(10)]}), "nan-users": _parquet(**sound | {"user": [float("nan"), *map(float, range(9))]}), "bool-users": _parquet(**sound | {"user": [True, False] * 5}), "dict-users": _parquet(**sound | {"user": pa.array(sound["user"]).dictionary_encode()}),
        "int-times-neg": _parquet(**sound | {"time": [-1, *sound["time"][1:]]}), "float-times-nan": _parquet(**sound | {"time": [float("nan"), *map(float, sound["time"][1:])]}), "time-of-day": _parquet(**sound | {"time": pa.array(range(10), pa.time32("s"))}), "durations": _parquet(**sound | {"time": pa.array(range(10), pa.duration("s"))}),
        "date32": _parquet(**sound | {"time": pa.array(range(19000, 19010), pa.date32())}), "timestamp-ns": _parquet(**sound | {"time": pa.array([t * 10**9 for t in sound["time"]], pa.timestamp("ns"))}), "timestamp-tz": _parquet(**sound | {"time": pa.array([t * 10**6 for t in sound["time"]], pa.timestamp("us", tz="Asia/Tokyo"))}),
        "timestamp-bad-tz": _parquet(**sound | {"time": pa.array([t * 10**6 for t in sound["time"]], pa.timestamp("us", tz="+09:00"))}), "decimal-times": _parquet(**sound | {"time": pa.array(sound["time"]).cast(pa.decimal128(20, 0))}), "uint64-max": _parquet(**sound | {"time": pa.array([2**64 - 1, *sound["time"][1:]], pa.uint64())}),
        "binary-times": _parquet(**sound | {"time": [b"x"] * 10}), "nul-in-id": _parquet(**sound | {"user": ["a\0b", *sound["user"][1:]]}), "long-id": _parquet(**sound | {"user": ["x" * 600, *sound["user"][1:]]}), "500-columns": _parquet(**sound | {f"c{n}": [0] * 10 for n in range(500)}),
        "value-inf": _parquet(**sound | {"value": [float("inf"), *[1.0] * 9]}), "value-text": _parquet(**sound | {"value": ["x"] * 10}), "value-list": _parquet(**sound | {"value": [[1.0]] * 10}), "map-context": _parquet(**sound | {"context": pa.array([[("a", "b")]] * 10, pa.map_(pa.string(), pa.string()))}),
    }  # fmt: skip
    return [(f"parquet-{name}", "a.parquet", content) for name, content in files.items()]


LOGS = [*_cells(), *_shapes(), *_json_lines(), *_parquets()]
