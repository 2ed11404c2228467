"""What everybody did so far, as arrays: made empty, written, read and checked.

Shapes as in :mod:`swayline.models.temporal.compiled.shapes`.
"""

from pathlib import Path

import numpy as np

from swayline.core.errors import ArtifactError
from swayline.core.names import CATEGORY, LAT, LON
from swayline.core.types import Floats, Ints
from swayline.dataset import Sequences
from swayline.models import artifact
from swayline.models.temporal.compiled.shapes import BINS, N_CONTEXT, N_HALF_LIVES, N_OWN, Known, Scratch, State

NEXT, VISITORS, OWN, RECENT = 48, 32, 32, 64
"""Places of the rings."""
_SPANS = (2000.0, 200.0, 30.0, 4.0)
"""Half-lives are these parts of the time that the log spans, so that a month and ten years are told alike."""
_COUNTS = ("n_met", "n_next", "n_own", "n_events")


def half_lives_of(seconds: Floats) -> Floats:
    """(H,) half-lives in the unit of the times, from the span they cover."""
    span = float(np.ptp(seconds)) if len(seconds) else 0.0
    return max(span, 60.0) / np.array(_SPANS)


def known_of(sequences: Sequences, half_lives: Floats) -> Known:
    """What the catalogue says of items, for the compiled passes."""
    n_items, catalogue = sequences.n_items, sequences.catalogue
    category: Ints = np.full(n_items, -1, np.int64)
    place: Floats = np.zeros((n_items, 3))
    if catalogue is not None:
        category, _ = catalogue.codes(CATEGORY)
        if {LAT, LON} <= set(catalogue.table.column_names):
            place = unit_vectors(catalogue.numbers(LAT), catalogue.numbers(LON))
    return Known(np.asarray(half_lives, np.float64), category.astype(np.int64), place, sequences.timed)


def unit_vectors(lat: Floats, lon: Floats) -> Floats:
    """(I, 3) where degrees lie on the unit sphere; zeros where they are no place (unknown, out of range, 0,0).

    >>> unit_vectors(np.array([0.0, 91.0, 0.0]), np.array([90.0, 0.0, 0.0])).round(3).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    valid = np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90) & (np.abs(lon) <= 180) & ((lat != 0) | (lon != 0))
    north, east = np.radians(np.where(valid, lat, 0.0)), np.radians(np.where(valid, lon, 0.0))
    found = np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1)
    return np.asarray(np.where(valid[:, None], found, 0.0), dtype=np.float64)


def empty_state(n_items: int, n_users: int, n_categories: int) -> State:
    """Before anything happened."""
    shapes = shapes_of(n_items, n_users, n_categories)
    made = State(**{name: np.zeros(shape, kind) for name, (shape, kind) in shapes.items()})
    made.gap[:] = -1.0
    return made


def shapes_of(n_items: int, n_users: int, n_categories: int) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name of each array of the state → its shape and kind of number."""
    i, u, c = n_items, n_users, n_categories
    return {
        "n_met": ((i,), "float64"), "last": ((i,), "float64"), "decayed": ((i, N_HALF_LIVES), "float64"),
        "returns": ((i,), "float64"), "gap": ((i,), "float64"), "hours": ((i, BINS), "float32"),
        "next_item": ((i, NEXT), "int32"), "next_time": ((i, NEXT), "float64"), "n_next": ((i,), "int64"),
        "visitor": ((i, VISITORS), "int32"), "visit_time": ((i, VISITORS), "float64"),
        "own_item": ((u, OWN), "int32"), "own_time": ((u, OWN), "float64"), "n_own": ((u,), "int64"),
        "category_hours": ((c, BINS), "float32"), "category_next": ((c, c), "float32"),
        "category_count": ((c,), "float64"),
        "recent": ((RECENT,), "int32"), "n_events": ((1,), "int64"),
    }  # fmt: skip


def check_state(folder: Path, state: State, n_items: int, n_users: int) -> None:
    """Refuse numbers of a folder that would lead outside the arrays.

    Raises
    ------
    ArtifactError
        An item or user is none of the model's, or a count is negative.
    """
    for name, most in (("next_item", n_items), ("own_item", n_items), ("recent", n_items), ("visitor", n_users)):
        values = getattr(state, name)
        if values.size and not (values.min() >= 0 and values.max() < max(1, most)):
            raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: {name} names what the model does not have")
    for name in _COUNTS:
        values = getattr(state, name)
        if values.size and values.min() < 0:
            raise ArtifactError(f"{folder / artifact.WEIGHTS_FILE}: {name} holds a negative count")


def scratch_for(n_items: int, n_categories: int) -> Scratch:
    """Room for the compiled passes."""
    return Scratch(
        np.zeros(n_items, np.int64), np.zeros((n_items, N_OWN)), np.zeros(n_items, np.int64), np.zeros(1, np.int64),
        np.zeros((2, n_categories)), np.zeros(N_CONTEXT),
    )  # fmt: skip
