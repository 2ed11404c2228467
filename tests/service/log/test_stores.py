"""One contract for every store: what SQLite promises, Postgres and Redis promise."""

import secrets
import threading

import pytest

from swayline.core.errors import ArtifactError, UsageError
from swayline.service.log import Document, Event, GroupCommit, StoreBusyError, StoreGoneError, open_store
from swayline.service.log.sealed import make_key_file


def event(name: str, user: str = "ann", item: str | None = "x", time_us: int = 1_000_000, more: str = "") -> Event:
    return Event(name, user, item, "view", time_us, time_us + 5, more)


@pytest.fixture(params=["sqlite", "postgres", "redis", "sealed"])
def opened(request, tmp_path):
    """Opens the same store again and again: ``opened()``, ``opened("other tenant")``."""
    mark, made = secrets.token_hex(4), []
    key_file = tmp_path / "key" if request.param == "sealed" else None
    if key_file is not None:
        make_key_file(key_file)
    address = (
        tmp_path
        if request.param in ("sqlite", "sealed")
        else request.getfixturevalue(f"{request.param}_server").address
    )

    def make(tenant: str = "default"):
        made.append(open_store(address, f"{mark}-{tenant}", key_file))
        return made[-1]

    yield make
    for store in made:
        store.close()


def test_positions_count_up_and_repeats_get_none(opened):
    store = opened()
    assert store.append([event("a"), event("b"), event("a")]) == [1, 2, None]
    assert store.append([event("b"), event("c")]) == [None, 3]
    assert store.last() == 3


def test_events_come_back_as_they_went_in(opened):
    store = opened()
    odd = [
        event("1", 'it\'s "quoted"; DROP TABLE events', "ünïcode \U0001f600"),
        event("2", item=None, more='{"text": "two\\nlines"}'),
        event("3", item="", time_us=-62135596800000000),
        event("4\t\\N", "back\\slash\ttab\nline", "{}"),
    ]
    store.append(odd)
    assert [one.event for one in store.read(0, 10)] == odd
    assert [one.position for one in store.read(2, 1)] == [3]
    assert store.read(4, 10) == []


def test_another_opening_sees_what_was_acknowledged(opened):
    opened().append([event("a")])
    again = opened()
    assert again.append([event("a"), event("b")]) == [None, 2]


def test_a_reader_goes_on_where_it_committed(opened):
    store = opened()
    assert store.committed("compaction") == 0
    store.commit("compaction", 7)
    store.commit("compaction", 9)
    assert (opened().committed("compaction"), store.committed("other")) == (9, 0)


def test_a_tenant_sees_nothing_of_another(opened):
    mine, theirs = opened("mine"), opened("theirs")
    mine.append([event("a")])
    mine.put("items", [Document("x", {"title": "lamp"})])
    mine.commit("r", 1)
    assert theirs.read(0, 10) == []
    assert theirs.of_user("ann") == []
    assert theirs.committed("r") == 0
    assert theirs.get("items", "x") is None
    assert list(theirs.scan("items")) == []
    assert len(theirs.append([event("a")])) == 1
    assert theirs.erase_user("ann") == 1
    assert len(mine.read(0, 10)) == 1


def test_a_person_is_erased_and_positions_are_not_given_again(opened):
    store = opened()
    store.append([event("a"), event("b", "bob"), event("c")])
    assert [one.position for one in store.of_user("ann")] == [1, 3]
    assert store.erase_user("ann") == 2
    store.compact()
    assert [one.event.user for one in store.read(0, 10)] == ["bob"]
    assert store.of_user("ann") == []
    assert store.append([event("d")]) == [4]


def test_documents_are_replaced_listed_and_removed(opened):
    store = opened()
    store.put("items", [Document("b", {"n": 1}), Document("a", {"n": [1.5, None, "ü"]})])
    store.put("items", [Document("b", {"n": 2})])
    store.put("users", [Document("b", {})])
    assert [one.key for one in store.scan("items")] == ["a", "b"]
    assert store.get("items", "b") == Document("b", {"n": 2})
    assert store.get("items", "z") is None
    assert store.delete("items", ["b", "z"]) == 1
    assert store.get("items", "b") is None


def test_many_writers_lose_and_double_nothing(opened):
    store, told = opened(), []
    writer = GroupCommit(store, told.extend)
    positions: list[int | None] = []

    def send(name: int) -> None:
        for number in range(20):
            twice = event(f"{name}-{number}")
            positions.extend(writer.submit([twice, event(f"shared-{number}")]).result(20))

    threads = [threading.Thread(target=send, args=(name,)) for name in range(6)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    writer.stop()
    fresh = [one for one in positions if one is not None]
    assert sorted(fresh) == list(range(1, 6 * 20 + 20 + 1))
    assert [one.position for one in told] == sorted(fresh)


def test_more_than_may_wait_is_refused(tmp_path):
    store, held = open_store(tmp_path), threading.Event()
    writer = GroupCommit(store, lambda events: held.wait(10) and None, most_waiting=2)
    first = writer.submit([event("a"), event("b")])
    with pytest.raises(StoreBusyError, match="2 events wait"):
        writer.submit([event("c")])
    held.set()
    assert first.result(5) == [1, 2]
    writer.stop()
    with pytest.raises(StoreGoneError, match="stopping"):
        writer.submit([event("d")])
    store.close()


def test_a_redis_that_forgets_is_refused(redis_server):
    import redis

    client = redis.Redis.from_url(redis_server.address)
    client.config_set("appendfsync", "everysec")
    try:
        with pytest.raises(UsageError, match="appendfsync always"):
            open_store(redis_server.address)
    finally:
        client.config_set("appendfsync", "always")
        client.close()


def test_an_unknown_address_is_refused():
    with pytest.raises(UsageError, match="mongodb"):
        open_store("mongodb://x")


def test_a_sealed_log_holds_nothing_readable_and_opens_with_its_key_alone(tmp_path):
    make_key_file(tmp_path / "key")
    store = open_store(tmp_path / "data", key_file=tmp_path / "key")
    store.append([event("secret-event", "secret-user", "secret-item", more='{"text": "secret-text"}')])
    store.put("items", [Document("secret-key", {"title": "secret-title"})])
    store.inner.backup(tmp_path / "data" / "copy.sqlite")
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert all(b"secret" not in path.read_bytes() for path in files)
    store.close()
    with pytest.raises(ArtifactError, match="--key-file"):
        open_store(tmp_path / "data")  # no empty log, but an error
    make_key_file(tmp_path / "other")
    with pytest.raises(ArtifactError, match="does not open this log"):
        open_store(tmp_path / "data", key_file=tmp_path / "other")
    with pytest.raises(UsageError, match="cannot be read as a key"):
        open_store(tmp_path / "data", key_file=tmp_path / "lost")
    with pytest.raises(UsageError, match="exists"):
        make_key_file(tmp_path / "key")
    plain = open_store(tmp_path / "plain")
    plain.append([event("a")])
    plain.close()
    with pytest.raises(ArtifactError, match="without a key"):
        open_store(tmp_path / "plain", key_file=tmp_path / "key")


def test_a_copy_taken_while_events_come_in_restores_to_a_prefix(tmp_path):
    store, stop = open_store(tmp_path / "data"), threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            store.append([event(f"b{number}")])

    thread = threading.Thread(target=write)
    thread.start()
    while store.last() < 20:
        pass
    store.backup(tmp_path / "copy.sqlite")
    stop.set()
    thread.join()
    (tmp_path / "restored").mkdir()
    (tmp_path / "copy.sqlite").rename(tmp_path / "restored" / "live.sqlite")
    restored = open_store(tmp_path / "restored")
    kept = [one.position for one in restored.read(0, 10**6)]
    assert kept == list(range(1, len(kept) + 1))
    assert 20 <= len(kept) <= store.last()
    assert restored.append([event("b1"), event("new")])[0] is None
    restored.close()
    store.close()
