"""A person erased from a folder of a run or a fit, with a receipt.

::

    tables (Parquet)   the person's rows go; in other cells that name them the id is replaced
    JSON               parts of lists about them go, elsewhere the id is replaced
    pages              made again from the files by who calls (they are told which), else the id is replaced
    models             without their history; exact where it can be (:mod:`~swayline.trust.rights.models`)

The receipt names no id: it holds the id's HMAC under a key that is told once and kept nowhere, so that the person (who
knows the id and was told the key) can prove what was promised, and nobody else learns who was erased.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from swayline.core.errors import DataError, UsageError
from swayline.core.names import REPORT_FILE, SUMMARY_FILE
from swayline.core.storage.files import fingerprint, whole, write_json, write_text
from swayline.core.time import iso
from swayline.training.bundle import ModelBundle
from swayline.trust.rights.find import TEXTS, check_folder, hits, models_in, rows_of, unknown
from swayline.trust.rights.models import APPROXIMATE, FILES, model_without
from swayline.trust.rights.texts import Named, scrubbed

RECEIPTS_FILE = "erasures.json"
_STALE = "figures made over many people (effects, metrics, trends) were computed while the person was there: run again"


@dataclass(frozen=True)
class Erasure:
    """What was erased.

    Parameters
    ----------
    digest : str
        HMAC-SHA256 of the id.
    key : str
        What the digest is made with; told once, kept nowhere.
    at : str
        When (UTC).
    rows : dict
        Table → rows dropped.
    models : dict
        Model folder → how it was made, and the SHA-256 of its files.
    rewritten : list of str
        Other files that named the person.
    approximate : list of str
        What still holds something learned from the person.
    """

    digest: str
    key: str
    at: str
    rows: dict[str, int]
    models: dict[str, dict[str, str]]
    rewritten: list[str]
    approximate: list[str]

    def receipt(self) -> dict[str, Any]:
        """What is kept: all but the key."""
        return {name: value for name, value in asdict(self).items() if name != "key"}


def erase_person(folder: Path, user: str, *, exact: bool = True) -> Erasure:
    """Erase a person from every file of a folder, look for them again, and keep a receipt.

    Parameters
    ----------
    exact : bool
        Whether models that can be made as if the person had never been there are.

    Raises
    ------
    SourceError
        The folder is none of a run or a fit.
    UsageError
        Nothing in it names the person; nothing is changed.
    DataError
        A file still names the person: it is told which.
    """
    check_folder(folder)
    before = hits(folder, user)
    if not before:
        raise UsageError(unknown(folder, user))
    models = {str(one.relative_to(folder)): _without_in_model(one, user, exact) for one in models_in(folder)}
    models = {name: how for name, how in models.items() if how}
    rows, rewritten = {}, []
    for name in hits(folder, user):
        path = folder / name
        if path.suffix == ".parquet":
            rows[name] = _without_in_table(path, user)
        elif path.suffix in TEXTS:
            _without_in_text(path, user)
            rewritten.append(name)
    left = hits(folder, user)
    if left:
        raise DataError(f"{folder / left[0]} still names the person ({len(left)} file(s)): erase it by hand")
    erasure = _erasure(user, rows, models, rewritten, _approximate(folder, models))
    _keep(folder, erasure)
    return erasure


def _approximate(folder: Path, models: dict[str, dict[str, str]]) -> list[str]:
    found = [f"{name or '.'}: the weights hold what was learned" for name, how in models.items()
             if how["how"] == APPROXIMATE]  # fmt: skip
    if (folder / "candidates").is_dir():
        found.append("candidates: the weights hold what was learned")
    return [*found, _STALE] if (folder / REPORT_FILE).exists() or (folder / SUMMARY_FILE).exists() else found


def _without_in_model(folder: Path, user: str, exact: bool) -> dict[str, str]:
    bundle = ModelBundle.load(folder)
    row = int(bundle.dataset.users.rows([user])[0])
    if row < 0:
        return {}
    made, how = model_without(bundle, row, exact=exact)
    made.save(folder)
    return {"how": how} | {name: fingerprint(folder / name) for name in FILES}


def _without_in_table(path: Path, user: str) -> int:
    """Drop a person's rows; what other rows say of them is replaced. How many rows went."""
    table = pq.read_table(path)
    theirs, others = rows_of(table, user)
    named = Named(user)
    for place, column in enumerate(others.columns):
        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_nested(kind):
            said, name = column.to_pylist(), others.column_names[place]
            clean = [scrubbed(one, named, name) for one in said]
            if clean != said:
                others = others.set_column(place, others.schema.field(place), pa.array(clean, kind))
    with whole(path) as temporary:
        pq.write_table(others, temporary)
    return len(theirs)


def _without_in_text(path: Path, user: str) -> None:
    named, text = Named(user), path.read_text("utf-8")
    if path.suffix == ".json":
        write_json(path, scrubbed(json.loads(text), named))
    else:
        write_text(path, named.out_of(text))


def _erasure(
    user: str, rows: dict[str, int], models: dict[str, dict[str, str]], rewritten: list[str], approximate: list[str]
) -> Erasure:  # fmt: skip
    key = secrets.token_hex(16)
    digest = hmac.new(bytes.fromhex(key), user.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return Erasure(digest, key, iso(datetime.now(UTC)), rows, models, rewritten, approximate)


def _keep(folder: Path, erasure: Erasure) -> None:
    """Add the receipt to those of the folder."""
    path = folder / RECEIPTS_FILE
    kept = json.loads(path.read_text("utf-8")) if path.exists() else []
    write_json(path, [*kept, erasure.receipt()])
