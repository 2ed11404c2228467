"""Both clients against a service in a thread of this process."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn

from swayline.core.errors import UsageError
from swayline.service.client import AsyncClient, Client, ServiceError


@pytest.fixture
def address(live) -> Iterator[str]:
    config = uvicorn.Config(live.application.asgi, port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://localhost:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def test_the_client_that_waits(address):
    with Client(address) as client:
        told = client.send_events(
            [{"event_id": "1", "user": "c/1", "item": "i00001", "behavior": "view"}, {"user": "x"}]
        )
        assert (told.accepted, told.rejected, told.rows[1].column) == (1, 1, "behavior")
        assert client.send_events({"user": "x"}).rejected == 1
        found = client.recommend("c/1", k=3, reasons=True, boost={"price < 20": 1}, exclude=["i00002"], seen="drop")
        assert [one.rank for one in found.items] == [1, 2, 3]
        assert found.items[0].reason
        assert client.feedback(found.recommendation_id, found.items[1].item, "clicked").accepted == 1
        assert client.ask(session=[{"item": "i00001"}], k=2).items[0].source == "model"
        assert client.similar("i00001", 3)
        assert client.explain("c/1", "i00003")["events"]
        assert client.profile("c/1")["acts"] == 2
        assert client.influence(limit=1)["rows"]
        client.put_item("fresh/1", title="Fresh")
        client.put_user("c/1", country="FR")
        client.hide_item("fresh/1")
        assert client.export("c/1")["profile"]["attributes"] == {"country": "FR"}
        assert client.erase("c/1")["erased"]
        with pytest.raises(ServiceError, match="404: .*send one first") as raised:
            client.profile("c/1")
        assert raised.value.status == 404
        assert raised.value.request_id
        with pytest.raises(UsageError, match="did you mean 'reasons'"):
            client.recommend("u", reason=True)


def test_the_client_of_asyncio(address):
    async def walk():
        async with AsyncClient(address) as client:
            rows = [
                {"event_id": str(n), "user": f"a{n % 7}", "item": "i00001", "behavior": "view"} for n in range(5_200)
            ]
            told = await client.send_events(rows)
            lists = await asyncio.gather(*(client.recommend(f"a{n}", k=2) for n in range(7)))
            return told, lists

    with ThreadPoolExecutor(1) as own:  # a browser's test may have left its loop running in this thread
        told, lists = own.submit(asyncio.run, walk()).result()
    assert (told.accepted, told.rows[-1].row) == (5_200, 5_199)
    assert all(len(one.items) == 2 for one in lists)


def test_what_says_try_again_is_tried_again():
    answers = iter([(503, {"retry-after": "0"}), (429, {"retry-after": "0"}), (200, {})])

    def answer(request: httpx.Request) -> httpx.Response:
        status, headers = next(answers)
        return httpx.Response(status, headers=headers, json={"accepted": 1, "duplicate": 0, "rejected": 0, "rows": []})

    client = Client("http://localhost")
    client._http = httpx.Client(base_url="http://localhost", transport=httpx.MockTransport(answer))
    assert client.send_events({"user": "u"}).accepted == 1
    client.close()


def test_a_service_that_is_not_there_is_said():
    with Client("http://127.0.0.1:9", tries=1) as client, pytest.raises(ServiceError, match="cannot be reached"):
        client.profile("u")
