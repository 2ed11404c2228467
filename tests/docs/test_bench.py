"""``make bench`` names every benchmark."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_make_bench_runs_every_benchmark_and_no_helper_of_one() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    named = {word.partition(":")[0] for word in re.search(r"^BENCHES := (.*)$", makefile, re.M)[1].split()}
    files = {file.stem for file in (ROOT / "benchmarks").glob("*.py")}
    helpers = {name for name in files if name.startswith("peer_") or name.endswith("_data")}
    assert named == files - helpers
