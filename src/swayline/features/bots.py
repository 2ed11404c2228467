"""People that act as no person does: flagged with a reason and a figure each, never dropped.

A flag is a question to somebody who knows the log (a test account, an app that sends in batches, a crawler), not a
verdict. What was only shown (``exposed``, impressions) is no act and is not counted. Rules that need a finer clock
than the log has are left out, and said to be.

References
----------
Stassopoulou and Dikaiakos, "Web robot detection: a probabilistic reasoning approach", Computer Networks 2009: rate,
session length and evenness of pauses tell robots from people best.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from swayline.core.errors import ConfigError, shown
from swayline.core.names import BEHAVIOR, EXPOSED, IMPRESSION, LAT, LON, REASON, ROW, TIME, USER
from swayline.engine import Engine
from swayline.engine.operators import rates

FLAGS = pa.schema(
    [
        (USER, pa.string()), (REASON, pa.string()), ("value", pa.float64()), ("limit", pa.float64()),
        ("events", pa.int64()), ("explanation", pa.string()),
    ]
)  # fmt: skip
"""One row a person and reason; ``events`` is how many acts the person has in all."""

RATE, EVEN, SLEEPLESS, VOLUME, TRAVEL = "impossible rate", "even pauses", "no sleep", "volume", "impossible travel"
REASONS = (RATE, EVEN, SLEEPLESS, VOLUME, TRAVEL)
_TABLE = "acts"
_SECOND_US, _HOUR_US = 1_000_000, 3_600_000_000
_MAD_TO_SD = 1.4826
_COARSE = 0.99
_MOVE_KM = 50.0


@dataclass(frozen=True)
class BotRules:
    """Where acting like a person ends.

    Parameters
    ----------
    per_minute : int
        More acts than this within any 60 seconds are an impossible rate.
    even_events : int
        From this many acts on, the evenness of pauses is looked at.
    even_spread : float
        Pauses whose 10% and 90% quantiles lie closer than this share of the median are even.
    awake_h : float
        Hours without a pause of ``sleep_h`` that nobody stays awake.
    sleep_h : float
        The pause that counts as sleep, hours.
    volume_sd : float
        Robust standard deviations (of the logarithm) by which the busiest day stands out from all people's.
    volume_least : int
        A busiest day with fewer acts than this is never flagged, however quiet everybody else is.
    kmh : float
        A faster move between two places is impossible; an airliner flies 900.
    moves : int
        Impossible moves that are flagged: one or two are what a VPN or a wrong place of an address makes.
    """

    per_minute: int = 90
    even_events: int = 50
    even_spread: float = 0.1
    awake_h: float = 40.0
    sleep_h: float = 4.0
    volume_sd: float = 6.0
    volume_least: int = 500
    kmh: float = 1_200.0
    moves: int = 3

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ConfigError(f"{name} of the bot rules is {shown(value)}: give a number above zero")


@dataclass(frozen=True)
class BotFlags:
    """People flagged.

    Parameters
    ----------
    table : pa.Table
        Columns of :data:`FLAGS`, most acts first.
    n_users : int
        People looked at.
    left_out : tuple of str
        A sentence for each rule that this log cannot be asked.
    """

    table: pa.Table
    n_users: int
    left_out: tuple[str, ...] = ()

    @property
    def n_flagged(self) -> int:
        """People with at least one flag."""
        return len(pc.unique(self.table[USER]))


def flag_bots(engine: Engine, events: pa.Table, rules: BotRules | None = None) -> BotFlags:
    """Flag people whose acts come too fast, too evenly, without sleep, in masses, or from impossible places.

    Parameters
    ----------
    events : pa.Table
        ``row``, ``user``, ``behavior``, ``time``; ``exposed``, ``lat`` and ``lon`` where the log has them.

    Examples
    --------
    >>> from swayline.engine import DuckEngine
    >>> fast = {"row": range(200), "user": ["crawler"] * 200, "behavior": ["view"] * 200,
    ...         "time": pa.array(range(0, 200 * 50_000, 50_000), pa.timestamp("us", "UTC"))}
    >>> with DuckEngine() as engine:
    ...     flag_bots(engine, pa.table(fast)).table["explanation"][0].as_py()
    '200 acts within a minute; more than 90 are flagged'
    """
    rules = rules or BotRules()
    acts = _acts(events)
    n_users = len(pc.unique(acts[USER]))
    if len(acts) == 0 or acts["t"].null_count == len(acts):
        reason = "The log has no times, so nothing can be said about how fast people act."
        return BotFlags(FLAGS.empty_table(), n_users, (reason,) if len(acts) else ())
    engine.register(_TABLE, acts.filter(pc.is_valid(acts["t"])))
    grain_s = _grain_s(engine)
    parts, left_out = [_volume(engine, rules)], []
    if grain_s <= 1:
        parts += [_rate(engine, rules), _even(engine, rules)]
    else:
        left_out.append(f"Its times are whole {_GRAINS[grain_s]}: rates and pauses cannot be told.")
    if grain_s <= 3_600:
        parts.append(_sleepless(engine, rules))
    if LAT in acts.column_names and LON in acts.column_names and grain_s <= 60:
        parts.append(_travel(engine, rules))
    rows = [one for part in parts for one in part]
    return BotFlags(_table(engine, rows), n_users, tuple(left_out))


_Flag = tuple[str, str, float, float, str]
_GRAINS = {60: "minutes", 3_600: "hours", 86_400: "days or coarser"}


def _acts(events: pa.Table) -> pa.Table:
    """Acts with their time in microseconds; what was only shown is none."""
    acted = pc.not_equal(events[BEHAVIOR], IMPRESSION)
    if EXPOSED in events.column_names:
        acted = pc.and_not(acted, pc.fill_null(events[EXPOSED], False))
    places = [name for name in (LAT, LON) if name in events.column_names]
    kept = events.select([ROW, USER, TIME, *places]).filter(acted)
    clock = kept[TIME].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return kept.drop_columns([TIME]).append_column("t", clock)


def _grain_s(engine: Engine) -> int:
    """Seconds of the coarsest clock that nearly every event stands on."""
    one = engine.collect(rates.clock_grain(_TABLE)).to_pylist()[0]
    for name, seconds in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if one[name] >= _COARSE * one["events"]:
            return seconds
    return 1


def _rate(engine: Engine, rules: BotRules) -> Iterator[_Flag]:
    found = engine.collect(rates.busiest_window(_TABLE, 60.0))
    for one in found.filter(pc.greater(found["most"], rules.per_minute)).to_pylist():
        text = f"{one['most']:,} acts within a minute; more than {rules.per_minute:,} are flagged"
        yield one[USER], RATE, float(one["most"]), float(rules.per_minute), text


def _even(engine: Engine, rules: BotRules) -> Iterator[_Flag]:
    for one in engine.collect(rates.even_gaps(_TABLE, rules.even_events)).to_pylist():
        # Pauses at the clock's own grain are what clicks in a row look like, and no metronome.
        if one["middle"] < 2 * _SECOND_US:
            continue
        spread = (one["high"] - one["low"]) / one["middle"]
        if spread < rules.even_spread:
            text = (
                f"eight pauses in ten are between {one['low'] / 1e6:,.0f} and {one['high'] / 1e6:,.0f} seconds, "
                f"over {one['events']:,} acts"
            )
            yield one[USER], EVEN, spread, rules.even_spread, text


def _sleepless(engine: Engine, rules: BotRules) -> Iterator[_Flag]:
    found = engine.collect(rates.longest_wake(_TABLE, rules.sleep_h * 3_600))
    limit = rules.awake_h * _HOUR_US
    for one in found.filter(pc.greater(found["wake"], limit)).to_pylist():
        hours = one["wake"] / _HOUR_US
        text = f"{one['n']:,} acts over {hours:,.0f} hours without a pause of {rules.sleep_h:g} hours"
        yield one[USER], SLEEPLESS, hours, rules.awake_h, text


def _volume(engine: Engine, rules: BotRules) -> Iterator[_Flag]:
    found = engine.collect(rates.busiest_day(_TABLE))
    most = found["most"].to_numpy()
    logs = np.log(most)
    middle = float(np.median(logs))
    # The spread of the upper half alone: many people with one act would make everybody else stand out.
    upper = logs[logs >= middle] - middle
    spread = _MAD_TO_SD * float(np.median(upper)) if len(upper) else 0.0
    limit = max(float(rules.volume_least), float(np.exp(middle + rules.volume_sd * max(spread, 0.5))))
    for user, n in zip(found[USER].filter(pa.array(most > limit)).to_pylist(), most[most > limit], strict=True):
        text = f"{n:,} acts on the busiest day, where half of the people never had more than {np.exp(middle):,.0f}"
        yield user, VOLUME, float(n), limit, text


def _travel(engine: Engine, rules: BotRules) -> Iterator[_Flag]:
    for one in engine.collect(rates.impossible_moves(_TABLE, _MOVE_KM, rules.kmh, rules.moves)).to_pylist():
        text = (
            f"{one['n']:,} moves faster than {rules.kmh:,.0f} km an hour, the fastest {one['km']:,.0f} km at "
            f"{one['kmh']:,.0f} km an hour"
        )
        yield one[USER], TRAVEL, float(one["n"]), float(rules.moves), text


def _table(engine: Engine, rows: list[_Flag]) -> pa.Table:
    names = list(dict.fromkeys(one[0] for one in rows))
    engine.register("flagged", pa.table({USER: pa.array(names, pa.string())}))
    counted = engine.collect(rates.events_of(_TABLE, "flagged"))
    n = dict(zip(counted[USER].to_pylist(), counted["n"].to_pylist(), strict=True))
    ordered = sorted(rows, key=lambda one: (-n[one[0]], one[0], REASONS.index(one[1])))
    flags = [
        dict(zip(FLAGS.names, (user, why, value, limit, n[user], text), strict=True))
        for user, why, value, limit, text in ordered
    ]
    return pa.Table.from_pylist(flags, schema=FLAGS)
