"""What the commands make of real logs, kept and compared, so that a move of code is seen to change nothing.

``snapshot.py take FOLDER`` runs each case in a fresh folder on one thread; ``snapshot.py compare BEFORE AFTER`` names
every table, figure and sentence that differs: ids and counts exactly, floats to 1e-6, renamed columns by their new name. Cases use the command line
alone, so that the same script measures both sides of a move. ``--only CASE`` takes one case again.
"""

import argparse
import html
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
TAOBAO = ["--columns", "user,item,category,behavior,time"]
CIAO = ["--columns", "user,item,category,value,-,time"]
QUICK_RUN = """
models = ["most-popular", "item-knn", "ease", "transformer"]
[model_settings.transformer]
max_epochs = 2
"""
VOLATILE = re.compile(
    r"^(seconds|fit_s|score_s|started|fitted_at|code|peak_mb|machine|versions|sha256|key|outputs|path|memory|swayline)$|_s$|seconds"
)


RENAMED = {"recommended": "primary"}
"""Columns and keys of before → their names of today; what they hold is compared."""
ADDED = {"evidence"}
"""Columns and keys that only today's side has; that alone is no difference."""


def head(source: Path, lines: int, to: Path) -> Path:
    """The first lines of a text file, as a file of its own."""
    with source.open("rb") as stream, to.open("wb") as out:
        for _, line in zip(range(lines), stream, strict=False):
            out.write(line)
    return to


def cases(work: Path) -> dict[str, list[list[str]]]:
    """Case → commands; ``{work}`` is the case's folder."""
    taobao = str(head(DATA / "taobao/events.csv", 20_000, work / "taobao.csv"))
    ciao = str(head(DATA / "ciao/ratings.txt", 8_000, work / "ciao.csv"))
    films = str(DATA / "ml-100k/ml-100k.inter")
    found: dict[str, list[list[str]]] = {
        "check": [["check", taobao, *TAOBAO, "--json"]],
        "effects": [["influence", "behaviors", taobao, *TAOBAO, "--treatment", "cart", "--treatment", "favorite",
                     "--outcome", "purchase", "--out", "{work}/effects.parquet"]],
        "shop": [
            ["simulate", "--users", "200", "--items", "100", "--events", "8000", "--out", "{work}/world"],
            ["influence", "people", "{work}/world/events.parquet", "--ties", "{work}/world/ties.parquet", "--outcome",
             "purchase", "--out", "{work}/people.parquet"],
            ["influence", "spread", "{work}/people.parquet", "--budget", "5", "--out", "{work}/seeds.parquet"],
        ],
        "run": [
            ["simulate", "--users", "200", "--items", "100", "--events", "8000", "--out", "{work}/world"],
            ["run", "{work}/world/events.parquet", "--items", "{work}/world/items.parquet", "--users",
             "{work}/world/users.parquet", "--ties", "{work}/world/ties.parquet", "--config", "{work}/quick.toml",
             "--out", "{work}/run"],
        ],
        "tune": [["tune", taobao, *TAOBAO, "--trials", "2", "--max-epochs", "1", "--out", "{work}/tune"]],
    }  # fmt: skip
    for name in ("item-knn", "ease", "implicit-als", "markov-chain", "boosted-trees", "content"):
        found[f"films-{name}"] = [
            ["fit", films, "--model", name, "--out", "{work}/model"],
            ["recommend", "{work}/model", "-k", "10", "--out", "{work}/recs.parquet"],
        ]
    found["taobao-transformer"] = [
        ["fit", taobao, *TAOBAO, "--set", "max_epochs=2", "--out", "{work}/model"],
        ["recommend", "{work}/model", "-k", "10", "--out", "{work}/recs.parquet"],
        ["influence", "events", "{work}/model", "--out", "{work}/events.parquet"],
    ]
    found["evaluate"] = [
        ["evaluate", ciao, *CIAO, "--model", "item-knn", "--split", split, "--out", f"{{work}}/{split}.json"]
        for split in ("last-out", "time")
    ]
    return found


def take(folder: Path, only: str | None) -> None:
    """Run every case; what it printed as JSON, and what it wrote, stays in its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, commands in cases(folder).items():
        if only not in (None, name):
            continue
        work = folder / name
        if work.exists():
            sys.exit(f"{work} exists: take snapshots in a fresh folder")
        work.mkdir()
        (work / "quick.toml").write_text(QUICK_RUN)
        started = time.perf_counter()
        for number, command in enumerate(commands):
            argv = [one.replace("{work}", str(work)) for one in command]
            done = subprocess.run(
                [sys.executable, "-m", "swayline.cli", *argv], capture_output=True, text=True,
                env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}, check=False,
            )  # fmt: skip
            (work / f"{number}.out").write_text(done.stdout.replace(str(work), "WORK"))
            if done.returncode:
                print(f"  {name}: {' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        print(f"{name:24s}{time.perf_counter() - started:8.1f} s", flush=True)


def words_of(page: Path) -> list[str]:
    """The sentences of a page, without figures, styles and times."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", page.read_text("utf-8"), flags=re.S)
    plain = html.unescape(re.sub(r"<[^>]+>", "\n", text))
    lines = (re.sub(r"\s+", " ", line).strip() for line in plain.splitlines())
    return [line for line in lines if line and not re.search(r"\d (s|min|MB|GB|ms)\b|\d{4}-\d\d-\d\d \d\d:", line)]


def differ(a: object, b: object, where: str) -> list[str]:
    """Places where two JSON values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        a = {today(key, b): value for key, value in a.items()}
        b = {key: value for key, value in b.items() if key in a or key not in ADDED}
        found = [f"{where}.{key}: only on one side" for key in sorted(set(a) ^ set(b)) if not VOLATILE.search(key)]
        for key in sorted(set(a) & set(b)):
            if not VOLATILE.search(key):
                found += differ(a[key], b[key], f"{where}.{key}")
        return found
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [line for n, (x, y) in enumerate(zip(a, b, strict=True)) for line in differ(x, y, f"{where}[{n}]")]
    if isinstance(a, float) and isinstance(b, float):
        return [] if np.isclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True) else [f"{where}: {a} → {b}"]
    return [] if a == b else [f"{where}: {str(a)[:80]} → {str(b)[:80]}"]


def today(name: str, later: Collection[str]) -> str:
    """What a column or key of before is called today, where today's side has it under its new name."""
    return RENAMED[name] if RENAMED.get(name) in later and name not in later else name


def tables_differ(a: pa.Table, b: pa.Table, where: str) -> list[str]:
    """Columns in which two tables differ."""
    a = a.rename_columns([today(name, b.column_names) for name in a.column_names])
    b = b.drop_columns([name for name in b.column_names if name in ADDED and name not in a.column_names])
    if a.column_names != b.column_names:
        changed = sorted(set(a.column_names) ^ set(b.column_names))
        return [f"{where}: columns {changed}"]
    if len(a) != len(b):
        return [f"{where}: {len(a)} → {len(b)} rows"]
    found = []
    for name in a.column_names:
        if pa.types.is_floating(a[name].type):
            x, y = a[name].to_numpy(), b[name].to_numpy()
            same = np.isclose(x, y, rtol=1e-6, atol=1e-9, equal_nan=True)
            if not same.all():
                found.append(
                    f"{where}: {name} differs in {int((~same).sum())} rows, first {x[~same][0]} → {y[~same][0]}"
                )
        elif a[name].to_pylist() != b[name].to_pylist():
            rows = [n for n, (x, y) in enumerate(zip(a[name].to_pylist(), b[name].to_pylist(), strict=True)) if x != y]
            found.append(f"{where}: {name} differs in {len(rows)} rows, first {a[name][rows[0]]} → {b[name][rows[0]]}")
    return found


def file_differs(a: Path, b: Path, where: str) -> list[str]:
    """What differs between two files, by what they hold."""
    if a.suffix == ".parquet":
        return tables_differ(pq.read_table(a), pq.read_table(b), where)
    if a.suffix == ".json":
        return differ(json.loads(a.read_text("utf-8")), json.loads(b.read_text("utf-8")), where)
    if a.suffix == ".html":
        x, y = words_of(a), words_of(b)
        gone, come = [one for one in x if one not in set(y)], [one for one in y if one not in set(x)]
        return [f"{where}: - {one[:160]}" for one in gone[:40]] + [f"{where}: + {one[:160]}" for one in come[:40]]
    if a.suffix == ".safetensors":
        from safetensors.numpy import load_file

        first, second = load_file(a), load_file(b)
        if first.keys() != second.keys():
            return [f"{where}: arrays {sorted(set(first) ^ set(second))}"]
        return [
            f"{where}: {name}" for name in first
            if first[name].shape != second[name].shape
            or not np.allclose(first[name].astype(float), second[name].astype(float), rtol=1e-5, atol=1e-6, equal_nan=True)
        ]  # fmt: skip
    return []


def compare(before: Path, after: Path) -> int:
    """Print every difference; the number of cases that differ."""
    bad = 0
    for case in sorted(one for one in before.iterdir() if one.is_dir()):
        other = after / case.name
        if not other.is_dir():
            print(f"{case.name:24s}not taken")
            continue
        files = sorted({p.relative_to(case) for p in case.rglob("*") if p.is_file()})
        later = sorted({p.relative_to(other) for p in other.rglob("*") if p.is_file()})
        found = [f"{name}: only on one side" for name in sorted(set(files) ^ set(later))]
        for name in sorted(set(files) & set(later)):
            found += file_differs(case / name, other / name, str(name))
        print(f"{case.name:24s}{'same' if not found else f'{len(found)} differences'}")
        for line in found[:60]:
            print(f"    {line}")
        bad += bool(found)
    return bad


def main() -> None:
    """Take or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    taking = verbs.add_parser("take")
    taking.add_argument("folder", type=Path)
    taking.add_argument("--only")
    comparing = verbs.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    asked = parser.parse_args()
    if asked.verb == "take":
        take(asked.folder, asked.only)
    else:
        sys.exit(1 if compare(asked.before, asked.after) else 0)


if __name__ == "__main__":
    main()
