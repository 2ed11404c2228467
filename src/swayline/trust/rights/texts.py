"""A person's id in texts, JSON and tables: found where it names the person, and taken out.

An id of four characters and more with a letter among them is looked for in every text, as a word of its own. A shorter
one, or a number, may name an item or count something as well: it is theirs in the columns and fields of people alone.
"""

import re
from typing import Any

from swayline.ledger.ids import escape

GONE = "(erased)"
PEOPLE = ("user", "source", "target", "subject", "person")
"""Columns and fields that hold ids of people."""
_INSIDE = r"[\w%-]"
"""What makes a longer word of an id: ``anna`` is not in ``annabel`` nor in ``anna-2``."""
_DISTINCT = 4


class Named:
    """Whether something names a person, by their id or by their id as the ledger writes it."""

    def __init__(self, user: str) -> None:
        forms = "|".join(re.escape(one) for one in sorted({user, escape(user)}, key=len, reverse=True))
        self.user = user
        self.is_distinct = len(user) >= _DISTINCT and any(letter.isalpha() for letter in user)
        self._pattern = re.compile(rf"(?<!{_INSIDE})(?:{forms})(?!{_INSIDE})")

    def in_text(self, text: str, key: str = "") -> bool:
        """Whether a text in the column or field ``key`` does.

        >>> Named("anna").in_text("anna|i3"), Named("anna").in_text("annabel bought i3")
        (True, False)
        >>> Named("7").in_text("7", "item"), Named("7").in_text("7", "user")
        (False, True)
        """
        if self.is_distinct:
            return self._pattern.search(text) is not None
        return key in PEOPLE and text == self.user

    def out_of(self, text: str, key: str = "") -> str:
        """The text with the id replaced."""
        if self.is_distinct:
            return self._pattern.sub(GONE, text)
        return GONE if self.in_text(text, key) else text


def scrubbed(value: Any, named: Named, key: str = "") -> Any:
    """A JSON value without the person: a list loses the parts that are of them, an object the keys that are them.

    What names the person and stands in no list keeps its place with the id replaced. A number is nobody's id.

    >>> scrubbed({"people": [{"user": "anna", "n": 3}, {"user": "u2"}], "anna": 4, "as": "as anna did"}, Named("anna"))
    {'people': [{'user': 'u2'}], 'as': 'as (erased) did'}
    """
    if isinstance(value, str):
        return named.out_of(value, key)
    if isinstance(value, dict):
        return {name: scrubbed(one, named, name) for name, one in value.items() if not named.in_text(name)}
    if isinstance(value, list):
        return [scrubbed(one, named, key) for one in value if not is_theirs(one, named, key)]
    return value


def is_theirs(value: Any, named: Named, key: str = "") -> bool:
    """Whether a part of a list is about the person: it is their id, or an object one of whose fields is."""
    if isinstance(value, str):
        return named.in_text(value, key)
    if isinstance(value, dict):
        return any(isinstance(one, str) and named.in_text(one, name) for name, one in value.items())
    return False


def names_in(value: Any, named: Named, key: str = "") -> bool:
    """Whether a JSON value names the person anywhere."""
    if isinstance(value, str):
        return named.in_text(value, key)
    if isinstance(value, dict):
        return any(named.in_text(name) or names_in(one, named, name) for name, one in value.items())
    if isinstance(value, list):
        return any(names_in(one, named, key) for one in value)
    return False
