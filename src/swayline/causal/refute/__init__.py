"""Attempts to break an estimate, bounds on what is unseen, and the verdict."""
