"""The tracker in Chromium, on a page of another origin, against a service with a key."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.conftest import until

from swayline.engine import DuckEngine
from swayline.events import read_events
from swayline.simulation import WorldSettings, write_world
from swayline.training.fit import fit_log
from swayline.training.plan import TrainingPlan

uvicorn = pytest.importorskip("uvicorn")


@pytest.fixture
def shop(tmp_path):
    """A page server, and a service that lets this page's origin call."""
    from swayline.service.api import AppSettings, EdgeSettings, create_app
    from swayline.service.api.keys import new_key
    from swayline.service.log import open_store
    from swayline.service.serving import Service

    write_world(WorldSettings(users=60, items=40, events=2_000), tmp_path / "world")
    with DuckEngine() as engine:
        log = read_events(tmp_path / "world" / "events.parquet", engine=engine)
        fit_log(engine, log, TrainingPlan.of_one("item-knn")).save(tmp_path / "model")
    page = {"html": ""}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            body = page["html"].encode() if self.path == "/" else page["script"]
            self.send_response(200)
            self.send_header("content-type", "text/html" if self.path == "/" else "text/javascript")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *about):
            pass

    pages = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{pages.server_port}"
    service = Service(open_store(tmp_path / "data"), tmp_path / "data", tmp_path / "model")
    keys = {role: new_key(service.store, role)[0] for role in ("ingest", "read", "admin")}
    application = create_app(service, AppSettings(EdgeSettings(origins=(origin,))))
    server = uvicorn.Server(uvicorn.Config(application.asgi, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    from importlib.resources import files

    page["script"] = files("swayline.service").joinpath("tracker", "tracker.js").read_bytes()
    yield origin, address, keys, page, service
    server.should_exit = True
    thread.join(10)
    service.stop()
    pages.shutdown()
    pages.server_close()


def test_a_page_is_tracked(chromium, shop):
    origin, address, keys, page, service = shop
    page["html"] = f"""<!doctype html><script src=/tracker.js></script><ul id=list></ul><script>
      (async () => {{
        const reader = swayline({{address: "{address}", key: "{keys["admin"]}", user: "visitor"}});
        const list = await reader.recommend({{k: 3}});
        for (const one of list.items) {{
          const row = document.createElement("li"); row.dataset.item = one.item; row.textContent = one.item;
          document.querySelector("#list").append(row);
        }}
        const track = swayline({{address: "{address}", key: "{keys["ingest"]}", user: "visitor"}});
        track.watch(document.querySelector("#list"), list.recommendation_id);
        track.event("view", list.items[2].item, {{category: "seen"}});
        window.shown = list;
      }})();</script>"""
    tab = chromium.new_page()
    problems, asked = [], []
    tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(origin)
    until(tab, "window.shown")
    tab.wait_for_timeout(1_800)
    tab.click("li:nth-child(2)")
    end = time.monotonic() + 10
    while len(service.store.of_user("visitor")) < 5 and time.monotonic() < end:
        tab.wait_for_timeout(100)
    tab.close()
    events = [one.event for one in service.store.of_user("visitor")]
    assert sorted(one.behavior for one in events) == ["click", "impression", "impression", "impression", "view"]
    assert '"position": 2' in next(one.more for one in events if one.behavior == "click")
    assert problems == []
    assert all(url.startswith((origin, address)) for url in asked)
