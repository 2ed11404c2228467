"""Who changed or took out what, and when: a line for each deed of a key, people by a keyed digest alone."""

import secrets
import time
from typing import Any

from swayline.service.log.protocol import Document, Store
from swayline.service.serving.erase import Erased

AUDIT = "audit"


class Audit:
    """The audit log."""

    def __init__(self, store: Store, erased: Erased) -> None:
        self._store, self._erased = store, erased

    def note(self, who: tuple[str, str], deed: str, user: str | None = None, **more: Any) -> None:
        """Write a line, on disk when it returns."""
        key, request_id = who
        body = {"at_us": time.time_ns() // 1000, "key": key, "request_id": request_id, "deed": deed, **more}
        if user is not None:
            body["user_digest"] = self._erased.digest(user)
        self._store.put(AUDIT, [Document(f"{time.time_ns():020d}-{secrets.token_hex(4)}", body)])

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest lines, newest first."""
        return [one.body for one in self._store.scan(AUDIT)][-limit:][::-1]
