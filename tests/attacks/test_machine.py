"""What only a process of its own can meet: signals, limits, closed streams, a poor environment."""

import functools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from swayline.core.storage.locks import LOCK_FILE
from swayline.testing.attacks import attack, files_of

QUICK = 'models = ["most-popular"]\nexplained_users = 2\n'


def command(*words):
    return [sys.executable, "-W", "error", "-m", "swayline.cli", *map(str, words)]


def swayline(*words, cwd, env=None, limits=(), stdout=subprocess.PIPE):
    def limit():
        for which, most in limits:
            resource.setrlimit(which, (most, most))

    done = subprocess.run(
        command(*words),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=env,
        timeout=300,
        check=False,
        preexec_fn=limit if limits else None,
    )
    no_traceback(done.stderr)
    return done


def no_traceback(err):
    assert not any(word in err for word in ("Traceback", "internal error", "Exception ignored")), err


def lines(err):
    return [line for line in err.splitlines() if line.startswith("swayline:")]


def test_a_full_standard_output_is_one_line(tmp_path, log):
    with open("/dev/full", "w") as full:
        done = swayline("check", log, cwd=tmp_path, stdout=full)
    assert (done.returncode, len(lines(done.stderr))) == (1, 1)
    assert "no space is left" in done.stderr.lower()


def test_a_closed_standard_output_is_one_line_and_files_are_written(tmp_path, log):
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command("check", log, "--out", "r.parquet")],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "closed" in done.stderr
    assert (tmp_path / "r.parquet").exists()


def test_a_reader_that_went_away_is_one_line(tmp_path, log):
    read, write = os.pipe()
    os.close(read)
    done = swayline("check", log, cwd=tmp_path, stdout=write)
    os.close(write)
    assert (done.returncode, len(lines(done.stderr))) == (1, 1)


def test_letters_that_the_output_cannot_hold_become_escapes(tmp_path, good):
    (tmp_path / "ü😀.csv").write_text(good.replace("view", "смотреть"))
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    poor = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = swayline("check", "ü😀.csv", cwd=tmp_path, env=kept | poor)
    assert done.returncode == 0, done.stderr
    assert "\\u0441" in done.stdout


def test_a_disk_that_is_full_keeps_the_old_files(tmp_path):
    usual = ["simulate", "--users", 20, "--items", 20, "--events", 500, "--out", "w"]
    assert attack(usual, tmp_path).code == 0
    before = files_of(tmp_path)
    words = ["simulate", "--users", 200, "--items", 20, "--events", 10_000, "--out", "w"]
    done = swayline(*words, cwd=tmp_path, limits=[(resource.RLIMIT_FSIZE, 20_000)])
    assert (done.returncode, len(lines(done.stderr))) == (1, 1), done.stderr
    assert "ulimit -f" in done.stderr
    assert files_of(tmp_path) == before


def test_too_few_open_files_is_one_line(tmp_path, log):
    done = swayline("check", log, cwd=tmp_path, limits=[(resource.RLIMIT_NOFILE, 12)])
    assert done.returncode in (0, 1)
    assert len(lines(done.stderr)) == done.returncode


def test_too_little_memory_is_one_line_and_nothing_is_written(tmp_path):
    words = ["simulate", "--users", 200_000, "--items", 50_000, "--events", 50_000_000, "--out", "w"]
    done = swayline(*words, cwd=tmp_path, limits=[(resource.RLIMIT_AS, 900 << 20)])
    assert (done.returncode, len(lines(done.stderr))) == (1, 1), done.stderr
    assert "memory" in done.stderr
    assert not files_of(tmp_path)


@pytest.mark.parametrize("words", ["check log.csv --out closed/r.parquet", "run log.csv --out closed/r"])
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, log, words):
    (tmp_path / "closed").mkdir(mode=0o555)
    before = files_of(tmp_path)
    # The superuser, whom no mode stops, gives that power away.
    drop = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if drop and shutil.which(drop[0]) is None:
        pytest.skip("setpriv (util-linux) is not installed, and the superuser may write everywhere")
    done = subprocess.run(
        [*drop, *command(*words.split())], capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False
    )
    no_traceback(done.stderr)
    assert (done.returncode, len(lines(done.stderr))) == (2, 1), done.stderr
    assert "(read-only)" in done.stderr
    assert files_of(tmp_path) == before


def test_a_run_that_was_stopped_and_killed_ends_like_one_that_was_not(tmp_path, log):
    """SIGTERM, Ctrl-C and kill -9 in turn, each a stage later; a second run meets the lock; then the run goes on."""
    (tmp_path / "c.toml").write_text(QUICK)
    words = ["run", log, "--config", "c.toml", "--out", "r"]
    for number, code, stage in (
        (signal.SIGTERM, 143, "read"),
        (signal.SIGINT, 130, "describe"),
        (signal.SIGKILL, -9, "quality"),
    ):
        heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # background jobs inherit deafness
        with subprocess.Popen(
            command(*words), stdout=-1, stderr=-1, text=True, cwd=tmp_path, preexec_fn=heard
        ) as started:
            wait_for(tmp_path / "r" / "run.json", stage, started)
            if number == signal.SIGTERM:
                started.send_signal(signal.SIGSTOP)  # it holds the folder while the other one asks for it
                other = attack(words, tmp_path)
                started.send_signal(signal.SIGCONT)
                assert (other.code, f"in use by process {started.pid} (run)" in other.lines[0]) == (1, True)
            started.send_signal(number)
            _, err = started.communicate(timeout=300)
        assert started.returncode == code, err
        no_traceback(err)
        kept = "swayline: stopped: finished stages are kept in --out; the same command goes on from there"
        assert lines(err) == ([] if number == signal.SIGKILL else [kept])
        left = [name for name in files_of(tmp_path) if name.endswith(".tmp") or name.endswith(LOCK_FILE)]
        assert not left or number == signal.SIGKILL
        assert stage in stages(tmp_path / "r")
        assert pq.read_table(tmp_path / "r" / "events.parquet").num_rows == 120

    done = attack([*words, "--json"], tmp_path)
    assert done.code == 0, done.err
    assert [one["reused"] for one in done.result["run"]["stages"]][:3] == [True] * 3
    assert attack(["run", log, "--config", "c.toml", "--out", "whole"], tmp_path).code == 0
    for name in ("recommendations.parquet", "influence.parquet", "events.parquet", "rejected.parquet"):
        assert (tmp_path / "r" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def stages(folder):
    return [stage["name"] for stage in json.loads((folder / "run.json").read_text())["stages"]]


def wait_for(record, stage, process):
    limit = time.monotonic() + 200
    while not (record.exists() and stage in stages(record.parent)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.02)
