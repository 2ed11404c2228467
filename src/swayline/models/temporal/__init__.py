"""Temporal models: what happened when, and how lately."""
