"""The pages in Chromium: with data and empty, on a phone, in the dark; a posted event appears; nothing leaves the host."""

import threading
import time
from contextlib import contextmanager

import pytest
from tests.conftest import until
from tests.service.conftest import Live

from swayline.service.dashboard.rendering import PAGES

uvicorn = pytest.importorskip("uvicorn")
PHONE = {"width": 375, "height": 720}


@contextmanager
def listening(live):
    server = uvicorn.Server(uvicorn.Config(live.application.asgi, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    live.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield live
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def full(shown):
    with listening(shown) as live:
        yield live


@pytest.fixture(scope="module")
def bare(drawn_run, tmp_path_factory):
    """A service of a model alone, as it is before the first event."""
    from swayline.service.api import AppSettings
    from swayline.service.dashboard.face import Dashboard

    live = Live(drawn_run / "model", tmp_path_factory.mktemp("bare") / "data", AppSettings(face=Dashboard()))
    with listening(live):
        yield live
    live.stop()


@contextmanager
def looking(browser, live, **look):
    """A tab in which whatever is asked for and whatever goes wrong is noted."""
    context = browser.new_context(**look)
    tab = context.new_page()
    asked, wrong = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield tab
    context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith((live.address, "data:"))] == []


def width(tab):
    return tab.evaluate("document.documentElement.scrollWidth")


def test_every_page_with_data_fits_a_phone_and_draws(chromium, full):
    full.send({"user": "u00003", "item": "i00003", "behavior": "view"})
    with looking(chromium, full, viewport=PHONE) as tab:
        for path in [*(path for path, _ in PAGES), "/person?user=u00003", "/ledger?estimand=ate"]:
            tab.goto(f"{full.address}/dashboard{path}", wait_until="commit")
            tab.wait_for_selector("html[data-ready]", state="attached")
            if tab.query_selector("[data-figure]"):
                tab.wait_for_selector("html[data-drawn]", state="attached")
            assert tab.query_selector("[role=alert]") is None, path
            assert width(tab) <= PHONE["width"], path


def test_every_page_without_data_says_what_to_do(chromium, bare):
    does = {
        "": "curl localhost:8080/v1/events", "/person": "Some people to begin with", "/ledger": "swayline run EVENTS",
        "/people": "swayline run EVENTS", "/evolution": "swayline run EVENTS", "/experiments": "swayline run EVENTS",
        "/models": "Start a refit under Tasks", "/quality": "Rows sent to this service", "/tasks": "Refit now",
        "/privacy": "No key was made", "/settings": "How a list is made",
    }  # fmt: skip
    with looking(chromium, bare, viewport=PHONE) as tab:
        for path, _ in PAGES:
            tab.goto(f"{bare.address}/dashboard{path}")
            assert does[path] in tab.inner_text("main"), path
            assert width(tab) <= PHONE["width"], path


def test_a_posted_event_appears_without_a_reload_and_moves_the_funnel(chromium, full):
    with looking(chromium, full, color_scheme="dark") as tab:
        tab.goto(f"{full.address}/dashboard")
        tab.wait_for_selector("html[data-drawn]", state="attached")
        tab.evaluate("window.stays = true")
        full.send({"user": "<b>eve</b>", "item": "i00004", "behavior": "cart"})
        tab.wait_for_selector('[data-live=newest] tr:first-child a:text-is("<b>eve</b>")', timeout=10_000)
        until(tab, "document.getElementById('live-funnel').data[0].y.includes('carts')")
        assert tab.evaluate("window.stays")
        dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        tab.select_option("[data-look=theme]", "light")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_signing_in_by_keyboard_in_chinese_and_losing_the_key(chromium, bare):
    from swayline.service.api.keys import new_key, remove_key

    keys = bare.application.parts.keys
    secret, made = new_key(bare.service.store, "read")
    keys.read()
    try:
        with looking(chromium, bare, locale="zh-CN", viewport=PHONE) as tab:
            tab.goto(f"{bare.address}/dashboard/tasks")
            assert tab.inner_text("h1") == "登录"
            tab.keyboard.type(secret)
            tab.keyboard.press("Enter")
            tab.wait_for_url("**/dashboard/tasks")
            assert tab.inner_text("h1") == "任务"
            tab.keyboard.press("Tab")
            assert tab.evaluate("document.activeElement.className") == "skip"
            assert width(tab) <= PHONE["width"]
            remove_key(bare.service.store, made.name)
            new_key(bare.service.store, "admin", "other")
            keys.read()
            tab.goto(f"{bare.address}/dashboard/tasks")
            assert "会话已结束" in tab.inner_text("[role=alert]")
    finally:
        remove_key(bare.service.store, made.name)
        remove_key(bare.service.store, "other")
        keys.read()
