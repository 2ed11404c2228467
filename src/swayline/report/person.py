"""One person's page: history, list and reasons; events can be taken out and the list follows, without a model.

The page holds every list that it can show (``swayline.recommend.why.edited_lists``), loads nothing and sends nothing.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from swayline.core.errors import UsageError, nearest
from swayline.core.storage.files import write_text
from swayline.report import theme
from swayline.report.page import asset, inert, policy, script

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Why {user} is shown this",
        "lead": "Take up to two events out of the history, or all of one kind: the list follows as the model answers "
        "it. This says what moves the list, not what moved the person.",
        "history": "History, the newest first",
        "list": "The list",
        "earlier": "{n} earlier events are read too; they go with their kind alone.",
        "groups": "Without all of one kind",
        "reset": "Put everything back",
        "as_is": "The list as it is. Choose an item to see what holds it up.",
        "without": "Without {what}: {left} of {k} items leave the list.",
        "events": "{n} events",
        "event": "1 event",
        "all_of": "all of {name} ({n})",
        "most": "Two events at most: this page holds no list without three. The dashboard asks the model for any set.",
        "was": "was {rank}",
        "gone": "Left the list",
        "now": "now {rank}",
        "pull_of": "What holds up {item}: bars to the right lift it, to the left push it down.",
        "pull_all": "Bars: how much an event lifts (right) or lowers (left) the items of the list, on average.",
        "model": "model {model}",
        "noscript": "This page needs JavaScript to take events out; the list and its reasons stand below.",
        "take_out": "Take out",
    },
    "zh": {
        "title": "为什么向{user}推荐这些",
        "lead": "从历史中去掉一到两次行为，或去掉某一类的全部：列表随模型的回答而变。"
        "这里说明什么影响列表，而不是什么影响了这个人。",
        "history": "历史，最新的在前",
        "list": "列表",
        "earlier": "模型还读取更早的{n}次行为；它们只能随类别一起去掉。",
        "groups": "去掉某一类的全部",
        "reset": "全部放回",
        "as_is": "当前的列表。选择一项，查看是什么支撑它。",
        "without": "去掉{what}后：{k}项中有{left}项离开列表。",
        "events": "{n}次行为",
        "event": "1次行为",
        "all_of": "全部{name}（{n}）",
        "most": "最多两次行为：本页没有去掉三次的列表。仪表板可以就任意组合询问模型。",
        "was": "原为{rank}",
        "gone": "离开列表",
        "now": "现为{rank}",
        "pull_of": "是什么支撑{item}：向右的条抬高它，向左的压低它。",
        "pull_all": "条：一次行为平均抬高（右）或压低（左）列表各项的程度。",
        "model": "模型 {model}",
        "noscript": "去掉行为需要 JavaScript；列表和理由如下。",
        "take_out": "去掉",
    },
}
"""What the page says itself, by language."""


def person_page(about: Mapping[str, Any], language: str = "en") -> str:
    """The page as HTML.

    Parameters
    ----------
    about : mapping
        The fields of ``swayline.recommend.why.EditedLists``.
    language : ``en`` or ``zh``

    Raises
    ------
    UsageError
        The page has no words of this language.
    """
    if language not in WORDS:
        raise UsageError(f"a person's page has no language {language!r}: {nearest(language, WORDS)}")
    words, code = WORDS[language], script(asset("person.js"))
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(asset("person.html.j2")).render(
        about=about,
        words=words,
        language=language,
        title=words["title"].format(user=about["user"]),
        css=Markup(theme.css() + "\n" + asset("person.css")),
        policy=policy(code),
        script=Markup(code),
        data=Markup(inert(json.dumps({**about, "words": words}, ensure_ascii=False, allow_nan=False))),
    )


def write_person_page(path: Path, about: Mapping[str, Any], language: str = "en") -> None:
    """Write the page whole or not at all.

    Raises
    ------
    UsageError
        The page has no words of this language.
    """
    write_text(path, person_page(about, language))
