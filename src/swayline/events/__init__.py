"""Floor 2: what happened. Reading, checking, cleaning and keeping a log of behaviour."""

from swayline.events.large import Cleaned, clean_log
from swayline.events.log import EventLog
from swayline.events.options import FORMATS, Paging, ReadOptions, parse_mapping, parse_paging
from swayline.events.read import as_log, read_events
from swayline.events.side import read_people, read_side, read_side_told
from swayline.events.sources import is_address, name_of
from swayline.events.sources.parts import local_parts
from swayline.events.store import read_log, write_log
from swayline.events.table import read_table

__all__ = [
    "FORMATS", "Cleaned", "EventLog", "Paging", "ReadOptions", "as_log", "clean_log", "is_address", "local_parts",
    "name_of", "parse_mapping", "parse_paging", "read_events", "read_log", "read_people", "read_side",
    "read_side_told", "read_table", "write_log",
]  # fmt: skip
