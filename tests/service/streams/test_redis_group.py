import json

import pytest

from swayline.core.errors import UsageError
from swayline.service.api.rows import check_row
from swayline.service.log import open_store
from swayline.service.log.protocol import StoreGoneError
from swayline.service.streams import RedisGroup

redis = pytest.importorskip("redis")


@pytest.fixture
def world(redis_server, tmp_path, request):
    client = redis.Redis.from_url(redis_server.address, decode_responses=True)
    stream = f"clicks-{request.node.name}"
    store = open_store(tmp_path)
    made = []

    def consumer(name: str, idle_s: float = 60.0) -> RedisGroup:
        made.append(RedisGroup(redis_server.address, stream, "swayline", name, idle_s))
        return made[-1]

    yield client, stream, store, consumer
    for one in made:
        one.close()
    client.close()
    store.close()


def add(client, stream: str, n: int, first: int = 0) -> None:
    for at in range(first, first + n):
        client.xadd(stream, {"user": f"u{at % 7}", "item": f"i{at % 5}", "behavior": "view", "value": "2.5"})


def test_entries_reach_the_log_once_and_are_acknowledged(world) -> None:
    client, stream, store, consumer = world
    add(client, stream, 25)
    taken = consumer("one").take(store)
    assert (taken.written, taken.repeated, taken.refused) == (25, 0, 0)
    assert consumer("one").waiting() == 0
    assert consumer("one").take(store).written == 0
    events = [one.event for one in store.read(0, 100)]
    assert [one.user for one in events][:3] == ["u0", "u1", "u2"]
    assert json.loads(events[0].more)["value"] == 2.5


def test_two_consumers_share_the_entries(world) -> None:
    client, stream, store, consumer = world
    add(client, stream, 40)
    first, second = consumer("one"), consumer("two")
    assert first.take(store, limit=15).written == 15
    assert second.take(store, limit=100).written == 25
    assert len(store.read(0, 100)) == 40


def test_what_a_dead_consumer_read_is_claimed_and_written_once(world) -> None:
    client, stream, store, consumer = world
    add(client, stream, 10)
    dead = consumer("dead")
    client.xreadgroup("swayline", "dead", {stream: ">"}, count=6)  # read, and never acknowledged
    assert dead.waiting() == 6
    assert consumer("patient", idle_s=3600).take(store).written == 4
    taken = consumer("heir", idle_s=0.0).take(store)
    assert (taken.claimed, taken.written) == (6, 6)
    assert len({one.event.event_id for one in store.read(0, 100)}) == 10


def test_a_consumer_that_dies_between_writing_and_acknowledging_changes_nothing(world) -> None:
    client, stream, store, consumer = world
    add(client, stream, 8)
    one = consumer("one", idle_s=0.0)
    entries = client.xreadgroup("swayline", "one", {stream: ">"})[0][1]
    store.append([check_row(one._row(name, fields), 0).event for name, fields in entries])
    taken = one.take(store)
    assert (taken.claimed, taken.written, taken.repeated) == (8, 0, 8)
    assert one.waiting() == 0


def test_what_is_no_event_is_put_aside_with_its_reason(world) -> None:
    client, stream, store, consumer = world
    client.xadd(stream, {"user": "u", "behavior": "view"})
    client.xadd(stream, {"json": '{"user": "u", "item": "i", "behavior": "view", "time": "2026-01-01T00:00:00Z"}'})
    client.xadd(stream, {"json": "{"})
    taken = consumer("one").take(store)
    assert (taken.written, taken.refused) == (1, 2)
    reasons = [fields["reason"] for _, fields in client.xrange(f"{stream}:refused")]
    assert "item" in reasons[0]
    assert "no JSON" in reasons[1]
    assert consumer("one").waiting() == 0


def test_a_log_that_fails_leaves_its_entries_to_be_claimed(world) -> None:
    client, stream, store, consumer = world
    add(client, stream, 3)

    class Gone:
        def append(self, events):
            raise StoreGoneError("the log is gone")

    one = consumer("one", idle_s=0.0)
    with pytest.raises(StoreGoneError):
        one.take(Gone())
    assert one.waiting() == 3
    assert one.take(store).written == 3


def test_a_key_that_is_no_stream_and_a_server_that_is_gone_are_one_line(world, redis_server) -> None:
    client, stream, _, _ = world
    client.set("plain", "text")
    with pytest.raises(UsageError, match="'plain' on .* is no stream"):
        RedisGroup(redis_server.address, "plain", "g", "c")
    with pytest.raises(StoreGoneError, match="127.0.0.1:1/0 cannot be reached"):
        RedisGroup("redis://:secret@127.0.0.1:1/0", stream, "g", "c")
