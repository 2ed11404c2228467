"""Model folders from strangers: each is refused in one line, by one error, before it is asked anything."""

import json
import shutil
import struct
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file

from swayline.core.errors import ArtifactError
from swayline.events import EventLog
from swayline.training import ModelBundle, TrainingPlan, fit_log


def _log():
    rows = [
        (f"u{user}", f"i{(user + step) % 12}", "view" if step % 3 else "cart", 1_700_000_000 + 60 * step)
        for user in range(20)
        for step in range(6)
    ]
    users, items, behaviors, times = zip(*rows, strict=True)
    return EventLog(
        pa.table({
            "row": pa.array(range(1, len(rows) + 1), pa.int64()), "user": users, "item": items, "behavior": behaviors,
            "time": pa.array([datetime.fromtimestamp(t, UTC) for t in times], pa.timestamp("us", tz="UTC")),
            "event_id": [f"e{n}" for n in range(len(rows))],
        }),
        users=pa.table({"user": [f"u{n}" for n in range(20)], "team": ["red", "blue"] * 10}),
    )  # fmt: skip


@pytest.fixture(scope="module", params=["item-knn", "transformer"])
def sound(request, tmp_path_factory, engine_of_module):
    folder = tmp_path_factory.mktemp("sound") / "m"
    small = {"max_epochs": 1, "embedding_dim": 16} if request.param == "transformer" else {}
    fit_log(engine_of_module, _log(), TrainingPlan.of_one(request.param, small)).save(folder)
    return folder


@pytest.fixture(scope="module")
def engine_of_module():
    from swayline.engine import DuckEngine

    with DuckEngine() as engine:
        yield engine


def _json(name, change):
    def damage(folder):
        path = folder / name
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return damage


def _text(name, text):
    return lambda folder: (folder / name).write_text(text)


def _bytes(name, change):
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def _arrays(name, change):
    def damage(folder):
        arrays = {key: array.copy() for key, array in load_file(folder / name).items()}
        changed = change(arrays)
        save_file(arrays if changed is None else changed, folder / name)

    return damage


def _set(name, index, value):
    def change(arrays):
        arrays[name][index] = value

    return change


def _drop(name):
    return lambda arrays: {key: array for key, array in arrays.items() if key != name}


def _with(name, array):
    return lambda arrays: arrays | {name: array}


def _table(name, change):
    def damage(folder):
        pq.write_table(change(pq.read_table(folder / name)), folder / name)

    return damage


def _column(name, values):
    return lambda table: table.set_column(
        table.column_names.index(name), name, pa.array(values(table[name].to_pylist()), table.schema.field(name).type)
    )


def _remove(name):
    return lambda folder: (folder / name).unlink()


def _as_folder(name):
    def damage(folder):
        (folder / name).unlink()
        (folder / name).mkdir()

    return damage


H, L, M, W, B = "histories.safetensors", "log.json", "model.json", "weights.safetensors", "bundle.json"
HUGE = struct.pack("<Q", 2**62)


def _first_float(value):
    def change(arrays):
        name = next(key for key, array in arrays.items() if array.dtype.kind == "f" and array.size)
        arrays[name].reshape(-1)[:] = value

    return change


def _all_floats(value):
    def change(arrays):
        for array in arrays.values():
            if array.dtype.kind == "f":
                array[...] = value

    return change


HOSTILE = {
    "no items": _remove("items.parquet"),
    "no people": _remove("people.parquet"),
    "no histories": _remove(H),
    "no log": _remove(L),
    "no model": _remove(M),
    "no weights": _remove(W),
    "a folder of items": _as_folder("items.parquet"),
    "a folder of histories": _as_folder(H),
    "a folder for a log": _as_folder(L),
    "truncated items": _bytes("items.parquet", lambda raw: raw[: len(raw) // 2]),
    "truncated histories": _bytes(H, lambda raw: raw[: len(raw) // 2]),
    "truncated weights": _bytes(W, lambda raw: raw[: len(raw) // 2]),
    "empty histories": _bytes(H, lambda raw: b""),
    "a huge header of histories": _bytes(H, lambda raw: HUGE + raw[8:]),
    "a huge header of weights": _bytes(W, lambda raw: HUGE + raw[8:]),
    "a header that is no JSON": _bytes(H, lambda raw: struct.pack("<Q", 4) + b"{{{{"),
    "null items": _table("items.parquet", _column("item", lambda ids: [None, *ids[1:]])),
    "null titles": _table("items.parquet", _column("title", lambda ids: [None, *ids[1:]])),
    "repeated items": _table("items.parquet", _column("item", lambda ids: [ids[1], *ids[1:]])),
    "null people": _table("people.parquet", _column("user", lambda ids: [None, *ids[1:]])),
    "repeated people": _table("people.parquet", _column("user", lambda ids: [ids[1], *ids[1:]])),
    "an item too few": _table("items.parquet", lambda table: table.slice(1)),
    "an item too many": _table("items.parquet", lambda table: pa.concat_tables(
        [table, pa.table({"item": ["../../etc/passwd"], "title": ["x"]}).cast(table.schema)])),
    "a person too few": _table("people.parquet", lambda table: table.slice(1)),
    "people without a column": _table("people.parquet", lambda table: table.rename_columns(["../user"])),
    "items of numbers in lists": _table("items.parquet", lambda table: pa.table(
        {"item": [[1]] * len(table), "title": table["title"]})),
    "an event beyond the catalogue": _arrays(H, _set("items", 0, 9999)),
    "a negative item": _arrays(H, _set("items", 0, -1)),
    "a behaviour beyond the names": _arrays(H, _set("behaviors", 0, 99)),
    "offsets that fall": _arrays(H, _set("offsets", 1, 10**6)),
    "offsets that do not start at 0": _arrays(H, _set("offsets", 0, 1)),
    "times that fall": _arrays(H, _set("times", 0, 2**60)),
    "times before any": _arrays(H, _set("times", 0, -5)),
    "the same event twice": _arrays(H, _set("events", 0, 2)),
    "no items of events": _arrays(H, _drop("items")),
    "a foreign array": _arrays(H, _with("../../evil", np.zeros(1, np.int64))),
    "offsets of no size": _arrays(H, _with("offsets", np.zeros(0, np.int64))),
    "offsets in two dimensions": _arrays(H, _with("offsets", np.zeros((3, 3), np.int64))),
    "items of floats": _arrays(H, lambda arrays: arrays | {"items": arrays["items"].astype(np.float32)}),
    "profiles of others": _arrays(H, _with("profiles", np.ones((3, 1), np.int64))),
    "profiles beyond their codes": _arrays(H, _with("profiles", np.full((20, 1), 999, np.int64))),
    "negative profiles": _arrays(H, _with("profiles", np.full((20, 1), -7, np.int64))),
    "values too few": _arrays(H, _with("values", np.zeros(1))),
    "codes twice": _table("profiles.parquet", _column("code", lambda codes: [1] * len(codes))),
    "codes of no column": _table("profiles.parquet", lambda table: table.drop_columns(["value"])),
    "ids of other events": _table("event_ids.parquet", _column("row", lambda rows: [10**9, *rows[1:]])),
    "ids twice": _table("event_ids.parquet", _column("event_id", lambda ids: [ids[1], *ids[1:]])),
    "ids null": _table("event_ids.parquet", _column("event_id", lambda ids: [None, *ids[1:]])),
    "a log with a key twice": _text(L, '{"behaviors": ["view"], "behaviors": ["cart"]}'),
    "a log with NaN": _text(L, '{"behaviors": NaN}'),
    "a log that is a list": _text(L, "[]"),
    "a log nested without end": _text(L, "[" * 100_000),
    "behaviours that are none": _json(L, lambda log: log.update(behaviors="view")),
    "behaviours twice": _json(L, lambda log: log.update(behaviors=["view", "view"])),
    "behaviours null": _json(L, lambda log: log.update(behaviors=[None, "view"])),
    "an order that is no flag": _json(L, lambda log: log.update(ordered="no")),
    "an order against the times": _json(L, lambda log: log.update(ordered=True)),
    "seen that is no flag": _json(L, lambda log: log.update(exclude_seen=1)),
    "options that are none": _json(L, lambda log: log.update(options=[])),
    "an unknown option": _json(L, lambda log: log["options"].update(exec="rm")),
    "an option of another kind": _json(L, lambda log: log["options"].update(columns=7)),
    "a mapping of another kind": _json(L, lambda log: log["options"].update(mapping={"user": ["a"]})),
    "a bundle of another format": _json(B, lambda bundle: bundle.update(format=2)),
    "a bundle without its parts": _text(B, '{"format": 1}'),
    "a bundle that is a list": _text(B, "[]"),
    "a bundle with NaN": _text(B, '{"format": 1, "quality": NaN, "made": null}'),
    "a quality of another kind": _json(B, lambda bundle: bundle["quality"].update(value="0.5")),
    "a quality beyond 1": _json(B, lambda bundle: bundle["quality"].update(value=1.5)),
    "a quality of no question": _json(B, lambda bundle: bundle["quality"].update(n_questions=0)),
    "a quality with a foreign name": _json(B, lambda bundle: bundle["quality"].update(evil=1)),
    "a quality that is a list": _json(B, lambda bundle: bundle.update(quality=[1])),
    "code that is no digest": _json(B, lambda bundle: bundle["made"].update(code="../../evil")),
    "a day that is none": _json(B, lambda bundle: bundle["made"].update(fitted_at=7)),
    "a model of a path": _json(M, lambda model: model.update(model="../../evil")),
    "a model of another format": _json(M, lambda model: model.update(format=99)),
    "a model with a key twice": _text(M, '{"format": 1, "format": 1}'),
    "a model with infinity": _text(M, '{"format": Infinity}'),
    "settings that are none": _json(M, lambda model: model.update(settings=[])),
    "an unknown setting": _json(M, lambda model: model["settings"].update(evil=1)),
    "weights that are NaN": _arrays(W, _first_float(np.nan)),
    "finite weights whose scores are none": _arrays(W, _all_floats(3e38)),
    "no array of weights": _arrays(W, lambda arrays: {"x": np.zeros(1, np.float32)}),
}  # fmt: skip


@pytest.mark.parametrize("damage", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_folder_is_refused_in_one_line(sound, tmp_path, damage):
    folder = tmp_path / "m"
    shutil.copytree(sound, folder)
    damage(folder)
    with pytest.raises(ArtifactError) as error:
        ModelBundle.load(folder).recommend(k=3)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_a_sound_folder_is_not(sound):
    assert len(ModelBundle.load(sound).recommend(k=3)) == 60


def test_a_folder_of_an_earlier_version_is_read_without_what_it_does_not_say(sound, tmp_path):
    folder = tmp_path / "m"
    shutil.copytree(sound, folder)
    (folder / "bundle.json").unlink()
    bundle = ModelBundle.load(folder)
    assert (bundle.quality, bundle.made) == (None, None)
    assert bundle.recommend(k=3).equals(ModelBundle.load(sound).recommend(k=3))
