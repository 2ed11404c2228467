"""A store by its address."""

from pathlib import Path

from swayline.core.errors import ArtifactError, UsageError, shown
from swayline.service.log.protocol import Store
from swayline.service.log.sealed import SealedStore, read_key_file


def open_store(address: str | Path, tenant: str = "default", key_file: Path | None = None) -> Store:
    """The store at an address: a folder (SQLite), ``postgresql://…`` or ``redis://…``.

    Parameters
    ----------
    key_file : Path, optional
        What it is encrypted with; a store that was sealed opens with its key alone.

    Raises
    ------
    UsageError
        The address names no kind of store, or the store would not keep what it acknowledges.
    MissingExtraError
        Its client is not installed.
    ArtifactError
        The key does not fit, or the store is sealed and there is none.
    StoreGoneError
        It cannot be reached.
    """
    key = None if key_file is None else read_key_file(key_file)
    store = _plain(address, tenant)
    try:
        if key is not None:
            return SealedStore(store, key)
        if store.get("sealed", "sealed") is not None:
            raise ArtifactError("this log is encrypted: give its key with --key-file; without it nothing can be read")
    except BaseException:
        store.close()
        raise
    return store


def _plain(address: str | Path, tenant: str) -> Store:
    text = str(address)
    if text.startswith(("postgresql://", "postgres://")):
        from swayline.service.log.postgres import PostgresStore

        return PostgresStore(text, tenant)
    if text.startswith(("redis://", "rediss://", "unix://")):
        from swayline.service.log.redis_streams import RedisStore

        return RedisStore(text, tenant)
    if "://" in text:
        raise UsageError(
            f"--store {shown(text)} is no store: give postgresql://…, redis://…, or leave it out for SQLite"
        )
    from swayline.service.log.sqlite import SQLiteStore

    return SQLiteStore(Path(text), tenant)
