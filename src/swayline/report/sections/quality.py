"""The page on whether the data can be trusted: refused rows, strays, gaps, people who act as nobody does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from swayline.core.names import DESCRIBE_FILE, FLAGS_FILE, QUALITY_FILE, REASON, REJECTED_FILE, ROW, USER, VALUE
from swayline.report.artifacts import Artifacts
from swayline.report.blocks import Missing, Note, Section, Table, Tiles
from swayline.report.wording import words
from swayline.report.wording.returning import repeats_words

_N_FLAGGED = 12


def quality_section(run: Artifacts) -> Section:
    """What was read, what was refused and why, what is missing, who was flagged."""
    found = run.describe
    blocks: list[Any] = []
    finding = ""
    if found is None:
        blocks += [Missing(run.why_missing(DESCRIBE_FILE)), *_refused_alone(run)]
    else:
        finding = _finding(found, run.quality)
        repeats = repeats_words(found)
        if repeats:
            blocks.append(
                Note(
                    f"{words.capital(repeats)}: they differ only in columns that are not read (a row a tag, say). They "
                    "count as events everywhere but where it is said; a recommender that names the same item again is "
                    "right by them alone.",
                    warn=True,
                )
            )
            finding = finding.removesuffix(".") + f"; {repeats}."
        blocks.append(_tiles(found, run.quality))
        blocks += [Note(words.label(note, 400)) for note in found["rows"]["notes"]]
        blocks += _strays(found)
        blocks += _rejected_table(found["rows"])
    blocks += _flag_blocks(run)
    blocks += _gap_blocks(run)
    blocks += _unused_blocks(run)
    well = _good_news(run)
    blocks += [Note(well)] if well else []
    lead = "What was kept, what was refused with the reason, and who looks more like a machine than like a person."
    return Section("quality", "Data quality", lead, blocks, finding)


def _finding(found: Mapping[str, Any], quality: Mapping[str, Any] | None) -> str:
    rows = found["rows"]
    bots = (quality or {}).get("bots")
    if not rows["rejected"] and not rows["duplicates"]:
        text = "Every row that was read could be used"
    else:
        parts = []
        if rows["rejected"]:
            share = words.percent(rows["rejected"] / max(rows["read"], 1))
            parts.append(f"{words.number(rows['rejected'])} rows ({share}) were refused")
        if rows["duplicates"]:
            parts.append(f"{words.number(rows['duplicates'])} repeats were dropped")
        text = words.capital(" and ".join(parts))
    if not bots:
        return text + "."
    flagged = bots["flagged"]
    nobody = "nobody acts at an impossible rate"
    return f"{text}; {_flagged_words(flagged, bots['people']) if flagged else nobody}."


def _flagged_words(flagged: int, people: int) -> str:
    who = "1 person was" if flagged == 1 else f"{words.number(flagged)} people ({words.percent(flagged / people)}) were"
    return f"{who} flagged as acting unlike a person"


def _tiles(found: Mapping[str, Any], quality: Mapping[str, Any] | None) -> Tiles:
    rows = found["rows"]
    tiles = [
        (words.number(rows["read"]), "rows read", ""),
        (words.number(rows["kept"]), "kept", words.percent(rows["kept"] / max(rows["read"], 1))),
        (words.number(rows["rejected"]), "refused", "listed in rejected.parquet" if rows["rejected"] else ""),
        (words.number(rows["duplicates"]), "repeats dropped", ""),
    ]
    if quality is not None:
        flagged = quality["bots"]["flagged"]
        tiles.append((words.number(flagged), "people flagged", "kept, and listed below" if flagged else ""))
    return Tiles(tiles)


def _strays(found: Mapping[str, Any]) -> list[Any]:
    span = found["span"]
    if not span or not span["outside"] or not _stretched(span):
        return []
    text = (
        f"{words.number(span['outside'])} events lie outside {words.moment(span['clock_from'])} to "
        f"{words.moment(span['clock_to'])} ({words.label(found['timezone'])}), "
        f"where 99.8% of the events are; the log's first event is of {words.day(span['first'])}, its last "
        f"of {words.day(span['last'])}. They count in every number, and are left off the time axes."
    )
    return [Note(text)]


def _stretched(span: Mapping[str, Any]) -> bool:
    """Whether stray events would stretch the time axes by a quarter or more."""
    whole = datetime.fromisoformat(span["last"]) - datetime.fromisoformat(span["first"])
    return bool(whole.total_seconds() > 1.25 * 86400 * span["days"])


def _good_news(run: Artifacts) -> str:
    """What was looked for and not found, in one paragraph."""
    parts = []
    if run.describe is not None and not run.describe["rows"]["reasons"]:
        parts.append("No row was refused.")
    if run.quality is not None and run.flags is not None:
        if not len(run.flags):
            looked = "" if run.quality["bots"]["left_out"] else " for rate, pauses, sleep, volume or travel"
            parts.append(f"Nobody was flagged{looked}.")
        if not any(one["missing"] or one["outliers"] for one in run.quality["columns"]):
            parts.append("No column has a gap or an outlier.")
    return " ".join(parts)


def _rejected_table(rows: Mapping[str, Any]) -> list[Table]:
    if not rows["reasons"]:
        return []
    table = Table(
        "Rows refused, by column and reason",
        ("Column", "Reason", "Rows", "For example"),
        [
            (
                words.label(one["column"] or "whole row"),
                words.label(one[REASON], 160),
                words.number(one["n"]),
                _examples(one),
            )
            for one in rows["reasons"]
        ],
        frozenset({2}),
    )
    return [table]


def _examples(one: Mapping[str, Any]) -> str:
    return "; ".join(f"row {each[ROW]}: {words.label(each[VALUE], 40) or 'empty'}" for each in one["examples"])


def _refused_alone(run: Artifacts) -> list[Any]:
    """Rejected rows where the log was not described."""
    if run.rejected is None:
        return [Missing(run.why_missing(REJECTED_FILE))]
    return [Note(f"{words.number(len(run.rejected))} rows were refused; {REJECTED_FILE} lists them.")]


def _flag_blocks(run: Artifacts) -> list[Any]:
    if run.quality is None:
        return [Missing(run.why_missing(QUALITY_FILE))]
    if run.flags is None:
        return [Missing(run.why_missing(FLAGS_FILE))]
    left_out = [Note(words.label(text, 200)) for text in run.quality["bots"]["left_out"]]
    return [*left_out, _flag_table(run.flags)] if len(run.flags) else left_out


def _flag_table(flags: pa.Table) -> Table:
    people: dict[str, list[dict[str, Any]]] = {}
    for one in flags.to_pylist():
        people.setdefault(one[USER], []).append(one)
    rest = f"; the {_N_FLAGGED} most active of {words.number(len(people))}" if len(people) > _N_FLAGGED else ""
    return Table(
        f"People flagged (kept in every figure; {FLAGS_FILE} lists all{rest})",
        ("Person", "Events", "Why", "What was seen"),
        [
            (
                words.label(name, 40),
                words.number(rows[0]["events"]),
                words.label("; ".join(one[REASON] for one in rows), 120),
                words.label("; ".join(one["explanation"] for one in rows), 300),
            )
            for name, rows in list(people.items())[:_N_FLAGGED]
        ],
        frozenset({1}),
    )


def _gap_blocks(run: Artifacts) -> list[Any]:
    if run.quality is None:
        return []
    columns = [one for one in run.quality["columns"] if one["missing"] or one["outliers"]]
    if not columns:
        return []
    return [
        Table(
            "Gaps and outliers, by column",
            ("Column", "Of", "Missing", "Share", "A model that needs it fills by", "Outliers drawn in"),
            [
                (
                    words.label(one["column"]),
                    words.label(one["table"]),
                    words.number(one["missing"]),
                    words.percent(one["missing"] / max(one["rows"], 1)),
                    words.label(one["filled_by"]) or "nothing: left empty",
                    words.number(one["outliers"]),
                )
                for one in columns
            ],
            frozenset({2, 3, 5}),
        )
    ]


def _unused_blocks(run: Artifacts) -> list[Any]:
    """Columns that were read and that nothing uses."""
    unused = [one for one in (run.quality or {}).get("uses", []) if not one["used_by"]]
    if not unused:
        return []
    rows = [(words.label(one["column"]), words.label(one["table"]), words.label(one["why"], 120)) for one in unused]
    return [Table("Columns that nothing uses", ("Column", "Of", "Why"), rows)]
