"""A person's page in Chromium: events are taken out and put back by hand and by keyboard, hostile titles stay text."""

from dataclasses import asdict, replace

import pytest

from swayline.recommend.why.edited_lists import EditedLists
from swayline.report.person import write_person_page

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e"
ABOUT = EditedLists(
    user="u<b>1", model="item-knn",
    items=[{"item": f"i{n}", "label": f"Item {n}" if n else HOSTILE, "rank": rank} for n, rank in enumerate((1, 2, 7))],
    shown=[0, 1], reasons=["Because one.", "Because two."],
    events=[{"label": f"Event {n}", "behavior": "view", "category": None, "time": None} for n in range(3)],
    earlier=5, pulls=[[1.0, -0.5], [0.0, 0.25], [0.5, 0.5]],
    lists={
        key: {"list": shown, "ranks": ranks}
        for key, shown, ranks in (
            ("0", [1, 0], [2, 1]), ("1", [0, 1], [1, 2]), ("2", [2, 0], [2, 9]), ("0,1", [1, 2], [4, 1]),
            ("0,2", [2, 1], [8, 2]), ("1,2", [0, 2], [1, 5]),
        )
    },
    groups=[{"kind": "behavior", "name": "view", "events": 8, "list": [2], "ranks": [40, 50]}],
)  # fmt: skip


@pytest.fixture
def tab(chromium, tmp_path):
    write_person_page(tmp_path / "why.html", asdict(ABOUT))
    page = chromium.new_page(viewport={"width": 375, "height": 700})
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on(
        "request",
        lambda request: page.said.append(request.url) if not request.url.startswith(("file:", "data:")) else None,
    )
    page.goto(f"file://{tmp_path}/why.html")
    yield page
    assert page.said == []
    page.close()


def shown(tab):
    return tab.locator("#list .what bdi:first-child").all_inner_texts()


def test_taking_events_out_shows_the_models_list_and_putting_back_shows_the_first(tab):
    assert shown(tab)[0] == HOSTILE
    assert tab.locator("img").count() == 0
    assert tab.locator("#list .reason").all_inner_texts() == ["Because one.", "Because two."]
    tab.locator("#history button", has_text="Event 2").click()
    assert shown(tab) == ["Item 2", HOSTILE]
    assert tab.locator("#list .move").all_inner_texts() == ["▲ was 7", "▼ was 1"]
    assert "now 9" in tab.inner_text("#gone")
    assert tab.inner_text("#said") == "Without 1 event: 1 of 2 items leave the list."
    tab.locator("#history button", has_text="Event 0").click()
    assert shown(tab) == ["Item 2", "Item 1"]
    tab.locator("#history button", has_text="Event 1").click()
    assert tab.inner_text("#said").startswith("Two events at most")
    assert shown(tab) == ["Item 2", "Item 1"]
    tab.locator("#groups button", has_text="Put everything back").click()
    assert shown(tab) == [HOSTILE, "Item 1"]
    tab.locator("#groups button", has_text="all of view (8)").click()
    assert shown(tab) == ["Item 2"]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375


def test_an_items_own_pulls_are_drawn_and_the_keyboard_keeps_its_place(tab):
    tab.locator("#list button").nth(1).focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#history .figure").all_inner_texts() == ["+0.50", "+0.25", "-0.50"]
    assert tab.evaluate("document.activeElement.closest('#list') !== null")
    assert "Item 1" in tab.inner_text("#pull")
    tab.locator("#history button", has_text="Event 0").focus()
    tab.keyboard.press("Space")
    assert tab.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"


def test_in_chinese_without_groups_or_times(chromium, tmp_path):
    write_person_page(tmp_path / "zh.html", asdict(replace(ABOUT, groups=[], earlier=0)), "zh")
    page = chromium.new_page()
    page.goto(f"file://{tmp_path}/zh.html")
    page.locator("#history button").first.click()
    assert page.inner_text("#said") == "去掉1次行为后：2项中有1项离开列表。"
    page.close()
