"""Verbs that look at data and make it ready."""
