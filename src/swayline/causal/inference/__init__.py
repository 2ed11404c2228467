"""Estimates and attempts at them: intervals where rows are not independent, degrees of freedom, refutations."""
