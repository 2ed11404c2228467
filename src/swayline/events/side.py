"""Side tables: what is known of items, users and ties. Unknown columns are features and are kept."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.json as pajson
import pyarrow.parquet as pq

from swayline.core.errors import SchemaError, SourceError
from swayline.core.names import CATEGORY, DESCRIPTION, ITEM, KIND, PRICE, SOURCE, TARGET, TIME, TITLE, USER
from swayline.events.options import KNOWN_NAMES, plain_name
from swayline.events.sources.block import Refusal, rejected_table

_TIE_ENDS = {
    SOURCE: ("source", "src", "from", "influencer", "friend_id", "followee"),
    TARGET: ("target", "dst", "to", "influenced", "follower"),
}
_ITEM_NAMES = {
    ITEM: KNOWN_NAMES[ITEM], TITLE: ("title", "name", "movie_title", "item_title", "product_title"),
    DESCRIPTION: ("description", "desc", "summary"), CATEGORY: (*KNOWN_NAMES[CATEGORY], "genres", "class"),
    PRICE: ("price",),
}  # fmt: skip


def read_items(path: Path) -> tuple[pa.Table, pa.Table]:
    """(items, rejected): ``item``, ``title``, ``description``, ``category``, ``price`` where present, and features."""
    return _read(path, _ITEM_NAMES, (ITEM,), ITEM)


def read_users(path: Path) -> tuple[pa.Table, pa.Table]:
    """(users, rejected): ``user`` and features."""
    return _read(path, {USER: KNOWN_NAMES[USER]}, (USER,), USER)


def read_ties(path: Path) -> tuple[pa.Table, pa.Table]:
    """(ties, rejected): ``source`` can influence ``target``; ``kind`` and ``time`` where present."""
    return _read(path, {**_TIE_ENDS, KIND: ("kind", "type"), TIME: KNOWN_NAMES[TIME]}, (SOURCE, TARGET), None)


def _read(path: Path, known: dict[str, tuple[str, ...]], needed: tuple[str, ...], key: str | None) -> tuple[pa.Table, pa.Table]:
    table = _raw(path)
    table = table.rename_columns(_renamed(table.column_names, known))
    for name in needed:
        if name not in table.column_names:
            raise SchemaError(f"{path} has no column that can be told to be the {name}; it has: {', '.join(table.column_names[:20])}")
    for name in needed:
        table = table.set_column(table.column_names.index(name), name, _ids(table[name], name, path))
    refused = [Refusal(row + 1, name, "", "is missing") for name in needed for row in _where(pc.is_null(table[name]))]
    good = pc.is_valid(table[needed[0]])
    for name in needed[1:]:
        good = pc.and_(good, pc.is_valid(table[name]))
    if key is not None:
        first = _first_of_each(table[key])
        repeated = pc.and_(good, pc.invert(first))
        refused += [Refusal(row + 1, key, table[key][row].as_py(), "is named twice; the first stands") for row in _where(repeated)]
        good = pc.and_(good, first)
    return table.filter(good), rejected_table(str(path), refused)


def _raw(path: Path) -> pa.Table:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    suffix = suffixes[-1].lower() if suffixes else ""
    try:
        if suffix in (".parquet", ".pq"):
            return pq.read_table(path)
        if suffix in (".jsonl", ".ndjson", ".json"):
            return pajson.read_json(path)
        with path.open("rb") as stream:
            first = stream.readline(1 << 20)
        tab = b"\t" in first or suffix in (".tsv", ".item", ".user")
        quote = False if tab else '"'
        return pacsv.read_csv(path, parse_options=pacsv.ParseOptions(delimiter="\t" if tab else ",", quote_char=quote))
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist: check the path") from None
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path} cannot be read as a side table: {str(error).splitlines()[0]}") from None


def _renamed(header: list[str], known: dict[str, tuple[str, ...]]) -> list[str]:
    plain = [plain_name(name) for name in header]
    names = list(plain)
    for ours, theirs in known.items():
        found = next((plain.index(name) for name in theirs if name in plain), None)
        if found is not None:
            names[found] = ours
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SchemaError(f"two columns are named {twice[0]!r}: rename one")
    return names


def _ids(column: pa.ChunkedArray, name: str, path: Path) -> pa.ChunkedArray:
    try:
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    except pa.ArrowException as error:
        raise SchemaError(f"{path}: column {name!r} cannot be read as ids: {error}") from None
    return pc.if_else(pc.equal(text, ""), None, text)


def _first_of_each(column: pa.ChunkedArray) -> pa.Array:
    seen: set[str | None] = set()
    first = []
    for value in column.to_pylist():
        first.append(value not in seen)
        seen.add(value)
    return pa.chunked_array([pa.array(first, pa.bool_())])


def _where(mask: pa.ChunkedArray) -> list[int]:
    return list(pc.indices_nonzero(mask).to_pylist())
