"""Compiled passes of the Hawkes model; imported only after numba was found."""
