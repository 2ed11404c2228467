"""Floor 2: what happened. Reading, checking and cleaning a log of behaviour."""

from swayline.events.log import EventLog, read_events
from swayline.events.options import FORMATS, ReadOptions, parse_mapping

__all__ = ["FORMATS", "EventLog", "ReadOptions", "parse_mapping", "read_events"]
