"""Arrows as Mermaid text, which GitHub, GitLab, notebooks and wikis draw."""

import re
from collections.abc import Iterable

Edge = tuple[str, str, str]
"""From, to, and the words on the arrow (empty: none)."""


def flowchart(edges: Iterable[Edge], *, direction: str = "LR", open_edges: Iterable[Edge] = ()) -> str:
    """A flowchart of named nodes; ``open_edges`` have no direction.

    Parameters
    ----------
    edges : iterable of (from, to, words)
    direction : str
        ``LR`` or ``TD``.

    >>> print(flowchart([("view", "cart", "0.9"), ("cart", "purchase", "")]))
    flowchart LR
      n0["view"] -->|0.9| n1["cart"]
      n1["cart"] --> n2["purchase"]
    """
    numbers: dict[str, int] = {}
    lines = [f"flowchart {direction}"]
    for arrow, some in (("-->", edges), ("---", open_edges)):
        for start, end, words in some:
            on = f"|{_plain(words)}|" if words else ""
            lines.append(f"  {_node(start, numbers)} {arrow}{on} {_node(end, numbers)}")
    return "\n".join(lines)


def _node(name: str, numbers: dict[str, int]) -> str:
    number = numbers.setdefault(name, len(numbers))
    return f'n{number}["{_plain(name)}"]'


def _plain(text: str) -> str:
    """Text that cannot end a label: quotes, brackets and bars become what Mermaid reads as characters."""
    return re.sub(r'["|\[\]{}<>#;&\n\r]', lambda found: f"#{ord(found[0])};", text)
