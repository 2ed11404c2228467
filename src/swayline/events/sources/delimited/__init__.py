"""CSV and TSV."""

from swayline.events.sources.delimited.reader import read

__all__ = ["read"]
