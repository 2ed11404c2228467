"""A store by its address."""

from pathlib import Path

from swayline.core.errors import UsageError, shown
from swayline.service.log.protocol import Store


def open_store(address: str | Path, tenant: str = "default") -> Store:
    """The store at an address: a folder (SQLite), ``postgresql://…`` or ``redis://…``.

    Raises
    ------
    UsageError
        The address names no kind of store, or the store would not keep what it acknowledges.
    MissingExtraError
        Its client is not installed.
    StoreGoneError
        It cannot be reached.
    """
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
