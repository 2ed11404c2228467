"""A shop small enough for every test."""

from typing import Any

from swayline.simulation import World, WorldSettings, world


def small_shop(seed: int = 0, **dials: Any) -> World:
    """A simulated shop of 200 users, 120 items and 8,000 events, made in a fraction of a second.

    Parameters
    ----------
    dials
        Any setting of :class:`swayline.simulation.WorldSettings`.

    Examples
    --------
    >>> small_shop(confounding=0.0).events.num_rows
    8000
    """
    return world(WorldSettings(**{"users": 200, "items": 120, "events": 8_000, "seed": seed} | dials))
