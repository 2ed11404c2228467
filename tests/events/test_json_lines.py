"""JSON lines read by the block say what JSON lines read one by one say."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.events.conftest import Reader

from swayline.core.errors import SchemaError, SwaylineError
from swayline.events.sources import jsonl, objects

GOOD = {"user": "a", "item": "i", "behavior": "view", "time": 1_511_544_070}


def outcome(read: Reader, content: bytes, monkeypatch: pytest.MonkeyPatch, by_line: bool) -> Any:
    with monkeypatch.context() as patch:
        if by_line:
            patch.setattr(jsonl, "read_plain", lambda *told: None)
        try:
            log = read(content, "log.jsonl")
        except SwaylineError as error:
            return type(error)
    return log.events.to_pylist(), log.rejected.to_pylist(), log.n_duplicates


def is_plain(content: bytes) -> bool:
    def resolve(header: list[str]) -> dict[str, int]:
        return {name: header.index(name) for name in GOOD if name in header}

    return objects.read_plain(content, 1, None, resolve, {}) is not None


LINES = [
    b'{"user":"a","item":"i","time":1511544070}', b'{"user":7,"item":8,"time":1511544070}',
    b'{"user":7,"item":8.0,"time":1511544070.25}', b'{"user":7,"item":8.5,"time":1511544070}',
    b'{"user":"2020-01-01","item":"2020-01-01T00:00:00Z","time":"2020-01-01 10:00:00"}',
    b'{"user":"a","item":"i","time":1511544070,"price":1.50,"x":"y","n":3,"b":true,"z":null}',
    b'{"user":"a","item":"i","time":1511544070,"price":1.5,"x":"y","n":3,"b":true}',
    b'{"user":"a","item":"i","time":1511544070,"price":1e300}',
    b'{"user":12345678901234567890,"item":"i","time":1511544070}',
    b'{"user":true,"item":"i","time":1511544070}', b'{"user":-0,"item":"i","time":1511544070}',
    b'{"user":"a","user":"b","item":"i","time":1511544070}', b'{"user":["a"],"item":"i","time":1511544070}',
    b'{"user":"a","item":"i","time":NaN}', b'{"user":"a","item":"i","time":1511544070,"x":Infinity}',
    b'{"user":"a","item":"i","time":1511544070}{"user":"b","item":"i","time":1511544070}',
    b'{"user":"a","item":"i",', b'"time":1511544070}', b'{"user":"a","item":{"b":1}', b"", b"  ", b"{}", b"[]", b"7",
    b'{"user":"a\\u0000","item":"i","time":1511544070}', b'{"user":"\\ud800","item":"i","time":1511544070}',
    b'{"user":"\\ud83d\\ude00","item":"\xc3\xa9","time":1511544070}', b'{"user":"\xff","item":"i","time":1511544070}',
    b'{"user":"a\tb","item":"i","time":1511544070}', b'{"user": "a" , "item":"i","time":1511544070}\r',
    b'{"user":"a","item":"i","time":1511544070,}', b'{"user":"a","item":null,"time":1511544070}',
    b'{"user":"a","item":"i","time":"soon"}', b'{"user":" a ","item":"NaN","time":1511544070}',
    b'{"user":"a","item":"i","time":1511544070,"value":"3"}', b'{"user":"a","item":"i","time":1511544070,"value":3}',
    b'{"user":"a","item":"i","time":1511544070,"value":1e5,"lat":60.1,"exposed":true}',
    b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"user":"a","item":"i","time":' + b"[" * 9000 + b"]" * 9000 + b"}",
    b'{"user":"a","item":"i","time":1511544070,"x":"\\u001e\\u001f"}', b'{"user":"a","item":"i","time":01}',
]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=5), ends=st.sampled_from([b"\n", b"\r\n", b""]))
def test_blocks_and_lines_agree(read: Reader, monkeypatch: pytest.MonkeyPatch, lines: list[bytes], ends: bytes) -> None:
    content = b"\n".join(lines) + ends
    assert outcome(read, content, monkeypatch, False) == outcome(read, content, monkeypatch, True)


@pytest.mark.parametrize("line", LINES)
def test_a_line_alone_and_beside_good_ones_says_the_same(
    read: Reader, monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    good = json.dumps(GOOD).encode()
    for content in (line, good + b"\n" + line + b"\n", line + b"\n" + line + b"\n" + good):
        assert outcome(read, content, monkeypatch, False) == outcome(read, content, monkeypatch, True)


def test_plain_logs_are_read_by_the_block_and_others_are_not() -> None:
    plain = [b'{"user":"a","item":"i","time":5,"x":1.5}', json.dumps(GOOD | {"user": "\u00e9\U0001f600"}).encode()]
    for line in plain:
        assert is_plain(line + b"\n" + line)
        assert is_plain(line + b"\r\n" + line + b"\r\n")
    for line in (*LINES[7:19], *LINES[22:26]):
        assert not is_plain(plain[0] + b"\n" + line + b"\n"), line


def test_numbers_that_tell_rows_apart_are_one_text_in_both_ways() -> None:
    rng = np.random.default_rng(0)
    numbers = [
        *(rng.normal(size=200) * 10.0 ** rng.integers(-30, 14, 200)),
        0.1,
        1e-7,
        1e-5,
        123456.0,
        2.5e15,
        1e15,
        0.0,
    ]
    block = objects.read_plain(
        b"\n".join(json.dumps({"user": "a", "x": float(one)}).encode() for one in numbers if str(one) != "-0.0"),
        1, None, lambda header: {"user": header.index("user")}, {},
    )  # fmt: skip
    assert block is not None
    expected = [objects.rest_of({"x": objects.number_text(json.dumps(float(one)))}) for one in numbers]
    assert block[0].table["rest"].to_pylist() == expected


def test_ever_new_keys_take_no_memory(read: Reader) -> None:
    """A table of as many columns as lines would take gigabytes."""
    from swayline.core.memory import peak_mb, reset_peak

    line = '{"user":"a","item":"i%d","time":1511544070,"k%d":1,"l%d":2}'
    content = "\n".join(line % (n, n, n) for n in range(30_000))
    reset_peak()
    before = peak_mb()
    with pytest.raises(SchemaError, match="at most 10000"):
        read(content, "log.jsonl")
    assert peak_mb() - before < 400


def test_a_key_that_comes_late_or_changes_its_kind_changes_nothing(
    read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, Any]] = [GOOD | {"item": n, "x": n} for n in range(9_000)]
    for at, more in ((4_001, {"late": "1"}), (5_003, {"x": 2.5}), (6_007, {"time": "2020-01-01T00:00:00Z"})):
        rows[at] |= more
        content = "\n".join(map(json.dumps, rows)).encode()
        assert outcome(read, content, monkeypatch, False) == outcome(read, content, monkeypatch, True)
