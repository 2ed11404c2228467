"""The report in headless Chromium with every outside request refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from swayline.report import write_report
from swayline.testing.run_folder import write_run_folder


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_run_folder(folder, effects=True)
    return write_report(folder)


class Visit:
    """A page with what it said and asked for."""

    def __init__(self, browser: Any, report: Path, **how: Any) -> None:
        self.context = browser.new_context(**how)
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.trouble.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.trouble.append(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.route(lambda url: not url.startswith("file:"), lambda route: route.abort())
        self.page.goto(report.as_uri())
        self.page.wait_for_selector("html[data-drawn]", timeout=60_000)

    def clean(self) -> bool:
        return self.trouble == [] and [url for url in self.requests if not url.startswith("file:")] == []


@pytest.fixture
def visit(chromium, report) -> Iterator[Any]:
    opened: list[Visit] = []

    def open_page(path: Path = report, **how: Any) -> Visit:
        opened.append(Visit(chromium, path, **how))
        return opened[-1]

    yield open_page
    for one in opened:
        one.context.close()


_DRAWN = """() => [...document.querySelectorAll('[data-figure]')].map((holder) => {
  const svg = holder.querySelector('svg.main-svg');
  const box = svg ? svg.getBoundingClientRect() : { width: 0, height: 0 };
  const marks = holder.querySelectorAll('.point, .points path, .sankey-link, .hm image, .scatterlayer path').length;
  return { id: holder.id, width: box.width, height: box.height, marks };
})"""


def test_every_figure_is_drawn_without_a_word_on_the_console_or_a_request(visit):
    one = visit(viewport={"width": 1280, "height": 900})
    drawn = one.page.evaluate(_DRAWN)
    assert len(drawn) >= 18
    for figure in drawn:
        assert figure["width"] > 200, figure
        assert figure["height"] > 80, figure
        assert figure["marks"] > 0, figure
    assert one.clean(), (one.trouble, one.requests)
    assert one.requests == [one.page.url]
    assert one.page.evaluate("document.querySelectorAll('main img, main b').length") == 0
    assert "<script>alert(1)</script>" in one.page.inner_text("#examples")


def test_a_script_slipped_into_the_page_does_not_run(visit, report, tmp_path):
    slipped = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    bad = tmp_path / "bad.html"
    bad.write_text(report.read_text("utf-8").replace("<header>", "<header>" + slipped), "utf-8")
    assert visit(bad).page.title() == "What sways purchases – Swayline"


def _ink(page: Any) -> str:
    return page.evaluate("getComputedStyle(document.querySelector('#followed .xtick text')).fill")


def test_figures_and_page_follow_dark_and_light(visit):
    one = visit(color_scheme="light")
    light = (one.page.evaluate("getComputedStyle(document.body).backgroundColor"), _ink(one.page))
    one.page.emulate_media(color_scheme="dark")
    one.page.wait_for_timeout(700)
    dark = (one.page.evaluate("getComputedStyle(document.body).backgroundColor"), _ink(one.page))
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    assert one.clean(), one.trouble


def test_a_dark_page_prints_light_and_nothing_is_cut(visit):
    one = visit(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    screen = _ink(one.page)
    one.page.emulate_media(media="print", color_scheme="dark")
    one.page.set_viewport_size({"width": 688, "height": 1000})
    one.page.wait_for_timeout(900)
    widths = one.page.evaluate(
        "[...document.querySelectorAll('[data-figure]')].map(h => "
        "[h.querySelector('svg.main-svg').getBoundingClientRect().right,"
        " h.closest('figure').getBoundingClientRect().right])"
    )
    assert all(svg <= panel + 1 for svg, panel in widths), widths
    assert one.page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert _ink(one.page) != screen
    assert len(one.page.pdf(prefer_css_page_size=True)) > 20_000
    assert one.clean(), one.trouble


def test_no_page_is_wider_than_its_screen(visit):
    one = visit(viewport={"width": 1600, "height": 844})
    for width in (768, 390, 320):
        one.page.set_viewport_size({"width": width, "height": 844})
        one.page.wait_for_timeout(800)
        assert one.page.evaluate("document.documentElement.scrollWidth") <= width
        wide = one.page.evaluate(
            "[...document.querySelectorAll('[data-figure]')].map(h => [h.id, "
            "h.querySelector('svg.main-svg').getBoundingClientRect().right])"
        )
        assert [(name, right) for name, right in wide if right > width + 1] == []


WIDE = """() => {
  const heads = ["Episodes", "With it", "Comparable", "Worth, with it", "Worth, without", "Cut off by the log's end"]
  const cell = (tag, text) => `<${tag} class="number">${text}</${tag}>`
  const block = document.createElement("div")
  block.className = "scroll"
  block.innerHTML = `<table><thead><tr><th>Behaviour</th><th>Design</th>${heads.map(t => cell("th", t)).join("")}` +
    `<th>Window, horizon</th></tr></thead><tbody><tr><th>Favorites</th><td>sequential trials</td>` +
    `${heads.map(() => cell("td", "64,818")).join("")}<td>2.25 d</td></tr></tbody></table>`
  document.querySelector(".blocks").append(block)
}"""


def test_a_table_of_nine_columns_and_all_others_fit_a_laptop(visit):
    one = visit(viewport={"width": 1280, "height": 900})
    one.page.evaluate(WIDE)
    beyond = one.page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.checkVisibility())"
        ".map(e => [e.innerText.split('\\n')[0], e.scrollWidth - e.clientWidth])"
    )
    assert len(beyond) > 3
    assert [one for one in beyond if one[1] > 0] == []


def test_the_keyboard_reaches_the_findings_the_sections_and_the_tables(visit):
    page = visit(viewport={"width": 1280, "height": 900}).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.focus("#followed-title ~ details summary")
    page.keyboard.press("Enter")
    assert page.is_visible("#followed-title ~ details table")
    links = page.evaluate("[...document.querySelectorAll('.contents a')].map(a => a.hash)")
    assert len(links) >= 8
    page.click(f".contents a[href='{links[3]}']")
    page.wait_for_timeout(900)
    assert page.evaluate("document.querySelector('.contents a[aria-current]').hash") == links[3]
