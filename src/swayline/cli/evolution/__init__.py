"""Verbs about how behaviour changes: ``evolve``, ``forecast``, ``diff``."""
