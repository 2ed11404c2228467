"""Counts of items and people, as sparse matrices."""
