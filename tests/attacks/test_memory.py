"""Peak memory of what is wide: thousands of behaviours, thousands of controls. A process of its own says how much it took."""

import os
import random
import subprocess
import sys

import pytest

MOST_MB = 2000
FIT_ON_THIS = 'models = ["most-popular"]\nexplained_users = 2\n'


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A log of 10,003 behaviours, and a table of 400 rows and 3,000 controls."""
    folder, rng = tmp_path_factory.mktemp("wide"), random.Random(0)
    names = [f"b{at}" for at in range(10_000)] + ["view"] * 6000 + ["cart"] * 3000 + ["purchase"] * 1000
    rng.shuffle(names)
    rows = [
        f"u{rng.randrange(800)},i{rng.randrange(60)},{name},{1_700_000_000 + 60 * at}" for at, name in enumerate(names)
    ]
    (folder / "log.csv").write_text("user,item,behavior,time\n" + "\n".join(rows) + "\n")
    head = ",".join(["t", "y", *(f"x{k}" for k in range(3000))])
    rows = [",".join([str(at % 2), *(f"{rng.gauss(0, 1):.2f}" for _ in range(3001))]) for at in range(400)]
    (folder / "table.csv").write_text("\n".join([head, *rows]) + "\n")
    (folder / "c.toml").write_text(FIT_ON_THIS)
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "influence behaviors log.csv --treatment cart --outcome purchase --learner linear --out b.parquet",
        pytest.param("influence table table.csv --treatment t --outcome y --out t.parquet", marks=pytest.mark.truth),
        pytest.param("run log.csv --config c.toml --out r", marks=pytest.mark.truth),
    ],
)
def test_what_is_wide_stays_below_two_gigabytes_or_is_refused_in_one_line(wide, words):
    command = [sys.executable, "-W", "error", "-m", "swayline.cli", *words.split()]
    with (wide / "said.txt").open("w+") as said:
        started = subprocess.Popen(command, cwd=wide, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        err = said.read()
    peak_mb = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    cpu_s = used.ru_utime + used.ru_stime
    print(f"{words}: exit {started.returncode}, {peak_mb:,.0f} MB, {cpu_s:.1f} s of the processor; {err[-300:]}")
    assert started.returncode in (0, 1, 2), err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if line.startswith("swayline:")]) == (started.returncode > 0)
    assert peak_mb < MOST_MB
    assert cpu_s < 60
