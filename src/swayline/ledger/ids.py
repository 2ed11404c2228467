"""How events and recommendations are named inside the influence table."""

from urllib.parse import quote


def event_id(item: str, behavior: str, time: str) -> str:
    """The id of an event that has none of its own: ``item|behavior|2026-01-31T12:00:00Z``.

    >>> event_id("a|b", "view", "2026-01-31T12:00:00Z")
    'a%7Cb|view|2026-01-31T12:00:00Z'
    """
    return "|".join((escape(item), escape(behavior), time))


def recommendation_id(user: str, item: str) -> str:
    """The id of a recommendation: ``user|item``.

    >>> recommendation_id("u1", "50%")
    'u1|50%25'
    """
    return f"{escape(user)}|{escape(item)}"


def escape(part: str) -> str:
    """An id as it stands inside a joined id: ``%`` and ``|`` percent-encoded, nothing else touched."""
    return part if "%" not in part and "|" not in part else part.replace("%", quote("%")).replace("|", quote("|"))
