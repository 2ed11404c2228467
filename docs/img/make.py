"""Take the README's picture of a report: ``python docs/img/make.py RUN_FOLDER`` writes ``docs/img/report.png``.

Needs Debian's chromium and the test extras. Use a simulated shop: pictures of licensed data do not belong here.
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
WIDTH = 1240


def main() -> None:
    """The findings, and below them the first figures of one section; the section between is left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a run folder with a report.html")
    said = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("needs chromium: apt-get install chromium")
    target = Path(__file__).with_name("report.png")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": 800})
        page.goto((said.folder / "report.html").resolve().as_uri())
        page.wait_for_selector("html[data-drawn]")
        page.evaluate("document.getElementById('log').remove()")
        end = page.evaluate("document.getElementById('funnel-pairs').closest('figure').getBoundingClientRect().bottom")
        page.screenshot(path=target, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": end + 28})
        browser.close()
    print(f"{target}: {target.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
