"""Swayline: measures what sways users and uses it to recommend better."""

__version__ = "0.1.0"
