"""``--out`` and ``--checkpoint`` on everything that must survive; the exit code is 2 and every file stays as it was."""

import contextlib
import os
import shutil
import socket
import threading

import pyarrow.parquet as pq
import pytest

from swayline.core.storage.files import whole
from swayline.core.storage.locks import LOCK_FILE, only_one
from swayline.testing.attacks import attack, files_of, unchanged

QUICK = 'models = ["most-popular"]\nexplained_users = 2\n'


@pytest.fixture
def here(made, tmp_path):
    """A log, a model, a ledger and a foreign file, to be spared."""
    shutil.copytree(made, tmp_path / "x")
    folder = tmp_path / "x"
    (folder / "bad.csv").write_text((folder / "log.csv").read_text() + "u,,view,1700000000\n")
    (folder / "notes.csv").write_text("mine\n")
    (folder / "notes.parquet").write_text("mine\n")
    (folder / "notes.json").write_text("{}\n")
    (folder / "users.txt").write_text("u1\n")
    (folder / "quick.toml").write_text(QUICK)
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").write_text("mine\n")
    (folder / "fake").mkdir()
    (folder / "fake" / "run.json").write_text("{}")
    (folder / "fake" / "report.html").write_text("mine\n")
    os.link(folder / "log.csv", folder / "hard.csv")
    os.symlink("log.csv", folder / "soft.csv")
    os.symlink("nowhere.csv", folder / "dangling.csv")
    os.symlink("model", folder / "to-model")
    os.symlink("loop.csv", folder / "loop.csv")
    os.symlink("/dev/full", folder / "device.csv")
    os.mkfifo(folder / "pipe.csv")
    held = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(folder)
    held.bind("socket.csv")
    os.chdir(here)
    held.close()
    return folder


FILES = {
    "itself": "check log.csv --out log.csv", "itself-dotted": "check log.csv --out ./x/../log.csv", "itself-hard-link": "check log.csv --out hard.csv",
    "itself-soft-link": "check log.csv --out soft.csv", "through-soft-link": "check soft.csv --out log.csv", "foreign": "check log.csv --out notes.csv",
    "foreign-parquet": "check log.csv --out notes.parquet", "dangling-link": "check log.csv --out dangling.csv", "folder": "check log.csv --out mine.csv/x.csv/..",
    "pipe": "check log.csv --out pipe.csv", "socket": "check log.csv --out socket.csv", "device-link": "check log.csv --out device.csv", "loop": "check log.csv --out loop.csv",
    "device": "check log.csv --out /dev/full", "null": "check log.csv --out /dev/null", "file-as-folder": "check log.csv --out log.csv/x.csv", "items": "check log.csv --items notes.csv --out notes.csv",
    "long": f"check log.csv --out {'x' * 300}.csv", "empty": "check log.csv --out .", "ledger-by-check": "check log.csv --out ledger.parquet",
    "model-items": "recommend model --out model/items.parquet", "model-new": "recommend model --out model/new.parquet", "model-link": "recommend model --out to-model/items.parquet", "model-deep": "recommend model --out model/a/new.parquet",
    "users": "recommend model --users users.txt --out users.txt", "recommend-foreign": "recommend model --out notes.parquet", "recommend-over-ledger": "recommend model --out ledger.parquet", "recommend-log": "recommend model --events log.csv --out log.csv",
    "evaluate-foreign": "evaluate log.csv --model most-popular --out notes.json", "evaluate-model": "evaluate log.csv --model most-popular --out model/model.json", "events-in-model": "influence events model --out model/people.parquet",
    "behaviors-log": "influence behaviors log.csv --treatment view --out log.csv", "people-ties": "influence people log.csv --ties notes.csv --out notes.csv", "spread-input": "influence spread ledger.parquet --out ledger.parquet", "table-input": "influence table notes.csv --treatment a --outcome b --out notes.csv",
    "fit-foreign": "fit log.csv --model item-knn --out mine", "fit-file": "fit log.csv --model item-knn --out log.csv", "fit-here": "fit log.csv --model item-knn --out .", "fit-in-model": "fit log.csv --model item-knn --out model/new", "fit-device": "fit log.csv --model item-knn --out /dev/null",
    "checkpoint-log": "fit log.csv --checkpoint log.csv --out m2", "checkpoint-foreign": "fit log.csv --checkpoint notes.csv --out m2", "checkpoint-weights": "fit log.csv --checkpoint model/weights.safetensors --out m2", "checkpoint-device": "fit log.csv --checkpoint /dev/full --out m2", "checkpoint-folder": "fit log.csv --checkpoint mine --out m2",
    "run-foreign": "run log.csv --config quick.toml --out mine", "run-fake": "run log.csv --config quick.toml --out fake", "run-file": "run log.csv --config quick.toml --out notes.csv", "run-here": "run log.csv --config quick.toml --out .", "run-model": "run log.csv --config quick.toml --out model", "run-above": "run x/../log.csv --config quick.toml --out ..",
    "simulate-foreign": "simulate --out mine", "simulate-model": "simulate --out model", "simulate-file": "simulate --out log.csv", "tune-foreign": "tune log.csv --out mine", "tune-model": "tune log.csv --out model",
}  # fmt: skip
ALWAYS = ("itself", "itself-hard-link", "itself-soft-link", "pipe", "device", "model-items", "model-new", "model-link", "users", "spread-input",
          "run-model", "checkpoint-log", "checkpoint-weights", "run-here", "fit-in-model")  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_outputs_never_take_the_place_of_what_is_not_theirs(here, name):
    before = files_of(here)
    verdict = attack(FILES[name].split(), here)
    unchanged(verdict, before, here)
    assert files_of(here).keys() == before.keys()
    assert (verdict.code, verdict.out) == (2, "")


@pytest.mark.parametrize("name", ALWAYS)
def test_force_spares_inputs_models_and_devices(here, name):
    before = files_of(here)
    verdict = attack([*FILES[name].split(), "--force"], here)
    unchanged(verdict, before, here)
    assert verdict.code == 2


@pytest.mark.parametrize("out", ["o.parquet", "o.csv", "o.jsonl"])
def test_an_output_replaces_its_own_earlier_one_alone(here, out):
    words = ["recommend", "model", "-k", "3", "--out", out]
    assert attack(words, here).code == 0
    assert attack(words, here).code == 0
    assert attack(["influence", "events", "model", "--user", "u1", "--out", out], here).code == 2
    if out != "o.parquet":
        (here / out).write_text("changed by hand\n")
        assert attack(words, here).code == 2
        assert attack([*words, "--force"], here).code == 0


def test_force_replaces_a_foreign_file_and_a_link_but_not_what_it_points_at(here):
    os.symlink("notes.json", here / "link.parquet")
    assert attack(["recommend", "model", "--out", "link.parquet", "--force"], here).code == 0
    assert (here / "notes.json").read_text() == "{}\n"
    assert not (here / "link.parquet").is_symlink()


def test_folders_replace_their_own_kind(here):
    for _ in range(2):
        assert attack(["fit", "log.csv", "--model", "item-knn", "--out", "model"], here).code == 0
        assert attack(["simulate", "--users", 20, "--items", 20, "--events", 200, "--out", "world"], here).code == 0


def test_two_processes_in_one_folder_meet_a_lock(here):
    with only_one(here / "model", "fit"):
        verdict = attack(["fit", "log.csv", "--model", "item-knn", "--out", "model"], here)
    assert verdict.code == 1
    assert f"in use by process {os.getpid()} (fit)" in verdict.lines[0]
    assert attack(["fit", "log.csv", "--model", "item-knn", "--out", "model"], here).code == 0


def test_a_lock_of_a_dead_process_holds_nobody(here):
    (here / "model" / LOCK_FILE).write_text("1 fit\n")
    assert attack(["fit", "log.csv", "--model", "item-knn", "--out", "model"], here).code == 0


def test_a_lock_file_that_is_a_link_is_not_followed(here):
    os.symlink(here / "notes.csv", here / "model" / LOCK_FILE)
    assert attack(["fit", "log.csv", "--model", "item-knn", "--out", "model"], here).code == 2
    assert (here / "notes.csv").read_text() == "mine\n"


def test_temporary_files_cannot_be_guessed_are_private_and_leave_nothing(tmp_path):
    seen = set()
    for _ in range(3):
        with contextlib.suppress(RuntimeError), whole(tmp_path / "a.txt") as temporary:
            assert temporary.stat().st_mode & 0o777 == 0o600
            seen.add(temporary.name)
            raise RuntimeError
    assert len(seen) == 3
    assert list(tmp_path.iterdir()) == []


def test_every_output_has_the_mode_of_any_new_file(tmp_path):
    old = os.umask(0o027)
    try:
        with whole(tmp_path / "a.txt") as temporary:
            temporary.write_text("x")
    finally:
        os.umask(old)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    dead, young = tmp_path / f".swayline-{'0' * 32}.tmp", tmp_path / f".swayline-{'1' * 32}.tmp"
    dead.write_text("half")
    young.write_text("half")
    os.utime(dead, (1, 1))
    with whole(tmp_path / "long.txt") as alive:
        alive.write_text("x")
        os.utime(alive, (1, 1))
        threading.Thread(target=_write, args=(tmp_path / "other.txt",)).run()
        assert alive.exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == [young.name, "long.txt", "other.txt"]


def _write(path):
    with whole(path) as temporary:
        temporary.write_text("y")


def test_csv_neutralises_formulas_and_is_read_back_as_it_was(tmp_path):
    import pyarrow as pa

    from swayline.core.storage.tables import read_typed, write_table

    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''=1", "'plain", "plain", "a=b", ""]
    table = pa.table({"user": texts, "score": [-1.5] * len(texts)})
    write_table(tmp_path / "a.csv", table)
    written = (tmp_path / "a.csv").read_bytes().decode()
    assert [line for line in written.split("\n") if line.strip('"').startswith(tuple("=+-@\t\r"))] == []
    assert "-1.5" in written
    assert (
        read_typed(tmp_path / "a.csv", pa.schema([("user", pa.string()), ("score", pa.float64())]))["user"].to_pylist()
        == texts
    )


def test_outputs_say_which_verb_made_them(here):
    assert attack(["recommend", "model", "--out", "o.parquet"], here).code == 0
    assert pq.read_schema(here / "o.parquet").metadata[b"swayline"] == b"recommend"
