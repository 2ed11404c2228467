"""Compiled passes of cascades; imported only after numba was found."""
