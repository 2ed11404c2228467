"""``make bench`` names every benchmark."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_make_bench_runs_every_benchmark_and_no_helper_of_one() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    named = {word.partition(":")[0] for word in re.search(r"^BENCHES := (.*)$", makefile, re.M)[1].split()}
    files = {
        file.relative_to(ROOT / "benchmarks").with_suffix("").as_posix() for file in (ROOT / "benchmarks").rglob("*.py")
    }
    helpers = {
        name for name in files
        if name.split("/")[1].startswith("peer_") or name.endswith("_data") or name.startswith("house/")
    }  # fmt: skip
    assert named == files - helpers
