"""The one tree of errors.

::

    SwaylineError
    ├── UsageError (also ValueError)      misuse: exit 2
    │   ├── ConfigError                   a setting is unknown or out of range
    │   └── MissingExtraError             an optional library is not installed
    ├── BusyError                         another process works in the folder: exit 1
    ├── OutputError                       what was made cannot be printed: exit 1
    └── DataError                         the data cannot answer: exit 1
        ├── SourceError                   a file cannot be read as what it says it is
        ├── SchemaError                   a column is missing, doubled or cannot be told
        ├── EmptyLogError                 no row is left to work with
        ├── OutcomeError                  the outcome cannot be told, or does not occur
        ├── LeakageError                  a split lets the future into training
        ├── IdentificationError           an effect cannot be estimated at all from these rows
        └── ArtifactError                 a model or run folder is damaged, foreign or hostile

Every message says what was wrong, the value received and what to do, in one line.
"""

import difflib
from collections.abc import Iterable

MAX_MESSAGE = 2000
"""Characters of a message: names and values that come from files do not flood a terminal."""


class SwaylineError(Exception):
    r"""Anything Swayline raises on purpose; its message is one line that any terminal can show.

    >>> print(SwaylineError("column 'a\nb' is missing"))
    column 'a\nb' is missing
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class UsageError(SwaylineError, ValueError):
    """The call itself is wrong: an unknown name, an option out of range."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration key is unknown or its value cannot be used."""


class MissingExtraError(UsageError):
    """An optional library is needed and not installed; the message names the extra."""


class BusyError(SwaylineError):
    """Another process is at work where this one would write."""


class OutputError(SwaylineError):
    """The result cannot be printed where it should go."""


class DataError(SwaylineError):
    """The data given cannot answer the question asked."""


class SourceError(DataError):
    """A file is missing, truncated or not of the format it claims."""


class SchemaError(DataError):
    """Columns are missing, doubled, or cannot be recognised."""


class EmptyLogError(DataError):
    """No row is left to work with."""


class OutcomeError(DataError):
    """The outcome is not named and cannot be told, or never occurs."""


class LeakageError(DataError):
    """A split would let a model see what it is asked to predict."""


class IdentificationError(DataError):
    """No estimate can be made at all (no variation, no overlap, too few rows)."""


class ArtifactError(DataError):
    """A folder written by Swayline is damaged, of another version, or not ours."""


def one_line(text: str) -> str:
    r"""Text with everything that would break a line or a terminal written as an escape; long text is cut in the middle.

    >>> one_line("a\nb\x1b")
    'a\\nb\\x1b'
    """
    half = MAX_MESSAGE // 2
    cut = text if len(text) <= MAX_MESSAGE else f"{text[:half]}…{text[-half:]}"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode() for letter in cut
    )


def nearest(name: str, choices: Iterable[str]) -> str:
    """A hint for a mistyped name: the closest valid one, and the list.

    >>> nearest("purchse", ["view", "purchase"])
    "did you mean 'purchase'? Choices: purchase, view"
    """
    names = sorted(choices)
    close = difflib.get_close_matches(name, names, n=1)
    listed = "Choices: " + (", ".join(name[:60] for name in names[:30]) or "none") + (", …" if len(names) > 30 else "")
    return f"did you mean {close[0]!r}? {listed}" if close else listed


def shown(value: object, limit: int = 80) -> str:
    """A value as an error message shows it: quoted, one line, never long.

    >>> shown("a" * 200, limit=10)
    "'aaaaaaaaaa…' (200 characters)"
    """
    text = str(value)
    return repr(text) if len(text) <= limit else f"{text[:limit] + '…'!r} ({len(text)} characters)"
