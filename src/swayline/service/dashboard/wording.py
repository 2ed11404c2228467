"""What the pages say, in English and in Chinese: an English sentence is its own key."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

LANGUAGES = {"en": "English", "zh": "中文"}


class Language:
    """Says a sentence in a language; one that has no translation (a word of the log, a verdict) stands as it is.

    >>> Language("zh")("Sign in"), Language("en")("{n} items are hidden.", n=3)
    ('登录', '3 items are hidden.')
    """

    def __init__(self, code: str) -> None:
        self._known: Mapping[str, str] = chinese() if code == "zh" else {}

    def __call__(self, text: str, **values: object) -> str:
        """The sentence with its places filled."""
        said = self._known.get(text, _ENGLISH.get(text, text))
        return said.format(**values) if values else said


_ENGLISH = {
    "sort: table": "as measured", "sort: strongest": "strongest first", "sort: cause": "by cause",
    "sort: effect": "by effect", "sort: estimand": "by estimand", "sort: p_value": "smallest p-value first",
    "sort: n": "largest n first", "done: refit": "The refit has begun.",
    "done: rollback": "The model before is in service again.",
    "done: backup": "The log was copied into the data folder's backups.",
    "accepted": "accepted", "cause_kind": "kind of cause", "effect_kind": "kind of effect",
}  # fmt: skip
"""Keys that are no sentence."""


@cache
def chinese() -> dict[str, str]:
    """English → Chinese."""
    text = (resources.files("swayline.service.dashboard") / "chinese.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found
