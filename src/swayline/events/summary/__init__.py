"""Counts that describe a log, for a page."""
