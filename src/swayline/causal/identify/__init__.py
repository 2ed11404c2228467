"""Causal graphs, declared or discovered, and what they say must be adjusted for."""
