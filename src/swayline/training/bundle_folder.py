"""A model folder written, and read with suspicion: whatever does not fit is an :class:`ArtifactError` in one line.

::

    model.json, weights.safetensors   the model itself (see swayline.models.artifact)
    items.parquet                     item, title            as many rows as the model scores items
    people.parquet                    user                   as many rows as there are histories
    histories.safetensors             offsets, items, behaviors, times, events; values, profiles where there are any
    log.json                          behaviours, how the log was read, whether seen items leave the lists
    bundle.json                       measured quality, code and data fingerprint; earlier versions wrote none
    event_ids.parquet                 row, event_id          only where the log has ids of its own
    profiles.parquet                  column, value, code    only where the log had a table of users
    catalogue.parquet                 what is known of items as many rows as items; only where anything is
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

from swayline.core.errors import ArtifactError, SwaylineError, shown
from swayline.core.names import AUDIO, EVENT_ID, IMAGE, ITEM, ROW, TITLE, USER
from swayline.core.storage.files import whole, write_json
from swayline.dataset import NO_TIME, Catalogue, Dataset, PeopleCodes, Sequences, Vocabulary
from swayline.events import ReadOptions
from swayline.models import Recommender
from swayline.models.artifact import read_arrays, read_object
from swayline.training.provenance import Provenance
from swayline.training.validation import MeasuredQuality

ITEMS, PEOPLE, HISTORIES, LOG = "items.parquet", "people.parquet", "histories.safetensors", "log.json"
EVENT_IDS, PROFILES, BUNDLE = "event_ids.parquet", "profiles.parquet", "bundle.json"
CATALOGUE = "catalogue.parquet"
FORMAT = 1
"""Of ``bundle.json``."""
_ARRAYS = {"offsets": "int64", "items": "int32", "behaviors": "int16", "times": "int64", "events": "int64"}
_MORE = {"profiles": "int64", "values": "float64"}
_PROBED = 4
_AGAIN = "fit the model again"
_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Around:
    """What stands around a model; the fields are those of :class:`~swayline.training.bundle.ModelBundle`."""

    dataset: Dataset
    labels: list[str]
    exclude_seen: bool
    options: ReadOptions
    event_ids: dict[int, str]
    quality: MeasuredQuality | None
    made: Provenance | None
    plan: dict[str, Any] | None = None


def write_around(folder: Path, parts: Around) -> None:
    """Write what stands around a model: Parquet, JSON and safetensors."""
    dataset, ids = parts.dataset, parts.event_ids
    _write_table(folder / ITEMS, pa.table({ITEM: dataset.items.ids, TITLE: pa.array(parts.labels, pa.string())}))
    _write_table(folder / PEOPLE, pa.table({USER: dataset.users.ids}))
    sequences = dataset.sequences
    with whole(folder / HISTORIES) as temporary:
        arrays = {name: getattr(sequences, name) for name in (*_ARRAYS, *_MORE)}
        save_file({name: np.ascontiguousarray(one) for name, one in arrays.items() if one is not None}, temporary)
    kept = {row: ids[row] for row in sequences.events.tolist() if row in ids} if ids else {}
    columns = {ROW: pa.array(kept.keys(), pa.int64()), EVENT_ID: pa.array(kept.values(), pa.string())}
    _write_or_remove(folder / EVENT_IDS, pa.table(columns) if kept else None)
    _write_or_remove(folder / PROFILES, dataset.people.table if dataset.people is not None else None)
    known = _plain_columns(sequences.catalogue)
    _write_or_remove(folder / CATALOGUE, known if known is not None and known.num_columns else None)
    write_json(folder / LOG, {
        "behaviors": dataset.behaviors.names, "ordered": dataset.ordered, "exclude_seen": parts.exclude_seen,
        "options": parts.options.as_json(),
    })  # fmt: skip
    write_json(folder / BUNDLE, {
        "format": FORMAT, "quality": parts.quality.as_json() if parts.quality is not None else None,
        "made": parts.made.as_json() if parts.made is not None else None, "plan": parts.plan,
    })  # fmt: skip


def read_around(folder: Path) -> Around:
    """Read what :func:`write_around` wrote.

    Raises
    ------
    ArtifactError
        Something is missing, damaged, or does not fit the rest.
    """
    items = _read_table(folder / ITEMS, {ITEM: pa.string(), TITLE: pa.string()}, key=ITEM)
    people = _read_table(folder / PEOPLE, {USER: pa.string()}, key=USER)
    log = _read_log(folder / LOG)
    behaviors = Vocabulary.of(log["behaviors"])
    stored: dict[str, Any] = dict(_read_histories(folder / HISTORIES))
    catalogue = _read_catalogue(folder / CATALOGUE, len(items))
    sequences = Sequences(**stored, n_items=len(items), n_behaviors=len(behaviors), catalogue=catalogue)
    _check(folder / HISTORIES, sequences, len(people), log["ordered"])
    codes = _read_codes(folder / PROFILES, sequences)
    dataset = Dataset(
        Vocabulary(people[USER].combine_chunks()), Vocabulary(items[ITEM].combine_chunks()), behaviors, sequences,
        log["ordered"], codes,
    )  # fmt: skip
    labels = [str(one) for one in items[TITLE].to_pylist()]
    ids = _read_ids(folder / EVENT_IDS, sequences)
    quality, made, plan = _read_bundle(folder / BUNDLE)
    return Around(dataset, labels, log["exclude_seen"], log["options"], ids, quality, made, plan)


def probe(folder: Path, model: Recommender, sequences: Sequences) -> None:
    """Ask a model once about the longest histories and an empty one: finite scores, one for each item.

    Weights that are finite, and numbers of the right shape, can still make scores that are none.

    Raises
    ------
    ArtifactError
        The model cannot answer, or its answer is no list of scores.
    """
    longest = np.argsort(-sequences.lengths, kind="stable")[:_PROBED]
    histories = sequences.take(longest).asked(int(sequences.times.max(initial=0)))
    if not len(histories):
        return
    try:
        with np.errstate(all="ignore"):
            scores = np.asarray(model.score(histories))
    except SwaylineError as error:
        raise ArtifactError(f"{folder} holds a model that cannot answer ({error}): {_AGAIN}") from None
    except _BROKEN as error:
        raise ArtifactError(f"{folder} holds a model that cannot answer ({shown(error)}): {_AGAIN}") from None
    if scores.shape != (len(histories), sequences.n_items):
        raise ArtifactError(
            f"{folder} holds a model of {scores.shape[-1]} items and a list of {sequences.n_items}: {_AGAIN}"
        )
    if not np.isfinite(scores).all():
        raise ArtifactError(f"{folder} holds a model whose scores are no finite numbers: {_AGAIN}")


def _write_table(path: Path, table: pa.Table) -> None:
    with whole(path) as temporary:
        pq.write_table(table, temporary)


def _plain_columns(catalogue: Catalogue | None) -> pa.Table | None:
    """The columns that a filter can ask: words, numbers, moments, flags, and lists of words; no pictures, no bytes."""
    if catalogue is None:
        return None
    kept = [
        name for name in catalogue.table.column_names
        if name not in (IMAGE, AUDIO) and _is_plain(catalogue.table[name].type)
    ]  # fmt: skip
    return catalogue.table.select(kept)


def _is_plain(kind: pa.DataType) -> bool:
    types = pa.types
    if types.is_list(kind) or types.is_large_list(kind):
        return bool(types.is_string(kind.value_type) or types.is_large_string(kind.value_type))
    plain = (
        types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean,
        types.is_timestamp, types.is_date,
    )  # fmt: skip
    return any(check(kind) for check in plain)


def _read_catalogue(path: Path, n_items: int) -> Catalogue | None:
    """What is known of the items; None in folders of earlier versions, and where nothing is."""
    if not path.exists():
        return None
    try:
        table = pq.ParquetFile(path).read()
        table.validate(full=True)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} is damaged ({_first_line(error)}): {_AGAIN}") from None
    if len(table) != n_items:
        raise ArtifactError(f"{path} holds {len(table)} rows and the model {n_items} items: {_AGAIN}")
    strange = [name for name in table.column_names if not _is_plain(table[name].type)]
    if strange or len(set(table.column_names)) != table.num_columns:
        what = ", ".join(strange) or "one twice"
        raise ArtifactError(f"{path} holds columns that no catalogue has ({what}): {_AGAIN}")
    return Catalogue(table)


def _write_or_remove(path: Path, table: pa.Table | None) -> None:
    if table is None:
        path.unlink(missing_ok=True)
    else:
        _write_table(path, table)


def _read_table(path: Path, columns: dict[str, pa.DataType], key: str | None = None) -> pa.Table:
    """The columns of a Parquet file, without nulls; the key's values are ids, each once."""
    if not path.is_file():
        raise ArtifactError(f"{path} is missing: {_AGAIN}, or give the folder that fit or run wrote")
    try:
        table = pq.ParquetFile(path).read()
        missing = [name for name in columns if table.column_names.count(name) != 1]
        if missing:
            raise ArtifactError(f"{path} has no column {missing[0]!r}, or several: {_AGAIN}")
        found = table.select(list(columns)).cast(pa.schema(list(columns.items())))
        found.validate(full=True)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} is damaged ({_first_line(error)}): {_AGAIN}") from None
    for name in columns:
        if found[name].null_count:
            raise ArtifactError(f"{path}: {found[name].null_count} rows have no {name}: {_AGAIN}")
    if key is not None:
        _check_unique(path, key, found[key])
    return found


def _check_unique(path: Path, what: str, column: pa.ChunkedArray) -> None:
    twice = len(column) - len(column.unique())
    if twice:
        raise ArtifactError(f"{path}: {twice} of {len(column)} rows repeat the {what} of another: {_AGAIN}")


def _read_log(path: Path) -> dict[str, Any]:
    log = read_object(path)
    names, ordered, seen = (log.get(name) for name in ("behaviors", "ordered", "exclude_seen"))
    if not isinstance(names, list) or not names or not all(isinstance(one, str) and one for one in names):
        raise ArtifactError(f"{path}: 'behaviors' must be a list of names, not {shown(names)}: {_AGAIN}")
    if len(set(names)) != len(names):
        raise ArtifactError(f"{path}: 'behaviors' names one twice: {_AGAIN}")
    for name, value in (("ordered", ordered), ("exclude_seen", seen)):
        if not isinstance(value, bool):
            raise ArtifactError(f"{path}: {name!r} must be true or false, not {shown(value)}: {_AGAIN}")
    if not isinstance(log.get("options"), dict):
        raise ArtifactError(f"{path}: 'options' must be an object, not {shown(log.get('options'))}: {_AGAIN}")
    try:
        options = ReadOptions.from_json(log["options"])
        _check_options(options)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ArtifactError(f"{path}: 'options' cannot be used ({_first_line(error)}): {_AGAIN}") from None
    return {"behaviors": names, "ordered": ordered, "exclude_seen": seen, "options": options}


_PLAN: dict[str, type] = {"models": list, "split": str, "refit": bool, "seed": int, "unmet": bool}


def _read_bundle(path: Path) -> tuple[MeasuredQuality | None, Provenance | None, dict[str, Any] | None]:
    """What was measured, how the model was made, and by which plan; None in folders of earlier versions."""
    if not path.exists():
        return None, None, None
    found = read_object(path)
    if found.get("format") != FORMAT or isinstance(found.get("format"), bool):
        raise ArtifactError(
            f"{path} is of format {shown(found.get('format'))}; this version reads format {FORMAT}: {_AGAIN}"
        )
    try:
        quality, made, plan = found["quality"], found["made"], found.get("plan")
        if plan is not None and {name: type(value) for name, value in plan.items()} != _PLAN:
            raise ValueError(f"plan is {shown(plan)}")
        return (
            None if quality is None else MeasuredQuality.from_json(quality),
            None if made is None else Provenance.from_json(made), plan,
        )  # fmt: skip
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtifactError(f"{path} cannot be used ({_first_line(error)}): {_AGAIN}") from None


def _check_options(options: ReadOptions) -> None:
    """Options come from JSON, where a word may stand for a list."""
    for name, value in vars(options).items():
        usual = getattr(ReadOptions(), name)
        kinds = (str, type(None)) if usual is None or isinstance(usual, str) else (type(usual),)
        if name != "paging" and not isinstance(value, kinds):
            raise TypeError(f"{name} is {shown(value)}")
        if isinstance(value, tuple | dict):
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            if not all(isinstance(part, str) for part in parts):
                raise TypeError(f"{name} is {shown(value)}")


def _read_histories(path: Path) -> dict[str, np.ndarray]:
    arrays = read_arrays(path)
    if missing := sorted(_ARRAYS.keys() - arrays.keys()):
        raise ArtifactError(f"{path}: the array {missing[0]!r} is missing: {_AGAIN}")
    for name, array in arrays.items():
        kind = (_ARRAYS | _MORE).get(name)
        if kind is None:
            raise ArtifactError(f"{path}: the array {shown(name)} does not belong to histories: {_AGAIN}")
        if array.dtype.name != kind or array.ndim != (2 if name == "profiles" else 1):
            raise ArtifactError(
                f"{path}: the array {name!r} does not fit: {array.ndim}-dimensional {array.dtype}: {_AGAIN}"
            )
    return arrays


def _check(path: Path, sequences: Sequences, n_users: int, ordered: bool) -> None:
    """Refuse histories whose numbers point outside their vocabularies, or that are in no order."""
    offsets = sequences.offsets
    if len(offsets) != n_users + 1 or offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise ArtifactError(
            f"{path} does not fit its vocabularies: {max(len(offsets) - 1, 0)} histories, {n_users} people"
        )
    n = int(offsets[-1])
    if any(len(getattr(sequences, name)) != n for name in ("items", "behaviors", "times", "events")):
        raise ArtifactError(f"{path} does not fit its vocabularies: its arrays differ in length: {_AGAIN}")
    for name, most in (("items", sequences.n_items), ("behaviors", sequences.n_behaviors)):
        rows = getattr(sequences, name)
        if n and not (rows.min() >= 0 and rows.max() < most):
            raise ArtifactError(f"{path} does not fit its vocabularies: {name} beyond the {most} known: {_AGAIN}")
    if n and bool((sequences.times == NO_TIME).all()) != ordered:
        raise ArtifactError(f"{path}: times and the log's order contradict each other: {_AGAIN}")
    same_person = np.diff(sequences.users) == 0
    if n and (sequences.times.min() < NO_TIME or (np.diff(sequences.times)[same_person] < 0).any()):
        raise ArtifactError(f"{path}: events are not in the order of their times: {_AGAIN}")
    if len(np.unique(sequences.events)) != n or (n and sequences.events.min() < 0):
        raise ArtifactError(f"{path}: an event stands twice, or has no number: {_AGAIN}")
    if sequences.values is not None and (len(sequences.values) != n or np.isinf(sequences.values).any()):
        raise ArtifactError(f"{path} does not fit its vocabularies: values that are none, or too few: {_AGAIN}")
    profiles = sequences.profiles
    if profiles is not None and (len(profiles) != n_users or (profiles.size and profiles.min() < 0)):
        raise ArtifactError(f"{path}: profiles do not fit the {n_users} people: {_AGAIN}")


def _read_ids(path: Path, sequences: Sequences) -> dict[int, str]:
    if not path.exists():
        return {}
    table = _read_table(path, {ROW: pa.int64(), EVENT_ID: pa.string()}, key=ROW)
    _check_unique(path, EVENT_ID, table[EVENT_ID])
    rows = table[ROW].to_numpy()
    if not np.isin(rows, sequences.events).all():
        raise ArtifactError(f"{path} names events that are in no history: {_AGAIN}")
    return dict(zip(rows.tolist(), table[EVENT_ID].to_pylist(), strict=True))


def _read_codes(path: Path, sequences: Sequences) -> PeopleCodes | None:
    if not path.exists():
        return None
    codes = PeopleCodes(
        _read_table(path, {"column": pa.string(), "value": pa.string(), "code": pa.int64()}, key="code")
    )
    width = 0 if sequences.profiles is None else sequences.profiles.shape[1]
    if len(codes.columns) != width or codes.table["code"].to_numpy().min(initial=1) < 1:
        raise ArtifactError(f"{path} does not fit the profiles of the histories: {_AGAIN}")
    most = int(codes.table["code"].to_numpy().max(initial=0))
    if sequences.profiles is not None and int(sequences.profiles.max(initial=0)) > most:
        raise ArtifactError(f"{path} does not fit the profiles of the histories: {_AGAIN}")
    return codes


def _first_line(error: BaseException) -> str:
    return shown((str(error).splitlines() or [type(error).__name__])[0])
