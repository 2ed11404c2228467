"""Drift: when behaviour changed, for all, for items and categories, for each person."""

from swayline.evolution.drift.table import DRIFT_COLUMNS, Drift, find_drift

__all__ = ["DRIFT_COLUMNS", "Drift", "find_drift"]
