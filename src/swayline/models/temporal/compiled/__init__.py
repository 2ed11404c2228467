"""Compiled passes of the temporal model; imported only after :func:`swayline.core.extras.require` found numba."""
