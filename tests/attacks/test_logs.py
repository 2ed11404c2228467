"""Malformed logs: each has its verdict in ``logs.txt``: the exit code, then the rows or the words of the one line."""

import importlib.util
import re
from pathlib import Path

import pytest

from swayline.testing.attacks import attack, files_of, unchanged

_HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("attack_logs", _HERE / "logs.py")
logs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(logs)

VERDICTS = {
    name: (int(code), words)
    for name, code, words in (re.split(r"\s{2,}", line, maxsplit=2) for line in (_HERE / "logs.txt").read_text("utf-8").splitlines())
}  # fmt: skip


def test_every_log_has_its_verdict_and_every_verdict_its_log():
    assert [name for name, *_ in logs.LOGS] == list(VERDICTS)
    assert len(VERDICTS) >= 400


@pytest.mark.parametrize(("name", "file", "content"), logs.LOGS, ids=[name for name, *_ in logs.LOGS])
def test_malformed_logs_end_as_the_table_says(tmp_path, name, file, content):
    code, words = VERDICTS[name]
    (tmp_path / file).write_bytes(content)
    before = files_of(tmp_path)
    verdict = attack(["check", file, "--json"], tmp_path)
    unchanged(verdict, before, tmp_path)
    assert verdict.code == code, verdict
    if verdict.out:
        found = verdict.result
        assert f"{found['kept']} kept, {found['duplicates']} repeats, {found['rejected']} rejected" == words
        assert all(one["reason"] and one["row"] > 0 for one in found["reasons"])
    else:
        assert words in verdict.lines[0]
