"""Which code this is: a digest of the package's files, so that results of other code are never taken for its own."""

import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_SUFFIXES = (".py", ".j2", ".js", ".css")


@cache
def code_digest() -> str:
    """SHA-256 over the package's source files, names and bytes: any edit changes it, installing it elsewhere does not.

    A version number stands still between releases; this does not.
    """
    total = hashlib.sha256()
    for path in sorted(one for one in _PACKAGE.rglob("*") if one.suffix in _SUFFIXES):
        total.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
