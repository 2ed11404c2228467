"""Bodies that are wrong: at least 500 of them, every one answered 4xx with what was wrong, no good row lost."""

import itertools
import json
import time

import pytest

GOOD = {"event_id": "g", "user": "u", "item": "i", "behavior": "view"}
TRAVERSALS = [
    f"{a}{b}{c}"
    for a, b, c in itertools.product(
        ("", "/", "file://", "\\\\host\\"),
        ("../", "..\\", "%2e%2e%2f", "..%c0%af", "....//", "..;/"),
        ("etc/passwd", "live.sqlite", "x%00.json"),
    )
]
SQL = [
    f"{head}{body}{tail}"
    for head, body, tail in itertools.product(
        ("", "'", '"', "1'", "')", "\\'"),
        (
            " OR 1=1",
            "; DROP TABLE events",
            " UNION SELECT body FROM documents",
            "; ATTACH 'x' AS y",
            " AND sleep(9)",
            "'; VACUUM",
        ),
        ("", "--", "/*"),
    )
]


def bodies():
    """Raw bodies for ``/v1/events`` of which no row may be taken."""
    for text in (
        "",
        " ",
        "null",
        "1",
        '"x"',
        "[]",
        "{",
        "}",
        "[[]]",
        "[1]",
        "{}",
        "nul",
        "{'a': 1}",
        '{"a":}',
        "\x00",
        "[,]",
        '{"user":"u"',
        "][",
    ):
        yield text.encode()
    yield b"\xff\xfe{}"
    yield b'\xef\xbb\xbf{"user":"u"}'
    yield b'{"user":"\xc3\x28","item":"i","behavior":"view"}'
    yield json.dumps(GOOD).encode("utf-16")
    yield b"[" * 100_000
    yield b'{"a":' * 50_000
    yield json.dumps(GOOD)[:-1].encode() + b',"context":' + b'{"a":' * 40 + b"1" + b"}" * 41
    for bad in (
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "1" * 5000,
        "9" * 20,
        "01",
        "+1",
        ".5",
        "0x10",
        "True",
        "undefined",
        "1_000",
    ):
        for name in ("value", "time", "lat", "position"):
            yield (json.dumps(GOOD)[:-1] + f', "{name}": {bad}}}').encode()
    for name in GOOD:
        yield (json.dumps(GOOD)[:-1] + f', "{name}": "again"}}').encode()
    wrong = (True, False, 1.5, [], ["a"], {}, {"a": 1}, "", "  ", "\u200b", "a\x00b", "a\nb", "x" * 513, "é" * 257)
    for name in ("user", "item", "behavior", "event_id", "session", "category", "platform", "device", "source"):
        for value in wrong:
            yield json.dumps(GOOD | {name: value}).encode()
    for name in ("user", "behavior"):
        yield json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()
        yield json.dumps(GOOD | {name: None}).encode()
    yield json.dumps({key: value for key, value in GOOD.items() if key != "item"}).encode()
    yield json.dumps({"user": "u", "behavior": "search"}).encode()
    for name in ("value", "lat", "lon", "position", "propensity"):
        for value in ("1", "", True, [], {}, "NaN"):
            yield json.dumps(GOOD | {name: value}).encode()
    for name, value in (
        ("lat", 91),
        ("lat", -90.1),
        ("lon", 181),
        ("position", -1),
        ("position", 1.5),
        ("propensity", 1.1),
        ("propensity", -0.1),
    ):
        yield json.dumps(GOOD | {name: value}).encode()
    for value in (
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "25:00",
        "2026-01-01T00:00:00+99:00",
        "",
        " ",
        "0000-00-00",
        "9999-99-99",
        True,
        [],
        {},
        1e18,
        -1e17,
        1e300,
        "1500-01-01",
        "2300-01-01",
        "2026-01-01T00:00:61Z",
    ):
        yield json.dumps(GOOD | {"time": value}).encode()
    for value in SQL:
        yield json.dumps(GOOD | {"time": value}).encode()
    for value in ("true", 1, 0, [], {}):
        yield json.dumps(GOOD | {"exposed": value}).encode()
    for value in (1, [], {}, True, "x" * 65_537, "a\x00b"):
        yield json.dumps(GOOD | {"text": value}).encode()
    for value in (
        "x",
        1,
        [],
        {"a": []},
        {"a": {}},
        {"a": None},
        {"k" * 129: "v"},
        {str(n): "v" for n in range(65)},
        {"a": "x" * 65_537},
        {"a\x00": "x"},
    ):
        yield json.dumps(GOOD | {"context": value}).encode()
    for name in (
        "usr",
        "Item",
        "behaviour",
        "timestamp",
        "__proto__",
        "constructor",
        "row",
        "$where",
        "user.id",
        "exposed ",
        "",
        "é",
        "x" * 500,
    ):
        yield json.dumps(GOOD | {name: "x"}).encode()
    for half in ("\\ud800", "\\udfff", "x\\ud83d", "\\udc00\\ud800"):
        for name in ("user", "item", "text", "category"):
            yield (
                json.dumps({key: value for key, value in GOOD.items() if key != name})[:-1] + f', "{name}": "{half}"}}'
            ).encode()
    for cut in range(1, len(json.dumps(GOOD))):
        yield json.dumps(GOOD)[:cut].encode()
    for at in range(0, len(json.dumps(GOOD)), 2):
        text = json.dumps(GOOD)
        yield (text[:at] + "\x07" + text[at:]).encode()


def test_at_least_500_wrong_bodies_are_all_refused_with_a_reason(live):
    sent = 0
    for raw in bodies():
        answer = live.client.post("/v1/events", content=raw, headers={"content-type": "application/json"})
        told = answer.json()
        assert 400 <= answer.status_code < 500, raw[:200]
        assert told["detail"], raw[:200]
        assert answer.headers["content-type"] == "application/problem+json"
        if "rows" in told:
            assert {"row", "column", "value", "reason"} <= set(told["rows"][0]), raw[:200]
        sent += 1
    assert sent >= 500
    assert live.service.store.last() == 0


def test_no_good_row_goes_with_a_bad_one(live):
    good = [GOOD | {"event_id": f"g{n}", "text": text} for n, text in enumerate([*TRAVERSALS, *SQL])]
    bad = [json.loads(raw) for raw in bodies() if raw.startswith(b'{"event_id"') and _is_json(raw)]
    mixed = [row for pair in itertools.zip_longest(good, bad) for row in pair if row is not None]
    answer = live.client.post("/v1/events", json=mixed).json()
    assert (answer["accepted"], answer["rejected"]) == (len(good), len(bad))
    assert [one.event.event_id for one in live.service.store.read(0, 10_000)] == [one["event_id"] for one in good]


def _is_json(raw: bytes) -> bool:
    from swayline.service.api.strict_json import BadJsonError, parse

    try:
        return isinstance(parse(raw), dict)
    except BadJsonError:
        return False


@pytest.mark.parametrize("field", ["user", "item", "event_id", "category", "session"])
def test_ids_are_data(live, field):
    """Traversals and SQL in every field: kept as they are, and nothing else is touched."""
    from urllib.parse import quote

    assert len(TRAVERSALS) >= 60
    assert len(SQL) >= 100
    before = {path.name for path in live.data.iterdir()}
    words = [*TRAVERSALS, *SQL]
    rows = [GOOD | {"event_id": f"{field}{n}"} | {field: word} for n, word in enumerate(words)]
    answer = live.client.post("/v1/events", json=rows).json()
    assert answer["rejected"] == 0
    assert {path.name for path in live.data.iterdir()} == before
    assert live.service.store.last() == len(words)
    if field in ("user", "item"):
        for word in words[::9]:
            path = (
                f"/v1/users/{quote(word.strip(), safe='')}/history"
                if field == "user"
                else f"/v1/items/{quote(word.strip(), safe='')}"
            )
            assert live.client.get(path).status_code == 200, word


def test_sizes_are_bounded_and_say_the_bound(live):
    begun = time.perf_counter()
    headers = {"content-type": "application/json"}
    answer = live.client.post("/v1/events", content=b"x", headers=headers | {"content-length": str(1 << 30)})
    assert (answer.status_code, "64 MiB" in answer.json()["detail"]) == (413, True)
    assert time.perf_counter() - begun < 1
    answer = live.client.post("/v1/events", content=(b"[" + b" " * (1 << 20) for _ in range(20)), headers=headers)
    assert (answer.status_code, "16 MiB" in answer.json()["detail"]) == (413, True)
    answer = live.client.post("/v1/events", content=json.dumps([GOOD] * 10_001), headers=headers)
    assert (answer.status_code, "10,000" in answer.json()["detail"]) == (413, True)
    line = live.client.post("/v1/events", content=b"x" * (300 << 10), headers={"content-type": "application/x-ndjson"})
    assert (line.status_code, "256 KiB" in line.json()["detail"]) == (413, True)
    zipped = live.client.post("/v1/events", content=b"\x1f\x8b", headers=headers | {"content-encoding": "gzip"})
    assert zipped.status_code == 415
    assert live.client.get("/v1/trending?" + "k" * 20_000).status_code == 413
    assert live.client.get(f"/v1/users/{'u' * 513}/recommendations").status_code == 422
    assert live.client.get("/v1/users/u/recommendations?k=1001").status_code == 422


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/users/u/recommendations?kk=1", "did you mean 'k'"),
        ("/v1/users/u/recommendations?filter=price less 3", "is no operator"),
        ("/v1/users/u/recommendations?filter=prize < 3", "did you mean 'price'"),
        ("/v1/users/u/recommendations?boost=price < 3", "price < 20=>0.5"),
        ("/v1/users/u/recommendations?boost=price < 3=>nan", "boost"),
        ("/v1/users/u/recommendations?seen=new", "drop"),
        ("/v1/users/u/recommendations?seen=keep&new_only=true", "contradict"),
        ("/v1/users/u/recommendations?diversity=2", "1"),
        ("/v1/influence?limit=0", "1"),
        ("/v1/influence?order=size", "strongest"),
        ("/v1/items/i00001/similar?by=price", "together"),
        ("/v1/trending?days=0", "1"),
        ("/v1/users/%FF/profile", "UTF-8"),
        ("/v1/users/%00/profile", "control character"),
    ],
)
def test_wrong_parameters_say_what_to_send(live, path, says):
    answer = live.client.get(path)
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/items/i", [1]), ("PUT", "/v1/items/i", {"hidden": "yes"}), ("PUT", "/v1/items/i", {"expires": "soon"}),
        ("PUT", "/v1/items/i", {"a": {"b": 1}}), ("PUT", "/v1/items/i", {str(n): n for n in range(201)}),
        ("PUT", "/v1/users/u", "x"), ("POST", "/v1/ties", {"source": "a"}), ("POST", "/v1/ties", []),
        ("POST", "/v1/ties", {"source": "a", "target": "b", "weight": 1}), ("POST", "/v1/recommendations", {"k": 0}),
        ("POST", "/v1/recommendations", {"k": "5"}), ("POST", "/v1/recommendations", {"session": [{"itm": "a"}]}),
        ("POST", "/v1/recommendations", {"session": [{"item": "a", "time": "x"}]}),
        ("POST", "/v1/recommendations", {"candidates": []}), ("POST", "/v1/recommendations", {"candidates": ["none"]}),
        ("POST", "/v1/recommendations", {"query": "qqqqqq"}), ("POST", "/v1/recommendations", {"boost": {"price": 1}}),
        ("POST", "/v1/feedback", {}), ("POST", "/v1/feedback", {"recommendation_id": "x", "item": "i", "action": "seen"}),
    ],
)  # fmt: skip
def test_wrong_bodies_of_other_routes_say_what_to_send(live, method, path, body):
    answer = live.client.request(method, path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
