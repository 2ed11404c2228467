"""``sw.forecast``: the chance of each behaviour, of return and of churn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from swayline.core.errors import DataError, EmptyLogError, UsageError
from swayline.core.showing.result import Result
from swayline.core.time import parse_date
from swayline.events import EventLog, as_log
from swayline.evolution.acts import read_acts
from swayline.evolution.forecast.backtest import Backtest, backtest
from swayline.evolution.forecast.chances import HORIZONS_DAYS, forecast_acts

_MOST_DAYS = 3_660


@dataclass(frozen=True, repr=False)
class Forecasts(Result):
    """Chances: ``user``, ``behavior``, ``horizon_s``, ``probability``, ``ci_low``, ``ci_high``.

    Attributes
    ----------
    backtests : what the same forecast was worth, told from the latest moment at which what followed is known
    notes : questions that this log cannot answer
    """

    backtests: list[Backtest] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def to_backtests(self) -> pa.Table:
        """The backtests as a table."""
        return pa.Table.from_pylist([vars(one) for one in self.backtests])


def forecast(
    log: Any, horizons_days: Sequence[int] = HORIZONS_DAYS, *, as_of: str | None = None, check: bool = True
) -> Forecasts:
    """The calibrated chance of each behaviour, of return and of churn, for every person.

    Parameters
    ----------
    log : EventLog, path, address or frame
        With times.
    horizons_days : sequence of int
        How many days ahead; each must fit into the log twice.
    as_of : str, optional
        An ISO date: told from then, of what came strictly before; by default from the end of the log.
    check : bool
        Whether the same is told from a past moment too and compared with what came.

    Returns
    -------
    Forecasts
        A row a person, behaviour and horizon; ``churn`` is that nothing at all is done in the horizon.

    Raises
    ------
    UsageError
        A horizon or the date is out of range.
    DataError
        The log has no times, or is too short for every horizon.
    """
    days = tuple(horizons_days)
    if not days or not all(isinstance(one, int) and 1 <= one <= _MOST_DAYS for one in days):
        raise UsageError(f"horizons are {list(days)}: give whole days from 1 to {_MOST_DAYS:,}")
    read: EventLog = as_log(log)
    if not len(read):
        raise EmptyLogError("what people do next cannot be told: the log holds no event")
    if read.ordered:
        raise DataError("what people do in so many days cannot be told: the log has an order and no times")
    acts = read_acts(read)
    if as_of is not None:
        moment = int(parse_date(as_of).timestamp() * 1e6)
        if moment <= int(acts.time_us[0]):
            raise UsageError(f"as of {as_of} nothing had happened: the log begins later")
        acts = acts.before(moment)
    else:
        moment = int(acts.time_us[-1]) + 1
    found = forecast_acts(acts, moment, days)
    if not len(found.table):
        raise DataError("nothing can be told ahead: " + " ".join(found.left_out))
    worth = backtest(acts, days) if check else []
    people = len(set(found.table["user"].to_pylist()))
    heading = f"{people:,} people, {', '.join(f'{one} days' for one in found.cuts)} ahead"
    return Forecasts(found.table, heading, None, worth, tuple(found.left_out))
