"""The secret key, in a file that its owner alone can read, and ids under it.

An id becomes the first 128 bits of HMAC-SHA256 of its kind and text: the same key makes the same id in every table and
every run, and without the key no id can be checked against a guess. Users and items are keyed apart, so that a user
``7`` and an item ``7`` share nothing.

References
----------
Krawczyk, Bellare, Canetti (1997), HMAC: Keyed-Hashing for Message Authentication, RFC 2104.
"""

import errno
import hmac
import os
import secrets
import stat
from pathlib import Path

import pyarrow as pa

from swayline.core.errors import UsageError, shown

KEY_BYTES = 32
_LEAST, _MOST = 16, 4096
"""Bytes of a key: fewer can be guessed; more are some other file."""
_ID_DIGITS = 32
"""Hexadecimal digits of an id: 128 bits, of which any two of a billion ids agree with a chance of about 1e-21."""
_OTHERS = 0o077


def check_key_file(path: Path, out: Path | None = None) -> None:
    """Refuse a key file that cannot serve, before any work is done; one that is missing will be made.

    Parameters
    ----------
    out : Path, optional
        The folder that will be shared: the key may not lie in it.

    Raises
    ------
    UsageError
        Others can read the file, it holds no key, its folder is missing, or it lies in ``out``.
    """
    if out is not None and out.resolve() in path.resolve().parents:
        raise UsageError(f"key file {shown(path)} lies in --out {shown(out)}, which is shared: keep it elsewhere")
    if os.path.lexists(path):
        _read(path)
    elif not path.parent.is_dir():
        raise UsageError(f"key file {shown(path)}: there is no folder {shown(path.parent)}: make it first")


def key_of(path: Path) -> bytes:
    """The key in a file; a missing file is made with a new one (mode 600), one that stands there is never changed.

    Raises
    ------
    UsageError
        As :func:`check_key_file`.
    """
    if not os.path.lexists(path):
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    try:
        held = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was faster: its key is the key
        return
    except FileNotFoundError:
        raise UsageError(f"key file {shown(path)}: there is no folder {shown(path.parent)}: make it first") from None
    try:
        os.fchmod(held, 0o600)
        os.write(held, secrets.token_hex(KEY_BYTES).encode() + b"\n")
        os.fsync(held)
    finally:
        os.close(held)


def _read(path: Path) -> bytes:
    try:
        held = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not make us wait
    except OSError as error:
        reason = "it is a link that leads nowhere" if error.errno == errno.ENOENT else error.strerror
        raise UsageError(f"key file {shown(path)} cannot be read ({reason}): name another file") from None
    try:
        found = os.fstat(held)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"key file {shown(path)} is no file: name one, or a new name to have it made")
        mode = stat.S_IMODE(found.st_mode)
        if mode & _OTHERS:
            raise UsageError(
                f"key file {shown(path)} can be used by others (mode {mode:o}): chmod 600 it, or name a new file"
            )
        key = os.read(held, _MOST + 1).strip()
    finally:
        os.close(held)
    if not _LEAST <= len(key) <= _MOST:
        raise UsageError(
            f"key file {shown(path)} holds {'more than ' * (len(key) > _MOST)}{min(len(key), _MOST)} bytes, and a key"
            f" has {_LEAST} to {_MOST}: name a new file to have a key made"
        )
    return key


def keyed(column: pa.ChunkedArray, kind: str, key: bytes) -> pa.Array:
    """Ids under the key; a missing id stays missing.

    Parameters
    ----------
    kind : str
        What the ids name (``user``, ``item``): the same text of two kinds becomes two ids.

    Examples
    --------
    >>> ids = keyed(pa.chunked_array([["7", None, "7"]]), "user", b"0123456789abcdef").to_pylist()
    >>> ids[0] == ids[2], ids[1], len(ids[0])
    (True, None, 32)
    """
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    names = [
        hmac.digest(key, f"{kind}\0{one}".encode(), "sha256").hex()[:_ID_DIGITS]
        for one in encoded.dictionary.to_pylist()
    ]
    return pa.array(names, pa.string()).take(encoded.indices)
