"""A person forgotten in the files of a version: rows dropped, tables and histories written anew.

A keyed digest of each forgotten id is kept, never the id, so that a training in flight, an older version or a restored
backup cannot bring the person back.
"""

import hashlib
import hmac
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.names import MODEL_FOLDER
from swayline.core.storage.files import whole
from swayline.dataset import Vocabulary
from swayline.ledger.ids import escape
from swayline.service.log.protocol import Document, Store
from swayline.service.log.sealed import SealedStore
from swayline.service.log.sqlite import SQLiteStore
from swayline.service.serving.served import SERVED
from swayline.service.serving.versions import Version
from swayline.service.state.catalogue import TIES, USERS
from swayline.training.bundle import ModelBundle

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
        without(bundle, row).save(model)
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


def without(bundle: ModelBundle, row: int) -> ModelBundle:
    """A bundle that has never met one of its people; its model's weights are as they were."""
    dataset = bundle.dataset
    events = dataset.sequences.events[dataset.sequences.of(row)].tolist()
    others = np.delete(np.arange(len(dataset.users)), row)
    kept = replace(
        dataset, users=Vocabulary(dataset.users.ids.take(pa.array(others))), sequences=dataset.sequences.take(others)
    )
    ids = {event: name for event, name in bundle.event_ids.items() if event not in set(events)}
    n_served = None if bundle.n_served is None else bundle.n_served - int(row < bundle.n_served)
    return replace(bundle, dataset=kept, event_ids=ids, n_served=n_served)


def _without_rows(path: Path, user: str) -> bool:
    """Drop the rows of a table that name a person; whether there were any."""
    table = pq.read_table(path)
    mine = np.zeros(len(table), bool)
    for column in table.columns:
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            continue
        text = column.cast(pa.string())
        names = pc.or_(pc.equal(text, user), pc.starts_with(text, escape(user) + "|"))
        mine |= np.asarray(pc.fill_null(names, False))
    if not mine.any():
        return False
    with whole(path) as temporary:
        pq.write_table(table.filter(pa.array(~mine)), temporary)
    return True
