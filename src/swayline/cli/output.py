"""What the command line prints: one JSON object for machines, few plain lines for people."""

import json
import sys
from typing import Any


def show(as_json: bool, result: dict[str, Any], lines: list[str]) -> None:
    """Print the result in the form asked for."""
    text = json.dumps(result, ensure_ascii=True, sort_keys=True, allow_nan=False) if as_json else "\n".join(lines)
    sys.stdout.write(text + "\n")


def warn(text: str) -> None:
    """A line for people beside the result."""
    sys.stderr.write(text + "\n")


def one_line(text: str) -> str:
    r"""A message on one line whatever it quotes.

    >>> one_line("a\nb")
    'a b'
    """
    return " ".join(text.split())
