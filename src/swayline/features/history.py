"""What was known strictly before moments: the one engine of as-of features, for effects, models, evolution, service.

::

    events    u1 i7 view   u1 i7 cart   u2 i7 view      time
    moments                    │                  │
                               └ u1 about i7: one event of its own, one view, no cart yet (the cart is of this moment)
                                                  └ u2 about i7: three events on the item by anybody, none in the
                                                    last hour, one person

Every question is a union of moments and events and a running sum or maximum
(:mod:`swayline.engine.operators.asof`), near linear in both. At equal times nothing of the moment is seen. A null key
is nobody's: an event without a category is in no category, and a moment without one has no past there.

Shapes: M moments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import UsageError
from swayline.core.types import Ints
from swayline.engine import Engine
from swayline.engine.operators import asof
from swayline.engine.relation import Expression

Floats = npt.NDArray[np.float64]
HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
Test = tuple[str, int]
"""A column of the events and the value it has in those that count."""
EVENTS, MOMENTS = "known_events", "known_moments"


@dataclass(frozen=True)
class Acts:
    """Acts before each moment that share its keys.

    Attributes
    ----------
    n, first_us, last_us : (M,) how many, and the times of the first and the last of them, NaN where there is none
    counts, lasts_us : name of a test → (M,) how many meet it, and the time of the last that does
    """

    n: Ints
    first_us: Floats
    last_us: Floats
    counts: dict[str, Ints]
    lasts_us: dict[str, Floats]


@dataclass(frozen=True)
class History:
    """Events before moments.

    Parameters
    ----------
    t : (M,) int64
        The moments, UTC microseconds.

    Examples
    --------
    >>> from swayline.engine import DuckEngine
    >>> events = pa.table({"u": [1, 1, 2], "i": [7, 7, 7], "t": [10, 20, 15], "b": [0, 1, 0]})
    >>> with DuckEngine() as engine:
    ...     known = History.of(engine, events, pa.table({"u": [1, 2], "i": [7, 7], "t": [20, 30]}))
    ...     own, all_ = known.acts(["u"], {"cart": ("b", 1)}), known.acts(["i"])
    ...     people = known.distinct(["i"], "u")
    >>> own.n.tolist(), own.counts["cart"].tolist(), all_.n.tolist(), people.tolist()
    ([1, 1], [0, 0], [2, 3], [2, 2])
    """

    engine: Engine
    t: Ints = field(repr=False)

    @classmethod
    def of(cls, engine: Engine, events: pa.Table, moments: pa.Table) -> "History":
        """Make both tables known to the engine.

        Parameters
        ----------
        events : pa.Table
            Keys (whole numbers, null for none), ``t``, and whatever tests read.
        moments : pa.Table
            The same keys and ``t``; its rows are asked about in their order.
        """
        engine.register(EVENTS, events)
        engine.register(MOMENTS, moments.append_column("k", pa.array(np.arange(len(moments)))))
        return cls(engine, np.asarray(moments["t"].to_numpy(), dtype=np.int64))

    def acts(
        self, keys: Sequence[str], tests: Mapping[str, tuple[str, int]] | None = None, *, recency: bool = False
    ) -> Acts:
        """Counts, first and last times of the acts with the same keys, all in one pass.

        Parameters
        ----------
        tests : mapping
            Name → a column and the value it has in the events that count.
        recency : bool
            Whether the last of each test is asked too.
        """
        named = list((tests or {}).items())
        values: dict[str, tuple[str, Expression]] = {"one": ("sum", "1"), "first": ("min", "t"), "last": ("max", "t")}
        values |= {f"n{at}": ("sum", asof.where_is(*test)) for at, (_, test) in enumerate(named)}
        if recency:
            values |= {f"l{at}": ("max", asof.where_is(*test, "t", None)) for at, (_, test) in enumerate(named)}
        found = self.engine.collect(asof.before(EVENTS, MOMENTS, keys, values))
        return Acts(
            _whole(found["one"]), _floats(found["first"]), _floats(found["last"]),
            {name: _whole(found[f"n{at}"]) for at, (name, _) in enumerate(named)},
            {name: _floats(found[f"l{at}"]) for at, (name, _) in enumerate(named)} if recency else {},
        )  # fmt: skip

    def recent(self, keys: Sequence[str], window_us: int, test: Test | None = None) -> Ints:
        """(M,) acts in the window before each moment; one exactly as old as the window is in it."""
        counted = None if test is None else asof.where_is(*test)
        return _whole(self.engine.collect(asof.recently(EVENTS, MOMENTS, keys, window_us, counted))["n"])

    def distinct(self, keys: Sequence[str], of: str) -> Ints:
        """(M,) different values of a column, or of SQL on an event, among the acts."""
        return _whole(self.engine.collect(asof.distinct(EVENTS, MOMENTS, keys, of))["n"])

    def latest(self, keys: Sequence[str], column: str, order: str) -> pa.Array:
        """(M,) where the last act stands that has a value in a column; null where none has.

        Parameters
        ----------
        order : str
            A column of whole numbers that grows with time; its value at that act is what is returned.
        """
        values: dict[str, tuple[str, Expression]] = {"latest": ("max", asof.where_known(column, order))}
        found = self.engine.collect(asof.before(EVENTS, MOMENTS, keys, values))["latest"]
        return found.cast(pa.int64()).combine_chunks()


def share(part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> pa.Array:
    """(M,) a rate; null where there is nothing to share.

    >>> share(np.array([1, 0]), np.array([4, 0])).to_pylist()
    [0.25, None]
    """
    n = np.asarray(whole, dtype=np.float64)
    return pa.array(np.asarray(part, dtype=np.float64) / np.where(n > 0, n, 1.0), mask=n <= 0)


def hours_since(t: Ints, then_us: Floats) -> Floats:
    """(M,) hours from then to each moment, NaN where there is no then."""
    return np.asarray((t - then_us) / HOUR_US)


def hour_of_week(t: pa.ChunkedArray | Ints, timezone: str) -> Ints:
    """(M,) 0 to 167: the hour of the week (0: Monday midnight) on a zone's clock.

    Raises
    ------
    UsageError
        The zone is none.
    """
    try:
        moments = pa.chunked_array([pa.array(t)]) if isinstance(t, np.ndarray) else t
        local = moments.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", timezone))
        hours = pc.add(pc.multiply(pc.day_of_week(local), 24), pc.hour(local))
    except pa.ArrowException:
        raise UsageError(f"{timezone!r} is no time zone: write one such as UTC or Europe/Paris") from None
    return np.asarray(hours.to_numpy(), dtype=np.int64)


def cycle(t: Ints, period_us: int) -> tuple[Floats, Floats]:
    """(M,) sine and cosine of where each moment stands in a period (a day, a week) of UTC."""
    angle = 2 * np.pi * (t % period_us) / period_us
    return np.sin(angle), np.cos(angle)


def _whole(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
