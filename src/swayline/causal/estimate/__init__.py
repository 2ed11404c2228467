"""Estimators of an average effect, their intervals, and the call that runs them."""
