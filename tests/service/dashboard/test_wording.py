"""Every sentence of the pages has its Chinese."""

import re
from pathlib import Path

from swayline.service import dashboard
from swayline.service.dashboard.rendering import PAGES
from swayline.service.dashboard.wording import Language, chinese

ROOM = Path(dashboard.__file__).parent
SAID = re.compile(r"""\bt\(\s*(?:"([^"]+)"|'([^']+)')\s*[,)]""")


def sentences():
    found = {title for _, title in PAGES}
    for path in [*ROOM.rglob("*.py"), *ROOM.rglob("*.j2")]:
        found |= {first or second for first, second in SAID.findall(path.read_text("utf-8"))}
    return found


def test_every_sentence_is_translated_and_none_is_left_over():
    said = sentences()
    assert len(said) > 150
    assert sorted(said - set(chinese())) == []


def test_places_of_a_sentence_are_the_same_in_both_languages():
    for english, said in chinese().items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", said)), english


def test_a_page_is_said_in_the_language_of_the_browser_or_as_chosen(shown):
    assert "此刻" in shown.client.get("/dashboard/tasks", headers={"accept-language": "zh-CN,en"}).text
    chosen = shown.client.get(
        "/dashboard", headers={"accept-language": "zh-CN", "cookie": "swayline_look=en.dark"}
    ).text
    assert "此刻" not in chosen
    assert 'data-theme="dark"' in chosen
    assert Language("zh")("no such sentence") == "no such sentence"
