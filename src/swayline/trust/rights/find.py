"""What is kept of a person: every row, and every other place that names them.

A Parquet file is read column by column, since its pages are compressed; JSON and pages are read as text; for an id of
eight bytes and more every file is searched byte by byte as well.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from swayline.core.errors import SourceError, UsageError, shown
from swayline.core.names import MODEL_FILE, RUN_FILE
from swayline.ledger.ids import escape
from swayline.training.bundle import ModelBundle
from swayline.trust.rights.texts import PEOPLE, Named, names_in

TEXTS = (".json", ".jsonl", ".html", ".md", ".csv", ".txt", ".mmd", ".toml")
DISTINCT_BYTES = 8
"""From here on the bytes of an id come by no chance."""


def check_folder(folder: Path) -> None:
    """Refuse a folder that is none of a run or a fit.

    Raises
    ------
    SourceError
        As said.
    """
    if not folder.is_dir() or not ((folder / RUN_FILE).exists() or (folder / MODEL_FILE).exists()):
        raise SourceError(f"{folder} is no folder of a run or a fitted model: give the --out of swayline run or fit")


def hits(folder: Path, user: str) -> list[str]:
    """Files of a folder that name a person, a line each: nothing is left after an erasure."""
    named = Named(user)
    return sorted({str(path.relative_to(folder)) for path in _files(folder) if _names(path, named)})


def exported(folder: Path, user: str) -> dict[str, Any]:
    """Everything kept of a person.

    Returns
    -------
    dict
        ``user``; ``tables``: file → rows; ``history``: model folder → events as the model knows them; ``elsewhere``:
        files that name the person otherwise.

    Raises
    ------
    SourceError
        The folder is none of ours.
    UsageError
        Nothing is kept of this person.
    """
    check_folder(folder)
    tables, history = {}, {}
    for path in _files(folder):
        name = str(path.relative_to(folder))
        if path.suffix == ".parquet" and len(rows := rows_of(pq.read_table(path), user)[0]):
            tables[name] = rows.to_pylist()
    for model in models_in(folder):
        events = _history(ModelBundle.load(model), user)
        if events:
            history[str(model.relative_to(folder))] = events
    elsewhere = [one for one in hits(folder, user) if one not in tables]
    if not (tables or history or elsewhere):
        raise UsageError(unknown(folder, user))
    return {"user": user, "tables": tables, "history": history, "elsewhere": elsewhere}


def unknown(folder: Path, user: str) -> str:
    """What is said of a person whom nothing names."""
    return f"nothing in {folder} names a person {shown(user)}: check the id, as the log writes it"


def models_in(folder: Path) -> list[Path]:
    """Folders with a model and its people around it, the folder itself included."""
    return sorted(path.parent for path in folder.rglob("people.parquet") if (path.parent / MODEL_FILE).exists())


def rows_of(table: pa.Table, user: str) -> tuple[pa.Table, pa.Table]:
    """A table's rows that are about a person, and the others.

    Theirs are the rows that hold the id in a column of people, as cause or effect of that kind (the ledger), or as the
    ``id`` of a row whose ``kind`` is user.
    """
    mine = np.zeros(len(table), bool)
    for name in set(PEOPLE) & set(table.column_names):
        mine |= _equal(table[name], user)
    for name, kind in (("cause", "cause_kind"), ("effect", "effect_kind"), ("id", "kind")):
        if name in table.column_names and kind in table.column_names:
            mine |= _equal(table[name], user) & _equal(table[kind], "user")
            listed = pc.starts_with(table[name].cast(pa.string()), escape(user) + "|")
            mine |= np.asarray(pc.fill_null(listed, False)) & _equal(table[kind], "recommendation")
    return table.filter(pa.array(mine)), table.filter(pa.array(~mine))


def _equal(column: pa.ChunkedArray, word: str) -> np.ndarray:
    """(R,) whether a column of texts holds exactly this one."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return np.zeros(len(column), bool)
    return np.asarray(pc.fill_null(pc.equal(column.cast(pa.string()), word), False))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _names(path: Path, named: Named) -> bool:
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        if len(rows_of(table, named.user)[0]):
            return True
        return any(_in_column(table[name], name, named) for name in table.column_names)
    content = path.read_bytes()
    word = named.user.encode("utf-8", "surrogatepass")
    if len(word) >= DISTINCT_BYTES and word in content:
        return True
    if path.suffix not in TEXTS:
        return False
    text = content.decode("utf-8", "replace")
    if path.suffix == ".json":
        with contextlib.suppress(ValueError):
            return names_in(json.loads(text), named)
    return named.in_text(text)


def _in_column(column: pa.ChunkedArray, name: str, named: Named) -> bool:
    """Whether a column of texts, or of lists and structs of them, names a person."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return any(
            one is not None and named.in_text(one, name) for one in pc.unique(column.cast(pa.string())).to_pylist()
        )
    return bool(pa.types.is_nested(kind)) and names_in(column.to_pylist(), named, name)


def _history(bundle: ModelBundle, user: str) -> list[dict[str, Any]]:
    """A person's events as a model knows them."""
    dataset = bundle.dataset
    row = int(dataset.users.rows([user])[0])
    if row < 0:
        return []
    sequences = dataset.sequences
    own = sequences.of(row)
    return [
        {"item": dataset.items.names[item], "behavior": dataset.behaviors.names[behavior], "time_us": int(moment)}
        for item, behavior, moment in zip(
            sequences.items[own].tolist(), sequences.behaviors[own].tolist(), sequences.times[own].tolist(), strict=True
        )
    ]
