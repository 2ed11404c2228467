"""A person forgotten in the files of a version: rows dropped, tables and histories written anew.

A keyed digest of each forgotten id is kept, never the id, so that a training in flight, an older version or a restored
backup cannot bring the person back.
"""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from swayline.core.names import MODEL_FOLDER
from swayline.core.storage.files import whole
from swayline.service.log.protocol import Document, Store
from swayline.service.log.sealed import SealedStore
from swayline.service.log.sqlite import SQLiteStore
from swayline.service.serving.served import SERVED
from swayline.service.serving.versions import Version
from swayline.service.state.catalogue import TIES, USERS
from swayline.training.bundle import ModelBundle
from swayline.trust.rights.find import rows_of
from swayline.trust.rights.models import history_gone

ERASED, SECRET = "erased", "secret"


class Erased:
    """Digests of forgotten ids.

    Parameters
    ----------
    store : Store
        Keeps them, and the key that they are made with.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = store.get(SECRET, ERASED)
        if kept is None:
            kept = Document(ERASED, {"key": secrets.token_hex(32)})
            store.put(SECRET, [kept])
        self._key = bytes.fromhex(kept.body["key"])
        self._digests = {one.key for one in store.scan(ERASED)}

    def __len__(self) -> int:
        return len(self._digests)

    def digest(self, user: str) -> str:
        """The keyed digest of an id: what stands for it in what is kept."""
        return hmac.new(self._key, user.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def add(self, user: str) -> None:
        """Remember that a person asked to be forgotten."""
        digest = self.digest(user)
        self._store.put(ERASED, [Document(digest, {})])
        self._digests.add(digest)

    def __contains__(self, user: object) -> bool:
        return bool(self._digests) and self.digest(str(user)) in self._digests


def erase_from_version(version: Version, user: str) -> list[str]:
    """Rewrite every file of a version that names a person; which those were."""
    found = []
    for path in sorted(version.folder.rglob("*.parquet")):
        if path.parent.name != MODEL_FOLDER and _without_rows(path, user):
            found.append(str(path.relative_to(version.folder.parent.parent)))
    model = version.folder / MODEL_FOLDER
    bundle = ModelBundle.load(model)
    row = int(bundle.dataset.users.rows([user])[0])
    if row >= 0:
        history_gone(bundle, row).save(model)
        found.append(str(model.relative_to(version.folder.parent.parent)))
    return found


def erase_from_backups(folder: Path, live: Store, user: str) -> list[str]:
    """Forget a person in every copy of the log; which those were."""
    found = []
    for path in sorted(folder.glob("*.sqlite")):
        store: Store = SQLiteStore(folder, live.tenant, path.name)
        store = live.around(store) if isinstance(live, SealedStore) else store
        try:
            gone = store.erase_user(user) + store.delete(USERS, [user])
            for kind, names in ((TIES, _ends), (SERVED, _user)):
                gone += store.delete(kind, [one.key for one in store.scan(kind) if user in names(one.body)])
            if gone:
                store.compact()
                found.append(f"{folder.name}/{path.name}")
        finally:
            store.close()
    return found


def _ends(body: dict[str, Any]) -> tuple[str, ...]:
    return body["tie"]["source"], body["tie"]["target"]


def _user(body: dict[str, Any]) -> tuple[str, ...]:
    return (body["user"],)


def _without_rows(path: Path, user: str) -> bool:
    """Drop the rows of a table that name a person; whether there were any."""
    theirs, others = rows_of(pq.read_table(path), user)
    if not len(theirs):
        return False
    with whole(path) as temporary:
        pq.write_table(others, temporary)
    return True
