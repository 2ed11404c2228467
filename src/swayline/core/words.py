"""Words as people read them: behaviours as nouns, outside ids made fit to show."""

import re
import unicodedata

from swayline.core.conditions import condition_of
from swayline.core.names import CART, CLICK, FAVORITE, INTERACT, PURCHASE, RATE, SEARCH, VIEW

_NOUNS = {
    "impression": ("impression", "impressions"),
    SEARCH: ("search", "searches"),
    "filter": ("filter", "filters"),
    VIEW: ("view", "views"),
    CLICK: ("click", "clicks"),
    "play": ("play", "plays"),
    "like": ("like", "likes"),
    FAVORITE: ("favorite", "favorites"),
    "share": ("share", "shares"),
    "comment": ("comment", "comments"),
    "follow": ("follow", "follows"),
    RATE: ("rating", "ratings"),
    "review": ("review", "reviews"),
    CART: ("cart", "carts"),
    "checkout": ("checkout", "checkouts"),
    "subscribe": ("subscription", "subscriptions"),
    "checkin": ("check-in", "check-ins"),
    PURCHASE: ("purchase", "purchases"),
    INTERACT: ("interaction", "interactions"),
}
_WORD = re.compile(r"[a-z]+")


def noun(behavior: str, n: float = 1) -> str:
    """A behaviour as a noun, in the plural unless ``n`` is 1; one that is no English word keeps its own name.

    >>> noun("checkin", 2), noun("lesson", 3), noun("quiz_done", 2)
    ('check-ins', 'lessons', '“quiz done” events')
    >>> noun("rate>=4", 2), noun("purchase<=100")
    ('ratings ≥ 4', 'purchase ≤ 100')
    """
    condition = condition_of(behavior)
    if condition is not None:
        return f"{noun(condition.behavior, n)} {condition.sign} {condition.number}"
    if behavior in _NOUNS:
        return _NOUNS[behavior][n != 1]
    if _WORD.fullmatch(behavior):
        return behavior if n == 1 else behavior + ("es" if behavior.endswith(("s", "x", "ch", "sh")) else "s")
    return f"“{label(behavior.replace('_', ' '))}” event" + ("s" if n != 1 else "")


def meaning(outcome: str) -> str:
    """An outcome as the log says it; a high rating is something liked.

    >>> meaning("rate>=4"), meaning("play>=30"), meaning("purchase")
    ('liked: rate ≥ 4', 'play ≥ 30', 'purchase')
    """
    condition = condition_of(outcome)
    if condition is None:
        return outcome
    said = f"{condition.behavior} {condition.sign} {condition.number}"
    judged = condition.behavior in (RATE, "review")
    return f"liked: {said}" if judged and condition.operator in (">=", ">") else said


def label(text: object, limit: int = 60) -> str:
    """An outside id or title made fit to show: one line, no control or direction marks, cut at ``limit``.

    >>> label("Walnut" + chr(0x202E) + " Lamp"), label("a" * 9, limit=5)
    ('Walnut Lamp', 'aaaa…')
    """
    plain = str(text)
    if len(plain) <= limit and plain.isascii() and plain.isprintable():
        return plain.strip()
    clean = "".join(" " if unicodedata.category(c) in ("Zl", "Zp") or c in "\t\n\r" else c for c in plain)
    clean = "".join(c for c in clean if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")).strip()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
