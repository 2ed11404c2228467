"""Verbs about what items look, sound and read like."""
