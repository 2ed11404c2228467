"""Types that keep outside ids and inside row numbers apart."""

from typing import NewType

import numpy as np
import numpy.typing as npt

UserId = NewType("UserId", str)
"""A user's id in the caller's world."""
ItemId = NewType("ItemId", str)
"""An item's id in the caller's world."""

Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""Real numbers; the docstring gives the shape."""
ItemRows = npt.NDArray[np.int32]
"""Row numbers into the item vocabulary, from 0."""
Ints = npt.NDArray[np.int64]
"""Whole numbers; the docstring gives the shape."""
Bools = npt.NDArray[np.bool_]
"""Flags; the docstring gives the shape."""
