"""Look: what the log holds, whole columns, people who act as no person does, profiles."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from swayline.core.names import DESCRIBE_FILE, FLAGS_FILE, PROFILES_FOLDER, QUALITY_FILE, REASON, USER
from swayline.core.progress import task
from swayline.core.storage.artifacts import is_text, read_table
from swayline.core.storage.files import whole, write_json
from swayline.dataset import ColumnUse, column_uses, unused_words, with_categories
from swayline.engine import DuckEngine
from swayline.events import EventLog
from swayline.events.summary.describe import describe
from swayline.features.bots import BotFlags, flag_bots
from swayline.features.column_quality import column_quality
from swayline.features.profiles import build_profiles
from swayline.pipeline.workspace import Workspace


def describe_log(work: Workspace) -> None:
    """Count what the log holds."""
    with DuckEngine() as engine:
        write_json(work.folder / DESCRIBE_FILE, describe(engine, with_categories(work.asked), work.outcome))


def quality(work: Workspace) -> None:
    """Look for gaps, outliers and people who act as no person does."""
    unused = unused_words(look_at_quality(work.log, work.folder, work.settings.seed))
    if unused:
        work.say("quality", unused)


def profiles(work: Workspace) -> None:
    """Describe every person and every item."""
    profile(work.asked, work.folder, work.outcome, work.settings.seed)


def look_at_quality(log: EventLog, folder: Path, seed: int) -> list[ColumnUse]:
    """Write ``flags.parquet`` (people flagged, with reasons; nobody is dropped) and ``quality.json``; columns' uses."""
    with DuckEngine() as engine:
        flags = flag_bots(engine, log.events)
    with whole(folder / FLAGS_FILE) as temporary:
        pq.write_table(flags.table, temporary)
    columns = column_quality("events", log.events, features=False)
    for name, table in (("items", log.items), ("users", log.users)):
        if table is not None:
            columns += column_quality(name, table, features=True, seed=seed)
    bots = {
        "people": flags.n_users, "flagged": flags.n_flagged, "left_out": list(flags.left_out),
        "reasons": dict(Counter(flags.table[REASON].to_pylist())),
    }  # fmt: skip
    uses = column_uses(log)
    write_json(folder / QUALITY_FILE, {
        "bots": bots, "columns": [one.as_json() for one in columns], "uses": [one.as_json() for one in uses],
    })  # fmt: skip
    return uses


def profile(log: EventLog, folder: Path, outcome: str, seed: int) -> None:
    """Write ``profiles/``: people, items and what they are read against."""
    read_table(folder / FLAGS_FILE, {USER: is_text, REASON: is_text}, never_null=USER)
    flags = BotFlags(pq.read_table(folder / FLAGS_FILE), 0)
    with task("profiles"), DuckEngine() as engine:
        build_profiles(engine, log, outcome, flags, seed=seed).save(folder / PROFILES_FOLDER)
