"""A folder that may be shared: all of its files or none, and none of an earlier one beside them."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from swayline.core.names import EVENTS_FILE, ITEMS_FILE, USERS_FILE
from swayline.core.storage.files import clear_folders, write_json
from swayline.core.storage.locks import only_one
from swayline.core.storage.outputs import claim_folder, was_made_by
from swayline.core.storage.tables import write_table
from swayline.trust.privacy.anonymize import Anonymized

VERB = "anonymize"
ANONYMIZED_FILE = "anonymized.json"
_TABLES = {"events": EVENTS_FILE, "users": USERS_FILE, "items": ITEMS_FILE}
_WORKSHOP = ".anonymize."


def claim_out(out: Path, inputs: Iterable[Any] = (), force: bool = False) -> None:
    """Refuse a folder that is not ours to write, before any work is done.

    Raises
    ------
    UsageError
        The place is taken by something else.
    """
    claim_folder(out, VERB, _is_ours, inputs, force)


def _is_ours(folder: Path) -> bool:
    """Whether every file that would be replaced is one we wrote."""
    there = [folder / name for name in _TABLES.values() if (folder / name).exists()]
    return (folder / EVENTS_FILE).exists() and all(was_made_by(one, VERB) for one in there)


def write_anonymized(found: Anonymized, out: Path) -> list[Path]:
    """Write ``events.parquet``, ``users.parquet``, ``items.parquet`` (where there are such) and ``anonymized.json``.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    BusyError
        Another process writes there.
    """
    with only_one(out, VERB):
        # Everything is written beside its place first: a full disk or an interrupt leaves the folder as it was.
        clear_folders(out, _WORKSHOP)
        workshop = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=out))
        try:
            names = []
            for which, name in _TABLES.items():
                if (table := getattr(found, which)) is not None:
                    write_table(workshop / name, table, VERB)
                    names.append(name)
            write_json(workshop / ANONYMIZED_FILE, found.report)
            (out / ANONYMIZED_FILE).unlink(missing_ok=True)
            for name in _TABLES.values():
                if name not in names:
                    (out / name).unlink(missing_ok=True)
            for name in (*names, ANONYMIZED_FILE):
                (workshop / name).replace(out / name)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    return [out / name for name in (*names, ANONYMIZED_FILE)]
