"""What every test has in common: nothing is kept in the home folder of whoever runs them; one headless Chromium."""

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip
REQUIRED = os.environ.get("SWAYLINE_REQUIRE_BROWSER") == "1"


def until(page: Any, expression: str) -> None:
    """Wait for an expression on a page; Playwright's own waiting needs eval, which the pages' policy forbids."""
    end = time.monotonic() + 60
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        time.sleep(0.02)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAYLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _own_level() -> None:
    """Whatever an earlier test asked to be told (--quiet, --verbose) is not asked of this one."""
    from swayline.core.progress import set_level

    set_level("silent")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path, sync_playwright = None, None
    if path is None:
        reason = "needs Chromium (apt-get install chromium) and playwright (pip install 'swayline[test]')"
        pytest.fail(reason) if REQUIRED else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
