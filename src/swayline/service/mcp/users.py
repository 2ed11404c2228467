"""One person at a time: profile, recommendations with reasons, changes; nobody else's id is ever said."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import DataError, shown
from swayline.core.names import ITEM, RANK, RECOMMENDATIONS_FILE, SCORE, USER
from swayline.core.run_folder import artifact
from swayline.core.run_folder.registry import PEOPLE_FILE
from swayline.core.storage.artifacts import is_number, is_text
from swayline.service.mcp.files import RunFiles
from swayline.service.mcp.plain import counted

LISTS = {USER: is_text, ITEM: is_text, RANK: is_number, SCORE: is_number}


def lists(files: RunFiles) -> pa.Table:
    """Everybody's recommendations."""
    return files.table(RECOMMENDATIONS_FILE, dict(LISTS))


def profiles(files: RunFiles) -> pa.Table:
    """Everybody's profile."""
    return files.table(PEOPLE_FILE, dict(artifact(PEOPLE_FILE).needed))


def rows_of(table: pa.Table, user: str) -> list[dict[str, Any]]:
    """The rows of one person."""
    found: list[dict[str, Any]] = table.filter(pc.equal(table[USER], user)).to_pylist()
    return found


def check_known(files: RunFiles, user: str) -> None:
    """Refuse a person whom the run does not know; no other id is said.

    Raises
    ------
    DataError
        Neither a profile nor a list of the run is this person's.
    """
    if files.has(PEOPLE_FILE) and rows_of(profiles(files), user):
        return
    if files.has(RECOMMENDATIONS_FILE) and rows_of(lists(files), user):
        return
    raise unknown(files, user)


def unknown(files: RunFiles, user: str) -> DataError:
    """The error of a person whom the run does not know."""
    table = profiles(files) if files.has(PEOPLE_FILE) else lists(files)
    people = counted(len(pc.unique(table[USER])), "person", "people")
    return DataError(
        f"user {shown(user)} is not in this run, which knows {people}: give the id exactly as the log has it"
        " (capitals and leading zeros count)"
    )
