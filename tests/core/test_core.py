"""Errors are one line, times are UTC, files are whole or not at all, seeds decide."""

import io
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swayline.core import errors, names
from swayline.core.errors import MissingExtraError, SwaylineError, UsageError, nearest, one_line, shown
from swayline.core.extras import require
from swayline.core.progress import task
from swayline.core.rng import generator
from swayline.core.storage.files import digest, fingerprint, whole, write_json
from swayline.core.time import format_duration, iso, parse_date, parse_duration_s


@given(st.text())
def test_every_message_is_one_line_that_any_terminal_shows(text: str) -> None:
    message = str(SwaylineError(text))
    assert message.isprintable()
    message.encode("utf-8")
    assert len(message) <= 12 * errors.MAX_MESSAGE


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    message = str(SwaylineError("start " + "x" * 10_000 + " end"))
    assert message.startswith("start x")
    assert message.endswith("x end")
    assert one_line("short") == "short"


def test_misuse_and_data_errors_have_their_exit_codes() -> None:
    assert issubclass(UsageError, ValueError)
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SwaylineError)]
    assert {kind.exit_code for kind in kinds if issubclass(kind, UsageError)} == {2}
    assert {kind.exit_code for kind in kinds if not issubclass(kind, UsageError)} == {1}
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in kinds)


def test_a_hint_names_the_nearest_and_lists_the_rest() -> None:
    assert nearest("zzz", ["b", "a"]) == "Choices: a, b"
    assert nearest("x", []) == "Choices: none"
    assert "…" in nearest("x", [f"name{n}" for n in range(100)])
    assert shown(7) == "'7'"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("27h", 97200), ("1d", 86400), ("2w", 1209600), (" 1.5 h ", 5400)]
)
def test_durations_are_numbers_with_a_unit(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "d", "0d", "-1d", "1y", "1d2h", "1e3s", "nan s", "inf d", "１d ays"])
def test_raises_when_a_duration_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="duration"):
        parse_duration_s(text)


@given(st.floats(1e-3, 1e9))
def test_a_written_duration_is_near_its_value(seconds: float) -> None:
    number, unit = format_duration(seconds).split(" ")
    size = {"d": 86400, "h": 3600, "min": 60, "s": 1}[unit]
    assert math.isclose(float(number) * size, seconds, rel_tol=0.01)


def test_dates_without_an_offset_are_utc() -> None:
    assert parse_date("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_date("2026-01-31T12:00:00+02:00") == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert iso(datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-31T12:00:00Z"
    for text in ("", "soon", "31.1.2026", "2026-02-30"):
        with pytest.raises(UsageError, match="date"):
            parse_date(text)


def test_each_purpose_has_numbers_of_its_own() -> None:
    def draw(seed: int, *purpose: str) -> list[int]:
        return list(generator(seed, *purpose).integers(0, 2**31, 4))

    assert draw(1, "a") == draw(1, "a")
    assert len({tuple(draw(*one)) for one in [(1,), (2,), (1, "a"), (1, "b"), (1, "a", "b"), (1, "b", "a")]}) == 6  # type: ignore[misc]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    with whole(path) as temporary:
        temporary.write_text("old")
    with pytest.raises(RuntimeError, match="stop"), whole(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise RuntimeError("stop")
    assert path.read_text() == "old"
    assert [one.name for one in path.parent.iterdir()] == ["file.txt"]


def test_json_is_sorted_and_refuses_what_json_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"b": 1, "a": "ü"})
    assert path.read_text("utf-8") == '{\n "a": "ü",\n "b": 1\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": math.nan})
    assert json.loads(path.read_text("utf-8"))["b"] == 1
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_digests_follow_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "b").write_bytes(b"x" * 3_000_000)
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")
    (tmp_path / "b").write_bytes(b"x" * 2_999_999 + b"y")
    assert fingerprint(tmp_path / "a") != fingerprint(tmp_path / "b")
    assert digest([1, 2]) != digest([2, 1])


def test_a_missing_library_is_named_with_its_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'swayline\[text\]'"):
        require("no_such_library_at_all", extra="text")


def test_no_bar_is_drawn_where_no_one_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = io.StringIO()
    monkeypatch.setattr("sys.stderr", quiet)
    with task("work", total=2) as bar:
        bar.advance()
        bar.note("half")
    assert quiet.getvalue() == ""


def test_synonyms_lead_to_known_behaviors_and_are_written_as_they_are_looked_up() -> None:
    for foreign, ours in names.BEHAVIOR_SYNONYMS.items():
        assert ours in names.FUNNEL, foreign
        assert foreign == foreign.lower().replace(" ", "_").replace("-", "_")
        assert foreign not in names.FUNNEL
    assert set(names.FUNNEL) >= names.ITEMLESS
    assert len(set(names.FUNNEL)) == len(names.FUNNEL)
    assert names.funnel_depth("purchase") == len(names.FUNNEL) - 1
    assert names.funnel_depth("lesson") == -1
